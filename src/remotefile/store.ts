/** Replaces `remote.yaml` files, for every command: lock, read, edit, prepare all, check again, one atomic replace of each. */
import { dirname } from "node:path";
import { Failure } from "../base/failure.ts";
import { showReader } from "../base/reader.ts";
import type { Reader, Scope } from "../model.ts";
import { codeOf } from "../base/errno.ts";
import type { Lock, World } from "../world.ts";
import { ledgerPath } from "./ledger.ts";
import { danglingAbove, follow, showDead } from "./links.ts";
import { parseRemoteFile, type RemoteDocument } from "./parse.ts";
import {
  type Committed,
  discard,
  type Edited,
  finishWrite,
  lastLook,
  type Pending,
  stage,
  stale,
  type Together,
  unwritten,
  write,
} from "./replace.ts";
import { backupPath, readStored, readText, type StoredFile, unfinishedPath } from "./stored.ts";
import { holdsSecret } from "./entry.ts";
import { goneFrom, isNothing, valuesOf, withoutGone, withoutInComments } from "./withheld.ts";

export { backupPath, readStored, readText, type StoredFile } from "./stored.ts";
export type { Committed, Edited } from "./replace.ts";

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

/** Changes one file under its lock: see {@link commitAll}. @throws {Failure} */
export async function commit(world: World, lockTimeout: number, change: Change): Promise<Committed> {
  return (await commitAll(world, lockTimeout, [change]))[0]!;
}

/**
 * Changes files under their locks. All of them are locked, read, edited, checked, and written under temporary names before
 * the first is replaced, so that what can be known beforehand leaves all of them unchanged. Each is read again right before
 * its rename, so that a change by a program without locks (Singularity) is not overwritten. That narrows the race with such
 * a program; it cannot close it.
 *
 * No secret that a file no longer holds afterwards stays in its backup.
 *
 * Ctrl-C before the first rename leaves everything unchanged; after it, the work is finished.
 * @param lockTimeout in milliseconds
 * @param done is told of each file that is written
 * @throws {Failure} locked, stale, interrupted, remote-file-owner, remote-file-symlink, io, and what `edit` throws; it names
 * the files that were written before
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
    const pending: Pending[] = [];
    const written: string[] = [];
    try {
      for (const change of changes) {
        const real = realPath(world, change);
        made.push(...makeFolder(world, change, real));
        const lock = locks.get(real) ?? await takeLock(world, real, lockTimeout, interrupted);
        locks.set(real, lock);
        const one = await prepare(world, change, real, lock);
        pending.push(pending.some(({ now }) => now.real === real) ? onceMore(pending, one) : one);
      }
      const together = togetherOf(pending.filter((one) => one.changed));
      for (const one of pending) stage(world, one, together);
      if (await interrupted()) throw interruptedFailure(changes);
      for (const one of pending) lastLook(world, one);
      return pending.map((one, i) => {
        const committed = write(world, one);
        if (committed.changed) written.push(one.now.path);
        done(changes[i]!, committed);
        return committed;
      });
    } catch (error) {
      throw written.length === 0 ? error : afterOthers(error, written);
    } finally {
      for (const one of pending) discard(one);
      for (const lock of locks.values()) lock.release();
      if (written.length === 0) { for (const one of made.reverse()) world.files.removeFolder(one); }
    }
  });
}

/** What the ledgers of files say that are written in one go; null: one is written alone. */
function togetherOf(changed: readonly Pending[]): Together | null {
  if (changed.length < 2) return null;
  const readers = changed.flatMap(({ reader }) => reader === undefined ? [] : [showReader(reader)]);
  return { together: crypto.randomUUID().slice(0, 8), readers };
}

/**
 * Two programs may read one file (Apptainer heeds `SINGULARITY_CONFIGDIR`): it is written once.
 * @throws {Failure} conflict, if they would need different texts
 */
function onceMore(pending: readonly Pending[], one: Pending): Pending {
  const { text } = pending.find(({ now }) => now.real === one.now.real)!;
  if (text === one.text) {
    const { ledger } = one.now;
    return { ...one, ...same(one.now.document), changed: false, backup: undefined, ours: ledger.remotes };
  }
  throw new Failure(
    "conflict",
    `cannot change ${one.now.path}: two programs read this file, and the config gives them different contents`,
    { path: one.now.path, next: "Set APPTAINER_CONFIGDIR to another directory; nothing was written" },
  );
}

/** An error that came after other files were written. */
function afterOthers(error: unknown, written: readonly string[]): unknown {
  if (!(error instanceof Failure)) return error;
  const { code, message, path, next, problems, excerpt, cause } = error;
  const already = `${written.join(" and ")} ${written.length > 1 ? "are" : "is"} already written`;
  return new Failure(code, `${message}; ${already}`, {
    problems,
    cause,
    ...(path === undefined ? {} : { path }),
    ...(next === undefined ? {} : { next: next.replace(/; nothing was written$/, "") }),
    ...(excerpt === undefined ? {} : { excerpt }),
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
  const { path, scope, links, reader } = change;
  clean(world, real);
  const notes = finishWrite(world, real, path);
  const now = await readStored(world, path, links.root, change.broken);
  if (now.real !== real) throw stale(path, "its symbolic link has just changed");
  const edited = await change.edit(now);
  const changed = edited.text !== now.document.text;
  if (changed) {
    refuseForeign(world, now);
    refuseFolder(world, backupPath(real));
  }
  const common = { now, scope, lock, changed, ours: edited.ours, notes, ...(reader && { reader }) };
  const { document } = now;
  if (!changed) return { ...common, ...same(document), backup: await outdated(world, now) };
  // Nobody writes a token into a global file.
  if (scope === "global" && !holdsSecret(document.content) && document.broken === undefined) {
    return { ...common, ...same(document), text: edited.text, backup: document.text };
  }
  const parsed = await parseRemoteFile(edited.text, path);
  const gone = goneFrom(document.content, parsed.content);
  const text = isNothing(gone) ? edited.text : await withoutInComments(edited.text, path, valuesOf(gone));
  const backup = await withoutGone(document, { text, content: parsed.content });
  return { ...common, text, content: parsed.content, gone, backup };
}

function same({ text, content }: RemoteDocument) {
  return { text, content, gone: { remotes: [], credentials: [] } };
}

/**
 * The text of a backup that holds a secret that the file does not hold any more, without it: a program may have logged out.
 * undefined: the backup is not to be written.
 */
async function outdated(world: World, now: StoredFile): Promise<string | undefined> {
  if (now.document.broken !== undefined || now.owner?.uid !== world.here.uid && world.here.uid !== 0) {
    return undefined;
  }
  try {
    const text = readText(world, backupPath(now.real));
    if (text === null || !/token|auth/i.test(text)) return undefined;
    const document = await parseRemoteFile(text, now.path);
    if (isNothing(goneFrom(document.content, now.document.content))) return undefined;
    return await withoutGone(document, now.document) ?? "";
  } catch {
    return undefined; // it cannot be read
  }
}

/** Not for the file at the end of a link: where that leads nowhere, the directory is none of sremote's. */
function makeFolder(world: World, { path, scope }: Change, real: string): string[] {
  if (real !== path) return [];
  try {
    return world.files.makeFolder(dirname(path), scope === "user" ? 0o700 : 0o755);
  } catch (error) {
    const dangling = danglingAbove(world.files, path);
    if (dangling === null) throw unwritten("make the directory of", path, error);
    const { link, is } = dangling;
    const what = showDead(dangling).replace(/^it/, link);
    const first = is === "absent" ? "Make that directory" : "Correct the link";
    throw new Failure("io", `cannot change ${path}: ${what}`, {
      path,
      next: `${first}, or remove the link; nothing was written`,
    });
  }
}

/** What a killed process left behind may contain tokens. */
function clean(world: World, path: string): void {
  try {
    world.files.clean(path, besides(path));
  } catch { /* the directory cannot be listed */ }
}

/** What is written under a file's lock too. */
function besides(path: string): readonly string[] {
  return [backupPath(path), ledgerPath(path)];
}

/**
 * Removes what a killed sremote left beside the file, and secrets that only the backup still holds, if there is nothing to
 * change. They stay if another process holds the lock, or if this user may not remove them.
 */
export async function tidy(world: World, given: string, root: string | null): Promise<void> {
  try {
    const path = follow(world.files, given, root, world.here.uid).real;
    const littered = world.files.isLittered(path, besides(path)) || world.files.exists(unfinishedPath(path));
    if (!littered && await outdated(world, await readStored(world, given, root)) === undefined) return;
    const lock = await world.files.tryLock(path);
    if (lock === null) return;
    let pending: Pending | undefined;
    try {
      pending = await prepare(
        world,
        {
          path: given,
          scope: "user",
          links: { root, refuse: null },
          edit: (now) => ({ text: now.document.text, ours: now.ledger.remotes }),
        },
        path,
        lock,
      );
      stage(world, pending, null);
      write(world, pending);
    } finally {
      if (pending !== undefined) discard(pending);
      lock.release();
    }
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
      throw unwritten("lock", path, error);
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
      next: "Run sremote as its owner, or as root; nothing was written",
    },
  );
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

function interruptedFailure(files: readonly { readonly path: string }[]): Failure {
  const path = files.map((one) => one.path).join(" and ");
  return new Failure("interrupted", `interrupted before ${path} was changed: nothing was written`, { path });
}
