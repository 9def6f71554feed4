/** In whose hands a config is: who can change it decides what is applied. */
import { dirname, resolve } from "node:path";
import type { Problem } from "../base/failure.ts";
import type { Files, Surroundings } from "../world.ts";

/** What is looked at. */
export interface OwnersWorld {
  readonly files: Pick<Files, "stat" | "realPath">;
  readonly here: Pick<Surroundings, "folder" | "uid">;
}

/**
 * Of the config's files and all folders above them: those that somebody other than this user and root can change. In a
 * folder that all may write to (`/tmp`), the sticky bit keeps what is there.
 *
 * @param paths as given, and as they really are: a symlink's folder counts as well as its target's
 */
export function othersHands({ files, here }: OwnersWorld, paths: readonly string[]): readonly Problem[] {
  const looked = new Set<string>();
  for (const path of paths) {
    const given = resolve(here.folder, path);
    for (const start of [given, files.realPath(given)]) {
      for (let at = start; !looked.has(at); at = dirname(at)) looked.add(at);
    }
  }
  return [...looked].sort().flatMap((path) => {
    const stat = files.stat(path);
    if (stat === null) return [];
    if (stat.uid !== 0 && stat.uid !== here.uid) return [{ path, message: `belongs to uid ${stat.uid}` }];
    // A symlink's own mode says nothing.
    if (stat.kind === "symlink" || (stat.kind === "folder" && (stat.mode & STICKY) !== 0)) return [];
    if ((stat.mode & 0o002) !== 0) return [{ path, message: "can be written by everyone" }];
    const group = (stat.mode & 0o020) !== 0 && stat.gid !== 0;
    return group ? [{ path, message: `can be written by its group (gid ${stat.gid})` }] : [];
  });
}

const STICKY = 0o1000;
