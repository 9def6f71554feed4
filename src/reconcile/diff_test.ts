import assert from "node:assert/strict";
import fc from "fast-check";
import type { Change, Desired, Entry, Keyserver, Observed, Plan } from "../model.ts";
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
    story: "nothing wanted, nothing there",
    desired: config({}),
    observed: found(file([])),
    expected: [],
  },
  {
    story: "adds in the config's order",
    desired: config({ user: [wanted("b"), wanted("a")] }),
    observed: found(file([])),
    expected: ["+b b.example.com", "+a a.example.com"],
  },
  {
    story: "the other scope's remotes are not this plan's",
    desired: config({ user: [wanted("a")], global: [wanted("g")] }),
    observed: found(file([])),
    expected: ["+a a.example.com"],
  },
  {
    story: "a remote that is as wanted is left alone, letter case and trailing slash aside",
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
    story: "what sremote put there and the config has no more is removed, in the file's order",
    desired: config({}),
    observed: found(file([stored("b"), stored("a"), stored("c")]), { ours: ["a", "b"] }),
    expected: ["-b", "-a"],
  },
  {
    story: "what is in the ledger and no longer in the file is no removal",
    desired: config({}),
    observed: found(file([]), { ours: ["gone"] }),
    expected: [],
  },
  {
    story: "a copy of a global remote is not drift, and not ours to remove",
    desired: config({}),
    observed: found(file([stored("g", { system: true })]), { ours: ["g"] }),
    expected: [],
  },
  {
    story: "in the global file, System says nothing",
    desired: config({ global: [wanted("g", { uri: "new.example.com" })] }),
    observed: found(file([stored("g", { system: true }), stored("x", { system: true })]), {
      scope: "global",
      ours: ["x"],
    }),
    expected: ["~g uri", "-x"],
  },
  {
    story: "a copy whose global remote is no more becomes the user's own",
    desired: config({ user: [wanted("g")] }),
    observed: found(file([stored("g", { system: true })])),
    expected: ["-g", "+g g.example.com"],
  },
  {
    story: "keyservers that the config does not speak of stay",
    desired: config({ user: [wanted("a")] }),
    observed: found(file([stored("a", { keyservers: [keys("https://k")] })])),
    expected: [],
  },
  {
    story: "an empty list takes the external keyservers out, and keeps the endpoint's own",
    desired: config({ user: [wanted("a", { keyservers: [] })] }),
    observed: found(
      file([stored("a", { keyservers: [keys("https://own", { external: false }), keys("https://k")] })]),
    ),
    expected: ["~a keyservers"],
  },
  {
    story: "the endpoint's own keyservers are no difference",
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
    story: "the order of keyservers counts",
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
    story: "a default that the config does not speak of stays",
    desired: config({ user: [wanted("a")] }),
    observed: found(file([stored("a"), stored("b")], "b")),
    expected: [],
  },
  {
    story: "a default that goes leaves none",
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
    story: "no default is wanted",
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
    story: "a global remote that is the machine's default need not be the user's too",
    desired: config({ global: [wanted("g")] }, { default: { user: use("g"), global: use("g") } }),
    observed: found(file([]), { other: file([stored("g")], "g") }),
    expected: [],
  },
  {
    story: "exclusive marks the default, and no other",
    desired: config({ global: [wanted("a"), wanted("b")] }, {
      default: { global: use("b") },
      exclusive: true,
    }),
    observed: found(file([stored("a", { exclusive: true }), stored("b")], "a"), { scope: "global" }),
    expected: ["use a→b [a]→[b]"],
  },
  {
    story: "exclusive: false takes the mark away",
    desired: config({ global: [wanted("a")] }, { default: { global: use("a") }, exclusive: false }),
    observed: found(file([stored("a", { exclusive: true })], "a"), { scope: "global" }),
    expected: ["use a→a [a]→[]"],
  },
  {
    story: "exclusive stays where the config does not speak of it",
    desired: config({ global: [wanted("a")] }),
    observed: found(file([stored("a", { exclusive: true })], "a"), { scope: "global" }),
    expected: [],
  },
  {
    story: "copies keep what Singularity marked in the user's file",
    desired: config({ user: [wanted("a")] }, { default: { user: use("a") } }),
    observed: found(file([stored("a"), stored("g", { system: true, exclusive: true })], "g"), {
      other: file([stored("g")]),
    }),
    expected: ["use g→a [g]→[g]"],
  },
  {
    story: "a token that is missing, no longer valid, or not its source's is logged in anew",
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
    story: "a new remote is added, then logged in to; both before it is used",
    desired: config({ user: [wanted("a", { login: { env: "T" } })] }, { default: { user: use("a") } }),
    observed: found(file([]), { endpoints: [looked("a")] }),
    expected: ["+a a.example.com", "login a", "use null→a []→[]"],
  },
  {
    story: "login: false logs out, once",
    desired: config({ user: [wanted("a", { login: false }), wanted("b", { login: false })] }),
    observed: found(file([stored("a", { token }), stored("b")])),
    expected: ["logout a"],
  },
  {
    story: "a remote that moves to another host loses its token, but not one that moves to another path",
    desired: config({
      user: [wanted("a", { uri: "b.example.com" }), wanted("c", { uri: "c.example.com/new" })],
    }),
    observed: found(file([stored("a", { token }), stored("c", { token })])),
    expected: ["~a uri", "~c uri", "logout a"],
  },
  {
    story: "nor does a token go along from https to http; back it may",
    desired: config({ user: [wanted("a", { insecure: true }), wanted("b")] }),
    observed: found(file([stored("a", { token }), stored("b", { token, insecure: true })])),
    expected: ["~a insecure", "~b insecure", "logout a"],
  },
  {
    story: "or gets a new one, where the config says from where",
    desired: config({ user: [wanted("a", { uri: "b.example.com", login: { env: "T" } })] }),
    observed: found(file([stored("a", { token })]), { endpoints: [looked("a")] }),
    expected: ["~a uri", "login a"],
  },
  {
    story: "a token of one of the machine's remotes goes to the user's file, where the machine has it",
    desired: config({ global: [wanted("g", { login: { env: "T" } }), wanted("h", { login: { env: "T" } })] }),
    observed: found(file([]), { other: file([stored("g")]), endpoints: [looked("g")] }),
    expected: ["login g"],
  },
  {
    story: "a copy of one that has moved goes along with the new token, and is left alone without one",
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
    story: "a copy whose machine's file cannot be read is logged in to where it is",
    desired: config({ global: [wanted("g", { uri: "new.example.com", login: { env: "T" } })] }),
    observed: found(file([stored("g", { system: true, token })]), {
      other: "unreadable",
      endpoints: [looked("g", { state: "invalid" })],
    }),
    expected: ["login g"],
  },
  {
    story: "the machine's file never gets one",
    desired: config({ global: [wanted("g", { login: { env: "T" } })] }),
    observed: found(file([stored("g")]), { scope: "global" }),
    expected: [],
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

Deno.test("diff: a check is a step of its own, for the user also of the default that is the machine's", () => {
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

Deno.test("diff: an update keeps the way in which the file spells what does not differ", () => {
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

Deno.test("diff: a plan that is carried out leaves nothing to plan", () => {
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

Deno.test("diff: what the config does not name and sremote did not put there stays as it is", () => {
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
