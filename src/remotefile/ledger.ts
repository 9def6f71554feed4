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
  return { remotes, previous };
}

/** The ledger's text: sorted, so that the same names give the same file. */
export function renderLedger(ledger: Ledger): string {
  const document = {
    formatVersion: 1,
    remotes: [...ledger.remotes].sort(),
    previous: [...ledger.previous].sort(),
  };
  return JSON.stringify(document, null, 2) + "\n";
}
