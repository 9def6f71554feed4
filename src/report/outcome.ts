/** What apply did, in one line for each file. */
import type { Outcome } from "../model.ts";
import { countChanges, tokenCounts, usedOf } from "./plan.ts";
import { printable } from "../base/text.ts";
import type { Style } from "./style.ts";

/**
 * The changes of each file counted by kind, and where the previous files are.
 * @param rollback the command that restores them, for a shell
 */
export function renderOutcomes(outcomes: readonly Outcome[], style: Style, rollback: string): string {
  const several = outcomes.filter((one) => one.changed).length > 1;
  const lines = outcomes.flatMap((one) => {
    const line = renderOutcome(one, style);
    if (!one.changed || one.backup === null) return [line];
    if (one.plan.seen.digest === null) {
      return several ? [line] : [line, `There was no such file before; ${rollback} removes it.`];
    }
    const previous = `The previous file is ${printable(one.backup!)}`;
    const lost = one.gone.remotes.length + one.gone.credentials.length > 0
      ? " Old API keys are not kept."
      : "";
    return [line, (several ? `${previous}.` : `${previous}; ${rollback} restores it.`) + lost];
  });
  return [...lines, ...several ? [`${rollback} restores the files as they were before.`] : []].join("\n");
}

/** The changes of one file counted by kind. */
function renderOutcome({ plan, changed }: Outcome, style: Style): string {
  const file = printable(plan.target.file);
  if (!changed) return `Nothing to do: ${file} is up to date.`;
  const count = countChanges(plan);
  const parts = [`${count.add} added`, `${count.update} changed`, `${count.remove} removed`];
  if (count.use > 0) parts.push(`${usedOf(plan)} changed`);
  parts.push(...tokenCounts(count));
  return `${style.green("Applied")} to ${file}: ${parts.join(", ")}.`;
}
