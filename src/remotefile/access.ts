/** Whether every user can read the global file, as the programs need: they run as the user. */
import { dirname, relative } from "node:path";
import type { Hidden } from "../model.ts";
import type { Files } from "../world.ts";
import { walk } from "./links.ts";

type Seen = Pick<Files, "stat" | "readLink">;

/**
 * The global file and the directories that hold it, as far as not every user can read them: those that its own path names,
 * and those to which symbolic links on the way lead.
 * @param root with `--root`, the directory that stands for `/`, which does not count any more; else null
 */
export function hiddenFrom(files: Seen, path: string, root: string | null = null): readonly Hidden[] {
  const above = new Set(ancestorsOf(dirname(path)));
  const way = wayTo(files, path, root).filter((one) => !above.has(one));
  return [
    ...look(files, path, "file", 0o004),
    ...way.reverse().flatMap((one) => look(files, one, "directory", 0o001)),
  ];
}

/** The directories above its directory, by its path, that not every user can enter, innermost first. */
export function hiddenAbove(files: Seen, path: string, root: string | null): readonly Hidden[] {
  const found: Hidden[] = [];
  for (const at of ancestorsOf(dirname(path))) {
    if (isRootOrAbove(at, root)) break;
    // A link has its end among those of `hiddenFrom`.
    if (files.stat(at)?.kind !== "symlink") found.push(...look(files, at, "directory", 0o001));
  }
  return found;
}

function ancestorsOf(path: string): readonly string[] {
  const found: string[] = [];
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) found.push(at);
  return found;
}

/** The directories that a program enters on the way to a file, as far as this user can see them, without links, outermost first. */
function wayTo(files: Seen, path: string, root: string | null): readonly string[] {
  const entered = new Set<string>();
  // Only a link in place of the file is read as after chroot: the system follows the others.
  for (const { path: at, stat } of walk(files, path, root)) {
    if (stat?.kind === "symlink") continue;
    if (stat?.kind !== "folder") break;
    if (!isRootOrAbove(at, root)) entered.add(at);
  }
  return [...entered];
}

function isRootOrAbove(path: string, root: string | null): boolean {
  return root !== null && /^(?:\.\.|$)/.test(relative(root, path));
}

function look(files: Seen, at: string, kind: Hidden["kind"], needed: number): readonly Hidden[] {
  const stat = files.stat(at, true);
  if (stat === null || (stat.mode & needed) === needed) return [];
  // Root's own group has no users in it.
  const group = stat.gid !== 0 && (stat.mode & needed << 3) === needed << 3;
  return [{ path: at, kind, mode: stat.mode, group, uid: stat.uid }];
}
