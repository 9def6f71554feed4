/** Reads and replaces `remote.yaml` files, for every command: lock, read, edit, check again, one atomic replace of each. */
import { dirname } from "node:path";
import { digestOf } from "../base/digest.ts";
import { Failure } from "../base/failure.ts";
import type { Scope } from "../model.ts";
import { io } from "../base/io.ts";
import { REMOTE_FILE_BYTES } from "../base/limits.ts";
import { codeOf } from "../base/errno.ts";
import type { FileRead, Lock, World } from "../world.ts";
import { holdsToken } from "./entry.ts";
import { EMPTY_LEDGER, type Ledger, ledgerPath, parseLedger, renderLedger } from "./ledger.ts";
import { danglingAbove, follow } from "./links.ts";
import { parseRemoteFile, type RemoteDocument } from "./parse.ts";

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

/**
 * Reads a file and its ledger. An absent file counts as empty.
 * @param root with `--root`, the directory that a symbolic link may not leave; else null
 * @throws {Failure}
 */
export async function readStored(
  world: Pick<World, "files" | "here">,
  path: string,
  root: string | null = null,
): Promise<StoredFile> {
  const { real, linked } = follow(world.files, path, root, world.here.uid);
  const read = readRegular(world, real);
  const ledgerFile = ledgerPath(real);
  const ledger = readRegular(world, ledgerFile);
  const document = await parseRemoteFile(read === null ? "" : decode(read.bytes, path), path);
  return {
    path,
    real,
    digest: read === null ? null : await digestOf(read.bytes),
    mode: read?.mode ?? null,
    owner: read === null ? null : { uid: read.uid, gid: read.gid },
    document: linked ? { ...document, quirks: { ...document.quirks, symlink: true } } : document,
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
          next: "Replace the link with a regular file",
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

/** One file to change. */
export interface Change {
  /** As the program opens it. */
  readonly path: string;
  readonly scope: Scope;
  readonly links: LinkRule;
  /** Receives the file under its lock, and returns the new text; the same text writes nothing. */
  readonly edit: (now: StoredFile) => Edited | Promise<Edited>;
}

/** How a symbolic link is treated. */
export interface LinkRule {
  /** With `--root`, the directory that it may not leave; else null. */
  readonly root: string | null;
  /** Why the file is not written through a link, as a clause; null: it is. */
  readonly refuse: string | null;
}

/** A file under its lock, with its new text; nothing is written yet. */
interface Pending {
  readonly change: Change;
  readonly now: StoredFile;
  readonly edited: Edited;
  readonly lock: Lock;
}

/** Changes one file under its lock: see {@link commitAll}. @throws {Failure} */
export async function commit(world: World, lockTimeout: number, change: Change): Promise<Committed> {
  return (await commitAll(world, lockTimeout, [change]))[0]!;
}

/**
 * Changes files under their locks. All of them are locked, read, edited and checked before the first is written, so that
 * what can be known beforehand leaves all of them unchanged. Each is read again right before its rename, so that a change
 * by a program without locks (Singularity) is not overwritten. That narrows the race with such a program; it cannot close it.
 *
 * Ctrl-C before the first rename leaves everything unchanged; after it, the work is finished.
 * @param lockTimeout in milliseconds
 * @param done is told of each file that is written
 * @throws {Failure} locked, stale, interrupted, remote-file-owner, remote-file-symlink, io, and what `edit` throws
 */
export async function commitAll(
  world: World,
  lockTimeout: number,
  changes: readonly Change[],
  done: (change: Change, committed: Committed) => void = () => {},
): Promise<readonly Committed[]> {
  return await world.signals.hold(async (interrupted) => {
    const made: string[] = [];
    const locks = new Map<string, Lock>();
    let written = false;
    try {
      const pending: Pending[] = [];
      for (const change of changes) {
        const real = realPath(world, change);
        made.push(...makeFolder(world, change, real));
        const lock = locks.get(real) ?? await takeLock(world, real, lockTimeout, interrupted);
        locks.set(real, lock);
        pending.push(await prepare(world, change, real, lock));
      }
      if (await interrupted()) throw interruptedFailure(changes);
      const all: Committed[] = [];
      for (const one of pending) {
        const committed = write(world, one);
        written = true;
        all.push(committed);
        done(one.change, committed);
      }
      return all;
    } finally {
      for (const lock of locks.values()) lock.release();
      if (!written) { for (const one of made.reverse()) world.files.removeFolder(one); }
    }
  });
}

/** The file at the end of a link. @throws {Failure} remote-file-symlink */
function realPath(world: World, { path, links }: Change): string {
  const { real, linked, foreign } = follow(world.files, path, links.root, world.here.uid);
  const why = !linked
    ? null
    : foreign !== null && world.here.uid === 0
    ? `it is a symbolic link that belongs to another user (uid ${foreign})`
    : links.refuse === null
    ? null
    : `it is a symbolic link, ${links.refuse}`;
  if (why === null) return real;
  throw new Failure("remote-file-symlink", `cannot change ${path}: ${why}`, {
    path,
    next: "Replace the link with a regular file; nothing was written",
  });
}

async function prepare(world: World, change: Change, real: string, lock: Lock): Promise<Pending> {
  clean(world, real);
  const now = await readStored(world, change.path, change.links.root);
  if (now.real !== real) throw stale(change.path, "its symbolic link has just changed");
  const edited = await change.edit(now);
  if (edited.text !== now.document.text) {
    refuseForeign(world, now);
    refuseFolder(world, backupPath(real));
  }
  return { change, now, edited, lock };
}

function write(world: World, { change: { scope }, now, edited, lock }: Pending): Committed {
  const changed = edited.text !== now.document.text;
  if (!lock.held()) throw stale(now.path, "another process took the lock over");
  const committed = changed ? replace(world, now, edited, scope) : { changed, backup: null };
  writeLedger(world, now, edited.ours, changed, scope);
  return committed;
}

/** Not for the file at the end of a link: where that leads nowhere, the directory is none of sremote's. */
function makeFolder(world: World, { path, scope }: Change, real: string): string[] {
  if (real !== path) return [];
  try {
    return world.files.makeFolder(dirname(path), scope === "user" ? 0o700 : 0o755);
  } catch (error) {
    const dangling = danglingAbove(world.files, path);
    if (dangling === null) throw io("make the directory of", path, error);
    const { link, target } = dangling;
    throw new Failure(
      "io",
      `cannot change ${path}: ${link} is a symbolic link to ${target}, which does not exist`,
      {
        path,
        next: `Make that directory, or remove the link; nothing was written`,
      },
    );
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
export async function tidy(world: World, given: string, root: string | null): Promise<void> {
  try {
    const path = follow(world.files, given, root, world.here.uid).real;
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
    if (await interrupted()) throw interruptedFailure([{ path }]);
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

/**
 * The programs' own modes: 0600 for a user file, 0644 for a global file, which every user has to read. Only a global file
 * that holds a token all the same keeps a stricter mode.
 */
function modeFor(scope: Scope, present: number | null, holdsToken: boolean): number {
  if (scope === "user") return 0o600;
  return present !== null && holdsToken ? present & 0o644 | 0o600 : 0o644;
}

/**
 * Writes the new file and the backup of the old one. The backup is on disk before the file is replaced, and gets its name
 * afterwards, so that a failure leaves the earlier backup too.
 */
function replace(world: World, now: StoredFile, { text }: Edited, scope: Scope): Committed {
  const options = { mode: modeFor(scope, now.mode, holdsToken(now.document.content)), owner: now.owner };
  const backup = backupPath(now.real);
  const encode = (one: string) => new TextEncoder().encode(one);
  let written = false;
  const replaceFile = () => {
    try {
      world.files.replace(now.real, encode(text), { ...options, beforeRename: () => lastLook(world, now) });
      written = true;
    } catch (error) {
      throw io("replace", now.path, error);
    }
  };
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
  const last = readRegular(world, now.real);
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
  const path = ledgerPath(now.real);
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

function interruptedFailure(files: readonly { readonly path: string }[]): Failure {
  const path = files.map((one) => one.path).join(" and ");
  return new Failure("interrupted", `interrupted before ${path} was changed: nothing was written`, { path });
}
