/** A `remote.yaml` that is a symbolic link: where it leads, and who made it. */
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
import { codeOf } from "../base/errno.ts";
import { Failure } from "../base/failure.ts";
import type { Files } from "../world.ts";

/** The end of a chain of links. */
export interface Followed {
  /** The path of the file itself, which may not exist; the given path if that is no link. */
  readonly real: string;
  readonly linked: boolean;
  /** The owner of a link that belongs to neither root nor this user: it can be made to lead anywhere; null: none does. */
  readonly foreign: number | null;
}

/** As many as Linux follows. */
const MOST = 40;

/**
 * Follows links from a path. Only the last part of a path is looked at: the system follows links to directories.
 * @param root with `--root`, the directory at which absolute links start, and which no link may leave; else null
 * @throws {Failure} remote-file-symlink
 */
export function follow(files: Files, path: string, root: string | null, uid: number): Followed {
  let real = path;
  let foreign: number | null = null;
  for (let step = 0;; step += 1) {
    const stat = files.stat(real);
    if (stat?.kind !== "symlink") return { real, linked: step > 0, foreign };
    if (step === MOST) throw refused(path, "its symbolic links lead in a circle");
    if (stat.uid !== 0 && stat.uid !== uid) foreign = stat.uid;
    const target = files.readLink(real);
    if (target === null) continue; // it has just been replaced
    real = root !== null && isAbsolute(target) ? join(root, target) : resolve(dirname(real), target);
    if (root !== null && isOutside(root, real)) throw refused(path, `its symbolic link leaves ${root}`);
  }
}

/** A symbolic link that leads to no directory that this user can enter. */
export interface DeadLink {
  readonly link: string;
  readonly target: string;
  /** What is wrong with the target, as a clause. */
  readonly why: string;
}

/** The nearest directory above a path that is a symbolic link to nothing, or to what cannot be entered; null: there is none. */
export function danglingAbove(files: Files, path: string): DeadLink | null {
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) {
    const stat = files.stat(at);
    const why = stat?.kind === "symlink" ? whyDead(files, at) : null;
    const target = why === null ? null : files.readLink(at);
    if (why !== null && target !== null) return { link: at, target, why };
    if (stat !== null) return null;
  }
  return null;
}

function whyDead(files: Files, link: string): string | null {
  try {
    files.realPath(link);
    return null;
  } catch (error) {
    switch (codeOf(error)) {
      case "EACCES":
        return "which cannot be entered";
      case "ELOOP":
        return "in a circle";
      default:
        return "which does not exist";
    }
  }
}

function isOutside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === ".." || way.startsWith("../") || isAbsolute(way);
}

function refused(path: string, why: string): Failure {
  return new Failure("remote-file-symlink", `cannot use ${path}: ${why}`, {
    path,
    next: "Correct the link, or replace it with a regular file",
  });
}
