/** Plans as Markdown, to post on a merge request: the summary first, details folded. */
import type { Plan } from "../model.ts";
import { hasChanges, renderPlan, summarize, titleOf } from "./plan.ts";
import { plainStyle, printable } from "./style.ts";

/** GitLab and GitHub refuse longer comments (65,536 characters on GitHub); a config may be for two runtimes. */
const MOST_CHARACTERS = 25_000;

/** One section a plan. */
export function renderMarkdown(plans: readonly Plan[]): string {
  return plans.map(renderOne).join("\n\n");
}

function renderOne(plan: Plan): string {
  const lines = [`**${escaped(summarize(plan))}** ${escaped(titleOf(plan))}`];
  const shown = plan.findings.filter((one) => one.severity !== "info");
  if (shown.length > 0) lines.push("");
  for (const { severity, message, next } of shown) {
    const advice = next === undefined ? "" : ` Next: ${escaped(printable(next))}`;
    lines.push(
      `- **${severity === "error" ? "Error" : "Warning"}**: ${escaped(printable(message))}.${advice}`,
    );
  }
  if (hasChanges(plan)) lines.push("", ...details({ ...plan, findings: [] }));
  return lines.join("\n");
}

function details(plan: Plan): string[] {
  // In a diff block, a sign in the first column gives a line its colour.
  const [, , ...lines] = renderPlan(plan, plainStyle).split("\n").map((line) => line.replace(/^ {2}/, ""));
  const body = lines.slice(0, -2);
  let length = 0;
  const end = body.findIndex((line) => (length += line.length + 1) > MOST_CHARACTERS);
  const text = end < 0
    ? body
    : [...body.slice(0, end), `… ${body.length - end} more lines: sremote plan shows them`];
  const longest = Math.max(2, ...(text.join("\n").match(/`+/g) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  return ["<details><summary>Details</summary>", "", `${fence}diff`, ...text, fence, "", "</details>"];
}

/** Names and addresses are not Markdown, HTML or mentions. */
function escaped(text: string): string {
  return text.replace(
    /[\\`*_{}[\]<>()#+!|~@&]/g,
    (one) => one === "@" ? "&#64;" : one === "&" ? "&amp;" : `\\${one}`,
  );
}
