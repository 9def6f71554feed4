/** `sremote plan`: prepare, save, show. */
import { Failure } from "../base/failure.ts";
import { COMMENT_CHARACTERS } from "../base/limits.ts";
import { refusalOf } from "../reconcile/checks.ts";
import { plainStyle, type Style } from "../report/style.ts";
import { Secret } from "../base/secret.ts";
import type { PlanDocument } from "../model.ts";
import { sremoteCommand } from "../base/text.ts";
import { type Context, type Result, scopeOf } from "./shared/context.ts";
import { detailOf } from "./shared/detail.ts";
import { type Planned, prepare, type Prepared, type PrepareFlags } from "./shared/prepare.ts";
import { withProgress } from "./shared/session.ts";

/** The flags of `plan`. */
export interface PlanOptions extends PrepareFlags {
  readonly global?: true;
  readonly out?: string;
  readonly detailedExitcode?: true;
  readonly diff?: true;
  readonly format: "text" | "json" | "markdown";
}

/** Shows what apply would do. Writes nothing but the file of `--out`. */
export async function plan(context: Context, flags: PlanOptions): Promise<Result> {
  if (flags.diff && flags.format === "json") {
    throw new Failure("usage", "--diff cannot be combined with --format json", {
      next: "Use --format text or markdown",
    });
  }
  const { runtime: reader, vars } = context.options;
  const request = { command: "plan", scope: scopeOf(flags.global), reader, vars } as const;
  const prepared = await withProgress(
    context,
    "Asking the endpoints",
    () => prepare(context, request, flags),
  );
  const { document } = prepared;
  detailOf(context, prepared);
  const failure = refusalOf(document.plans, true);
  if (flags.out !== undefined && flags.out !== STANDARD_OUTPUT && failure === null) {
    const { writeDocument } = await import("./shared/write.ts");
    writeDocument(context, flags.out, document);
    context.note(`Saved: ${sremoteCommand(["apply"], [flags.out])}`);
  }
  const text = await textOf(context, prepared, flags);
  const shown = flags.out === STANDARD_OUTPUT ? savedOut(context, document, text, failure) : { text };
  return {
    exit: flags.detailedExitcode && document.changed ? 2 : 0,
    document,
    ...(text === "" ? {} : shown),
    ...(failure === null ? {} : { failure }),
  };
}

/** The name that means standard output. */
const STANDARD_OUTPUT = "-";

/** With `--out -`, standard output gets the saved plan alone; what a person reads goes to standard error. */
function savedOut(
  { note }: Context,
  document: PlanDocument,
  text: string,
  failure: Failure | null,
): Pick<Result, "raw"> {
  note(text);
  return failure === null ? { raw: JSON.stringify(document, null, 2) } : {};
}

/** What is shown; empty with `--format json`. */
async function textOf(
  context: Context,
  { document: { plans }, planned }: Prepared,
  { format, diff }: PlanOptions,
): Promise<string> {
  switch (format) {
    case "json":
      return "";
    case "markdown": {
      const { renderMarkdown } = await import("../report/markdown.ts");
      const text = renderMarkdown(plans);
      return text + (diff ? fenced(await diffsOf(planned, plainStyle), text.length) : "");
    }
    case "text": {
      const { renderPlan } = await import("../report/plan.ts");
      const diffs = diff ? await diffsOf(planned, context.style) : [];
      return [...diffs, ...plans.map((one) => renderPlan(one, context.style))].join("\n\n");
    }
  }
}

/** The unified diff of each file that would change, tokens masked. */
async function diffsOf(planned: readonly Planned[], style: Style): Promise<string[]> {
  const { maskedDiff } = await import("./shared/masked_diff.ts");
  const { editRemoteFile } = await import("../remotefile/edit.ts");
  const diffs: string[] = [];
  for (const { plan, stored, global } of planned) {
    for (const step of plan.steps) {
      if (step.kind !== "replace-file") continue;
      // The new tokens are not known yet, and would be masked anyway.
      const tokens = new Map(
        step.changes.flatMap((one) =>
          one.kind === "login" ? [[one.remote, new Secret("(new)")] as const] : []
        ),
      );
      const after = await editRemoteFile(stored.document, step.changes, { tokens, system: global });
      diffs.push(await maskedDiff(stored.document, after, style));
    }
  }
  return diffs.filter((one) => one !== "");
}

/** The diffs, folded; if the comment would be too long, a line that says where they are. */
function fenced(diffs: readonly string[], before: number): string {
  const parts = diffs.map((one) => {
    let longest = 2;
    for (const [run] of one.matchAll(/`+/g)) longest = Math.max(longest, run.length);
    const fence = "`".repeat(longest + 1);
    return `\n\n<details><summary>remote.yaml</summary>\n\n${fence}diff\n${one}\n${fence}\n\n</details>`;
  }).join("");
  if (before + parts.length <= COMMENT_CHARACTERS) return parts;
  return "\n\nThe diff is too long for a comment; `sremote plan --diff` shows it.";
}
