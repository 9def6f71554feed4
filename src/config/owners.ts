/** Who can change a config, and so decide what is applied. */
import { basename, dirname, join, resolve } from "node:path";
import type { Problem } from "../base/failure.ts";
import type { Files, Surroundings } from "../world.ts";

/** What the check needs from outside. */
export interface OwnersWorld {
  readonly files: Pick<Files, "stat" | "readLink">;
  readonly here: Pick<Surroundings, "folder" | "uid">;
}

/**
 * The config's files, and the directories above them, that somebody other than this user and root can change. In a
 * directory that everyone can write to (`/tmp`), the sticky bit protects existing files.
 *
 * @param paths as given, whether they exist or not; each symlink on the way counts, and where it leads
 */
export function othersHands({ files, here }: OwnersWorld, paths: readonly string[]): readonly Problem[] {
  const looked = new Set<string>();
  const stat = (path: string) => {
    try {
      return files.stat(path);
    } catch {
      return null; // below a file, in a loop, or not accessible: reading it will fail
    }
  };
  for (const path of paths) {
    const left = [resolve(here.folder, path)];
    for (let links = 0; left.length > 0;) {
      const one = left.pop()!;
      for (let at = one, below = ""; !looked.has(at); below = join(basename(at), below), at = dirname(at)) {
        looked.add(at);
        if (stat(at)?.kind !== "symlink" || ++links > LINKS) continue;
        const target = files.readLink(at);
        if (target !== null) left.push(resolve(dirname(at), target, below));
      }
    }
  }
  return [...looked].sort().flatMap((path) => {
    const its = stat(path);
    if (its === null) return [];
    if (its.uid !== 0 && its.uid !== here.uid) return [{ path, message: `is owned by uid ${its.uid}` }];
    // A symlink's own mode means nothing.
    if (its.kind === "symlink" || (its.kind === "folder" && (its.mode & STICKY) !== 0)) return [];
    if ((its.mode & 0o002) !== 0) return [{ path, message: "is writable by everyone" }];
    const group = (its.mode & 0o020) !== 0 && its.gid !== 0;
    return group ? [{ path, message: `is writable by its group (gid ${its.gid})` }] : [];
  });
}

const STICKY = 0o1000;
/** Symlinks on the way to a file: as many as Linux follows. */
const LINKS = 40;
