/** Two texts as a unified diff. */
import { printable, type Style } from "./style.ts";

// The algorithm's cost grows with the square of what differs; past this many edits a diff is no help to anybody.
const MOST_EDITS = 4_000;

/** The unified diff with three lines around each change; empty where the texts are the same. */
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
    maxEditLength: MOST_EDITS,
  });
  const head = [style.bold(`--- ${printable(file)}`), style.bold(`+++ ${printable(file)}`)];
  if (patch === undefined) return [...head, `(more than ${MOST_EDITS} lines differ)`].join("\n");
  const lines = patch.hunks.flatMap((hunk) => [
    style.cyan(`@@ -${hunk.oldStart},${hunk.oldLines} +${hunk.newStart},${hunk.newLines} @@`),
    ...hunk.lines.map((line) => dressed(line, style)),
  ]);
  return [...head, ...lines].join("\n");
}

function dressed(line: string, style: Style): string {
  const shown = printable(line.replace(/\r$/, ""));
  return line.startsWith("+") ? style.green(shown) : line.startsWith("-") ? style.red(shown) : shown;
}
