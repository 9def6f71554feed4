/** Reading and replacing one `remote.yaml`, for every command alike: lock, read, edit, last look, one replace. */
import { dirname } from "node:path";
import { digestOf } from "../base/digest.ts";
import { Failure } from "../base/failure.ts";
import type { Scope } from "../model.ts";
import { io } from "../base/io.ts";
import { codeOf } from "../base/errno.ts";
import type { FileRead, World } from "../world.ts";
import { EMPTY_LEDGER, type Ledger, ledgerPath, parseLedger, renderLedger } from "./ledger.ts";
import { parseRemoteFile, type RemoteDocument } from "./parse.ts";

/** A `remote.yaml` as it lies on disk. */
export interface StoredFile {
  readonly path: string;
  /** `sha256:…`; null: no such file. */
  readonly digest: string | null;
  /** Permission bits; null: no such file. */
  readonly mode: number | null;
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  readonly document: RemoteDocument;
  readonly ledger: Ledger;
}

/** What an edit makes of a file. */
export interface Edited {
  readonly text: string;
  /** The names for the ledger. */
  readonly ours: ReadonlySet<string>;
}

/** What a commit did. */
export interface Committed {
  readonly changed: boolean;
  /** Where the previous file is kept; null: nothing was replaced. */
  readonly backup: string | null;
}

/** Larger than any real one: 10,000 remotes are under 2 MB. */
const SIZE_LIMIT = 64 * 1024 * 1024;

/** The previous file, beside the present one. */
export function backupPath(file: string): string {
  return `${file}.sremote-backup`;
}

/** Reads a file and its ledger. An absent or empty file is an empty one. @throws {Failure} */
export async function readStored(world: Pick<World, "files">, path: string): Promise<StoredFile> {
  const read = readRegular(world, path);
  const ledgerFile = ledgerPath(path);
  const ledger = readRegular(world, ledgerFile);
  return {
    path,
    digest: read === null ? null : await digestOf(read.bytes),
    mode: read?.mode ?? null,
    owner: read === null ? null : { uid: read.uid, gid: read.gid },
    document: await parseRemoteFile(read === null ? "" : decode(read.bytes, path), path),
    // Bytes that are no text are no ledger either.
    ledger: ledger === null ? EMPTY_LEDGER : parseLedger(textOf(ledger.bytes) ?? "", ledgerFile),
  };
}

/** A file's text; null where there is none. @throws {Failure} */
export function readText(world: Pick<World, "files">, path: string): string | null {
  const read = readRegular(world, path);
  return read === null ? null : decode(read.bytes, path);
}

function readRegular(world: Pick<World, "files">, path: string): FileRead | null {
  try {
    return world.files.read(path, { limit: SIZE_LIMIT, nofollow: true });
  } catch (error) {
    switch (codeOf(error)) {
      case "ELOOP":
      case "EMLINK":
        throw new Failure("remote-file-symlink", `cannot use ${path}: it is a symbolic link`, {
          path,
          next:
            "put a regular file in its place: Singularity refuses a remote.yaml that is a symbolic link, in every command",
        });
      case "EISDIR":
      case "ENOTREG":
        throw new Failure("remote-file-not-a-file", `cannot use ${path}: it is not a regular file`, {
          path,
          next: "move it away, then run the command again",
        });
      case "ENOTDIR":
        throw new Failure(
          "remote-file-not-a-file",
          `cannot use ${path}: something above it is not a folder`,
          { path },
        );
      default:
        throw io("read", path, error);
    }
  }
}

function decode(bytes: Uint8Array, path: string): string {
  const text = textOf(bytes);
  if (text !== null) return text;
  throw new Failure("remote-file-invalid", `cannot read ${path}: it is not UTF-8 text`, {
    path,
    next: "mend or move the file; nothing was written",
  });
}

/** The text that these very bytes are, byte-order mark and all; null: they are none. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** What {@link commit} may wait for and how long. */
export interface CommitOptions {
  readonly scope: Scope;
  readonly lockTimeout: number;
}

/**
 * Changes a file under its lock. `edit` sees it as it is now and gives the new text; the same text writes nothing.
 * The file is looked at once more right before the rename: whoever knows no lock (Singularity does not) and wrote
 * meanwhile is not overwritten. That narrows the race with such a writer; it cannot close it.
 *
 * Ctrl-C before the rename leaves everything as it was; after it, the work is finished.
 * @throws {Failure} locked, stale, interrupted, remote-file-owner, io, and what `edit` throws
 */
export async function commit(
  world: World,
  path: string,
  options: CommitOptions,
  edit: (now: StoredFile) => Edited | Promise<Edited>,
): Promise<Committed> {
  return await world.signals.hold(async (interrupted) => {
    const made = makeFolder(world, path, options.scope);
    let done = false;
    try {
      const lock = await takeLock(world, path, options.lockTimeout, interrupted);
      try {
        clean(world, path);
        const now = await readStored(world, path);
        const edited = await edit(now);
        const changed = edited.text !== now.document.text;
        if (changed) refuseForeign(world, now);
        if (await interrupted()) throw interruptedFailure(path);
        if (!lock.held()) throw stale(path, "another process took the lock over");
        const committed = changed
          ? replace(world, now, edited.text, options.scope)
          : { changed, backup: null };
        done = true;
        writeLedger(world, now, edited.ours, changed, options.scope);
        return committed;
      } finally {
        lock.release();
      }
    } finally {
      if (!done) { for (const one of made.reverse()) world.files.removeFolder(one); }
    }
  });
}

function makeFolder(world: World, path: string, scope: Scope): string[] {
  try {
    return world.files.makeFolder(dirname(path), scope === "user" ? 0o700 : 0o755);
  } catch (error) {
    throw io("make the folder of", path, error);
  }
}

/** What one that was killed at its work left behind may hold tokens. */
function clean(world: World, path: string): void {
  try {
    world.files.clean(path, [backupPath(path), ledgerPath(path)]);
  } catch { /* a folder that cannot be listed */ }
}

/**
 * Removes what an sremote that was killed left beside the file, where nothing is to be changed. Where another is at work, or
 * this user may not, it stays.
 */
export async function tidy(world: World, path: string): Promise<void> {
  try {
    if (!world.files.isLittered(path, [backupPath(path), ledgerPath(path)])) return;
    const lock = await world.files.tryLock(path);
    if (lock === null) return;
    clean(world, path);
    lock.release();
  } catch { /* not ours to do */ }
}

async function takeLock(
  world: World,
  path: string,
  timeout: number,
  interrupted: () => Promise<boolean>,
) {
  const start = world.clock.now();
  for (let wait = 10;; wait = Math.min(wait * 1.5, 100)) {
    let lock;
    try {
      lock = await world.files.tryLock(path);
    } catch (error) {
      throw io("lock", path, error);
    }
    if (lock !== null) return lock;
    if (await interrupted()) throw interruptedFailure(path);
    if (world.clock.now() - start >= timeout) {
      throw new Failure(
        "locked",
        `cannot change ${path}: another sremote has held its lock for ${timeout / 1000} s`,
        {
          path,
          next:
            `try again, or allow more time with --lock-timeout; if nothing runs, remove the folder ${path}.lock`,
        },
      );
    }
    // Uneven waits, so that many who wait do not all come back at once.
    await world.clock.sleep(wait * (0.5 + crypto.getRandomValues(new Uint8Array(1))[0]! / 255));
  }
}

/** Replacing a file gives it to whoever replaces it: only its owner may, or root, who hands it back. */
function refuseForeign(world: World, now: StoredFile): void {
  const { uid } = world.here;
  if (now.owner === null || uid === 0 || now.owner.uid === uid) return;
  throw new Failure(
    "remote-file-owner",
    `cannot change ${now.path}: it belongs to another user (uid ${now.owner.uid})`,
    {
      path: now.path,
      next: "run sremote as its owner, or as root",
    },
  );
}

/** Never wider than the program's own: 0600 for the user's file, 0644 for the global one; a stricter mode stays. */
function modeFor(scope: Scope, present: number | null): number {
  const widest = scope === "user" ? 0o600 : 0o644;
  return present === null ? widest : present & widest;
}

/**
 * The new file and the backup of the old one. The backup is on disk before the file is replaced and takes its name
 * afterwards, so that a failure leaves the earlier backup too.
 */
function replace(world: World, now: StoredFile, text: string, scope: Scope): Committed {
  const options = { mode: modeFor(scope, now.mode), owner: now.owner };
  const backup = backupPath(now.path);
  const encode = (one: string) => new TextEncoder().encode(one);
  let written = false;
  const replaceFile = () => {
    try {
      world.files.replace(now.path, encode(text), { ...options, beforeRename: () => lastLook(world, now) });
      written = true;
    } catch (error) {
      throw io("replace", now.path, error);
    }
  };
  refuseFolder(world, backup);
  try {
    world.files.replace(backup, encode(now.document.text), { ...options, beforeRename: replaceFile });
  } catch (error) {
    if (!written) throw io("keep the previous file as", backup, error);
    throw io(
      `keep the previous file (${now.path} itself is written) as`,
      backup,
      error,
      "see why, and mend it",
    );
  }
  return { changed: true, backup };
}

/** A folder is the one thing that cannot be replaced, which would show only after the file was. */
function refuseFolder(world: World, path: string): void {
  try {
    world.files.read(path, { limit: 0, nofollow: true });
  } catch (error) {
    if (codeOf(error) !== "EISDIR") return;
    throw new Failure("io", `cannot keep the previous file as ${path}: there is a folder of that name`, {
      path,
      next: "move it away, then run the command again; nothing was written",
    });
  }
}

function lastLook(world: World, now: StoredFile): void {
  const last = readRegular(world, now.path);
  const same = last === null
    ? now.digest === null
    : now.digest !== null && textOf(last.bytes) === now.document.text;
  if (!same) throw stale(now.path, "another program wrote it at this moment");
}

/** After the file: a crash between the two is healed by the next apply, which writes the ledger anew. */
function writeLedger(
  world: World,
  now: StoredFile,
  ours: ReadonlySet<string>,
  changed: boolean,
  scope: Scope,
): void {
  const same = ours.size === now.ledger.remotes.size && [...ours].every((one) => now.ledger.remotes.has(one));
  if (same && (!changed || (ours.size === 0 && now.ledger.previous.size === 0))) return;
  const ledger = { remotes: ours, previous: changed ? now.ledger.remotes : now.ledger.previous };
  const path = ledgerPath(now.path);
  try {
    world.files.replace(path, new TextEncoder().encode(renderLedger(ledger)), {
      mode: scope === "user" ? 0o600 : 0o644,
      owner: now.owner,
    });
  } catch (error) {
    if (!changed) throw io("write", path, error);
    throw io(`record (${now.path} itself is written) in`, path, error, "see why, then run the command again");
  }
}

function stale(path: string, why: string): Failure {
  return new Failure("stale", `cannot change ${path}: ${why}`, {
    path,
    next: "plan again; nothing was written",
  });
}

function interruptedFailure(path: string): Failure {
  return new Failure("interrupted", `interrupted before ${path} was changed: nothing was written`, { path });
}
