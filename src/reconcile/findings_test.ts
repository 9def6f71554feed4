import assert from "node:assert/strict";
import type { Desired, FindingCode, Observed } from "../model.ts";
import { Secret } from "../base/secret.ts";
import { diff } from "./diff.ts";
import { config, file, found, looked, stored, use, wanted } from "./testing.ts";

const token = new Secret("CANARY");

/** A JWT that expires so many days after the time of these tests, which is 0. */
function expiring(days: number): Secret {
  const part = (value: object) => btoa(JSON.stringify(value)).replace(/=+$/, "");
  return new Secret(`${part({ alg: "none" })}.${part({ exp: days * 86_400 })}.`);
}
const many = (count: number) => Array.from({ length: count }, (_, i) => stored(`r${i}`));

interface Case {
  readonly story: string;
  readonly desired: Desired;
  readonly observed: Observed;
  /** `severity code remote`. */
  readonly expected: readonly `${"error" | "warning" | "info"} ${FindingCode}${"" | ` ${string}`}`[];
}

const cases: readonly Case[] = [
  {
    story: "newer versions read another file, by a variable",
    desired: config({}),
    observed: found(file([]), {
      elsewhere: { variable: "SINGULARITY_CONFIGDIR", since: "3.11.4", file: "/c/remote.yaml" },
    }),
    expected: ["warning read-elsewhere"],
  },
  {
    story: "a wanted name that is a global remote too",
    desired: config({ user: [wanted("a")] }),
    observed: found(file([]), { other: file([stored("a")]) }),
    expected: ["error name-in-both-scopes a"],
  },
  {
    story: "Apptainer supports it",
    desired: config({ user: [wanted("a")] }),
    observed: found(file([]), { runtime: "apptainer", other: file([stored("a")]) }),
    expected: ["warning name-in-both-scopes a"],
  },
  {
    story: "one that exists already is not caused by the plan",
    desired: config({}),
    observed: found(file([stored("a")]), { other: file([stored("a")]) }),
    expected: ["warning name-in-both-scopes a", "info unmanaged"],
  },
  {
    story: "one that the plan removes is not one",
    desired: config({}),
    observed: found(file([stored("a")]), { other: file([stored("a")]), ours: ["a"] }),
    expected: ["warning mass-removal"],
  },
  {
    story: "a copy of a global remote is not one, but wanting it as a user remote is",
    desired: config({ user: [wanted("a")] }),
    observed: found(file([stored("a", { system: true }), stored("b", { system: true })]), {
      other: file([stored("a"), stored("b")]),
    }),
    expected: ["error name-in-both-scopes a"],
  },
  {
    story: "a new global remote has the name of a user remote",
    desired: config({ global: [wanted("a")] }),
    observed: found(file([]), { scope: "global", other: file([stored("a")]) }),
    expected: ["warning name-in-both-scopes a"],
  },
  {
    story: "the other file cannot be read",
    desired: config({}),
    observed: found(file([]), { other: "unreadable" }),
    expected: ["warning other-unreadable"],
  },
  {
    story: "another default than the exclusive remote",
    desired: config({ user: [wanted("a")] }, { default: { user: use("a") } }),
    observed: found(file([]), { other: file([stored("g", { exclusive: true })], "g") }),
    expected: ["error exclusive-elsewhere g"],
  },
  {
    story: "another default than an exclusive remote in the user file",
    desired: config({ user: [wanted("a")] }, { default: { user: use("a") } }),
    observed: found(file([stored("x", { exclusive: true })])),
    expected: ["error exclusive-elsewhere x", "info unmanaged"],
  },
  ...([null, "unreadable"] as const).map((other): Case => ({
    story: `a copy that was exclusive, and the global file is unknown (${other})`,
    desired: config({ user: [wanted("a")] }, { default: { user: use("a") } }),
    observed: found(file([stored("g", { system: true, exclusive: true })], "g"), { other }),
    expected: other === null ? [] : ["warning other-unreadable"],
  })),
  {
    story: "a stale copy that is exclusive",
    desired: config({ user: [wanted("a")] }, { default: { user: use("a") } }),
    observed: found(file([stored("g", { system: true, exclusive: true })], "g")),
    expected: ["error exclusive-elsewhere g"],
  },
  {
    story: "a copy whose global remote is no longer exclusive",
    desired: config({ user: [wanted("a")] }, { default: { user: use("a") } }),
    observed: found(file([stored("g", { system: true, exclusive: true })], "g"), {
      other: file([stored("g")]),
    }),
    expected: [],
  },
  {
    story: "an exclusive remote that the plan removes",
    desired: config({ user: [wanted("a")] }, { default: { user: use("a") } }),
    observed: found(file([stored("x", { exclusive: true })]), { ours: ["x"] }),
    expected: [],
  },
  {
    story: "an exclusive global remote that a user remote hides from Apptainer",
    desired: config({ user: [wanted("a"), wanted("g")] }, { default: { user: use("a") } }),
    observed: found(file([]), { runtime: "apptainer", other: file([stored("g", { exclusive: true })], "g") }),
    expected: ["warning name-in-both-scopes g"],
  },
  {
    story: "the exclusive remote itself as the default",
    desired: config({ global: [wanted("g")] }, { default: { user: use("g") } }),
    observed: found(file([]), { other: file([stored("g", { exclusive: true })], "g") }),
    expected: ["info other-scope"],
  },
  {
    story: "another global default beside an exclusive remote that the config does not speak of",
    desired: config({ global: [wanted("a")] }, { default: { global: use("a") } }),
    observed: found(file([stored("g", { exclusive: true, system: true })], "g"), {
      scope: "global",
      ours: [],
    }),
    expected: ["error exclusive-elsewhere g", "info unmanaged"],
  },
  {
    story: "two exclusive remotes",
    desired: config({ global: [wanted("a"), wanted("b")] }),
    observed: found(file([stored("a", { exclusive: true }), stored("b", { exclusive: true })], "a"), {
      scope: "global",
      ours: ["a", "b"],
    }),
    expected: ["error exclusive-elsewhere"],
  },
  {
    story: "a global default that does not exist yet",
    desired: config({ global: [wanted("g")] }, { default: { user: use("g") } }),
    observed: found(file([]), { other: file([]) }),
    expected: ["error default-unknown g", "warning no-remotes", "info other-scope"],
  },
  {
    story: "a default set by hand that does not exist",
    desired: config({}),
    observed: found(file([], "nowhere")),
    expected: ["warning default-unknown nowhere"],
  },
  {
    story: "a default whose remote may be in an unknown file",
    desired: config({}),
    observed: found(file([], "nowhere"), { other: null }),
    expected: [],
  },
  {
    story: "an insecure global remote",
    desired: config({ global: [wanted("a", { insecure: true })] }),
    observed: found(file([]), { scope: "global" }),
    expected: ["warning insecure-not-carried a"],
  },
  {
    story: "a token in the global file",
    desired: config({ global: [wanted("a")] }),
    observed: found(file([stored("a", { token })]), { scope: "global", ours: ["a"] }),
    expected: ["warning token-in-global-file a"],
  },
  {
    story: "tokens that others can read",
    desired: config({ user: [wanted("a")] }),
    observed: found(file([stored("a", { token })]), { ours: ["a"], mode: 0o640 }),
    expected: ["warning readable-by-others"],
  },
  {
    story: "no tokens, so everyone may read",
    desired: config({ user: [wanted("a")] }),
    observed: found(file([stored("a")]), { ours: ["a"], mode: 0o644 }),
    expected: [],
  },
  {
    story: "three of five go",
    desired: config({}),
    observed: found(file(many(5)), { ours: ["r0", "r1", "r2"] }),
    expected: ["warning mass-removal", "info unmanaged"],
  },
  {
    story: "three of six go: half is not more than half",
    desired: config({}),
    observed: found(file(many(6)), { ours: ["r0", "r1", "r2"] }),
    expected: ["info unmanaged"],
  },
  {
    story: "two of three go: two are few",
    desired: config({}),
    observed: found(file(many(3)), { ours: ["r0", "r1"] }),
    expected: ["info unmanaged"],
  },
  {
    story: "all go, however few",
    desired: config({}),
    observed: found(file(many(1)), { ours: ["r0"] }),
    expected: ["warning mass-removal", "warning no-remotes"],
  },
  {
    story: "the only one is replaced by another",
    desired: config({ user: [wanted("a")] }),
    observed: found(file(many(1)), { ours: ["r0"] }),
    expected: [],
  },
  {
    story: "all move to the global file",
    desired: config({ global: many(5).map(({ name }) => wanted(name)) }),
    observed: found(file(many(5)), { ours: many(5).map(({ name }) => name), other: file(many(5)) }),
    expected: ["info other-scope"],
  },
  {
    story: "two global files",
    desired: config({}),
    observed: found(file([]), { scope: "global", ambiguous: true }),
    expected: ["warning ambiguous-sysconfdir"],
  },
  {
    story: "already present and up to date",
    desired: config({ user: [wanted("a")] }),
    observed: found(file([stored("a")])),
    expected: ["info adopted"],
  },
  {
    story: "a stale copy becomes a user remote",
    desired: config({ user: [wanted("g")] }),
    observed: found(file([stored("g", { system: true })])),
    expected: ["info adopted g"],
  },
  {
    story: "its token cannot stay: it is for another address, or the copy is exclusive",
    desired: config({ user: [wanted("g"), wanted("h"), wanted("i")] }),
    observed: found(file([
      stored("g", { system: true, token, uri: "moved.example.com" }),
      stored("h", { system: true, token, exclusive: true }),
      stored("i", { system: true, token }),
    ])),
    expected: [
      "warning token-dropped g",
      "warning token-dropped h",
      "info adopted g",
      "info adopted h",
    ],
  },
  {
    story: "a login whose source cannot be read",
    desired: config({ user: [wanted("a", { login: { env: "T" } })] }),
    observed: found(file([]), {
      endpoints: [looked("a", { source: { why: "T is not set", next: "set it" } })],
    }),
    expected: ["warning login-source a"],
  },
  {
    story: "a stored token whose source cannot be read is left alone",
    desired: config({ user: [wanted("a", { login: { env: "T" } })] }),
    observed: found(file([stored("a", { token })]), {
      ours: ["a"],
      endpoints: [looked("a", { state: "valid", source: { why: "T is not set", next: "set it" } })],
    }),
    expected: ["info token-unverified a"],
  },
  {
    story: "a stored token that could not be verified",
    desired: config({ user: [wanted("a", { login: { env: "T" } })] }),
    observed: found(file([stored("a", { token })]), {
      ours: ["a"],
      endpoints: [
        looked("a", { state: "unknown", same: true, trouble: { kind: "dns", message: "no name" } }),
      ],
    }),
    expected: ["warning token-unverified a"],
  },
  {
    story: "a source's file that others can read",
    desired: config({ user: [wanted("a", { login: { file: "t" } })] }),
    observed: found(file([stored("a", { token })]), {
      ours: ["a"],
      endpoints: [looked("a", { state: "valid", same: true, exposed: { file: "/t", mode: 0o644 } })],
    }),
    expected: ["warning readable-by-others a"],
  },
  {
    story: "offline",
    desired: config({ user: [wanted("a", { login: { env: "T" } })] }),
    observed: found(file([stored("a", { token })]), {
      ours: ["a"],
      endpoints: [looked("a", { state: "not-looked-at", same: true })],
    }),
    expected: ["info not-looked-at"],
  },
  {
    story: "a remote goes, and its token with it",
    desired: config({ user: [wanted("b")] }),
    observed: found(file([stored("a", { token }), stored("b", { token })]), { ours: ["a", "b"] }),
    expected: ["info token-dropped"],
  },
  {
    story: "a remote without a token goes",
    desired: config({ user: [wanted("b")] }),
    observed: found(file([stored("a"), stored("b", { token })]), { ours: ["a", "b"] }),
    expected: [],
  },
  {
    story: "a remote moves to the global file, which does not have it yet",
    desired: config({ user: [wanted("b")], global: [wanted("a")] }),
    observed: found(file([stored("a", { token }), stored("b")]), { ours: ["a", "b"] }),
    expected: ["warning token-dropped a"],
  },
  {
    story: "a remote moves to the global file, which has it at another address",
    desired: config({ user: [wanted("b")], global: [wanted("a")] }),
    observed: found(file([stored("a", { token }), stored("b")]), {
      ours: ["a", "b"],
      other: file([stored("a", { uri: "moved.example.com", system: true })]),
    }),
    expected: ["warning token-dropped a"],
  },
  {
    story: "a remote moves to the global file, and its token stays",
    desired: config({ user: [wanted("b")], global: [wanted("a")] }),
    observed: found(file([stored("a", { token }), stored("b")]), {
      ours: ["a", "b"],
      other: file([stored("a", { system: true })]),
    }),
    expected: [],
  },
  {
    story: "stored tokens that expire: within the days, later, and before now; by hand and from a source",
    desired: config({ user: [wanted("b"), wanted("a", { login: { env: "T" } })] }),
    observed: found(
      file([
        stored("a", { token: expiring(6) }),
        stored("b", { token: expiring(-1) }),
        stored("c", { token: expiring(8) }),
        stored("d", { token: expiring(0.5), system: true }),
      ]),
      { ours: ["a", "b"], endpoints: [looked("a", { state: "valid", same: true })] },
    ),
    expected: [
      "warning token-expires a",
      "warning token-expires b",
      "warning token-expires d",
      "info unmanaged",
    ],
  },
  {
    story: "tokens that the plan replaces or removes may expire; the new one may not",
    desired: config({
      user: [
        wanted("a", { login: { env: "A" } }),
        wanted("b", { login: { env: "B" } }),
        wanted("c", { login: false }),
      ],
    }),
    observed: found(
      file([
        stored("a", { token: expiring(1) }),
        stored("b", { token: expiring(1) }),
        stored("c", { token: expiring(1) }),
      ]),
      {
        ours: ["a", "b", "c"],
        endpoints: [
          looked("a", { state: "valid", same: false, expires: "1970-01-03T00:00:00.000Z" }),
          looked("b", { state: "valid", same: false, expires: "1971-01-01T00:00:00.000Z" }),
        ],
      },
    ),
    expected: ["warning token-expires a"],
  },
  {
    story: "tokens that expire, and a plan for the global file",
    desired: config({ global: [wanted("a")] }),
    observed: found(file([stored("a", { system: true })]), {
      scope: "global",
      ours: ["a"],
      other: file([stored("b", { token: expiring(1) })]),
    }),
    expected: [],
  },
  {
    story: "a default without a library",
    desired: config({ user: [wanted("a", { uri: "cloud.apptainer.org" })] }, { default: { user: use("a") } }),
    observed: found(file([]), { runtime: "apptainer" }),
    expected: ["warning no-library a"],
  },
  {
    story: "a remote without a library that is not the default",
    desired: config({ user: [wanted("a", { uri: "cloud.apptainer.org" })] }),
    observed: found(file([]), { runtime: "apptainer" }),
    expected: [],
  },
  {
    story: "remotes of both scopes",
    desired: config({ user: [wanted("a")], global: [wanted("g")] }),
    observed: found(file([stored("a")]), { ours: ["a"] }),
    expected: [],
  },
  {
    story: "user remotes alone, planned for the machine",
    desired: config({ user: [wanted("a")] }),
    observed: found(file([]), { scope: "global" }),
    expected: ["info other-scope"],
  },
  {
    story: "a symbolic link, also where only its content changes",
    desired: config({ user: [wanted("a"), wanted("b")] }),
    observed: found(file([stored("a")]), { ours: ["a"], quirks: { symlink: true } }),
    expected: ["error symlink"],
  },
  {
    story: "a file with only comments that gets a remote",
    desired: config({ user: [wanted("a")] }),
    observed: found(file([]), { quirks: { blank: true } }),
    expected: [],
  },
  {
    story: "a file with only comments that stays so",
    desired: config({}),
    observed: found(file([]), { quirks: { blank: true } }),
    expected: ["error empty-document"],
  },
  {
    story: "a global file that users cannot read, and that stays as it is",
    desired: config({ global: [wanted("g")] }),
    observed: found(file([stored("g", { system: true })]), {
      scope: "global",
      ours: ["g"],
      hidden: [{ path: "/here/remote.yaml", kind: "file", mode: 0o600, group: false, uid: 0 }],
    }),
    expected: ["error unreadable-by-users"],
  },
  {
    story: "a global file that users cannot read, and that is replaced by one that they can",
    desired: config({ global: [wanted("g"), wanted("h")] }),
    observed: found(file([stored("g", { system: true })]), {
      scope: "global",
      ours: ["g"],
      hidden: [{ path: "/here/remote.yaml", kind: "file", mode: 0o600, group: false, uid: 0 }],
    }),
    expected: [],
  },
  {
    story: "a directory that users cannot enter is not made wider",
    desired: config({ global: [wanted("g"), wanted("h")] }),
    observed: found(file([stored("g", { system: true })]), {
      scope: "global",
      ours: ["g"],
      hidden: [{ path: "/here", kind: "directory", mode: 0o700, group: false, uid: 0 }],
    }),
    expected: ["error unreadable-by-users"],
  },
  {
    story: "a token in a global file that users cannot read is not public, and is said once",
    desired: config({ global: [wanted("g")] }),
    observed: found(file([stored("g", { system: true, token })]), {
      scope: "global",
      ours: ["g"],
      hidden: [{ path: "/here/remote.yaml", kind: "file", mode: 0o600, group: false, uid: 0 }],
    }),
    expected: ["error unreadable-by-users"],
  },
  {
    story: "a token of another host",
    desired: config({ user: [wanted("a", { uri: "new.example.com" })] }),
    observed: found(file([stored("a", { token })]), { ours: ["a"] }),
    expected: ["warning token-of-old-address a"],
  },
];

for (const { story, desired, observed, expected } of cases) {
  Deno.test(`findings: ${story}`, () => {
    const { findings } = diff(desired, observed);
    assert.deepEqual(
      findings.map(({ severity, code, remote }) =>
        [severity, code, ...(remote === undefined ? [] : [remote])].join(" ")
      ),
      expected,
    );
    assert.ok(!JSON.stringify(findings).includes("CANARY"));
  });
}

Deno.test("findings: errors come first, and a long list of names is cut", () => {
  const { findings } = diff(
    config({ user: [wanted("z")] }),
    found(file(many(30)), { other: file([stored("z")]) }),
  );
  assert.deepEqual(findings.map((one) => one.severity), ["error", "info"]);
  assert.match(findings[1]!.message, /"r9" and 20 more$/);
});
