/** Whether every user can read the global file, as the programs need: they run as the user. */
import { dirname, relative } from "node:path";
import type { Hidden } from "../model.ts";
import type { Files } from "../world.ts";

/** The global file and its directory, as far as not every user can read them; the file that is there at the end of a link. */
export function hiddenFrom(files: Pick<Files, "stat">, path: string): readonly Hidden[] {
  return [...look(files, path, "file", 0o004), ...look(files, dirname(path), "directory", 0o001)];
}

/**
 * The directories above that directory which not every user can enter, innermost first.
 * @param root with `--root`, the directory that stands for `/`, which does not count any more; else null
 */
export function hiddenAbove(
  files: Pick<Files, "stat">,
  path: string,
  root: string | null,
): readonly Hidden[] {
  const found: Hidden[] = [];
  for (let at = dirname(dirname(path)); at !== dirname(at); at = dirname(at)) {
    if (root !== null && /^(?:\.\.|$)/.test(relative(root, at))) break;
    found.push(...look(files, at, "directory", 0o001));
  }
  return found;
}

function look(
  files: Pick<Files, "stat">,
  at: string,
  kind: Hidden["kind"],
  needed: number,
): readonly Hidden[] {
  const stat = files.stat(at, true);
  if (stat === null || (stat.mode & needed) === needed) return [];
  // Root's own group has no users in it.
  const group = stat.gid !== 0 && (stat.mode & needed << 3) === needed << 3;
  return [{ path: at, kind, mode: stat.mode, group }];
}
