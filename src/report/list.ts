/** The table of `sremote list`. */
import { printable } from "../base/text.ts";
import { table } from "./table.ts";

/** A row of the list. */
export interface ListRow {
  readonly name: string;
  readonly uri: string;
  readonly global: boolean;
  readonly default: boolean;
}

/** The table of `singularity remote list` in 3.5: sorted by name, the default in brackets. */
export function renderList(rows: readonly ListRow[]): string {
  const sorted = [...rows].sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  return table([
    ["NAME", "URI", "GLOBAL"],
    ...sorted.map((one) => [
      one.default ? `[${printable(one.name)}]` : printable(one.name),
      printable(one.uri),
      one.global ? "YES" : "NO",
    ]),
  ]);
}
