/** Reads and replaces one `remote.yaml`, for every command: lock, read, edit, check again, one atomic replace. */
import { dirname } from "node:path";
import { digestOf } from "../base/digest.ts";
import { Failure } from "../base/failure.ts";
import type { Scope } from "../model.ts";
import { io } from "../base/io.ts";
import { REMOTE_FILE_BYTES } from "../base/limits.ts";
import { codeOf } from "../base/errno.ts";
import type { FileRead, World } from "../world.ts";
import { EMPTY_LEDGER, type Ledger, ledgerPath, parseLedger, renderLedger } from "./ledger.ts";
import { parseRemoteFile, type RemoteDocument } from "./parse.ts";

/** A `remote.yaml` on disk. */
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

/** The result of an edit. */
export interface Edited {
  readonly text: string;
  /** The names for the ledger. */
  readonly ours: ReadonlySet<string>;
}

/** The result of a commit. */
export interface Committed {
  readonly changed: boolean;
  /** The backup of the previous file; null: nothing was replaced. */
  readonly backup: string | null;
}

/** The backup of the previous file. */
export function backupPath(file: string): string {
  return `${file}.sremote-backup`;
}

/** Reads a file and its ledger. An absent file counts as empty. @throws {Failure} */
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
    // Invalid UTF-8 is an invalid ledger.
    ledger: ledger === null ? EMPTY_LEDGER : parseLedger(textOf(ledger.bytes) ?? "", ledgerFile),
  };
}

/** The text of a file; null if it does not exist. @throws {Failure} */
export function readText(world: Pick<World, "files">, path: string): string | null {
  const read = readRegular(world, path);
  return read === null ? null : decode(read.bytes, path);
}

function readRegular(world: Pick<World, "files">, path: string): FileRead | null {
  try {
    return world.files.read(path, { limit: REMOTE_FILE_BYTES, nofollow: true });
  } catch (error) {
    switch (codeOf(error)) {
      case "ELOOP":
      case "EMLINK":
        throw new Failure("remote-file-symlink", `cannot use ${path}: it is a symbolic link`, {
          path,
          next: "Replace the link with a regular file: Singularity refuses a symbolic link in every command",
        });
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

function decode(bytes: Uint8Array, path: string): string {
  const text = textOf(bytes);
  if (text !== null) return text;
  throw new Failure("remote-file-invalid", `cannot read ${path}: it is not UTF-8 text`, {
    path,
    next: "Correct the file, or move it away; nothing was written",
  });
}

/** The bytes as text, with any byte order mark; null: not UTF-8. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** Options of {@link commit}; `lockTimeout` in milliseconds. */
export interface CommitOptions {
  readonly scope: Scope;
  readonly lockTimeout: number;
}

/**
 * Changes a file under its lock. `edit` receives the current file and returns the new text; the same text writes nothing.
 * The file is read again right before the rename, so that a change by a program without locks (Singularity) is not
 * overwritten. That narrows the race with such a program; it cannot close it.
 *
 * Ctrl-C before the rename leaves everything unchanged; after it, the work is finished.
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
    throw io("make the directory of", path, error);
  }
}

/** What a killed process left behind may contain tokens. */
function clean(world: World, path: string): void {
  try {
    world.files.clean(path, [backupPath(path), ledgerPath(path)]);
  } catch { /* the directory cannot be listed */ }
}

/**
 * Removes what a killed sremote left beside the file, if there is nothing to change. It stays if another process holds the
 * lock, or if this user may not remove it.
 */
export async function tidy(world: World, path: string): Promise<void> {
  try {
    if (!world.files.isLittered(path, [backupPath(path), ledgerPath(path)])) return;
    const lock = await world.files.tryLock(path);
    if (lock === null) return;
    clean(world, path);
    lock.release();
  } catch { /* this user may not */ }
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
        `cannot change ${path}: another sremote process has held its lock for ${timeout / 1000} s`,
        {
          path,
          next:
            `Try again, or allow more time with --lock-timeout; if no sremote runs, remove the directory ${path}.lock`,
        },
      );
    }
    // Uneven waits, so that waiting processes do not all come back at once.
    await world.clock.sleep(wait * (0.5 + crypto.getRandomValues(new Uint8Array(1))[0]! / 255));
  }
}

/** A replaced file belongs to whoever replaced it: only its owner may do that, or root, who gives it back. */
function refuseForeign(world: World, now: StoredFile): void {
  const { uid } = world.here;
  if (now.owner === null || uid === 0 || now.owner.uid === uid) return;
  throw new Failure(
    "remote-file-owner",
    `cannot change ${now.path}: it belongs to another user (uid ${now.owner.uid})`,
    {
      path: now.path,
      next: "Run sremote as its owner, or as root",
    },
  );
}

/** Never wider than the programs' own: 0600 for a user file, 0644 for a global file; a stricter mode stays, but its owner can
 * always write it, as with the programs. */
function modeFor(scope: Scope, present: number | null): number {
  const widest = scope === "user" ? 0o600 : 0o644;
  return present === null ? widest : present & widest | 0o600;
}

/**
 * Writes the new file and the backup of the old one. The backup is on disk before the file is replaced, and gets its name
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
      "Fix the cause, then run the command again",
    );
  }
  return { changed: true, backup };
}

/** A directory cannot be replaced, which would show only after the file was. */
function refuseFolder(world: World, path: string): void {
  try {
    world.files.read(path, { limit: 0, nofollow: true });
  } catch (error) {
    if (codeOf(error) !== "EISDIR") return;
    throw new Failure("io", `cannot keep the previous file as ${path}: a directory of that name exists`, {
      path,
      next: "Move it away, then run the command again; nothing was written",
    });
  }
}

function lastLook(world: World, now: StoredFile): void {
  const last = readRegular(world, now.path);
  const same = last === null
    ? now.digest === null
    : now.digest !== null && textOf(last.bytes) === now.document.text;
  if (!same) throw stale(now.path, "another program has just written it");
}

/** Written after the file: if a crash comes between the two, the next apply writes the ledger again. */
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
    throw io(`record (${now.path} itself is written) in`, path, error);
  }
}

function stale(path: string, why: string): Failure {
  return new Failure("stale", `cannot change ${path}: ${why}`, {
    path,
    next: "Plan again; nothing was written",
  });
}

function interruptedFailure(path: string): Failure {
  return new Failure("interrupted", `interrupted before ${path} was changed: nothing was written`, { path });
}
