/** What stops an apply: each failure with the remedy of what failed. */
import assert from "node:assert/strict";
import type {
  ObservedEndpoint,
  ObservedToken,
  Plan,
  SecretRef,
  ServiceStatus,
  Step,
  Trouble,
} from "../model.ts";
import { checkFailure, failedLogins, failedOf, refusalOf } from "./checks.ts";

const service = (name: string, trouble: Trouble | null): ServiceStatus => (
  { service: name, uri: null, ok: trouble === null, version: null, milliseconds: null, trouble }
);
const notOffered: Trouble = { kind: "not-offered", message: "a has no builder service", next: "Remove it" };
const down: Trouble = { kind: "status", message: "a answers 503", next: "Try again in 30 s" };

Deno.test("checks: a failed check has the remedy of its service", () => {
  for (const trouble of [notOffered, down]) {
    const failure = checkFailure(failedOf("a", [service("builder", trouble), service("library", null)]))!;
    assert.equal(failure.code, "check-failed");
    assert.match(failure.message, new RegExp(`the builder service of "a": ${trouble.message}`));
    assert.equal(failure.next, `${trouble.next}; or skip the checks with --skip-check; nothing was written`);
  }
});

Deno.test("checks: failures with one remedy share it, and others keep their own", () => {
  const same = checkFailure(failedOf("a", [service("builder", down), service("library", down)]))!;
  assert.match(same.next!, /^Try again in 30 s; or skip the checks/);
  assert.deepEqual(same.problems.map((one) => one.message), [down.message, down.message]);
  const mixed = checkFailure(failedOf("a", [service("builder", notOffered), service("library", down)]))!;
  assert.match(mixed.next!, /^Fix each cause; or skip the checks/);
  assert.deepEqual(mixed.problems, [
    { path: "a.builder", message: "a has no builder service (Remove it)" },
    { path: "a.library", message: "a answers 503 (Try again in 30 s)" },
  ]);
  assert.equal(checkFailure([]), null);
});

const INVALID: ObservedToken = {
  state: "invalid",
  trouble: { kind: "status", message: "a rejects the API key (401)" },
  same: true,
  source: null,
  expires: null,
  exposed: null,
};

function plan(token: ObservedToken, from: SecretRef, login = true): Plan {
  const endpoint: ObservedEndpoint = { remote: "a", services: null, token };
  const step: Step = { kind: "verify-token", remote: "a", endpoint: { uri: "a", insecure: false }, from };
  const steps = login ? [step] : [];
  return { steps, endpoints: [endpoint], findings: [] } as unknown as Plan;
}

/** A stored token, where the new one comes from, and the remedy; null: the login may work. */
const logins: readonly (readonly [token: Partial<ObservedToken>, from: SecretRef, next: RegExp | null])[] = [
  [
    {},
    { env: "LAB_TOKEN" },
    /^Create a new API key at the endpoint, and set LAB_TOKEN to it; or skip the logins with --skip-login/,
  ],
  [{}, { file: "~/token" }, /and write it to ~\/token;/],
  [{}, { command: ["pass", "lab"] }, /and store it where/],
  [{ same: false }, { env: "LAB_TOKEN" }, null],
  [{ same: null }, { prompt: true }, null],
  [{ state: "unknown" }, { env: "LAB_TOKEN" }, null],
  [{ state: "valid" }, { env: "LAB_TOKEN" }, null],
];

for (const [token, from, next] of logins) {
  Deno.test(`logins: ${JSON.stringify(token)} from ${JSON.stringify(from)} ${next ? "fails" : "may work"}`, () => {
    const its = plan({ ...INVALID, ...token }, from);
    const failure = refusalOf([its], true);
    assert.equal(failedLogins(its).length, next === null ? 0 : 1);
    if (next === null) return assert.equal(failure, null);
    assert.equal(failure?.code, "login-failed");
    assert.match(failure.message, /the login of "a" would fail: .* a rejects the API key \(401\)/);
    assert.match(failure.next!, next);
  });
}

Deno.test("logins: a token that the plan does not replace stops nothing", () => {
  assert.equal(refusalOf([plan(INVALID, { env: "LAB_TOKEN" }, false)], true), null);
});

Deno.test("logins: each of several has its own remedy, also where a check fails too", () => {
  const failing = (remote: string, from: SecretRef): Plan => {
    const its = plan(INVALID, from);
    const steps = its.steps.map((one) => ({ ...one, remote }));
    return { ...its, steps, endpoints: its.endpoints.map((one) => ({ ...one, remote })) } as Plan;
  };
  const both = [failing("a", { env: "A_TOKEN" }), failing("b", { file: "~/b" })];
  const logins = refusalOf(both, true)!;
  assert.equal(logins.code, "login-failed");
  assert.equal(logins.message, "cannot apply: 2 logins would fail");
  assert.match(logins.next!, /^Fix each cause; or skip the logins with --skip-login/);
  const [first, second] = logins.problems;
  assert.match(`${first?.path}: ${first?.message}`, /^a: .*\(.* set A_TOKEN to it\)$/);
  assert.match(`${second?.path}: ${second?.message}`, /^b: .*\(.* write it to ~\/b\)$/);

  const checked = {
    steps: [{ kind: "check-services", remote: "c" }],
    endpoints: [{ remote: "c", services: [service("builder", down)], token: INVALID }],
    findings: [],
  } as unknown as Plan;
  const all = refusalOf([...both, checked], true)!;
  assert.equal(all.code, "check-failed");
  assert.equal(all.message, "cannot apply: 1 check failed, and 2 logins would fail");
  assert.match(all.next!, /--skip-check and --skip-login/);
  assert.deepEqual(all.problems.map((one) => one.path), ["c.builder", "a", "b"]);
  assert.match(all.problems[0]!.message, /\(Try again in 30 s\)$/);
});
