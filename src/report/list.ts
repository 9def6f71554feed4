/** The tables of `sremote list`. */
import { showDay } from "../base/expiry.ts";
import { printable, quote } from "../base/text.ts";
import { table } from "./table.ts";

/** A row of the list. */
export interface ListRow {
  readonly name: string;
  readonly uri: string;
  readonly global: boolean;
  readonly default: boolean;
  readonly exclusive: boolean;
  /** Asked over http. */
  readonly insecure: boolean;
  /** Whether a token is stored. */
  readonly loggedIn: boolean;
  /** When the token says that it expires, in ISO 8601; null: no token, or it does not say. */
  readonly expires: string | null;
}

/** The table of `singularity remote list` in 3.5: sorted by name, the default in brackets. */
export function renderList(rows: readonly ListRow[]): string {
  return table([
    ["NAME", "URI", "GLOBAL"],
    ...sorted(rows).map((one) => [
      one.default ? `[${printable(one.name)}]` : printable(one.name),
      printable(one.uri),
      yesNo(one.global),
    ]),
  ]);
}

/** The table of `list --wide`, which has a column for each property, at a time in milliseconds since 1970. */
export function renderWideList(rows: readonly ListRow[], now: number): string {
  return table([
    ["NAME", "URI", "GLOBAL", "DEFAULT", "EXCLUSIVE", "INSECURE", "LOGIN"],
    ...sorted(rows).map((one) => [
      printable(one.name),
      printable(one.uri),
      ...[one.global, one.default, one.exclusive, one.insecure].map(yesNo),
      loginOf(one, now),
    ]),
  ]);
}

/** What {@link renderList} does not show: one sentence for the exclusive remotes, and one for the insecure ones. */
export function listNotes(rows: readonly ListRow[]): readonly string[] {
  const exclusive = sorted(rows).filter((one) => one.exclusive);
  const insecure = sorted(rows).filter((one) => one.insecure);
  return [
    ...exclusive.length === 0 ? [] : [
      `Note: ${names(exclusive)} ${exclusive.length === 1 ? "is" : "are"} exclusive: no other can be used.`,
    ],
    ...insecure.length === 0
      ? []
      : [`Note: ${names(insecure)} ${insecure.length === 1 ? "is" : "are"} insecure: asked over http.`],
  ];
}

/** The LOGIN column. */
function loginOf({ loggedIn, expires }: ListRow, now: number): string {
  if (expires === null) return yesNo(loggedIn);
  return `YES (${Date.parse(expires) <= now ? "expired" : "expires"} ${showDay(expires)})`;
}

/** Up to five names, so that a note stays readable. */
function names(rows: readonly ListRow[]): string {
  const shown = rows.slice(0, 5).map((one) => quote(one.name)).join(", ");
  return rows.length > 5 ? `${shown} and ${rows.length - 5} more` : shown;
}

function sorted(rows: readonly ListRow[]): readonly ListRow[] {
  return [...rows].sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

function yesNo(is: boolean): string {
  return is ? "YES" : "NO";
}
