/** The problems of one file, for people. */
import type { Problem } from "../base/failure.ts";

/**
 * Problems as aligned lines, without colour. At most `limit` of them; the rest are counted.
 *
 * @example
 * ```ts
 * import { renderProblems } from "./problems.ts";
 * import assert from "node:assert/strict";
 * const problem = { path: "default", message: "there is no such remote", found: '"compny"', suggestion: "company" };
 * assert.equal(renderProblems([problem]), [
 *   "default: there is no such remote",
 *   '  found         "compny"',
 *   "  did you mean  company",
 * ].join("\n"));
 * ```
 */
export function renderProblems(problems: readonly Problem[], limit = Infinity): string {
  const lines = problems.slice(0, limit).flatMap(renderProblem);
  const rest = problems.length - limit;
  if (rest > 0) lines.push(`… and ${rest} more ${rest === 1 ? "problem" : "problems"}`);
  return lines.join("\n");
}

function renderProblem({ path, message, found, allowed, suggestion }: Problem): string[] {
  const lines = [path === "" ? `(top level): ${message}` : `${path}: ${message}`];
  if (found !== undefined) lines.push(`  found         ${found}`);
  if (allowed !== undefined) lines.push(`  allowed       ${allowed}`);
  if (suggestion !== undefined) lines.push(`  did you mean  ${suggestion}`);
  return lines;
}
