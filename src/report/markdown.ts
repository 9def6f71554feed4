/** Plans as Markdown, to post on a merge request: summary first, details folded. */
import type { Finding, Plan } from "../model.ts";
import { inOrder, renderSteps, subjectOf, summarize } from "./plan.ts";
import { printable } from "../base/text.ts";
import { plainStyle } from "./style.ts";

/** GitHub refuses comments of more than 65,536 characters; the text around the findings and details is short. */
const MOST_CHARACTERS = 58_000;
const FINDINGS_SHOWN = 50;
const LONGEST_VALUE = 200;

/** One section per plan, together short enough for a comment; empty if a reviewer has nothing to see. */
export function renderMarkdown(plans: readonly Plan[]): string {
  const share = Math.floor(MOST_CHARACTERS / Math.max(1, plans.length));
  const sections = plans.map((one) => renderOne(one, share));
  return plans.every(isEmpty) ? "" : sections.join("\n\n");
}

/** Neither a change nor a warning; a check that passes is not shown alone. */
function isEmpty({ changed, findings }: Plan): boolean {
  return !changed && findings.every((one) => one.severity === "info");
}

function renderOne(plan: Plan, mostCharacters: number): string {
  const { file } = plan.target;
  const lines = [
    plan.changed
      ? `**${summarize(plan)}** ${subjectOf(plan)}, in ${code(file)}`
      : `**No changes**: ${subjectOf(plan)}, in ${code(file)}, are up to date.`,
  ];
  // Notes are for the user at the terminal.
  const findings = inOrder(plan.findings).filter((one) => one.severity !== "info");
  if (findings.length > 0) lines.push("", ...listed(findings, mostCharacters / 2));
  const blocks = renderSteps(plan, plainStyle);
  if (blocks.length > 0) lines.push("", ...details(blocks, mostCharacters - lines.join("\n").length));
  return lines.join("\n");
}

function listed(findings: readonly Finding[], mostCharacters: number): string[] {
  const items = findings.slice(0, FINDINGS_SHOWN).map(({ severity, message, next }) => {
    const advice = next === undefined ? "" : ` Next: ${prose(next)}`;
    return `- **${severity === "error" ? "Error" : "Warning"}**: ${prose(message)}.${advice}`;
  });
  const shown = fitting(items, mostCharacters);
  const rest = findings.length - shown.length;
  return rest === 0 ? shown : [...shown, `- … and ${rest} more: sremote plan shows them`];
}

/** In a diff block, the sign in the first column gives a line its colour; `!` marks what changes. */
function details(blocks: readonly string[], mostCharacters: number): string[] {
  const shown = fitting(blocks.map((one) => one.replace(/^~/gm, "!")), mostCharacters - 500);
  const rest = blocks.length - shown.length;
  const more = `… and ${rest} more ${rest === 1 ? "change" : "changes"}: sremote plan shows them`;
  const text = (rest === 0 ? shown : [...shown, more]).join("\n");
  const fence = fenceAround(text, 3);
  return ["<details><summary>Details</summary>", "", `${fence}diff`, text, fence, "", "</details>"];
}

/** As many of the texts, from the first, as fit with their line breaks. */
function fitting(texts: readonly string[], mostCharacters: number): string[] {
  let length = 0;
  const end = texts.findIndex((one) => (length += one.length + 1) > mostCharacters);
  return texts.slice(0, end < 0 ? texts.length : end);
}

/**
 * A sentence: quoted names, and every word that could be Markdown, HTML, a link or a mention, as code. Two pieces of code
 * are always separated by a space, because backticks that touch are one fence.
 */
function prose(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"(?=[,;:.)]*(?:\s|$))|\S+|\s+/gs, (word) => {
    if (/^ +$/.test(word)) return " ";
    if (/^\s/.test(word)) return ` ${code(word)} `;
    // An invisible letter (U+3164) is escaped with a backslash.
    const plain = /^[\p{L}\p{N}(,;.:')-]+$/u.test(word) && !/^www\./i.test(word) && printable(word) === word;
    if (plain) return word;
    const value = word.replace(/[,;.:]+$/, "");
    return code(value) + word.slice(value.length);
  });
}

/**
 * A value as code, the only place where mentions and references have no effect. CommonMark strips a space at either end;
 * {@link printable} removes line breaks.
 */
function code(value: string): string {
  const shown = cut(printable(value));
  const fence = fenceAround(shown, 1);
  return /^[` ]|[` ]$/.test(shown) ? `${fence} ${shown} ${fence}` : fence + shown + fence;
}

function cut(text: string): string {
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE).toWellFormed()}…`;
}

/** More backticks than any run of them inside. */
function fenceAround(text: string, least: number): string {
  const longest = (text.match(/`+/g) ?? []).reduce((most, run) => Math.max(most, run.length), 0);
  return "`".repeat(Math.max(least, longest + 1));
}
