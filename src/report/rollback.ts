/** What rollback says: before it asks, and when it is done. */
import { printable, quote } from "../base/text.ts";
import type { Outcome, Owners } from "../model.ts";

/** A file to restore. */
export interface ShownRollback {
  readonly place: { readonly file: string };
  /** The present file cannot be read. */
  readonly isBroken: boolean;
  /** Something else has written the present file since sremote did. */
  readonly isOthers: boolean;
  /** There was no file before; with how many directories it is removed. */
  readonly remove?: { readonly directories: number };
  /** Whose secrets only the present file holds: they are deleted. */
  readonly deleted: Owners;
  /** How many fields of a broken file look like those of a secret that was not found. */
  readonly unrecognised: number;
  /** Who has a login in neither file, since the backup keeps none. */
  readonly loggedOut: Owners;
}

/** As many are named one by one. */
export const MOST_NAMED = 5;

function isEmpty({ remotes, credentials }: Owners): boolean {
  return remotes.length + credentials.length === 0;
}

/** `the API keys of "a" and "b"`, as many as are read, and the rest by their number. */
function namesOf({ remotes, credentials }: Owners): string {
  const list = (what: string, names: readonly string[]) => {
    if (names.length === 0) return [];
    const more = names.length > MOST_NAMED ? ` and ${names.length - MOST_NAMED} more` : "";
    return [`the ${what}${names.length > 1 ? "s" : ""} of ${names.slice(0, MOST_NAMED).join(", ")}${more}`];
  };
  return [...list("API key", remotes.map(quote)), ...list("credential", credentials.map(printable))]
    .join(" and ");
}

/** What the difference does not show and cannot be undone. */
export function warningsOf(
  { place, isBroken, isOthers, deleted, remove, unrecognised }: ShownRollback,
): readonly string[] {
  const file = printable(place.file);
  const lines: string[] = [];
  if (remove !== undefined) lines.push(`${file} did not exist before: it is removed.`);
  if (isOthers) {
    lines.push(
      `${file} has changed since sremote last wrote it: rollback undoes all that the difference shows.`,
    );
  }
  if (!isEmpty(deleted)) {
    const them = deleted.remotes.length + deleted.credentials.length > 1 ? "them" : "it";
    lines.push(`Warning: rollback deletes ${namesOf(deleted)}, and no backup keeps ${them}.`);
  }
  if (isBroken && unrecognised > 0) {
    lines.push(
      `Warning: ${file} seems to hold API keys that cannot be recognised. Rollback deletes them, and no backup keeps them.`,
    );
  }
  return lines;
}

/** What rollback asks. */
export function questionOf(files: readonly ShownRollback[]): string {
  const [gone, back] = [files.filter((one) => one.remove), files.filter((one) => !one.remove)];
  const list = (some: readonly ShownRollback[]) =>
    some.map(({ place }) => printable(place.file)).join(" and ");
  if (back.length === 0) return `Remove ${list(gone)}?`;
  return `Restore the previous ${list(back)}${gone.length > 0 ? `, and remove ${list(gone)}` : ""}?`;
}

/** What was done, and whether it can be undone. */
export function doneLines(
  files: readonly ShownRollback[],
  done: readonly Pick<Outcome, "changed" | "backup">[],
): readonly string[] {
  const [gone, back] = [files.filter((one) => one.remove), files.filter((one) => !one.remove)];
  const list = (some: readonly ShownRollback[]) =>
    some.map(({ place }) => printable(place.file)).join(" and ");
  const parts: string[] = [];
  if (back.length > 0) {
    parts.push(`${list(back)} ${back.length > 1 ? "are the previous files" : "is the previous file"} again`);
  }
  if (gone.length > 0) parts.push(`${list(gone)} ${gone.length > 1 ? "are" : "is"} removed`);
  const isUndoable = files.every((one) => !one.isBroken) &&
    done.every((one) => !one.changed || one.backup !== null);
  const undo = !isUndoable
    ? ""
    : files.every((one) => isEmpty(one.deleted))
    ? " Run rollback again to undo."
    : " Run rollback again to undo all but the deletion of API keys.";
  return [
    `Rolled back: ${parts.join(", ")}.${undo}`,
    ...files.flatMap(({ isBroken }, i) =>
      !isBroken || !done[i]!.backup ? [] : [
        `The broken file is kept as ${
          printable(done[i]!.backup!)
        }, without comments and anything that may be an API key.`,
      ]
    ),
  ];
}
