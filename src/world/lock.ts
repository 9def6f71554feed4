/**
 * The lock beside a file: a directory, `FILE.lock` (sound on NFS). It holds a note, `owner`, from its first moment, so that
 * a lock whose process was killed on this machine can be taken over at once. A lock that nobody can judge (another
 * machine's) is taken over once its holder has not refreshed it for {@link STALE_MS}.
 */
import process from "node:process";
import type { Lock } from "../world.ts";
import { codeOf } from "../base/errno.ts";
import { fs, load } from "./load.ts";

/** Milliseconds without a refresh after which a lock counts as abandoned; less than the default `--lock-timeout`. */
const STALE_MS = 8_000;

/** Milliseconds between two refreshes: three may be late before anyone takes the lock over. */
const REFRESH_MS = 2_000;

/** Milliseconds after which a directory without a note was not left a moment ago by one that makes or removes a lock. */
const UNFINISHED_MS = 60_000;

/** Tries once; null while another process holds it. Errors: the system's (`ENOENT`: no such directory). */
export function tryLock(file: string): Promise<Lock | null> {
  return new Promise((resolve) => resolve(lockNow(`${file}.lock`)));
}

function lockNow(folder: string): Lock | null {
  const note = noteOf(process.pid) ?? "";
  if (!makeLock(folder, note) && !(buryAbandoned(folder, note) && makeLock(folder, note))) return null;
  const mark = markOf(folder);
  // In this order: a mark of another process's lock is never taken for ours.
  if (mark === null || noteIn(folder) !== note) return null;
  let kept = true;
  // Looked up on disk, so that a process that slept through a takeover sees it at once.
  const held = () => kept && markOf(folder) === mark;
  const { setInterval, clearInterval } = load("node:timers");
  const timer = setInterval(() => {
    if (held()) refresh(folder);
    else clearInterval(timer);
  }, REFRESH_MS);
  timer.unref(); // it does not keep the process alive
  return {
    held,
    release() {
      const ours = held();
      kept = false;
      clearInterval(timer);
      if (ours) removeLock(folder);
    },
  };
}

/** Whether a lock is held, or was left behind; null: there is none. Changes nothing. */
export function lockOf(file: string): "held" | "abandoned" | null {
  const folder = `${file}.lock`;
  if (markOf(folder) === null) return null;
  return isAbandoned(folder) ? "abandoned" : "held";
}

/** Directories, of those beside the file, left by processes that were killed while they made or removed a lock. */
export function deadLocks(file: string, names: readonly string[]): readonly string[] {
  const base = `${file.replace(/.*\//s, "")}.lock-`;
  return names.filter((name) => name.startsWith(base) && /^[0-9a-f]{8}$/.test(name.slice(base.length)))
    .map((name) => `${file}.lock-${name.slice(base.length)}`)
    .filter((folder) => {
      const note = noteIn(folder);
      return note === null ? isOld(folder, UNFINISHED_MS) : isDead(note);
    });
}

/** Makes the directory appear with the note in it, in one step; false: there is one already. */
function makeLock(folder: string, note: string): boolean {
  const fresh = aside(folder);
  fs().mkdirSync(fresh);
  try {
    fs().writeFileSync(`${fresh}/owner`, note, { mode: 0o600 });
    // A rename would replace an empty directory; it refuses one with a note in it.
    if (!fs().existsSync(folder)) {
      fs().renameSync(fresh, folder);
      return true;
    }
  } catch (error) {
    if (codeOf(error) !== "ENOTEMPTY" && codeOf(error) !== "EEXIST") throw error;
  } finally {
    fs().rmSync(fresh, { recursive: true, force: true });
  }
  return false;
}

/** Makes it disappear in one step. Where it cannot be removed, it counts as abandoned before long. */
function removeLock(folder: string): void {
  try {
    const grave = aside(folder);
    fs().renameSync(folder, grave);
    fs().rmSync(grave, { recursive: true, force: true });
  } catch { /* see above */ }
}

function refresh(folder: string): void {
  try {
    const now = new Date();
    fs().utimesSync(folder, now, now);
  } catch { /* it is gone, which held() sees */ }
}

function aside(folder: string): string {
  return `${folder}-${crypto.randomUUID().slice(0, 8)}`;
}

/** Takes an abandoned lock away; true: it is gone. */
function buryAbandoned(folder: string, note: string): boolean {
  if (!isAbandoned(folder)) return false;
  // One at a time, and each looks again: a slow one would take away the lock that a fast one has made since.
  const turn = `${folder}-00000000`;
  if (!makeLock(turn, note)) {
    if (isAbandoned(turn)) removeLock(turn);
    return false;
  }
  const grave = aside(folder);
  try {
    const seen = stateOf(folder);
    if (!isAbandoned(folder)) return false;
    fs().renameSync(folder, grave);
    const isIt = stateOf(grave) === seen;
    // Its holder woke up at this moment.
    if (!isIt && !fs().existsSync(folder)) fs().renameSync(grave, folder);
    return isIt;
  } catch {
    return false;
  } finally {
    fs().rmSync(grave, { recursive: true, force: true });
    removeLock(turn);
  }
}

/** Whether the process of a lock is gone, or has not refreshed it. */
function isAbandoned(folder: string): boolean {
  return isOld(folder, STALE_MS) || isDead(noteIn(folder) ?? "");
}

/** What a rename leaves unchanged, and a refresh or another lock does not. */
function stateOf(folder: string): string | null {
  try {
    const { ino, mtimeMs } = fs().lstatSync(folder);
    return `${ino} ${mtimeMs} ${noteIn(folder)}`;
  } catch {
    return null;
  }
}

/** What tells a process from all others that ever have its number (proc(5)); null: this system cannot say. */
function noteOf(pid: number): string | null {
  try {
    const boot = fs().readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const namespace = fs().readlinkSync("/proc/self/ns/pid");
    // After the program's name, which may hold anything: field 22, the time at which it was started.
    const start = fs().readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ")[19];
    return `${boot} ${namespace} ${pid} ${start}\n`;
  } catch {
    return null;
  }
}

/** Whether the process of a note is gone. That is known only of this boot of this machine, in our process namespace. */
function isDead(note: string): boolean {
  const [boot, namespace, pid] = note.split(" ");
  const self = noteOf(process.pid);
  if (self === null || pid === undefined || !/^\d+$/.test(pid)) return false;
  return self.startsWith(`${boot} ${namespace} `) && noteOf(Number(pid)) !== note;
}

function noteIn(folder: string): string | null {
  try {
    return fs().readFileSync(`${folder}/owner`, "utf8");
  } catch {
    return null;
  }
}

function isOld(folder: string, milliseconds: number): boolean {
  try {
    return fs().statSync(folder).mtimeMs < Date.now() - milliseconds;
  } catch {
    return false;
  }
}

/** Tells a directory from one that is made later under its name, even with the same inode. */
function markOf(folder: string): string | null {
  try {
    const { ino, birthtimeMs } = fs().lstatSync(folder);
    return `${ino} ${birthtimeMs}`;
  } catch {
    return null;
  }
}
