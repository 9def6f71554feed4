/** A path without symbolic links, where `/proc` is not mounted too. */
import { codeOf, systemError } from "../base/errno.ts";
import { fs, load } from "./load.ts";

/** As many links as Linux follows (path_resolution(7)). */
const MAX_LINKS = 40;

/**
 * The absolute path without symbolic links, as the kernel resolves it.
 * @param path absolute
 * @throws as `realpathSync`, which under Bun reads `/proc/self/fd` and fails without it
 */
export function realPath(path: string): string {
  try {
    return fs().realpathSync(path);
  } catch (error) {
    if (!fs().existsSync(path)) throw error;
    return walk(path);
  }
}

/** The same, one name after the other. */
export function walk(path: string): string {
  const { dirname, join } = load("node:path");
  const names = path.split("/").reverse();
  let at = "/";
  for (let links = 0; names.length > 0;) {
    const name = names.pop()!;
    if (name === "..") at = dirname(at);
    if (name === "" || name === "." || name === "..") continue;
    const next = join(at, name);
    const target = targetOf(next);
    if (target === null) at = next;
    else {
      if (++links > MAX_LINKS) throw systemError("ELOOP", "has too many symbolic links", path);
      if (target.startsWith("/")) at = "/";
      names.push(...target.split("/").reverse());
    }
  }
  return at;
}

/** Where a symbolic link points; null for any other file. */
function targetOf(path: string): string | null {
  try {
    return fs().readlinkSync(path);
  } catch (error) {
    if (codeOf(error) === "EINVAL") return null;
    throw error;
  }
}
