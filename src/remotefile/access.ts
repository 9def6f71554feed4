/** Whether every user can read the global file, as the programs need: they run as the user. */
import { dirname } from "node:path";
import type { Hidden } from "../model.ts";
import type { Files } from "../world.ts";

/** The global file and its directory, as far as not every user can read them; the file that is there at the end of a link. */
export function hiddenFrom(files: Files, path: string): readonly Hidden[] {
  const look = (at: string, kind: Hidden["kind"], needed: number): readonly Hidden[] => {
    const stat = files.exists(at) ? files.stat(files.realPath(at)) : null;
    if (stat === null || (stat.mode & needed) === needed) return [];
    // Root's own group has no users in it.
    const group = stat.gid !== 0 && (stat.mode & needed << 3) === needed << 3;
    return [{ path: at, kind, mode: stat.mode, group }];
  };
  return [...look(path, "file", 0o004), ...look(dirname(path), "directory", 0o001)];
}
