/** What the operating system refused, in words. */
import { Failure } from "./failure.ts";
import { codeOf } from "./errno.ts";

const REASONS: Readonly<Record<string, readonly [why: string, next: string]>> = {
  EACCES: ["permission denied", "run as the user whom the file belongs to, or as root"],
  EPERM: ["the operation is not permitted", "run as the user whom the file belongs to, or as root"],
  EROFS: ["the file system is read-only", "mount it for writing, or change the file where it is mastered"],
  ENOSPC: ["the disk is full", "free some space, then run the command again"],
  EDQUOT: ["the disk quota is used up", "free some space, then run the command again"],
  ENOTDIR: ["something above it is not a folder", "move that away"],
  EFBIG: ["it is too large", "a remote.yaml is small: look at what this is"],
};

/** Why it refused. */
export function reasonOf(error: unknown): string {
  return REASONS[codeOf(error) ?? ""]?.[0] ?? (error instanceof Error ? error.message : String(error));
}

/** The operating system's refusal in words. `unforeseen` is the next step where its code is none of the usual. */
export function io(doing: string, path: string, error: unknown, unforeseen = "nothing was changed"): Failure {
  if (error instanceof Failure) return error;
  const code = codeOf(error);
  const known = code === undefined ? undefined : REASONS[code];
  const why = reasonOf(error);
  return new Failure("io", `cannot ${doing} ${path}: ${why}`, {
    path,
    next: known === undefined ? unforeseen : `${known[1]} (no remote.yaml was half-written)`,
    cause: error,
  });
}
