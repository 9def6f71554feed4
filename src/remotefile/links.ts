/** Symbolic links on the way to a file, and a `remote.yaml` that is one: where they lead, and who made them. */
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

/** What stands on the way to a file. */
export interface Met {
  readonly path: string;
  /** null: nothing is there that this user can see; the way ends. */
  readonly stat: ReturnType<Files["stat"]>;
  /** How many parts of the way come after it. */
  readonly left: number;
  /** It is a link that is followed no further: too many came before it, or it has just been replaced. */
  readonly circle: boolean;
}

/**
 * All that the system looks at on the way to a file, in its order: directories, links with what is on the way to their ends,
 * and the file.
 * @param root where an absolute link in place of the file itself starts, as after chroot; null: where the others do
 */
export function* walk(
  files: Pick<Files, "stat" | "readLink">,
  path: string,
  root: string | null = null,
): Iterable<Met> {
  const way = partsOf(path);
  let at = "/";
  let links = 0;
  while (way.length > 0) {
    const name = way.shift()!;
    if (name === "..") {
      at = dirname(at);
      continue;
    }
    const here = join(at, name);
    const stat = files.stat(here);
    const left = way.length;
    const target = stat?.kind === "symlink" ? files.readLink(here) : null;
    const circle = stat?.kind === "symlink" && (target === null || ++links > MOST);
    yield { path: here, stat, left, circle };
    if (stat === null || circle) return;
    if (target === null) at = here;
    else {
      way.unshift(...partsOf(target));
      if (isAbsolute(target)) at = left === 0 && root !== null ? root : "/";
    }
  }
}

function partsOf(path: string): string[] {
  return path.split("/").filter((one) => one !== "" && one !== ".");
}

/** A symbolic link that leads to no directory that this user can enter. */
export interface DeadLink {
  readonly link: string;
  readonly target: string;
  readonly is: Dead;
}

/** What is wrong with the target of a link: there is nothing, this user cannot enter it, or it leads back to the link. */
export type Dead = "absent" | "denied" | "circle";

/** The nearest directory above a path that is a symbolic link to nothing, or to what cannot be entered; null: there is none. */
export function danglingAbove(files: Files, path: string): DeadLink | null {
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) {
    const stat = files.stat(at);
    const is = stat?.kind === "symlink" ? deadness(files, at) : null;
    const target = is === null ? null : files.readLink(at);
    if (is !== null && target !== null) return { link: at, target, is };
    if (stat !== null) return null;
  }
  return null;
}

function deadness(files: Files, link: string): Dead | null {
  try {
    files.realPath(link);
    return null;
  } catch (error) {
    switch (codeOf(error)) {
      case "EACCES":
        return "denied";
      case "ELOOP":
        return "circle";
      default:
        return "absent";
    }
  }
}

/** Where a dead link leads, as a clause. */
export function showDead({ target, is }: Pick<DeadLink, "target" | "is">): string {
  switch (is) {
    case "absent":
      return `it is a symbolic link to ${target}, which does not exist`;
    case "denied":
      return `it is a symbolic link to ${target}, which cannot be entered`;
    case "circle":
      return `it is a symbolic link to ${target}, which leads back to it`;
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
