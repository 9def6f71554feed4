import assert from "node:assert/strict";
import fc from "fast-check";
import { diff } from "../reconcile/diff.ts";
import { file, found, stored } from "../reconcile/testing.ts";
import { Secret } from "../base/secret.ts";
import { describe } from "./describe.ts";
import { validateConfig } from "./validate.ts";

const token = new Secret("CANARY-of-a-token");
const plainObject = { noNullPrototype: true };
const remote = fc.record({
  name: fc.constantFrom("a", "b", "c", "constructor", "a b", "é", "x.y"),
  uri: fc.constantFrom(
    "one.example.com",
    "https://two.example.com:8443/path",
    "//[::1]:8443",
    "HTTP://x.org/",
  ),
  insecure: fc.boolean(),
  keyservers: fc.uniqueArray(
    fc.record({
      uri: fc.constantFrom("https://k.example.com", "hkp://l.example.com", "https://m.example.com:8443"),
      skip: fc.boolean(),
      external: fc.boolean(),
      insecure: fc.boolean(),
    }, plainObject),
    { selector: (one) => one.uri },
  ),
  token: fc.option(fc.constant(token)),
}, plainObject);

const anyFiles = fc.record({
  remotes: fc.uniqueArray(fc.record({ remote, global: fc.boolean(), copied: fc.boolean() }), {
    selector: (one) => one.remote.name,
  }),
  user: fc.nat(),
  global: fc.nat(),
  exclusive: fc.boolean(),
}).map(({ remotes, ...wish }) => {
  const pick = (names: readonly string[], n: number) => [...names, null][n % (names.length + 1)]!;
  const machine = remotes.filter((one) => one.global).map((one) => one.remote);
  const machineDefault = pick(machine.map((one) => one.name), wish.global);
  const own = remotes.filter((one) => !one.global).map((one) => stored(one.remote.name, one.remote));
  const copies = remotes.filter((one) => one.global && one.copied)
    .map((one) => stored(one.remote.name, { ...one.remote, system: true }));
  const users = [...own, ...copies];
  const only = wish.exclusive ? machineDefault : null;
  return {
    user: file(users, only === null ? pick(remotes.map((one) => one.remote.name), wish.user) : only),
    global: file(
      machine.map((one) =>
        stored(one.name, { ...one, token: null, system: true, exclusive: one.name === only })
      ),
      machineDefault,
    ),
  };
});

Deno.test("describe: the first plan from the description is empty in both scopes, and contains no token", () => {
  fc.assert(
    fc.property(anyFiles, ({ user, global }) => {
      const { config } = describe({ user, global }, NEWEST, null);
      assert.ok(!JSON.stringify(config).includes("CANARY"));
      const desired = validateConfig(JSON.parse(JSON.stringify(config)), "c.json");
      for (const [scope, content, other] of [["user", user, global], ["global", global, user]] as const) {
        const plan = diff(desired, found(content, { scope, other }));
        assert.equal(plan.changed, false);
        assert.deepEqual(plan.steps.filter((step) => step.kind !== "update-ledger"), []);
        assert.deepEqual(plan.findings.filter((one) => one.severity === "error"), []);
      }
    }),
    { numRuns: 1_000 },
  );
});

const nobody = file([]);
const NEWEST = { runtime: "singularity", oldest: null } as const;

Deno.test("describe: a token becomes a prompt", () => {
  const { config } = describe({ user: file([stored("a", { token })]), global: nobody }, NEWEST, null);
  assert.deepEqual(config.remotes, { a: { uri: "a.example.com", login: { prompt: true } } });
});

Deno.test("describe: a note says what is skipped", () => {
  const { config, notes } = describe(
    {
      user: file([stored("a", { uri: "https://a.example.com" })], "nowhere"),
      global: file([stored("g", { exclusive: true }), stored("h")], "h"),
    },
    { runtime: "apptainer", oldest: null },
    "/opt/etc",
  );
  assert.deepEqual(config, {
    runtimes: ["apptainer"],
    sysconfdir: "/opt/etc",
    remotes: {
      g: { uri: "g.example.com", scope: "global" },
      h: { uri: "h.example.com", scope: "global" },
      a: { uri: "a.example.com" },
    },
    default: { global: "h" },
  });
  assert.equal(notes.length, 2);
});

Deno.test("describe: the scheme of a stored address says nothing, Insecure does", () => {
  for (
    const [uri, insecure, expected] of [
      ["http://a.example.com", false, "a.example.com"],
      ["https://a.example.com", true, "http://a.example.com"],
      ["//a.example.com:8443/", false, "a.example.com:8443"],
      ["HTTPS://[::1]:8443/path", false, "[::1]:8443/path"],
      ["a.example.com", true, "http://a.example.com"],
    ] as const
  ) {
    const { config, notes } = describe(
      { user: file([stored("a", { uri, insecure })]), global: nobody },
      NEWEST,
      null,
    );
    assert.deepEqual([config.remotes.a!.uri, notes], [expected, []], uri);
  }
});

Deno.test("describe: what a config cannot express is left out with a note, and the rest is there", () => {
  const odd = { uri: "ftp://k.example.com", skip: false, external: true, insecure: false };
  const { config, notes } = describe(
    {
      user: file([
        stored("none", { uri: "" }),
        stored("b\n"),
        stored("both"),
        stored("k", { keyservers: [odd] }),
      ], "none"),
      global: file([stored("both", { uri: "g.example.com" }), stored("c", { uri: "c.example.com?x" })]),
    },
    NEWEST,
    null,
  );
  assert.deepEqual(config, {
    remotes: { both: { uri: "g.example.com", scope: "global" }, k: { uri: "k.example.com" } },
  });
  assert.deepEqual(notes, [
    '"c" is left out: it has an invalid address: the address has a query (?)',
    '"none" is left out: it has no address',
    '"b\\n" is left out: the name starts or ends with a space',
    '"both" is left out: it is also a global remote, and a config can have only one remote of a name',
    'the keyservers of "k" are left out: "ftp://k.example.com": the address has a scheme that keyservers do not have',
    'the default "none" is not in the config: it is left unchanged',
  ]);
});
