/**
 * Completes a write that was killed after the file was in place and before its backup and its ledger were. Both are complete
 * on disk by then, under temporary names, and the staged ledger says to which file they belong. Otherwise a rollback would
 * take the backup and the ledger of the write before.
 */
import { basename, dirname, join } from "node:path";
import { digestOf } from "../base/digest.ts";
import { REMOTE_FILE_BYTES } from "../base/limits.ts";
import type { FileRead, World } from "../world.ts";
import { type Ledger, ledgerPath, parseLedger } from "./ledger.ts";

/** What is left to do. */
interface Rest {
  readonly ledger: Ledger;
  readonly ledgerFile: FileRead;
  /** The backup to put in place; null: it is to be removed; undefined: it is in place. */
  readonly backup: FileRead | null | undefined;
}

/** Where a file stands: its own path, that of its backup, and its digest, `absent` if it does not exist. */
interface Subject {
  readonly real: string;
  readonly backup: string;
  readonly digest: string | null;
}

/** What a killed write of this file left to do; null: nothing. Reads only; never throws. */
export async function restOf(world: Pick<World, "files" | "here">, subject: Subject): Promise<Rest | null> {
  const { real, backup, digest } = subject;
  try {
    for (const ledgerFile of staged(world, ledgerPath(real), real)) {
      const ledger = parseLedger(new TextDecoder().decode(ledgerFile.bytes), real);
      const { wrote, kept } = ledger.last ?? {};
      if (wrote !== (digest ?? "absent") || kept === undefined) continue;
      if (kept === "none") return { ledger, ledgerFile, backup: null };
      for (const one of [inPlace(world, backup), ...staged(world, backup, real)]) {
        if (one === null) continue;
        const isIt = kept === "absent" ? one.bytes.length === 0 : await digestOf(one.bytes) === kept;
        if (isIt) return { ledger, ledgerFile, backup: one };
      }
    }
  } catch { /* the directory cannot be listed, or what is in it is none of sremote's */ }
  return null;
}

/** Does it; for the holder of the file's lock. Errors: the system's. */
export async function finishRest(world: Pick<World, "files" | "here">, subject: Subject): Promise<void> {
  const rest = await restOf(world, subject);
  if (rest === null) return;
  const put = (file: string, { bytes, mode, uid, gid }: FileRead) =>
    world.files.replace(file, bytes, { mode, owner: { uid, gid } });
  if (rest.backup === null) world.files.remove(subject.backup);
  else if (rest.backup !== undefined) put(subject.backup, rest.backup);
  put(ledgerPath(subject.real), rest.ledgerFile);
}

/** The complete new versions of a file that were never renamed: of root, of this user, or of the owner of the file beside it. */
function* staged({ files, here }: Pick<World, "files" | "here">, file: string, real: string) {
  const start = `.${basename(file)}.sremote-`;
  const trusted = new Set([0, here.uid, files.stat(real)?.uid ?? here.uid]);
  for (const name of files.list(dirname(file))) {
    if (!name.startsWith(start) || !/^[0-9a-f]{8}$/.test(name.slice(start.length))) continue;
    const read = inPlace({ files }, join(dirname(file), name));
    if (read !== null && trusted.has(read.uid)) yield read;
  }
}

function inPlace({ files }: Pick<World, "files">, path: string): FileRead | null {
  try {
    return files.read(path, { limit: REMOTE_FILE_BYTES, nofollow: true });
  } catch {
    return null; // a directory, a link
  }
}
