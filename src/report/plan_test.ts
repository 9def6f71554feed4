import assert from "node:assert/strict";
import fc from "fast-check";
import { golden } from "../../tests/golden.ts";
import { checkFinding, failedOf } from "../reconcile/checks.ts";
import type { Change } from "../model.ts";
import { countChanges, planChanges, renderPlan, summarize } from "./plan.ts";
import { colourStyle, plainStyle } from "./style.ts";
import { entry, EVERYTHING, FINDINGS, HOSTILE, keyserver, planOf, seenOf, SERVICES_SEEN } from "./testing.ts";

const CHECK = {
  kind: "check-services",
  remote: "company",
  endpoint: { uri: "enterprise.example.com", insecure: false },
  required: ["library", "keystore"],
} as const;
const LOGIN = {
  kind: "verify-token",
  remote: "company",
  endpoint: CHECK.endpoint,
  from: { env: "COMPANY_TOKEN" },
} as const;
const INSECURE = { uri: "after.example.com", insecure: true };

Deno.test("a plan with one of everything", () => {
  const plan = planOf(EVERYTHING, {
    checks: [CHECK, { ...CHECK, remote: "lab" }, LOGIN, { ...LOGIN, remote: "moved", endpoint: INSECURE }],
    findings: [...failedOf("company", SERVICES_SEEN).map(checkFinding), ...FINDINGS],
    endpoints: [seenOf("company", SERVICES_SEEN)],
  });
  const text = renderPlan(plan, plainStyle);
  golden("report/plan.txt", text);
  golden("report/plan-in-colour.txt", renderPlan(plan, colourStyle).replaceAll("\u001b", "␛"));
  assert(!text.includes("SECRET-ARGUMENT"), "arguments of a command may be secret");
});

Deno.test("a plan without changes", () => {
  const target = { runtime: "apptainer", scope: "user", file: "/home/me/.apptainer/remote.yaml" } as const;
  const texts = [
    planOf([], { target }),
    planOf([], { target, findings: FINDINGS }),
    planOf([], { target, checks: [CHECK] }),
    planOf([], { target, checks: [CHECK], endpoints: [seenOf("company", SERVICES_SEEN.slice(0, 1))] }),
  ].map((plan) => renderPlan(plan, plainStyle));
  golden("report/plan-no-changes.txt", texts.join("\n--------\n"));
});

Deno.test("hostile names cannot be mistaken for other text", () => {
  const names = [
    HOSTILE,
    " lead",
    "trail ",
    "two  spaces",
    "(none)",
    "a → b",
    "a, b",
    'say "hi"',
    "tab\there",
    "🚀",
  ];
  const changes = names.map((remote): Change => ({ kind: "add", remote, after: entry(remote) }));
  changes.push({
    kind: "use",
    before: { remote: "(none)", exclusive: [] },
    after: { remote: null, exclusive: ["a, b", "c"] },
  });
  golden("report/plan-hostile.txt", renderPlan(planOf(changes), plainStyle));
});

Deno.test("an update of the ledger alone is not a change", () => {
  const plan = { ...planOf([]), steps: [{ kind: "update-ledger", basis: null, managed: ["a"] }] } as const;
  assert.match(summarize(plan), /^No changes: /);
});

Deno.test("changes are counted by kind, over all steps", () => {
  const one = planOf(EVERYTHING);
  const plan = { ...one, steps: [...one.steps, CHECK, ...one.steps] };
  assert.equal(planChanges(plan).length, 2 * EVERYTHING.length);
  assert.deepEqual(countChanges(plan), { add: 6, update: 4, remove: 2, use: 2, login: 12, logout: 2 });
  assert.equal(
    summarize(plan),
    "Plan: 6 to add, 4 to change, 2 to remove, the default changes, 12 logins, 2 logouts, 1 to check.",
  );
});

Deno.test("two lists of exclusive remotes differ even if their joined names are equal", () => {
  const use = (before: string[], after: string[]) =>
    renderPlan(
      planOf([{
        kind: "use",
        before: { remote: "x", exclusive: before },
        after: { remote: "x", exclusive: after },
      }]),
      plainStyle,
    );
  const text = use(["a\nb"], ["a", "b"]);
  assert.match(text, /~ exclusive {2}"a\\nb" → a, b/);
  assert.match(text, /the exclusive remote changes\.$/);
});

Deno.test("no name can control or add a line", () => {
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.string({ unit: fc.constantFrom(...HOSTILE, "\t", "\u0085", "\u034f", "a", " ") }),
  );
  fc.assert(fc.property(fc.array(fc.tuple(text, text), { maxLength: 5 }), (pairs) => {
    const make = (of: (given: string) => string) =>
      renderPlan(
        planOf(
          pairs.flatMap(([name, uri]): Change[] => [
            { kind: "add", remote: of(name), after: entry(of(uri), { keyservers: [keyserver(of(uri))] }) },
            { kind: "update", remote: of(name), before: entry(`${of(uri)}1`), after: entry(`${of(uri)}2`) },
            {
              kind: "use",
              before: { remote: of(name), exclusive: [] },
              after: { remote: null, exclusive: [of(name)] },
            },
            { kind: "login", remote: of(name), from: { env: of(uri) } },
            { kind: "login", remote: of(name), from: { command: [of(uri)] } },
          ]),
          {
            checks: pairs.flatMap(([name, uri]) => [
              { ...CHECK, remote: of(name) },
              { ...LOGIN, remote: of(name), endpoint: { uri: of(uri), insecure: false } },
            ]),
            findings: pairs.map(([name, next]) => ({ ...FINDINGS[1]!, message: of(name), next: of(next) })),
            target: { file: `/${pairs.map(([name]) => of(name)).join("")}` },
          },
        ),
        plainStyle,
      );
    const shown = make((given) => given);
    assert.doesNotMatch(shown, /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    assert.equal(shown.split("\n").length, make(() => "x").split("\n").length);
  }));
});

Deno.test("the time for ten thousand changes is linear", () => {
  const changes = Array.from({ length: 10_000 }, (_, i): Change => ({
    kind: "update",
    remote: `r${i}`,
    before: entry(`old${i}.example.com`),
    after: entry(`new${i}.example.com`, { keyservers: [keyserver("https://keys.example.com")] }),
  }));
  const start = performance.now();
  const lines = renderPlan(planOf(changes), plainStyle).split("\n");
  // Measured: 50 ms. Quadratic time would be minutes.
  assert(performance.now() - start < 5_000);
  assert.equal(lines.length, 10_000 * 3 + 4);
});
