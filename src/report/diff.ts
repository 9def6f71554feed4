/** Two texts as a unified diff. */
import { printable } from "../base/text.ts";
import type { Style } from "./style.ts";

// The cost grows with the square of the differences: 4,000 of 50,000 lines take about a second. Lines that are only added,
// or only removed, cost little.
const MOST_EDITS = 4_000;
const MOST_MILLISECONDS = 2_000;

/**
 * The unified diff with three lines around each change; empty if the texts are equal.
 * If too much differs for a diff to help, it says so instead.
 */
export async function unifiedDiff(
  file: string,
  before: string,
  after: string,
  style: Style,
): Promise<string> {
  if (before === after) return "";
  const { structuredPatch } = await import("diff");
  const patch = structuredPatch(file, file, before, after, undefined, undefined, {
    context: 3,
    maxEditLength: MOST_EDITS + Math.abs(lines(before) - lines(after)),
    timeout: MOST_MILLISECONDS,
  });
  const head = [style.bold(`--- ${printable(file)}`), style.bold(`+++ ${printable(file)}`)];
  if (patch === undefined) {
    return [...head, `(too many differences to show: ${lines(before)} lines before, ${lines(after)} after)`]
      .join("\n");
  }
  const hunks = patch.hunks.flatMap((hunk) => [
    style.cyan(`@@ -${range(hunk.oldStart, hunk.oldLines)} +${range(hunk.newStart, hunk.newLines)} @@`),
    ...hunk.lines.map((line) => dressed(line, style)),
  ]);
  return [...head, ...hunks].join("\n");
}

/** An empty range is named by the line before it, as in GNU diff's "Detailed Unified". */
function range(start: number, count: number): string {
  return `${count === 0 ? start - 1 : start},${count}`;
}

function dressed(line: string, style: Style): string {
  const shown = line.replace(/\r$/, "").split("\t").map(printable).join("\t");
  return line.startsWith("+") ? style.green(shown) : line.startsWith("-") ? style.red(shown) : shown;
}

function lines(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") || text === "" ? 1 : 0);
}
