/** A `remote.yaml` that is a symbolic link: where it leads, and who made it. */
import { dirname, isAbsolute, join, relative, resolve } from "node:path";
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
    real = root !== null && isAbsolute(target) ? join(root, target) : resolve(dirname(real), target);
    if (root !== null && isOutside(root, real)) throw refused(path, `its symbolic link leaves ${root}`);
  }
}

/** The nearest directory above a path that is a symbolic link to nothing, and where it leads; null: there is none. */
export function danglingAbove(
  files: Files,
  path: string,
): { readonly link: string; readonly target: string } | null {
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) {
    const stat = files.stat(at);
    if (stat?.kind === "symlink" && !files.exists(at)) return { link: at, target: files.readLink(at) };
    if (stat !== null) return null;
  }
  return null;
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
