/** Replaces `remote.yaml` files, for every command: lock, read, edit, prepare all, check again, one atomic replace of each. */
import { dirname } from "node:path";
import { digestOf } from "../base/digest.ts";
import { Failure } from "../base/failure.ts";
import { showReader } from "../base/reader.ts";
import type { Gone } from "../model.ts";
import type { Lock, World } from "../world.ts";
import { ledgerPath } from "./ledger.ts";
import { follow } from "./links.ts";
import { interruptedFailure, lockKey, takeLock } from "./locking.ts";
import { finishRest, restOf } from "./recover.ts";
import { parseRemoteFile, type RemoteDocument } from "./parse.ts";
import type { Change, Committed, Pending, Together } from "./pending.ts";
import { discard, finishWrite, lastLook, stage, stale, write } from "./replace.ts";
import { backupPath, readRegular, readStored, readText, type StoredFile, unfinishedPath } from "./stored.ts";
import { holdsSecret } from "./entry.ts";
import { makeFolder, realPath, refuseFolder, refuseForeign } from "./target.ts";
import {
  commentedSecrets,
  goneFrom,
  isNothing,
  valuesOf,
  withoutGone,
  withoutInComments,
} from "./withheld.ts";

export { backupPath, readStored, readText, type StoredFile } from "./stored.ts";
export type { Change, Committed, Edited, LinkRule, Removal } from "./pending.ts";

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
      const places = changes.map((change) => {
        const real = realPath(world, change);
        const directories = makeFolder(world, change, real);
        made.push(...directories);
        return { change, real, key: lockKey(world, real), made: directories.length };
      });
      // Always in this order: two processes that wait for each other's lock would both give up.
      for (const { real, key } of [...places].sort((a, b) => a.key < b.key ? -1 : 1)) {
        if (!locks.has(key)) locks.set(key, await takeLock(world, real, lockTimeout, interrupted));
      }
      const seen = new Map<string, Pending>();
      for (const { change, real, key, made } of places) {
        const one = await prepare(world, change, { real, lock: locks.get(key)!, made });
        const first = seen.get(key);
        pending.push(first === undefined ? one : onceMore(first, one));
        if (first === undefined) seen.set(key, one);
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
      removeAbove(world, pending);
    }
  });
}

/** The directories that were made for files that are gone again, innermost first: files may share those above. */
function removeAbove({ files }: World, pending: readonly Pending[]): void {
  const all = new Set<string>();
  for (const { now: { real }, emptied = 0 } of pending) {
    for (let at = dirname(real), left = emptied; left > 0; at = dirname(at), left--) all.add(at);
  }
  for (const one of [...all].sort((a, b) => b.length - a.length)) files.removeFolder(one);
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
function onceMore({ text }: Pending, one: Pending): Pending {
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

async function prepare(
  world: World,
  change: Change,
  { real, lock, made }: { readonly real: string; readonly lock: Lock; readonly made: number },
): Promise<Pending> {
  const { path, scope, links, reader } = change;
  const notes = finishWrite(world, real, path);
  await finishKilled(world, real);
  clean(world, real);
  const now = await readStored(world, path, links.root, change.broken);
  if (now.real !== real) throw stale(path, "its symbolic link has just changed");
  const edited = await change.edit(now);
  const { remove } = edited;
  const changed = remove === undefined ? edited.text !== now.document.text : now.digest !== null;
  if (changed) {
    refuseForeign(world, now);
    refuseFolder(world, backupPath(real));
  }
  const { document } = now;
  const common = {
    now,
    scope,
    lock,
    changed,
    ours: edited.ours,
    notes,
    ...(reader && { reader }),
    ...(remove && { remove }),
  };
  if (!changed) {
    const stripped = await outdated(world, now);
    const gone = stripped?.gone ?? NOTHING;
    const last = await lastOf(world, now, { text: document.text, backup: stripped?.text, made: 0 });
    return { ...common, ...same(document), gone, backup: stripped?.text, last };
  }
  const lastFor = (text: string, backup: string | null) =>
    lastOf(world, now, { text: remove === undefined ? text : null, backup, made });
  // Nobody writes a token into a global file.
  if (
    scope === "global" && !holdsSecret(document.content) && document.broken === undefined &&
    commentedSecrets(document.text).length === 0
  ) {
    const last = await lastFor(edited.text, document.text);
    return { ...common, ...same(document), text: edited.text, backup: document.text, last };
  }
  const parsed = await parseRemoteFile(edited.text, path);
  const gone = goneFrom(document.content, parsed.content);
  const text = isNothing(gone) ? edited.text : await withoutInComments(edited.text, path, valuesOf(gone));
  const backup = await withoutGone(document, { text, content: parsed.content });
  return { ...common, text, content: parsed.content, gone, backup, last: await lastFor(text, backup) };
}

const NOTHING: Gone = { remotes: [], credentials: [] };

function same({ text, content }: RemoteDocument) {
  return { text, content, gone: NOTHING };
}

/** What the ledger says of a write: `text` null, the file is removed; `backup` undefined, the backup stays. */
async function lastOf(
  { clock }: World,
  { digest }: StoredFile,
  { text, backup, made }: {
    readonly text: string | null;
    readonly backup: string | null | undefined;
    readonly made: number;
  },
): Promise<Pending["last"]> {
  const of = (one: string) => digestOf(new TextEncoder().encode(one));
  if (backup === undefined) return {};
  return {
    at: clock.date(),
    wrote: text === null ? "absent" : await of(text),
    kept: backup === null ? "none" : digest === null ? "absent" : await of(backup),
    ...(made > 0 ? { made } : {}),
  };
}

/** Completes what a killed process has not finished. Errors: none, the system's refusal shows when something is written. */
async function finishKilled(world: World, real: string): Promise<void> {
  try {
    const bytes = readRegular(world, real)?.bytes ?? null;
    const digest = bytes === null ? null : await digestOf(bytes);
    await finishRest(world, { real, backup: backupPath(real), digest });
  } catch { /* see above */ }
}

/**
 * The text of a backup that holds a secret that the file does not hold any more, without it: a program may have logged out.
 * undefined: the backup is not to be written. A `text` of null: it cannot be kept without them.
 */
async function outdated(
  world: World,
  now: StoredFile,
): Promise<{ readonly text: string | null; readonly gone: Gone } | undefined> {
  if (now.document.broken !== undefined || now.owner?.uid !== world.here.uid && world.here.uid !== 0) {
    return undefined;
  }
  try {
    const text = readText(world, backupPath(now.real));
    if (text === null || !/token|auth|bearer|basic/i.test(text)) return undefined;
    const document = await parseRemoteFile(text, now.path);
    const stripped = await withoutGone(document, now.document);
    if (stripped === text) return undefined;
    return { text: stripped, gone: goneFrom(document.content, now.document.content) };
  } catch {
    return undefined; // it cannot be read
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
    const littered = world.files.isLittered(path, besides(path)) ||
      world.files.stat(unfinishedPath(path))?.kind === "file";
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
        { real: path, lock, made: 0 },
      );
      stage(world, pending, null);
      write(world, pending);
    } finally {
      if (pending !== undefined) discard(pending);
      lock.release();
    }
  } catch { /* this user may not */ }
}

/** Whether the backup and the ledger belong to the file: completes what a killed write has left, unless a process holds the lock. */
export async function settle(world: World, given: string, root: string | null): Promise<void> {
  try {
    const { real, digest } = await readStored(world, given, root, true);
    if (await restOf(world, { real, backup: backupPath(real), digest }) !== null) {
      await tidy(world, given, root);
    }
  } catch { /* this user may not */ }
}
