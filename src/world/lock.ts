/**
 * The lock beside a file: a directory, `FILE.lock`, since making a directory is atomic on NFS too. A note in it, from the
 * start, names the owner, so that a lock whose process is gone from this machine (kill -9) does not block anyone. Where that
 * is unknown (a lock of another machine), the directory's time decides: the holder renews it, and a lock that was not renewed
 * for some seconds counts as abandoned.
 */
import process from "node:process";
import type { Lock } from "../world.ts";
import { codeOf, systemError } from "../base/errno.ts";
import { fs, load } from "./load.ts";

/** A lock that was not renewed for this long counts as abandoned; less than the default `--lock-timeout`. */
const STALE_MS = 8_000;
/** How often a holder renews its lock. */
const RENEW_MS = STALE_MS / 2;

/** Tries once; null while another process holds it. Errors: the system's. */
export function tryLock(file: string): Promise<Lock | null> {
  return Promise.try(() => {
    const directory = `${file}.lock`;
    const made = makeLock(directory) || (buryDead(directory) || buryStale(directory)) && makeLock(directory);
    return made ? lockOf(directory) : null;
  });
}

/** The lock that this process has just made. */
function lockOf(directory: string): Lock {
  let kept = true;
  // Looked up on disk: a process that slept through a takeover has to see it at once.
  const mark = markOf(directory);
  const held = () => kept && mark !== null && markOf(directory) === mark;
  const timer = load("node:timers").setInterval(() => {
    if (held()) renew(directory);
  }, RENEW_MS).unref();
  return {
    held,
    release() {
      const ours = held();
      kept = false;
      clearInterval(timer);
      try {
        if (ours) removeLock(directory);
      } catch { /* it cannot be removed: it soon counts as abandoned */ }
    },
  };
}

function renew(directory: string): void {
  try {
    const now = new Date();
    fs().utimesSync(directory, now, now);
  } catch { /* it is gone, which held() says */ }
}

/** Directories, of those beside the file, left by processes that were killed while they made a lock or gave it back. */
export function deadLocks(file: string, names: readonly string[]): readonly string[] {
  const base = `${file.replace(/.*\//s, "")}.lock-`;
  return names.filter((name) => name.startsWith(base) && /^[0-9a-f]{8}$/.test(name.slice(base.length)))
    .map((name) => `${file}.lock-${name.slice(base.length)}`)
    .filter((directory) => {
      const note = noteIn(directory);
      // Nobody takes a minute to make or remove one.
      return note === null ? isOlder(directory, 60_000) : isDead(note);
    });
}

/** Makes the directory with the note in it appear in one step; false where there is one already. */
function makeLock(directory: string): boolean {
  const fresh = aside(directory);
  fs().mkdirSync(fresh);
  try {
    fs().writeFileSync(`${fresh}/owner`, noteOf(process.pid) ?? "", { mode: 0o600 });
    // A rename would replace an empty directory; one with a note in it refuses.
    if (fs().existsSync(directory)) throw systemError("EEXIST", "is there", directory);
    fs().renameSync(fresh, directory);
    return true;
  } catch (error) {
    fs().rmSync(fresh, { recursive: true, force: true });
    if (["EEXIST", "ENOTEMPTY"].includes(codeOf(error) ?? "")) return false;
    throw error;
  }
}

/** Makes it disappear in one step. */
function removeLock(directory: string): void {
  const grave = aside(directory);
  fs().renameSync(directory, grave);
  fs().rmSync(grave, { recursive: true, force: true });
}

function aside(directory: string): string {
  return `${directory}-${crypto.randomUUID().slice(0, 8)}`;
}

/** Takes a lock away whose process is gone. */
function buryDead(directory: string): boolean {
  const note = noteIn(directory);
  return note !== null && isDead(note) && bury(directory, (grave) => noteIn(grave) === note);
}

/** Takes a lock away that nobody renewed. */
function buryStale(directory: string): boolean {
  const mark = markOf(directory);
  return isOlder(directory, STALE_MS) && bury(directory, (grave) => markOf(grave) === mark);
}

/** @param isIt whether what was moved away is the lock that was meant: another process may have been quicker */
function bury(directory: string, isIt: (grave: string) => boolean): boolean {
  const grave = aside(directory);
  try {
    fs().renameSync(directory, grave);
    if (!isIt(grave) && !fs().existsSync(directory)) {
      // This is the lock that another process has taken since.
      fs().renameSync(grave, directory);
      return false;
    }
    fs().rmSync(grave, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}

/** Identifies a process, unlike its number, which is reused (proc(5)); null: unknown on this system. */
function noteOf(pid: number): string | null {
  try {
    const boot = fs().readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const namespace = fs().readlinkSync("/proc/self/ns/pid");
    // Field 22, the start time, after the program's name, which may contain anything.
    const start = fs().readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ")[19];
    return `${boot} ${namespace} ${pid} ${start}\n`;
  } catch {
    return null;
  }
}

/** Whether the process of a note is gone. Known only for this boot of this machine and for our PID namespace. */
function isDead(note: string): boolean {
  const [boot, namespace, pid] = note.split(" ");
  const self = noteOf(process.pid);
  if (self === null || pid === undefined || !/^\d+$/.test(pid)) return false;
  return self.startsWith(`${boot} ${namespace} `) && noteOf(Number(pid)) !== note;
}

function noteIn(directory: string): string | null {
  try {
    return fs().readFileSync(`${directory}/owner`, "utf8");
  } catch {
    return null;
  }
}

function isOlder(directory: string, milliseconds: number): boolean {
  try {
    return fs().statSync(directory).mtimeMs < Date.now() - milliseconds;
  } catch {
    return false;
  }
}

/** Tells a directory from a later one of the same name, even with the same inode. */
function markOf(directory: string): string | null {
  try {
    const { ino, birthtimeMs } = fs().lstatSync(directory);
    return `${ino} ${birthtimeMs}`;
  } catch {
    return null;
  }
}
