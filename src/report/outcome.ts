/** What apply did, in one line. */
import type { Outcome } from "../model.ts";
import { countChanges, tokenCounts, usedOf } from "./plan.ts";
import { printable } from "../base/text.ts";
import type { Style } from "./style.ts";

/** The changes counted by kind, and where the previous file is. */
export function renderOutcome({ plan, changed, backup }: Outcome, style: Style): string {
  const file = printable(plan.target.file);
  if (!changed) return `Nothing to do: ${file} is up to date.`;
  const count = countChanges(plan);
  const parts = [`${count.add} added`, `${count.update} changed`, `${count.remove} removed`];
  if (count.use > 0) parts.push(`${usedOf(plan)} changed`);
  parts.push(...tokenCounts(count));
  const kept = backup === null || plan.seen.digest === null
    ? ""
    : `\nThe previous file is ${printable(backup)}; sremote rollback restores it.`;
  return `${style.green("Applied")} to ${file}: ${parts.join(", ")}.${kept}`;
}
