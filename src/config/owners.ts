/** Who can change a config, and so decide what is applied. */
import { dirname, resolve } from "node:path";
import type { Problem } from "../base/failure.ts";
import type { Files, Surroundings } from "../world.ts";

/** What the check needs from outside. */
export interface OwnersWorld {
  readonly files: Pick<Files, "stat" | "realPath">;
  readonly here: Pick<Surroundings, "folder" | "uid">;
}

/**
 * The config's files, and the directories above them, that somebody other than this user and root can change. In a
 * directory that everyone can write to (`/tmp`), the sticky bit protects existing files.
 *
 * @param paths as given; a symlink's own directory counts as well as that of its target
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
    if (stat.uid !== 0 && stat.uid !== here.uid) return [{ path, message: `is owned by uid ${stat.uid}` }];
    // A symlink's own mode means nothing.
    if (stat.kind === "symlink" || (stat.kind === "folder" && (stat.mode & STICKY) !== 0)) return [];
    if ((stat.mode & 0o002) !== 0) return [{ path, message: "is writable by everyone" }];
    const group = (stat.mode & 0o020) !== 0 && stat.gid !== 0;
    return group ? [{ path, message: `is writable by its group (gid ${stat.gid})` }] : [];
  });
}

const STICKY = 0o1000;
