/**
 * The ledger: which remotes of a `remote.yaml` sremote manages, so that removing one from the config removes it from the
 * file, and a remote that somebody added by hand stays. It is a file of its own, since an unknown field in `remote.yaml`
 * would break the programs.
 */
import { basename, dirname, join } from "node:path";
import { Failure } from "../base/failure.ts";

/** A ledger as it is stored. */
export interface Ledger {
  /** The remotes that sremote put into the file. */
  readonly remotes: ReadonlySet<string>;
  /** The same before the last write, for `rollback`. */
  readonly previous: ReadonlySet<string>;
  /** What else `rollback` has to know about the last write; absent: nothing. */
  readonly last?: LastWrite;
}

/** The last write of a file. */
export interface LastWrite {
  /** When it was, in epoch milliseconds: rollback restores what was written last. */
  readonly at?: number;
  /** The digest of what was written, `sha256:…`; `absent`: the file was removed. */
  readonly wrote?: string;
  /** The digest of the backup; `absent`: there was no file before, and the backup is empty; `none`: none could be kept. */
  readonly kept?: string;
  /** How many directories, the file's own and those above it, were made for the file; absent: none. */
  readonly made?: number;
  /** The same text in the ledgers of all files that were written in one go; absent: the file was written alone. */
  readonly together?: string;
  /** The programs whose files were written in one go, as in `reader`; their paths follow from the command line. */
  readonly readers?: readonly string[];
  /** The program and the oldest version that the file was written for, as {@link showReader} shows it. */
  readonly reader?: string;
  /** The remotes whose tokens the backup does not hold, since the write removed or replaced them. */
  readonly remotes?: readonly string[];
  /** The addresses of keyservers and registries whose credentials the backup does not hold, likewise. */
  readonly credentials?: readonly string[];
}

/** The ledger of a file that sremote has never written. */
export const EMPTY_LEDGER: Ledger = { remotes: new Set(), previous: new Set() };

/** `.sremote-ledger.json` beside `remote.yaml`; a file of another name has its own. */
export function ledgerPath(file: string): string {
  const name = basename(file);
  return join(
    dirname(file),
    name === "remote.yaml" ? ".sremote-ledger.json" : `.${name}.sremote-ledger.json`,
  );
}

/** @throws {Failure} ledger-invalid */
export function parseLedger(text: string, path: string): Ledger {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch { /* refused below */ }
  const names = (key: string) => {
    const list = typeof value === "object" && value !== null
      ? (value as Record<string, unknown>)[key]
      : undefined;
    return Array.isArray(list) && list.every((one) => typeof one === "string") ? new Set<string>(list) : null;
  };
  const [remotes, previous] = [names("remotes"), names("previous")];
  if (
    (value as { formatVersion?: unknown } | undefined)?.formatVersion !== 1 || remotes === null ||
    previous === null
  ) {
    throw new Failure(
      "ledger-invalid",
      `cannot read ${path}: it is not a ledger of this version of sremote`,
      {
        path,
        next: "Remove it if it is damaged: all remotes then count as added by hand until the next apply",
      },
    );
  }
  const last = lastIn((value as { last?: unknown }).last);
  return { remotes, previous, ...(last === null ? {} : { last }) };
}

/** Only helps rollback: what is not understood is ignored. */
function lastIn(value: unknown): LastWrite | null {
  if (typeof value !== "object" || value === null) return null;
  const given = value as Readonly<Record<string, unknown>>;
  const last: Record<string, unknown> = {};
  for (const key of ["at", "made"]) if (Number.isSafeInteger(given[key])) last[key] = given[key];
  for (const key of ["wrote", "kept", "together", "reader"]) {
    if (typeof given[key] === "string") last[key] = given[key];
  }
  for (const key of ["readers", "remotes", "credentials"]) {
    const list = given[key];
    if (Array.isArray(list) && list.every((one) => typeof one === "string")) last[key] = list;
  }
  return Object.keys(last).length === 0 ? null : last;
}

/** The ledger's text: sorted, so that the same names give the same file. */
export function renderLedger(ledger: Ledger): string {
  const document = {
    formatVersion: 1,
    remotes: [...ledger.remotes].sort(),
    previous: [...ledger.previous].sort(),
    ...(ledger.last === undefined ? {} : { last: ledger.last }),
  };
  return JSON.stringify(document, null, 2) + "\n";
}
