import assert from "node:assert/strict";
import fc from "fast-check";
import type { Change, Desired, Entry, Keyserver, Observed, Plan } from "../model.ts";
import { mayReceive } from "../base/uri.ts";
import { applyChanges } from "../remotefile/changes.ts";
import { Secret } from "../base/secret.ts";
import { diff } from "./diff.ts";
import { anyState, config, file, found, looked, none, stored, use, wanted } from "./testing.ts";

const token = new Secret("CANARY");

function changesOf(plan: Plan): readonly Change[] {
  return plan.steps.flatMap((step) => step.kind === "replace-file" ? step.changes : []);
}

/** `+a`, `~a uri`, `-a`, `use a→b`, `exclusive a→b`: enough to compare with. */
function short(change: Change): string {
  switch (change.kind) {
    case "add":
      return `+${change.remote} ${change.after.uri}`;
    case "update": {
      const fields = (Object.keys(change.after) as (keyof Entry)[])
        .filter((one) => JSON.stringify(change.before[one]) !== JSON.stringify(change.after[one]));
      return `~${change.remote} ${fields.join(" ")}`;
    }
    case "remove":
      return `-${change.remote}`;
    case "use": {
      const { before, after } = change;
      return `use ${before.remote}→${after.remote} [${before.exclusive}]→[${after.exclusive}]`;
    }
    case "login":
    case "logout":
      return `${change.kind} ${change.remote}`;
  }
}

const keys = (uri: string, fields: Partial<Keyserver> = {}): Keyserver => ({
  uri,
  skip: false,
  external: true,
  insecure: false,
  ...fields,
});

interface Case {
  readonly story: string;
  readonly desired: Desired;
  readonly observed: Observed;
  readonly expected: readonly string[];
}

const cases: readonly Case[] = [
  {
    story: "an empty config and an empty file",
    desired: config({}),
    observed: found(file([])),
    expected: [],
  },
  {
    story: "adds in the order of the config",
    desired: config({ user: [wanted("b"), wanted("a")] }),
    observed: found(file([])),
    expected: ["+b b.example.com", "+a a.example.com"],
  },
  {
    story: "remotes of the other scope are not part of the plan",
    desired: config({ user: [wanted("a")], global: [wanted("g")] }),
    observed: found(file([])),
    expected: ["+a a.example.com"],
  },
  {
    story: "a remote that matches the config is unchanged, ignoring letter case and a trailing slash",
    desired: config({ user: [wanted("a")] }),
    observed: found(file([stored("a", { uri: "A.example.com/" })])),
    expected: [],
  },
  {
    story: "an update names what differs",
    desired: config({ user: [wanted("a", { insecure: true }), wanted("b", { uri: "b.example.org" })] }),
    observed: found(file([stored("a"), stored("b")])),
    expected: ["~a insecure", "~b uri"],
  },
  {
    story: "managed remotes that the config no longer has are removed, in the order of the file",
    desired: config({}),
    observed: found(file([stored("b"), stored("a"), stored("c")]), { ours: ["a", "b"] }),
    expected: ["-b", "-a"],
  },
  {
    story: "a remote in the ledger that the file no longer has is not a removal",
    desired: config({}),
    observed: found(file([]), { ours: ["gone"] }),
    expected: [],
  },
  {
    story: "a copy of a global remote is not drift and is not removed",
    desired: config({}),
    observed: found(file([stored("g", { system: true })]), { ours: ["g"] }),
    expected: [],
  },
  {
    story: "System is ignored in the global file",
    desired: config({ global: [wanted("g", { uri: "new.example.com" })] }),
    observed: found(file([stored("g", { system: true }), stored("x", { system: true })]), {
      scope: "global",
      ours: ["x"],
    }),
    expected: ["~g uri", "-x"],
  },
  {
    story: "a copy whose global remote no longer exists becomes the user's own",
    desired: config({ user: [wanted("g")] }),
    observed: found(file([stored("g", { system: true })])),
    expected: ["-g", "+g g.example.com"],
  },
  {
    story: "it keeps its token where the address is the same",
    desired: config({ user: [wanted("g"), wanted("h"), wanted("i")] }),
    observed: found(file([
      stored("g", { system: true, token }),
      stored("h", { system: true, token, uri: "moved.example.com" }),
      stored("i", { system: true, token, exclusive: true }),
    ])),
    expected: ["~g system", "-h", "+h h.example.com", "-i", "+i i.example.com"],
  },
  {
    story:
      "a managed remote that moves to the global file becomes a copy with its token, where the address is the same",
    desired: config({ global: ["a", "b", "c", "d", "e"].map((one) => wanted(one)) }, {
      default: { user: use("a") },
    }),
    observed: found(
      file([
        stored("a", { token, keyservers: [keys("https://k")] }),
        stored("b", { token, uri: "old.example.com" }),
        stored("c", { token }),
        stored("d"),
        stored("e", { token }),
      ], "a"),
      {
        ours: ["a", "b", "c", "d"],
        other: file(["a", "b", "d", "e"].map((one) => stored(one, { system: true }))),
      },
    ),
    expected: ["~a system keyservers", "-b", "-c", "-d"],
  },
  {
    story: "where the config wants no token, or a new one, it is as with any other remote",
    desired: config({
      global: [
        wanted("a", { login: false }),
        wanted("b", { login: { env: "B" } }),
        wanted("c", { login: { env: "C" } }),
      ],
    }),
    observed: found(file([stored("a", { token }), stored("b", { token }), stored("c", { token })]), {
      ours: ["a", "b", "c"],
      other: file(["a", "b", "c"].map((one) => stored(one, { system: true }))),
      endpoints: [looked("b", { state: "valid", same: true }), looked("c", { state: "valid", same: false })],
    }),
    expected: ["-a", "~b system", "~c system", "login c"],
  },
  {
    story: "unspecified keyservers are unchanged",
    desired: config({ user: [wanted("a")] }),
    observed: found(file([stored("a", { keyservers: [keys("https://k")] })])),
    expected: [],
  },
  {
    story: "an empty list removes the external keyservers and keeps the endpoint's own",
    desired: config({ user: [wanted("a", { keyservers: [] })] }),
    observed: found(
      file([stored("a", { keyservers: [keys("https://own", { external: false }), keys("https://k")] })]),
    ),
    expected: ["~a keyservers"],
  },
  {
    story: "the endpoint's own keyservers are not a difference",
    desired: config({ user: [wanted("a", { keyservers: [keys("https://k")] })] }),
    observed: found(
      file([
        stored("a", {
          keyservers: [keys("https://own", { external: false, skip: true }), keys("https://k")],
        }),
      ]),
    ),
    expected: [],
  },
  {
    story: "the order of keyservers is a difference",
    desired: config({ user: [wanted("a", { keyservers: [keys("https://k"), keys("https://l")] })] }),
    observed: found(file([stored("a", { keyservers: [keys("https://l"), keys("https://k")] })])),
    expected: ["~a keyservers"],
  },
  {
    story: "the default is set after the remotes",
    desired: config({ user: [wanted("a")] }, { default: { user: use("a") } }),
    observed: found(file([])),
    expected: ["+a a.example.com", "use null→a []→[]"],
  },
  {
    story: "an unspecified default is unchanged",
    desired: config({ user: [wanted("a")] }),
    observed: found(file([stored("a"), stored("b")], "b")),
    expected: [],
  },
  {
    story: "removing the default remote leaves no default",
    desired: config({}),
    observed: found(file([stored("a")], "a"), { ours: ["a"] }),
    expected: ["-a", "use a→null []→[]"],
  },
  {
    story: "a default that becomes the user's own stays the default",
    desired: config({ user: [wanted("g")] }),
    observed: found(file([stored("g", { system: true })], "g")),
    expected: ["-g", "+g g.example.com"],
  },
  {
    story: "the config wants no default",
    desired: config({ user: [wanted("a")] }, { default: { user: none } }),
    observed: found(file([stored("a")], "a")),
    expected: ["use a→null []→[]"],
  },
  {
    story: "a global remote as the user's default",
    desired: config({ global: [wanted("g")] }, { default: { user: use("g") } }),
    observed: found(file([stored("a")], "a"), { other: file([stored("g")]) }),
    expected: ["use a→g []→[]"],
  },
  {
    story: "a global remote that is the global default need not be set in the user file too",
    desired: config({ global: [wanted("g")] }, { default: { user: use("g"), global: use("g") } }),
    observed: found(file([]), { other: file([stored("g")], "g") }),
    expected: [],
  },
  {
    story: "exclusive marks the default and no other remote",
    desired: config({ global: [wanted("a"), wanted("b")] }, {
      default: { global: use("b") },
      exclusive: true,
    }),
    observed: found(
      file([stored("a", { system: true, exclusive: true }), stored("b", { system: true })], "a"),
      { scope: "global" },
    ),
    expected: ["use a→b [a]→[b]"],
  },
  {
    story: "exclusive: false removes the mark",
    desired: config({ global: [wanted("a")] }, { default: { global: use("a") }, exclusive: false }),
    observed: found(file([stored("a", { system: true, exclusive: true })], "a"), { scope: "global" }),
    expected: ["use a→a [a]→[]"],
  },
  {
    story: "unspecified exclusive is unchanged",
    desired: config({ global: [wanted("a")] }),
    observed: found(file([stored("a", { system: true, exclusive: true })], "a"), { scope: "global" }),
    expected: [],
  },
  {
    story: "copies keep the marks that Singularity set in the user file",
    desired: config({ user: [wanted("a")] }, { default: { user: use("a") } }),
    observed: found(file([stored("a"), stored("g", { system: true, exclusive: true })], "g"), {
      other: file([stored("g")]),
    }),
    expected: ["use g→a [g]→[g]"],
  },
  {
    story: "a token that is missing, invalid or different from its source is replaced",
    desired: config({
      user: ["none", "invalid", "other", "good", "unknown"].map((one) =>
        wanted(one, { login: { env: "T" } })
      ),
    }),
    observed: found(
      file(
        ["none", "invalid", "other", "good", "unknown"].map((one) =>
          stored(one, one === "none" ? {} : { token })
        ),
      ),
      {
        endpoints: [
          looked("none"),
          looked("invalid", { state: "invalid", same: true }),
          looked("other", { state: "valid", same: false }),
          looked("good", { state: "valid", same: true }),
          looked("unknown", { state: "unknown", same: true }),
        ],
      },
    ),
    expected: ["login none", "login invalid", "login other"],
  },
  {
    story: "a new remote is added, then logged in to, then made the default",
    desired: config({ user: [wanted("a", { login: { env: "T" } })] }, { default: { user: use("a") } }),
    observed: found(file([]), { endpoints: [looked("a")] }),
    expected: ["+a a.example.com", "login a", "use null→a []→[]"],
  },
  {
    story: "login: false logs out once",
    desired: config({ user: [wanted("a", { login: false }), wanted("b", { login: false })] }),
    observed: found(file([stored("a", { token }), stored("b")])),
    expected: ["logout a"],
  },
  {
    story: "a remote that moves to another host loses its token; one that moves to another path keeps it",
    desired: config({
      user: [wanted("a", { uri: "b.example.com" }), wanted("c", { uri: "c.example.com/new" })],
    }),
    observed: found(file([stored("a", { token }), stored("c", { token })])),
    expected: ["~a uri", "~c uri", "logout a"],
  },
  {
    story: "a token is dropped when its remote moves from https to http, and kept in the other direction",
    desired: config({ user: [wanted("a", { insecure: true }), wanted("b")] }),
    observed: found(file([stored("a", { token }), stored("b", { token, insecure: true })])),
    expected: ["~a insecure", "~b insecure", "logout a"],
  },
  {
    story: "a remote that moves gets a new token if the config names a source",
    desired: config({ user: [wanted("a", { uri: "b.example.com", login: { env: "T" } })] }),
    observed: found(file([stored("a", { token })]), { endpoints: [looked("a")] }),
    expected: ["~a uri", "login a"],
  },
  {
    story: "the token of a global remote is stored in the user file if the global file has the remote",
    desired: config({ global: [wanted("g", { login: { env: "T" } }), wanted("h", { login: { env: "T" } })] }),
    observed: found(file([]), { other: file([stored("g")]), endpoints: [looked("g")] }),
    expected: ["login g"],
  },
  {
    story: "a copy of a global remote that moved is updated with the new token, and unchanged without one",
    desired: config({
      global: [wanted("g", { uri: "new.example.com", login: { env: "T" } }), wanted("h", { uri: "new" })],
    }),
    observed: found(file([stored("g", { system: true, token }), stored("h", { system: true, token })]), {
      other: file([stored("g", { uri: "new.example.com" }), stored("h", { uri: "new" })]),
      endpoints: [looked("g")],
    }),
    expected: ["~g uri", "login g"],
  },
  {
    story: "a copy is logged in to at its own address if the global file cannot be read",
    desired: config({ global: [wanted("g", { uri: "new.example.com", login: { env: "T" } })] }),
    observed: found(file([stored("g", { system: true, token })]), {
      other: "unreadable",
      endpoints: [looked("g", { state: "invalid" })],
    }),
    expected: ["login g"],
  },
  {
    story: "the global file never gets a token",
    desired: config({ global: [wanted("g", { login: { env: "T" } })] }),
    observed: found(file([stored("g", { system: true })]), { scope: "global" }),
    expected: [],
  },
  {
    story: "every remote of the global file gets System",
    desired: config({ global: [wanted("g")] }),
    observed: found(file([stored("g"), stored("other")]), { scope: "global" }),
    expected: ["~g system"],
  },
];

for (const { story, desired, observed, expected } of cases) {
  Deno.test(`diff: ${story}`, () => {
    const plan = diff(desired, observed);
    assert.deepEqual(changesOf(plan).map(short), expected);
    const logins = expected.filter((one) => one.startsWith("login "));
    const managed = [...desired.remotes[observed.target.scope].keys()];
    const sameLedger = [...managed].sort().join() === [...observed.ledger].sort().join();
    const write = expected.length > 0 ? ["replace-file"] : sameLedger ? [] : ["update-ledger"];
    assert.deepEqual(plan.steps.map((step) => step.kind), [...logins.map(() => "verify-token"), ...write]);
    for (const step of plan.steps) if ("managed" in step) assert.deepEqual(step.managed, managed);
    assert.equal(plan.changed, expected.length > 0);
  });
}

Deno.test("diff: each remote with required services has a check, in the user plan also a default that is global", () => {
  const desired = config({
    user: [wanted("a", { check: ["library"] })],
    global: [wanted("g", { check: ["builder", "token"] }), wanted("h", { check: ["token"] })],
  }, { default: { user: use("g"), global: use("h") } });
  const checks = (observed: Observed) =>
    diff(desired, observed).steps.flatMap((one) =>
      one.kind === "check-services" ? [[one.remote, ...one.required]] : []
    );
  assert.deepEqual(checks(found(file([]), { other: file([stored("g")]) })), [["a", "library"], [
    "g",
    "builder",
    "token",
  ]]);
  assert.deepEqual(checks(found(file([]), { scope: "global" })), [["g", "builder", "token"], ["h", "token"]]);
});

Deno.test("diff: the plan's basis is the file that was seen", () => {
  const plan = diff(config({ user: [wanted("a")] }), found(file([])));
  assert.equal(plan.steps[0]?.kind === "replace-file" && plan.steps[0].basis, plan.seen.digest);
});

Deno.test("diff: an update keeps the spelling of fields that do not differ", () => {
  const plan = diff(
    config({ user: [wanted("a", { insecure: true })] }),
    found(file([stored("a", { uri: "A.example.com/" })])),
  );
  const [change] = changesOf(plan);
  assert.equal(change?.kind === "update" && change.after.uri, "A.example.com/");
});

// ---------------------------------------------------------------- for any state

/** The file afterwards, with the new tokens. */
function carriedOut(observed: Observed, plan: Plan) {
  const changes = changesOf(plan);
  const tokens = new Map(
    changes.flatMap((one) => one.kind === "login" ? [[one.remote, token] as const] : []),
  );
  const system = observed.other?.content?.remotes ?? new Map<string, Entry>();
  return applyChanges(observed.file.content, changes, { tokens, system });
}

Deno.test("diff: a plan that was applied leaves nothing to plan", () => {
  fc.assert(
    fc.property(anyState, ({ desired, observed }) => {
      const plan = diff(desired, observed);
      fc.pre(plan.findings.every((one) => one.severity !== "error"));
      const content = carriedOut(observed, plan);
      const names = [...desired.remotes.user.keys(), ...desired.remotes.global.keys()];
      const endpoints = new Map(names.map((one) => [one, looked(one, { state: "valid", same: true })]));
      const write = plan.steps.find((step) => step.kind === "replace-file" || step.kind === "update-ledger");
      const ledger = write === undefined ? observed.ledger : new Set(write.managed);
      const file = { ...observed.file, content };
      const { steps, changed } = diff(desired, { ...observed, file, endpoints, ledger });
      // A check is due with every apply.
      assert.deepEqual(steps.filter((step) => step.kind !== "check-services"), []);
      assert.equal(changed, false);
      assert.equal(plan.changed, changesOf(plan).length > 0);
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("diff: remotes that are neither in the config nor managed are unchanged", () => {
  fc.assert(
    fc.property(anyState, ({ desired, observed }) => {
      const { scope } = observed.target;
      const content = carriedOut(observed, diff(desired, observed));
      for (const [one, before] of observed.file.content.remotes) {
        const named = desired.remotes[scope].has(one) || desired.remotes.global.has(one);
        if (named || observed.ours.has(one)) continue;
        const { exclusive: _before, ...rest } = before;
        const { exclusive: _after, ...kept } = content.remotes.get(one)!;
        assert.deepEqual(kept, rest);
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("diff: a token stays only where it may be sent, and goes only with a login, a logout or a word about it", () => {
  fc.assert(
    fc.property(anyState, ({ desired, observed }) => {
      const plan = diff(desired, observed);
      const content = carriedOut(observed, plan);
      const changes = changesOf(plan);
      for (const [name, before] of observed.file.content.remotes) {
        if (before.token === null) continue;
        const after = content.remotes.get(name);
        const of = changes.filter((one) => "remote" in one && one.remote === name).map(({ kind }) => kind);
        if (after?.token?.equals(before.token)) {
          assert.ok(observed.target.scope === "global" || before.system || mayReceive(before, after), name);
        } else if (!of.includes("login") && !of.includes("logout")) {
          const told = plan.findings.filter(({ code }) => code === "token-dropped" || code === "adopted");
          assert.ok(told.some(({ message }) => message.includes(JSON.stringify(name))), name);
        }
      }
    }),
    { numRuns: 2_000 },
  );
});

Deno.test("diff: a plan is plain data without a token", () => {
  fc.assert(
    fc.property(anyState, ({ desired, observed }) => {
      const plan = diff(desired, observed);
      const text = JSON.stringify(plan);
      assert.ok(!text.includes("CANARY"));
      assert.deepEqual(JSON.parse(text), plan);
    }),
    { numRuns: 1_000 },
  );
});
