/**
 * The lock beside a file: a folder, `FILE.lock` (sound on NFS), by proper-lockfile, which takes over one that was abandoned
 * after some seconds. In the folder, from its first moment, is a note whose it is, so that a lock whose process is gone from
 * this very machine (kill -9) is in nobody's way.
 */
import process from "node:process";
import type { Lock } from "../world.ts";
import { codeOf, systemError } from "../base/errno.ts";
import { fs } from "./load.ts";

/**
 * A lock of which nobody can tell whether its process still runs (another machine's) counts as held for this long; less than
 * the default `--lock-timeout`.
 */
const STALE_LOCK_MS = 8_000;

/** Tries once; null while another process holds it. */
export async function tryLock(file: string): Promise<Lock | null> {
  const { default: lockfile } = await import("proper-lockfile");
  const folder = `${file}.lock`;
  let kept = true;
  const acquire = (): (() => void) | null => {
    try {
      return lockfile.lockSync(file, {
        realpath: false,
        stale: STALE_LOCK_MS,
        fs: { ...fs(), mkdirSync: makeLock, rmdirSync: removeLock },
        onCompromised: () => {
          kept = false;
        },
      });
    } catch (error) {
      if (codeOf(error) === "ELOCKED") return null;
      throw error;
    }
  };
  const release = acquire() ?? (buryDead(folder) ? acquire() : null);
  if (release === null) return null;
  // The package looks every few seconds; a process that slept through a takeover has to see it at once.
  const mark = markOf(folder);
  const held = () => kept && mark !== null && markOf(folder) === mark;
  return {
    held,
    release() {
      const ours = held();
      kept = false;
      try {
        if (ours) release();
      } catch { /* it cannot be removed: it counts as abandoned before long */ }
    },
  };
}

/** Folders, of those beside the file, that processes left which were killed at making a lock or giving it back. */
export function deadLocks(file: string, names: readonly string[]): readonly string[] {
  const base = `${file.replace(/.*\//s, "")}.lock-`;
  return names.filter((name) => name.startsWith(base) && /^[0-9a-f]{8}$/.test(name.slice(base.length)))
    .map((name) => `${file}.lock-${name.slice(base.length)}`)
    .filter((folder) => {
      const note = noteIn(folder);
      return note === null ? isOld(folder) : isDead(note);
    });
}

/** Makes the folder with the note in it appear in one step. */
function makeLock(folder: string): void {
  const fresh = aside(folder);
  fs().mkdirSync(fresh);
  try {
    fs().writeFileSync(`${fresh}/owner`, noteOf(process.pid) ?? "", { mode: 0o600 });
    // A rename would replace an empty folder; one with a note in it refuses.
    if (fs().existsSync(folder)) throw systemError("EEXIST", "is there", folder);
    fs().renameSync(fresh, folder);
  } catch (error) {
    fs().rmSync(fresh, { recursive: true, force: true });
    throw codeOf(error) === "ENOTEMPTY" ? systemError("EEXIST", "is there", folder) : error;
  }
}

/** Makes it disappear in one step. */
function removeLock(folder: string): void {
  const grave = aside(folder);
  fs().renameSync(folder, grave);
  fs().rmSync(grave, { recursive: true, force: true });
}

function aside(folder: string): string {
  return `${folder}-${crypto.randomUUID().slice(0, 8)}`;
}

/** Takes a lock away whose process is gone. */
function buryDead(folder: string): boolean {
  const note = noteIn(folder);
  if (note === null || !isDead(note)) return false;
  const grave = aside(folder);
  try {
    fs().renameSync(folder, grave);
    if (noteIn(grave) !== note && !fs().existsSync(folder)) {
      // Another process was quicker, and this is the lock that it has taken since.
      fs().renameSync(grave, folder);
      return false;
    }
    fs().rmSync(grave, { recursive: true, force: true });
    return true;
  } catch {
    return false;
  }
}

/** What tells a process from every other that had or will have its number (proc(5)); null: this system cannot say. */
function noteOf(pid: number): string | null {
  try {
    const boot = fs().readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    const namespace = fs().readlinkSync("/proc/self/ns/pid");
    // Behind the program's name, which may hold anything: field 22, the time at which it was started.
    const start = fs().readFileSync(`/proc/${pid}/stat`, "utf8").replace(/^.*\) /s, "").split(" ")[19];
    return `${boot} ${namespace} ${pid} ${start}\n`;
  } catch {
    return null;
  }
}

/** Whether the process of a note is gone. Only of this boot of this machine, and of our numbers of processes, can that be said. */
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

/** Nobody is at making or removing it any more. */
function isOld(folder: string): boolean {
  try {
    return fs().statSync(folder).mtimeMs < Date.now() - 60_000;
  } catch {
    return false;
  }
}

/** Tells a folder from one that is made later under its name, even with the same inode. */
function markOf(folder: string): string | null {
  try {
    const { ino, birthtimeMs } = fs().lstatSync(folder);
    return `${ino} ${birthtimeMs}`;
  } catch {
    return null;
  }
}
