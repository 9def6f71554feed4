/** Errors that say that nothing was written, and what makes that true. */
import { Failure } from "../base/failure.ts";
import { io } from "../base/io.ts";
import type { FileRead, World } from "../world.ts";
import { backupPath, readRegular, type StoredFile } from "./stored.ts";

/** How the next step of an error ends that left every file unchanged. */
const UNTOUCHED = "; nothing was written";

/** What the system refused before anything was written. */
export function unwritten(doing: string, path: string, error: unknown): Failure {
  const { code, message, next } = io(doing, path, error);
  if (error instanceof Failure) return error;
  return new Failure(code, message, { path, next: next + UNTOUCHED, cause: error });
}

/** What a failed write puts back; null: there is no earlier backup, or it cannot be read. */
export function earlierBackup(world: World, path: string): FileRead | null {
  try {
    return readRegular(world, path);
  } catch {
    return null;
  }
}

/** Where the file could not be written after its backup was: the earlier backup, so that the error is true. */
export function putBack(
  world: World,
  { real, owner }: StoredFile,
  earlier: FileRead | null,
  error: unknown,
): unknown {
  if (!(error instanceof Failure) || !error.next?.endsWith(UNTOUCHED)) return error;
  const path = backupPath(real);
  try {
    const now = earlierBackup(world, path);
    const same = now === null || earlier === null
      ? now === earlier
      : now.bytes.length === earlier.bytes.length && now.bytes.every((byte, i) => byte === earlier.bytes[i]);
    if (same) return error;
    if (earlier === null) world.files.remove(path);
    else world.files.replace(path, earlier.bytes, { mode: earlier.mode, owner });
    return error;
  } catch {
    const { code, message, next, cause } = error;
    return new Failure(code, `${message}; the backup ${path} is already replaced`, {
      ...(error.path === undefined ? {} : { path: error.path }),
      next: next.slice(0, -UNTOUCHED.length),
      cause,
    });
  }
}
