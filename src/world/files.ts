/** Files, read whole and replaced whole. */
import type { Files, ReplaceOptions } from "../world.ts";
import { codeOf, systemError } from "../base/errno.ts";
import { fs, load } from "./load.ts";
import { deadLocks, tryLock } from "./lock.ts";
import { realPath } from "./real_path.ts";

/** The real ones. */
export function realFiles(): Files {
  return {
    read(file, { limit, nofollow }) {
      const flags = fs().constants.O_RDONLY | fs().constants.O_NONBLOCK |
        (nofollow ? fs().constants.O_NOFOLLOW : 0);
      let fd: number;
      try {
        // Deno ignores O_NOFOLLOW, and would follow the link.
        const before = nofollow ? fs().lstatSync(file) : fs().statSync(file);
        if (before.isSymbolicLink()) throw systemError("ELOOP", "is a symbolic link", file);
        if (before.isDirectory()) throw systemError("EISDIR", "is a directory", file);
        if (!before.isFile()) throw systemError("ENOTREG", "is not a regular file", file);
        fd = fs().openSync(file, flags);
      } catch (error) {
        if (codeOf(error) === "ENOENT") return null;
        throw error;
      }
      try {
        const stat = fs().fstatSync(fd);
        if (!stat.isFile()) throw systemError("ENOTREG", "is not a regular file", file);
        if (stat.size > limit) throw systemError("EFBIG", `is larger than ${limit} bytes`, file);
        const bytes = new Uint8Array(fs().readFileSync(fd));
        if (bytes.length > limit) throw systemError("EFBIG", `is larger than ${limit} bytes`, file);
        return { bytes, mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid };
      } finally {
        fs().closeSync(fd);
      }
    },
    stat(path, follow = false) {
      try {
        const found = follow ? fs().statSync(path) : fs().lstatSync(path);
        const kind = found.isFile()
          ? "file"
          : found.isDirectory()
          ? "folder"
          : found.isSymbolicLink()
          ? "symlink"
          : "other";
        return { kind, mode: found.mode & 0o7777, uid: found.uid, gid: found.gid };
      } catch {
        return null;
      }
    },
    exists: (file) => fs().existsSync(file),
    list: (folder) => fs().readdirSync(folder).sort(),
    realPath,
    readLink(link) {
      try {
        return fs().readlinkSync(link);
      } catch (error) {
        if (codeOf(error) === "ENOENT" || codeOf(error) === "EINVAL") return null;
        throw error;
      }
    },
    makeFolder(folder, mode) {
      const missing: string[] = [];
      for (let at = folder; !fs().existsSync(at); at = load("node:path").dirname(at)) missing.unshift(at);
      const made: string[] = [];
      try {
        for (const one of missing) {
          try {
            fs().mkdirSync(one, { mode });
          } catch (error) {
            // Another process was faster.
            if (codeOf(error) === "EEXIST" && fs().statSync(one).isDirectory()) continue;
            throw error;
          }
          made.push(one);
          fs().chmodSync(one, mode);
        }
      } catch (error) {
        for (const one of made.reverse()) removeFolder(one);
        throw error;
      }
      return made;
    },
    removeFolder,
    replace: replaceFile,
    isLittered: (file, beside) => fs().existsSync(`${file}.lock`) || leftBy(file, beside).length > 0,
    clean(file, beside) {
      for (const path of leftBy(file, beside)) fs().rmSync(path, { recursive: true, force: true });
    },
    tryLock,
  };
}

/** Temporary files left by `replace`, and directories that were to become the first file's lock. */
function leftBy(file: string, beside: readonly string[]): readonly string[] {
  const { basename, dirname, join } = load("node:path");
  const bases = [file, ...beside].map((one) => RegExp.escape(basename(one))).join("|");
  const temporary = new RegExp(`^\\.(?:${bases})\\.sremote-[0-9a-f]{8}$`);
  const names = fs().readdirSync(dirname(file));
  const files = names.filter((name) => temporary.test(name)).map((name) => join(dirname(file), name));
  return [...files, ...deadLocks(file, names)];
}

function removeFolder(folder: string): void {
  try {
    fs().rmdirSync(folder);
  } catch { /* not empty, or gone: another process uses it */ }
}

/*
 * Not `write-file-atomic`: under Bun it takes a write() that a full disk cut short for complete, and then replaces the good
 * file; it opens a guessable name without O_EXCL; it has no hook before the rename; and it does not sync the directory.
 */
function replaceFile(file: string, bytes: Uint8Array, options: ReplaceOptions): void {
  const folder = load("node:path").dirname(file);
  const name = crypto.randomUUID().slice(0, 8);
  const temporary = load("node:path").join(folder, `.${load("node:path").basename(file)}.sremote-${name}`);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs().constants;
  const fd = fs().openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    try {
      for (let done = 0; done < bytes.length;) {
        done += fs().writeSync(fd, bytes, done, bytes.length - done, null);
      }
      if (options.owner !== null) {
        const now = fs().fstatSync(fd);
        const { uid, gid } = options.owner;
        if (now.uid !== uid || now.gid !== gid) fs().fchownSync(fd, uid, gid);
      }
      fs().fchmodSync(fd, options.mode);
      fs().fsyncSync(fd);
    } finally {
      fs().closeSync(fd);
    }
    if (fs().statSync(temporary).size !== bytes.length) {
      throw systemError("EIO", "was not written whole", temporary);
    }
    options.beforeRename?.();
    fs().renameSync(temporary, file);
  } catch (error) {
    fs().rmSync(temporary, { force: true });
    throw error;
  }
  syncFolder(folder);
}

/** So that the rename survives a power failure. Some file systems cannot sync a directory; the rename has still happened. */
function syncFolder(folder: string): void {
  try {
    const fd = fs().openSync(folder, fs().constants.O_RDONLY);
    try {
      fs().fsyncSync(fd);
    } finally {
      fs().closeSync(fd);
    }
  } catch { /* see above */ }
}
