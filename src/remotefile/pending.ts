/** What a write of `remote.yaml` is about, before, while and after it happens. */
import type { Gone, Reader, RemoteFile, Scope } from "../model.ts";
import type { Lock, Staged } from "../world.ts";
import type { LastWrite } from "./ledger.ts";
import type { StoredFile } from "./stored.ts";

/** One file to change. */
export interface Change {
  /** As the program opens it. */
  readonly path: string;
  readonly scope: Scope;
  readonly links: LinkRule;
  /** Receives the file under its lock, and returns the new text; the same text writes nothing. */
  readonly edit: (now: StoredFile) => Edited | Promise<Edited>;
  /** The program that it is written for; absent: the current version of any. */
  readonly reader?: Reader;
  /** Accepts a file that no program can read; its content is then empty. */
  readonly broken?: true;
}

/** How a symbolic link is treated. */
export interface LinkRule {
  /** With `--root`, the directory that it may not leave; else null. */
  readonly root: string | null;
  /** Why the file is not written through a link, as a clause; null: it is. */
  readonly refuse: string | null;
}

/** The result of an edit. */
export interface Edited {
  readonly text: string;
  /** The names for the ledger. */
  readonly ours: ReadonlySet<string>;
  /** Removes the file instead, as the text must then be empty. */
  readonly remove?: Removal;
}

/** How a file is removed. */
export interface Removal {
  /**
   * How many directories, its own and those above it, go with it if nothing but sremote's own files is in them; the backup
   * and the ledger then go too. 0: all of these stay.
   */
  readonly directories: number;
}

/** The result of a commit. */
export interface Committed {
  readonly changed: boolean;
  /** The backup of the previous file; null: nothing was replaced, or the previous file could not be kept. */
  readonly backup: string | null;
  /** What a person should know about how the file was written, as sentences. */
  readonly notes: readonly string[];
  /** The secrets that neither the file nor its backup holds any more. */
  readonly gone: Gone;
}

/** Marks the files that are written in one go, in their ledgers. */
export type Together = Pick<LastWrite, "together" | "readers">;

/** A file under its lock, with its new text; nothing is written yet. */
export interface Pending {
  readonly now: StoredFile;
  readonly scope: Scope;
  readonly lock: Lock;
  readonly changed: boolean;
  readonly text: string;
  /** What the text says; of a global file without tokens, what the old text said. */
  readonly content: RemoteFile;
  readonly gone: Gone;
  /** The text to keep as the previous one; null: it cannot be kept without `gone`; undefined: the backup stays. */
  readonly backup: string | null | undefined;
  readonly ours: ReadonlySet<string>;
  readonly reader?: Reader;
  readonly notes: string[];
  /** Absent: the file is replaced. */
  readonly remove?: Removal;
  /** What the ledger says of this write. */
  readonly last: Pick<LastWrite, "at" | "wrote" | "kept" | "made">;
  /** Set once the new file is in place. */
  isPlaced?: boolean;
  /** Set once the file was removed with all that sremote keeps beside it: directories that are left to remove. */
  emptied?: number;
  staged?: {
    /** null: it stays. */
    readonly file: Staged | null;
    readonly backup: Staged | null;
    readonly ledger: Staged | null;
    /** The mode that the file should get. */
    readonly mode: number;
  };
}
