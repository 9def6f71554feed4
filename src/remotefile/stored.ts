/** Reads a `remote.yaml` and its ledger, for every command. */
import { digestOf } from "../base/digest.ts";
import { Failure } from "../base/failure.ts";
import { io } from "../base/io.ts";
import { REMOTE_FILE_BYTES } from "../base/limits.ts";
import { codeOf } from "../base/errno.ts";
import type { FileRead, World } from "../world.ts";
import { EMPTY_LEDGER, type Ledger, ledgerPath, parseLedger } from "./ledger.ts";
import { danglingAbove, type DeadLink, follow, showDead } from "./links.ts";
import { parseRemoteFile, type RemoteDocument } from "./parse.ts";
import { restOf } from "./recover.ts";

/** A `remote.yaml` on disk. */
export interface StoredFile {
  /** As the program opens it. */
  readonly path: string;
  /** The file itself, if `path` is a symbolic link; the backup, the ledger and the lock are beside it. */
  readonly real: string;
  /** `sha256:…`; null: no such file. */
  readonly digest: string | null;
  /** Permission bits; null: no such file. */
  readonly mode: number | null;
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  readonly document: RemoteDocument;
  readonly ledger: Ledger;
}

/** The backup of the previous file. */
export function backupPath(file: string): string {
  return `${file}.sremote-backup`;
}

/** How the name of {@link unfinishedPath} ends. */
export const UNFINISHED = ".sremote-unfinished";

/**
 * The complete new content of a file that cannot be replaced (a mount point), from before it is written in place until it is
 * there.
 */
export function unfinishedPath(file: string): string {
  return file + UNFINISHED;
}

/**
 * Reads a file and its ledger. An absent file counts as empty; a write that was interrupted once the file was in place, or
 * while it was written in place, counts as finished.
 * @param root with `--root`, the directory that a symbolic link may not leave; else null
 * @param broken accepts a file that no program can read, for rollback; its content is then empty
 * @throws {Failure}
 */
export async function readStored(
  world: Pick<World, "files" | "here">,
  path: string,
  root: string | null = null,
  broken = false,
): Promise<StoredFile> {
  const { real, linked } = follow(world.files, path, root, world.here.uid);
  const read = readRegular(world, real);
  const bytes = unfinished(world, real) ?? read?.bytes ?? null;
  const ledgerFile = ledgerPath(real);
  const ledger = readRegular(world, ledgerFile);
  const document = await documentOf(bytes ?? new Uint8Array(), path, broken);
  const digest = bytes === null ? null : await digestOf(bytes);
  const rest = await restOf(world, { real, backup: backupPath(real), digest });
  return {
    path,
    real,
    digest,
    mode: read?.mode ?? null,
    owner: read === null ? null : { uid: read.uid, gid: read.gid },
    document: linked ? { ...document, quirks: { ...document.quirks, symlink: true } } : document,
    // Invalid UTF-8 is an invalid ledger.
    ledger: rest?.ledger ??
      (ledger === null ? EMPTY_LEDGER : parseLedger(textOf(ledger.bytes) ?? "", ledgerFile)),
  };
}

async function documentOf(bytes: Uint8Array, path: string, broken: boolean): Promise<RemoteDocument> {
  try {
    return await parseRemoteFile(decode(bytes, path), path);
  } catch (error) {
    if (!broken || !(error instanceof Failure)) throw error;
    return { ...await parseRemoteFile("", path), text: looseText(bytes), broken: error };
  }
}

/**
 * What an interrupted write in place still has to write; null: nothing. The file is then the start of it: another content is
 * from a program that has written the file since.
 */
export function unfinished(world: Pick<World, "files" | "here">, real: string): Uint8Array | null {
  const path = unfinishedPath(real);
  // A link or a directory of that name is none of sremote's.
  if (world.files.stat(path)?.kind !== "file") return null;
  const [whole, now] = [readRegular(world, path), readRegular(world, real)];
  if (whole === null || now === null || ![0, now.uid, world.here.uid].includes(whole.uid)) return null;
  const isStart = now.bytes.length < whole.bytes.length &&
    now.bytes.every((byte, i) => byte === whole.bytes[i]);
  return isStart ? whole.bytes : null;
}

/** The text of a file; null if it does not exist. @throws {Failure} */
export function readText(world: Pick<World, "files">, path: string): string | null {
  const read = readRegular(world, path);
  return read === null ? null : decode(read.bytes, path);
}

/** A regular file; null if it does not exist. @throws {Failure} */
export function readRegular(world: Pick<World, "files">, path: string): FileRead | null {
  try {
    return world.files.read(path, { limit: REMOTE_FILE_BYTES, nofollow: true });
  } catch (error) {
    switch (codeOf(error)) {
      case "ELOOP":
      case "EMLINK": {
        const above = world.files.stat(path) === null ? danglingAbove(world.files, path) : null;
        if (above?.is === "circle") throw inCircle(path, above);
        throw new Failure("remote-file-symlink", `cannot use ${path}: it is a symbolic link`, {
          path,
          next: "Replace the link with a regular file",
        });
      }
      case "EISDIR":
      case "ENOTREG":
        throw new Failure("remote-file-not-a-file", `cannot use ${path}: it is not a regular file`, {
          path,
          next: "Move it away, then run the command again",
        });
      case "ENOTDIR":
        throw new Failure(
          "remote-file-not-a-file",
          `cannot use ${path}: a part of its path is not a directory`,
          { path, next: "Move that file away, or check the path" },
        );
      default:
        throw io("read", path, error);
    }
  }
}

/** A directory above a file is a symbolic link that leads back to itself. */
function inCircle(path: string, above: DeadLink): Failure {
  const { link } = above;
  const what = showDead(above).replace(/^it/, link);
  return new Failure("remote-file-symlink", `cannot use ${path}: ${what}`, {
    path,
    next: `Correct the link ${link}, or replace it with a directory`,
  });
}

function decode(bytes: Uint8Array, path: string): string {
  const text = textOf(bytes);
  if (text !== null) return text;
  throw new Failure("remote-file-invalid", `cannot read ${path}: it is not UTF-8 text`, {
    path,
    next: "Correct the file, or move it away; nothing was written",
  });
}

/** The bytes as text, with any byte order mark; null: not UTF-8. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The bytes as text, whatever they are; what is not UTF-8 is shown as U+FFFD. */
export function looseText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
