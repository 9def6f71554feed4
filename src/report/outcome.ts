/** What apply did, in a line. */
import type { Outcome } from "../model.ts";
import { countChanges, usedOf } from "./plan.ts";
import { printable } from "../base/text.ts";
import type { Style } from "./style.ts";

/** How much of what was changed, and where the previous file is. */
export function renderOutcome({ plan, changed, backup }: Outcome, style: Style): string {
  const file = printable(plan.target.file);
  if (!changed) return `Nothing to do: ${file} is as the config says.`;
  const count = countChanges(plan);
  const parts = [`${count.add} added`, `${count.update} changed`, `${count.remove} removed`];
  if (count.use > 0) parts.push(`${usedOf(plan)} changed`);
  if (count.login > 0) parts.push(`${count.login} logged in to`);
  if (count.logout > 0) parts.push(`${count.logout} logged out of`);
  const kept = backup === null || plan.seen.digest === null
    ? ""
    : `\nThe previous file is ${printable(backup)}; sremote rollback puts it back.`;
  return `${style.green("Applied")} to ${file}: ${parts.join(", ")}.${kept}`;
}
