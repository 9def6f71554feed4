/** The locks of the files that a command changes. */
import { basename, dirname, join } from "node:path";
import { codeOf } from "../base/errno.ts";
import { Failure } from "../base/failure.ts";
import { reasonOf } from "../base/io.ts";
import type { World } from "../world.ts";
import { unwritten } from "./put_back.ts";

/** The same for all paths of one lock: a directory above a file may be a symbolic link. */
export function lockKey({ files }: World, real: string): string {
  try {
    return join(files.realPath(dirname(real)), basename(real));
  } catch {
    return real; // takeLock says what is wrong with it
  }
}

/**
 * Waits for the lock of a file.
 * @param timeout in milliseconds
 * @throws {Failure} locked, interrupted, io
 */
export async function takeLock(
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
      throw unlockable(world, path, error);
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

/** A lock is a directory beside the file, and so are the backup and the ledger. */
function unlockable({ files }: World, path: string, error: unknown): Failure {
  const failure = unwritten("lock", path, error);
  if (!["EROFS", "EACCES", "EPERM"].includes(codeOf(error) ?? "")) return failure;
  try {
    files.requireWritable(path);
  } catch {
    return failure;
  }
  return new Failure(
    "io",
    `cannot make the lock and the backup beside ${path}: ${reasonOf(error)}`,
    {
      path,
      next: `Make ${
        dirname(path)
      } writable; in a container, mount the directory instead of the file alone; nothing was written`,
      cause: error,
    },
  );
}

/** Nothing was written. */
export function interruptedFailure(files: readonly { readonly path: string }[]): Failure {
  const paths = [...new Set(files.map((one) => one.path))];
  const path = paths.join(" and ");
  const were = paths.length > 1 ? "were" : "was";
  return new Failure("interrupted", `interrupted before ${path} ${were} changed: nothing was written`, {
    path,
  });
}
