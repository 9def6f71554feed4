/** What the operating system refused, in words. */
import { Failure } from "./failure.ts";
import { codeOf } from "./errno.ts";

const REASONS: Readonly<Record<string, readonly [why: string, next: string]>> = {
  EACCES: ["permission denied", "Run as the owner of the file, or as root"],
  EPERM: ["operation not permitted", "Run as the owner of the file, or as root"],
  EROFS: ["the file system is read-only", "Mount it for writing, or change the file at its source"],
  ENOSPC: ["the disk is full", "Free some space, then run the command again"],
  EDQUOT: ["the disk quota is used up", "Free some space, then run the command again"],
  ENOENT: ["no such file or directory", "Check the path"],
  ENOTDIR: ["a part of its path is not a directory", "Move that file away, or check the path"],
  EISDIR: ["it is a directory", "Name a file"],
  ENOTREG: ["it is not a regular file", "Name a regular file"],
  EFBIG: ["it is too large", "Check that this is the right file"],
  ELOOP: ["it is a symbolic link", "Replace the link with a regular file"],
  ENAMETOOLONG: ["the name is too long", "Choose a shorter path"],
  EIO: ["input/output error", "Check the disk, then run the command again"],
};

/**
 * Why the system refused, without any path: an error's own message may name a temporary file.
 *
 * @example
 * ```ts
 * import { reasonOf } from "./io.ts";
 * import assert from "node:assert/strict";
 * const error = Object.assign(new Error("EBUSY: resource busy, rename '/a/.b.tmp' -> '/a/b'"), { code: "EBUSY" });
 * assert.equal(reasonOf(error), "resource busy (EBUSY)");
 * ```
 */
export function reasonOf(error: unknown): string {
  const code = codeOf(error);
  const known = REASONS[code ?? ""];
  if (known !== undefined) return known[0];
  const message = error instanceof Error ? error.message : String(error);
  if (code === undefined) return message;
  const [, description] = /^[A-Z0-9_]+: ([^,'"/]{1,100})/.exec(message) ?? [];
  return description === undefined ? code : `${description.trim()} (${code})`;
}

/**
 * The system's refusal as a {@link Failure} of code `io`; a Failure stays as it is.
 * @param doing what was attempted, as in "cannot … FILE": `read`, `replace`
 * @param path the file that a person knows, never a temporary one
 * @param unforeseen the next step where the code is unusual
 */
export function io(
  doing: string,
  path: string,
  error: unknown,
  unforeseen = "Fix the cause, then run the command again",
): Failure {
  if (error instanceof Failure) return error;
  const next = REASONS[codeOf(error) ?? ""]?.[1] ?? unforeseen;
  return new Failure("io", `cannot ${doing} ${path}: ${reasonOf(error)}`, { path, next, cause: error });
}
