import assert from "node:assert/strict";
import fc from "fast-check";
import { golden } from "../../tests/golden.ts";
import { checkFinding, failedOf } from "../reconcile/checks.ts";
import type { Change, Finding } from "../model.ts";
import { renderMarkdown } from "./markdown.ts";
import { entry, EVERYTHING, FINDINGS, HOSTILE, planOf, seenOf, SERVICES_SEEN } from "./testing.ts";

const CHECK = {
  kind: "check-services",
  remote: "company",
  endpoint: { uri: "enterprise.example.com", insecure: false },
  required: ["library"],
} as const;
const apptainer = { runtime: "apptainer", scope: "user", file: "/home/me/.apptainer/remote.yaml" } as const;

/** The text that Markdown interprets: everything but code. */
function outsideCode(markdown: string): string {
  return markdown.replace(/^(`{3,})diff\n[^]*?\n\1$/gm, "").replace(/(?<!`)(`+)(?!`)[^]*?[^`]\1(?!`)/g, "");
}

Deno.test("two plans with one of everything", () => {
  const plans = [
    planOf(EVERYTHING, {
      checks: [CHECK, { ...CHECK, remote: "lab" }],
      findings: [...failedOf("company", SERVICES_SEEN).map(checkFinding), ...FINDINGS],
      endpoints: [seenOf("company", SERVICES_SEEN)],
    }),
    planOf([], { target: apptainer }),
  ];
  golden("report/plan.md", renderMarkdown(plans));
});

Deno.test("without changes the text is empty, or has what a reviewer must see", () => {
  const info = FINDINGS.find((one) => one.severity === "info")!;
  assert.equal(renderMarkdown([planOf([], { target: apptainer, findings: [info] }), planOf([])]), "");
  const warning = FINDINGS.find((one) => one.severity === "warning")!;
  golden(
    "report/plan-no-changes.md",
    renderMarkdown([planOf([], { target: apptainer, findings: [warning] })]),
  );
});

Deno.test("hostile names stay text", () => {
  const changes: Change[] = [
    { kind: "add", remote: HOSTILE, after: entry("a\n```\n<script>") },
    { kind: "remove", remote: "````", before: entry("`") },
  ];
  const findings: Finding[] = [
    {
      ...FINDINGS[1]!,
      message: `${HOSTILE} is ${JSON.stringify(HOSTILE)}: "\``,
      next: "@all see www.e.org, `",
    },
  ];
  const target = { file: "/home/`me`/@all/<b>/remote.yaml`" };
  golden("report/plan-hostile.md", renderMarkdown([planOf(changes, { findings, target })]));
});

Deno.test("untrusted text is always inside code", () => {
  const LINES = 12;
  const text = fc.oneof(
    fc.string({ unit: "grapheme" }),
    fc.string({
      unit: fc.constantFrom("`", "``", "\n", " ", '"', "\\", "@all", "<b>", "[", "|", "*", "_", "#1", "a"),
    }),
  );
  fc.assert(
    fc.property(text, text, (name, uri) => {
      const changes: Change[] = [{ kind: "add", remote: name, after: entry(uri) }];
      const findings: Finding[] = [{ ...FINDINGS[1]!, message: name, next: uri }];
      const made = renderMarkdown([planOf(changes, { findings, target: { file: `/${uri}` } })]);
      const left = outsideCode(made).replace(/<\/?(?:details|summary)>/g, "").replaceAll("**", "");
      assert.doesNotMatch(left, /[@<>[\]#|*_`\\&~$!]|:\/\//);
      assert.equal(made.split("\n").length, LINES);
      assert.doesNotMatch(made, /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    }),
    { numRuns: 500, examples: [["", "\u3164"]] },
  );
});

Deno.test("a long comment is cut to fit, and says how much is missing", () => {
  const changes = Array.from({ length: 10_000 }, (_, i): Change => ({
    kind: "add",
    remote: `remote-${i}`,
    after: entry("enterprise.example.com"),
  }));
  const findings = Array.from(
    { length: 10_000 },
    (): Finding => ({ ...FINDINGS[1]!, message: "@x ".repeat(300) }),
  );
  const text = renderMarkdown([
    planOf(changes, { findings }),
    planOf(changes, { findings, target: apptainer }),
  ]);
  assert(text.length <= 60_000, `${text.length} characters`);
  const shown = text.match(/^\+ remote-/gm)!.length / 2;
  assert(shown > 50);
  assert.equal(text.match(/^… and (\d+) more changes: /m)?.[1], String(10_000 - shown));
  const told = text.match(/^- \*\*Warning\*\*/gm)!.length / 2;
  assert(told > 0);
  assert.equal(text.match(/^- … and (\d+) more: /m)?.[1], String(10_000 - told));
});

Deno.test("one change too long to show is counted", () => {
  const text = renderMarkdown([planOf([{ kind: "add", remote: "a", after: entry("x".repeat(70_000)) }])]);
  assert(text.length < 1_000);
  assert.match(text, /^… and 1 more change: sremote plan shows them$/m);
});
