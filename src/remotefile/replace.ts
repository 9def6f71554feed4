/** Writes one `remote.yaml` with its backup and its ledger, under its lock: first all under temporary names, then in place. */
import { basename, dirname } from "node:path";
import { codeOf } from "../base/errno.ts";
import { Failure } from "../base/failure.ts";
import { io } from "../base/io.ts";
import { showMode } from "../base/mode.ts";
import type { World } from "../world.ts";
import { ledgerPath } from "./ledger.ts";
import { modeFor, reasonFor } from "./modes.ts";
import { earlierBackup, putBack, unwritten } from "./put_back.ts";
import type { Committed, Pending, Removal, Together } from "./pending.ts";
import { ledgerText } from "./record.ts";
import {
  backupPath,
  looseText,
  readRegular,
  type StoredFile,
  textOf,
  unfinished,
  unfinishedPath,
} from "./stored.ts";
import { holdsSecret } from "./entry.ts";
import { isNothing, leftIn, valuesOf } from "./withheld.ts";

/** What a rename answers where the file is a mount point: a single file that is mounted into a container. */
const MOUNTED: ReadonlySet<string> = new Set(["EBUSY", "EXDEV"]);

/**
 * Writes the new file, the backup and the ledger under temporary names.
 * @param together null: this one is written alone
 * @throws {Failure} io; nothing was written
 */
export function stage(world: World, pending: Pending, together: Together | null): void {
  const { now, scope, changed, text, content, backup } = pending;
  const holds = holdsSecret(content);
  const mode = changed ? modeFor(scope, now, holds) : now.mode ?? 0o600;
  const isHidden = holds || now.document.broken !== undefined;
  const parts: { -readonly [P in keyof NonNullable<Pending["staged"]>]: NonNullable<Pending["staged"]>[P] } =
    {
      file: null,
      backup: null,
      ledger: null,
      mode,
    };
  pending.staged = parts;
  const make = (doing: string, name: string, file: string, bytes: string, as: number) => {
    try {
      return world.files.stage(file, new TextEncoder().encode(bytes), { mode: as, owner: now.owner });
    } catch (error) {
      throw ownerLost(world, now, error) ?? unwritten(doing, name, error);
    }
  };
  if (typeof backup === "string") {
    const path = backupPath(now.real);
    // Never wider than the file: it may hold a token that both hold.
    parts.backup = make("keep the previous file as", path, path, backup, isHidden ? 0o600 : mode);
  }
  if (changed) parts.file = make("replace", now.path, now.real, text, mode);
  const ledger = ledgerText(pending, together);
  if (ledger !== null) {
    const path = ledgerPath(now.real);
    // It holds only names: who can read the file can plan.
    parts.ledger = make("write", path, path, ledger, scope === "global" ? 0o644 : mode & 0o664 | 0o600);
  }
}

/**
 * Removes what was staged and not written. Once the file is in place, its backup and its ledger stay under their temporary
 * names: the next command completes the write.
 */
export function discard({ staged, isPlaced }: Pending): void {
  for (const one of [staged?.file, ...isPlaced ? [] : [staged?.backup, staged?.ledger]]) one?.discard();
}

/**
 * Puts the staged files in place. The ledger comes last: if a crash comes before it, the next apply writes it again.
 * @throws {Failure} stale, io
 */
export function write(world: World, pending: Pending): Committed {
  const { now, lock, changed, notes, gone } = pending;
  if (!lock.held()) throw stale(now.path, "another process took the lock over");
  lastLook(world, pending);
  const backup = backupPath(now.real);
  // The earlier backup stays until the file is written, unless it may hold what is to be gone.
  const keepFirst = !changed || !isNothing(gone);
  const keeps = pending.backup !== undefined;
  const earlier = keeps ? earlierBackup(world, backup) : null;
  let inPlace = false;
  try {
    if (keeps && keepFirst) {
      keepPrevious(world, pending, (error) => unwritten("keep the previous file as", backup, error));
    }
    if (keepFirst) lastLook(world, pending);
    if (changed) {
      inPlace = putFile(world, pending, keeps && !keepFirst);
      pending.isPlaced = true;
    }
  } catch (error) {
    throw changed && keeps ? putBack(world, now, earlier, error) : error;
  }
  if (changed && pending.remove !== undefined && clearAway(world, pending, pending.remove)) {
    return { changed, backup: null, notes, gone };
  }
  if (keeps && !keepFirst && !inPlace) {
    keepPrevious(
      world,
      pending,
      (error) => io(`keep the previous file (${now.path} itself is written) as`, backup, error),
    );
  }
  writeLedger(pending);
  if (changed) notes.push(...notesOn(world, pending, inPlace));
  if (!changed) return { changed, backup: null, notes, gone: { remotes: [], credentials: [] } };
  return { changed, backup: pending.backup === null ? null : backup, notes, gone };
}

/**
 * Removes the backup and the ledger of a file that was removed, if nothing else is in a directory that was made for it.
 * @returns false: they stay
 */
function clearAway(world: World, pending: Pending, { directories }: Removal): boolean {
  const { real } = pending.now;
  const own = [backupPath(real), ledgerPath(real)];
  const names = new Set([real, `${real}.lock`, ...own].map((one) => basename(one)));
  try {
    if (directories === 0 || world.files.stat(real) !== null) return false;
    const isOwn = (one: string) => names.has(one) || /^\..*\.sremote-[0-9a-f]{8}$/.test(one);
    if (!world.files.list(dirname(real)).every(isOwn)) return false;
    discard({ ...pending, isPlaced: false });
    for (const one of own) world.files.remove(one);
    pending.emptied = directories;
    return true;
  } catch {
    return false; // the directory stays, with what is in it
  }
}

function keepPrevious(world: World, { now, staged }: Pending, failure: (error: unknown) => Failure): void {
  try {
    if (staged!.backup === null) world.files.remove(backupPath(now.real));
    else staged!.backup.commit();
  } catch (error) {
    throw failure(error);
  }
}

/** Replaces the file, or writes it in place where that is impossible. @returns whether it was written in place */
function putFile(world: World, pending: Pending, keepFirst: boolean): boolean {
  const { now, staged, remove } = pending;
  try {
    if (remove === undefined) staged!.file!.commit();
    else world.files.remove(now.real);
    return false;
  } catch (error) {
    if (!MOUNTED.has(codeOf(error) ?? "") || now.digest === null) throw unwritten("replace", now.path, error);
  }
  try {
    world.files.requireWritable(now.real);
  } catch (error) {
    throw unwritten("write the mounted file", now.path, error);
  }
  if (keepFirst) {
    keepPrevious(
      world,
      pending,
      (error) => unwritten("keep the previous file as", backupPath(now.real), error),
    );
  }
  overwrite(world, pending);
  return true;
}

/** The complete new content is on disk beside the file while it is written: what interrupts it can be finished. */
function overwrite(world: World, { now, text, staged }: Pending): void {
  const { mode } = staged!.file!;
  const whole = unfinishedPath(now.real);
  const put = (content: string) => world.files.overwrite(now.real, new TextEncoder().encode(content), mode);
  try {
    staged!.file!.commit(whole);
    put(text);
    world.files.remove(whole);
  } catch (error) {
    try {
      if (textAs(now)(readRegular(world, now.real)?.bytes ?? new Uint8Array()) !== now.document.text) {
        put(now.document.text);
      }
      world.files.remove(whole);
    } catch {
      throw io("write the mounted file", now.path, error, "Run the command again");
    }
    throw unwritten("write the mounted file", now.path, error);
  }
}

/**
 * Finishes a write in place that was interrupted. A file that a program has written since stays.
 * @returns notes
 * @throws {Failure} io
 */
export function finishWrite(world: World, real: string, path: string): string[] {
  const whole = unfinishedPath(real);
  const stat = world.files.stat(whole);
  if (stat === null) return [];
  const { kind, mode } = stat;
  if (kind !== "file") return [`${whole} is not a regular file: sremote ignores it. Remove it.`];
  try {
    const rest = unfinished(world, real);
    if (rest !== null) world.files.overwrite(real, rest, mode);
    world.files.remove(whole);
    return rest === null ? [] : [`An interrupted write of ${path} was completed.`];
  } catch (error) {
    throw io("finish the interrupted write of", path, error);
  }
}

/** @throws {Failure} stale, if the file is not the one that was read */
export function lastLook(world: World, { now, changed }: Pending): void {
  if (!changed) return;
  const last = readRegular(world, now.real);
  const same = last === null
    ? now.digest === null
    : now.digest !== null && textAs(now)(last.bytes) === now.document.text;
  if (!same) throw stale(now.path, "another program has just written it");
}

/** How the text of a file was read from its bytes. */
function textAs({ document }: StoredFile): (bytes: Uint8Array) => string | null {
  return document.broken === undefined ? textOf : looseText;
}

function notesOn(
  world: World,
  pending: Pending,
  inPlace: boolean,
) {
  const { now, text, scope, staged, gone, backup, content } = pending;
  const notes: string[] = [];
  const { path } = now;
  if (inPlace) {
    notes.push(
      `${path} is a mount point and cannot be replaced: it was written in place. The previous file is ${
        backupPath(now.real)
      }.`,
    );
  }
  if (pending.remove !== undefined && !inPlace) return notes;
  const mode = inPlace ? world.files.stat(now.real)?.mode ?? staged!.mode : staged!.file!.mode;
  if (mode !== staged!.mode) {
    notes.push(
      `The mode of ${path} is ${showMode(mode)} instead of ${
        showMode(staged!.mode)
      }: its file system, or its group, does not allow the change.`,
    );
  } else if (now.mode !== null && showMode(mode) !== showMode(now.mode)) {
    const why = reasonFor(scope, now, now.mode, mode, holdsSecret(content));
    notes.push(`The mode of ${path} is now ${showMode(mode)} instead of ${showMode(now.mode)}: ${why}.`);
  }
  if (backup === null) {
    notes.push(`The previous ${path} was not kept: the old API key could not be taken out of it.`);
  }
  if (leftIn(text, valuesOf(gone), content)) {
    notes.push(`${path} still contains an old API key in another place. Remove it there by hand.`);
  }
  return notes;
}

function writeLedger({ now, changed, staged }: Pending): void {
  if (staged!.ledger === null) return;
  const path = ledgerPath(now.real);
  try {
    staged!.ledger.commit();
  } catch (error) {
    if (!changed) throw unwritten("write", path, error);
    throw io(`record (${now.path} itself is written) in`, path, error);
  }
}

/** Root gives a file back to its owner; a file system that does not let it would leave the file unreadable to the owner. */
function ownerLost({ here }: World, { path, owner }: StoredFile, error: unknown): Failure | null {
  if (owner === null || owner.uid === here.uid || !["EPERM", "EINVAL"].includes(codeOf(error) ?? "")) {
    return null;
  }
  return new Failure("io", `cannot replace ${path}: its file system does not let root keep its owner`, {
    path,
    next: `Run sremote as that user (uid ${owner.uid}); nothing was written`,
  });
}

/** The file is not the one that was read. */
export function stale(path: string, why: string): Failure {
  return new Failure("stale", `cannot change ${path}: ${why}`, {
    path,
    next: "Plan again; nothing was written",
  });
}
