/** The lock beside a file. */
import type { Lock } from "../world.ts";
import { codeOf } from "./errors.ts";
import { fs } from "./load.ts";

/** A lock that was abandoned (kill -9, power cut) counts as held for this long; less than the default `--lock-timeout`. */
const STALE_LOCK_MS = 8_000;

/** Tries once; null while another process holds it. */
export async function tryLock(file: string): Promise<Lock | null> {
  const { default: lockfile } = await import("proper-lockfile");
  let kept = true;
  let release: () => void;
  try {
    release = lockfile.lockSync(file, {
      realpath: false,
      stale: STALE_LOCK_MS,
      onCompromised: () => {
        kept = false;
      },
    });
  } catch (error) {
    if (codeOf(error) === "ELOCKED") return null;
    throw error;
  }
  // The package looks every few seconds; a process that slept through a takeover has to see it at once.
  const mark = markOf(`${file}.lock`);
  const held = () => kept && mark !== null && markOf(`${file}.lock`) === mark;
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

/** Tells a folder from one that is made later under its name, even with the same inode. */
function markOf(folder: string): string | null {
  try {
    const { ino, birthtimeMs } = fs().lstatSync(folder);
    return `${ino} ${birthtimeMs}`;
  } catch {
    return null;
  }
}
