/** `sremote plan`: load, observe, diff, show. */
import { Failure } from "../base/failure.ts";
import { conflictsOf, failedChecks, planDocument, planFiles, type Planned } from "../reconcile/plan.ts";
import { Secret } from "../base/secret.ts";
import { configOf } from "./shared/load.ts";
import { type Context, pathsOf, type Result, scopeOf } from "./shared/context.ts";
import { detailOf } from "./shared/detail.ts";
import { checkOwners } from "./shared/owners.ts";
import { lookOf, skipOf } from "./shared/prepare.ts";
import { withProgress } from "./shared/session.ts";

/** The flags of `plan`. */
export interface PlanOptions {
  readonly global?: true;
  readonly out?: string;
  readonly detailedExitcode?: true;
  readonly diff?: true;
  readonly offline?: true;
  readonly skipLogin?: true;
  readonly skipCheck?: true;
  readonly allowCommand?: true;
  readonly strictOwner?: true;
  readonly format: "text" | "json" | "markdown";
}

/** Shows what apply would do. Writes nothing but the file of `--out`. */
export async function plan(context: Context, flags: PlanOptions): Promise<Result> {
  const { world, options, style } = context;
  if (flags.diff && flags.format === "json") {
    throw new Failure("usage", "--diff is for people: it does not go with --format json", {
      next: "take --format text or markdown",
    });
  }
  const loaded = await configOf(context);
  if (flags.strictOwner) checkOwners(context, loaded, "plan", true);
  const request = {
    scope: scopeOf(flags.global),
    runtime: options.runtime,
    paths: pathsOf(context, loaded.desired),
    look: lookOf(context, loaded, flags),
    skip: skipOf(flags),
  };
  const planned = await withProgress(
    context,
    "Asking the endpoints",
    () => planFiles(world, loaded, request),
  );
  detailOf(context, loaded, planned);
  const document = planDocument(loaded, planned);
  const failure = conflictsOf(document.plans, true) ?? failedChecks(document.plans);
  if (flags.out !== undefined && failure === null) {
    const { writeDocument } = await import("./shared/write.ts");
    writeDocument(context, flags.out, document);
    context.note(`Saved: sremote apply ${flags.out}`);
  }
  const exit = flags.detailedExitcode && document.changed ? 2 : 0;
  const result = { exit, document, ...(failure === null ? {} : { failure }) } as const;
  switch (flags.format) {
    case "json":
      return result;
    case "markdown": {
      const { renderMarkdown } = await import("../report/markdown.ts");
      const text = renderMarkdown(document.plans);
      const diffs = flags.diff ? fenced(await diffsOf(context, planned, "plain"), text.length) : "";
      return text + diffs === "" ? result : { ...result, text: text + diffs };
    }
    case "text": {
      const { renderPlan } = await import("../report/plan.ts");
      const texts = planned.map((one) => renderPlan(one.plan, style));
      if (flags.diff) texts.unshift(...await diffsOf(context, planned, "styled"));
      return { ...result, text: texts.join("\n\n") };
    }
  }
}

/** The unified diff of each file that would change, tokens masked. */
async function diffsOf(
  context: Context,
  planned: readonly Planned[],
  look: "plain" | "styled",
): Promise<string[]> {
  const { maskedDiff } = await import("./shared/masked_diff.ts");
  const { plainStyle } = await import("../report/style.ts");
  const { editRemoteFile } = await import("../remotefile/edit.ts");
  const diffs: string[] = [];
  for (const { plan, stored, machine } of planned) {
    for (const step of plan.steps) {
      if (step.kind !== "replace-file") continue;
      // The new tokens are not known yet, and would be masked anyway.
      const tokens = new Map(
        step.changes.flatMap((one) =>
          one.kind === "login" ? [[one.remote, new Secret("(new)")] as const] : []
        ),
      );
      const after = await editRemoteFile(stored.document, step.changes, { tokens, system: machine });
      diffs.push(await maskedDiff(stored.document, after, look === "plain" ? plainStyle : context.style));
    }
  }
  return diffs.filter((one) => one !== "");
}

/** GitHub takes 65,536 characters in a comment. */
const COMMENT_LIMIT = 60_000;

/** The diffs, folded; in a comment that would be too long, a line that says where they are. */
function fenced(diffs: readonly string[], before: number): string {
  const parts = diffs.map((one) => {
    let longest = 2;
    for (const [run] of one.matchAll(/`+/g)) longest = Math.max(longest, run.length);
    const fence = "`".repeat(longest + 1);
    return `\n\n<details><summary>remote.yaml</summary>\n\n${fence}diff\n${one}\n${fence}\n\n</details>`;
  }).join("");
  if (before + parts.length <= COMMENT_LIMIT) return parts;
  return "\n\nThe diff is too long for a comment: `sremote plan --diff` shows it.";
}
