import assert from "node:assert/strict";
import fc from "fast-check";
import { checkFinding, failedOf } from "../reconcile/checks.ts";
import { hostOf, hostReport, inOrder, renderFleet, splitDocuments } from "./fleet.ts";
import { renderFleetHtml } from "./fleet_html.ts";
import { plainStyle } from "./style.ts";
import { SERVICES_SEEN } from "./testing.ts";

const step = (...changes: object[]) => ({ kind: "replace-file", basis: null, changes });
const plan = (changed: boolean, ...parts: object[]) =>
  JSON.stringify({ formatVersion: 1, changed, plans: parts.length === 0 ? [{ steps: [] }] : parts });

const CASES: Readonly<Record<string, readonly [json: string, state: string, summary: string | RegExp]>> = {
  "in step": [plan(false), "in step", ""],
  "drifted": [
    plan(true, { steps: [step({ kind: "add" }, { kind: "add" }, { kind: "use" }, { kind: "remove" })] }),
    "drifted",
    "2 to add, 1 to remove, the default changes",
  ],
  "drifted in two files": [
    plan(true, { steps: [step({ kind: "update" })] }, {
      steps: [step({ kind: "update" }, { kind: "logout" })],
    }),
    "drifted",
    "2 to change, 1 logout",
  ],
  "changed": [
    JSON.stringify({ formatVersion: 1, changed: true, results: [{ steps: [step({ kind: "login" })] }] }),
    "changed",
    "1 login",
  ],
  "applied, and nothing to do": [
    JSON.stringify({ formatVersion: 1, changed: false, results: [{ steps: [] }] }),
    "in step",
    "",
  ],
  "an error": [
    '{"formatVersion":1,"error":{"code":"locked","message":"cannot change x"}}',
    "failed",
    "cannot change x (locked)",
  ],
  "a conflict": [
    plan(true, { steps: [step({ kind: "add" })], findings: [{ severity: "error", message: "no default" }] }),
    "failed",
    "no default",
  ],
  "a warning": [plan(false, { steps: [], findings: [{ severity: "warning", message: "w" }] }), "in step", ""],
  "a service that is down": [
    plan(true, {
      steps: [],
      findings: failedOf("lab", SERVICES_SEEN).map(checkFinding),
    }),
    "failed",
    'check failed: the keystore service of "lab": keys.example.com answers 503',
  ],
  "nothing": [" \n", "failed", "the file is empty"],
  "no JSON": ["sremote: command not found", "failed", "not JSON"],
  "another document": [
    '{"formatVersion":1,"default":null}',
    "failed",
    /^neither a plan nor the result of an apply/,
  ],
  "another version": [plan(false).replace("1", "2"), "failed", /^neither/],
  "a list": ["[]", "failed", /^neither/],
  "null": ["null", "failed", /^neither/],
};

for (const [what, [json, state, summary]] of Object.entries(CASES)) {
  Deno.test(`fleet: ${what}`, () => {
    const report = hostReport("h", json);
    assert.equal(report.state, state);
    if (typeof summary === "string") assert.equal(report.summary, summary);
    else assert.match(report.summary, summary);
  });
}

Deno.test("fleet: whatever a document is, it is a report, and neither table nor page obeys it", () => {
  fc.assert(
    fc.property(fc.string(), fc.oneof(fc.string({ unit: "binary" }), fc.json()), (host, json) => {
      const reports = [hostReport(host, json), hostReport(`</td><script>${host}`, plan(false))];
      const page = renderFleetHtml(reports, host);
      assert.ok(!/<script|<img|<\/td><script/i.test(page));
      assert.doesNotMatch(renderFleet(reports, plainStyle), /\p{Cc}(?<!\n)/u);
    }),
    { numRuns: 500 },
  );
});

Deno.test("fleet: documents one after the other, by lines or not, with braces in texts", () => {
  const all = [{ host: "a{b", x: ['"}"'] }, { host: "c\\", y: { z: {} } }];
  const lines = all.map((one) => JSON.stringify(one)).join("\n");
  const pretty = all.map((one) => JSON.stringify(one, null, 2)).join("");
  for (const text of [lines, pretty, `\n${lines}\n`]) {
    assert.deepEqual(splitDocuments(text).map(hostOf), ["a{b", "c\\"]);
  }
  assert.deepEqual(splitDocuments('{"a":1} {"b":'), ['{"a":1}', '{"b":']);
  assert.deepEqual(splitDocuments("no braces"), []);
});

Deno.test("fleet: the worst first, and node2 before node10; many that are in step are only counted", () => {
  const in_step = (host: string) => hostReport(host, plan(false));
  const reports = [in_step("node10"), in_step("node2"), hostReport("z", ""), hostReport("a", plan(true))];
  assert.deepEqual(inOrder(reports).map((one) => one.host), ["z", "a", "node2", "node10"]);
  assert.equal(
    renderFleet(reports, plainStyle),
    `HOST    STATE
z       failed   the file is empty
a       drifted
node2   in step
node10  in step

4 hosts: 2 in step, 1 drifted, 1 failed.`,
  );
  const many = Array.from({ length: 21 }, (_, i) => in_step(`n${i}`));
  assert.equal(renderFleet(many, plainStyle), "21 hosts: 21 in step.");
});
