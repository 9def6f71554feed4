/** Aligned columns. */

// East Asian wide characters and emoji take two columns; marks that combine take none.
const WIDE =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

/** Text, or text with a style that has no part in the columns. */
export type Cell = string | { readonly text: string; readonly style: (text: string) => string };

/** Columns that a text takes on a terminal. */
export function width(text: string): number {
  // deno-lint-ignore no-control-regex -- the range is ASCII
  if (/^[\u0000-\u007f]*$/.test(text)) return text.length;
  let columns = 0;
  for (const one of text) columns += /\p{M}/u.test(one) ? 0 : WIDE.test(one) ? 2 : 1;
  return columns;
}

/** Rows in columns, two spaces between, none at the end of a line. The first row may be a heading. */
export function table(rows: readonly (readonly Cell[])[], indent = ""): string {
  const textOf = (cell: Cell) => typeof cell === "string" ? cell : cell.text;
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, width(textOf(cell)));
    });
  }
  return rows.map((row) => {
    const last = row.findLastIndex((cell) => textOf(cell) !== "");
    const cells = row.slice(0, last + 1).map((cell, i) => {
      const shown = typeof cell === "string" ? cell : cell.style(cell.text);
      return i === last ? shown.trimEnd() : shown + " ".repeat(widths[i]! - width(textOf(cell)));
    });
    return (indent + cells.join("  ")).trimEnd();
  }).join("\n");
}
