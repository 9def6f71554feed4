/** Files, read whole and replaced whole. */
import type { FileRead, Files, ReplaceOptions, Staged } from "../world.ts";
import { codeOf, systemError } from "../base/errno.ts";
import { fs, load } from "./load.ts";
import { deadLocks, lockOf, tryLock } from "./lock.ts";
import { realPath } from "./real_path.ts";

/** The real ones. */
export function realFiles(): Files {
  return {
    read(file, { limit, nofollow, pipe }) {
      const flags = fs().constants.O_RDONLY | fs().constants.O_NONBLOCK |
        (nofollow ? fs().constants.O_NOFOLLOW : 0);
      let fd: number;
      try {
        if (pipe && STANDARD_INPUT.test(file)) return readLine(0, file, limit);
        // Deno ignores O_NOFOLLOW, and would follow the link.
        const before = nofollow ? fs().lstatSync(file) : fs().statSync(file);
        if (before.isSymbolicLink()) throw systemError("ELOOP", "is a symbolic link", file);
        if (before.isDirectory()) throw systemError("EISDIR", "is a directory", file);
        if (!before.isFile() && pipe) return readLine(null, file, limit);
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
        return { kind, mode: found.mode & 0o7777, uid: found.uid, gid: found.gid, changed: found.mtimeMs };
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
          // In a directory that hands its group down, so does the new one.
          const setgid = fs().statSync(one).mode & 0o2000;
          orUnsupported(() => fs().chmodSync(one, mode | setgid));
        }
      } catch (error) {
        for (const one of made.reverse()) removeFolder(one);
        throw error;
      }
      return made;
    },
    removeFolder,
    stage,
    replace(file, bytes, options) {
      const staged = stage(file, bytes, options);
      try {
        staged.commit();
      } catch (error) {
        staged.discard();
        throw error;
      }
    },
    overwrite,
    requireWritable: (file) => fs().accessSync(file, fs().constants.W_OK),
    remove: (file) => fs().rmSync(file, { force: true }),
    isLittered: (file, beside) => fs().existsSync(`${file}.lock`) || leftBy(file, beside).length > 0,
    clean(file, beside) {
      for (const path of leftBy(file, beside)) fs().rmSync(path, { recursive: true, force: true });
    },
    tryLock,
    lockOf,
  };
}

/** Temporary files left by `stage`, and directories that were to become the first file's lock. */
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
function stage(file: string, bytes: Uint8Array, options: ReplaceOptions): Staged {
  const folder = load("node:path").dirname(file);
  const name = crypto.randomUUID().slice(0, 8);
  const temporary = load("node:path").join(folder, `.${load("node:path").basename(file)}.sremote-${name}`);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = fs().constants;
  // Without chmod, the mode that it is made with is the one that it keeps.
  const fd = fs().openSync(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, options.mode & 0o777);
  let mode: number;
  try {
    try {
      writeAll(fd, bytes);
      const wanted = giveTo(fd, options);
      orUnsupported(() => fs().fchmodSync(fd, wanted));
      mode = fs().fstatSync(fd).mode & 0o7777;
      orUnsupported(() => fs().fsyncSync(fd));
    } finally {
      fs().closeSync(fd);
    }
    if (fs().statSync(temporary).size !== bytes.length) {
      throw systemError("EIO", "was not written whole", temporary);
    }
  } catch (error) {
    fs().rmSync(temporary, { force: true });
    throw error;
  }
  let present = true;
  return {
    mode,
    commit(to = file) {
      fs().renameSync(temporary, to);
      present = false;
      syncFolder(folder);
    },
    discard() {
      if (!present) return;
      try {
        fs().rmSync(temporary, { force: true });
      } catch { /* the next command that holds the lock removes it */ }
    },
  };
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let done = 0; done < bytes.length;) {
    done += fs().writeSync(fd, bytes, done, bytes.length - done, null);
  }
}

/**
 * Gives a new file to an owner. Not every owner may use every group: then the file keeps the group that it was made with,
 * which gets no access.
 * @returns the mode that is left to set
 */
function giveTo(fd: number, { owner, mode }: ReplaceOptions): number {
  const now = fs().fstatSync(fd);
  if (owner === null || now.uid === owner.uid && now.gid === owner.gid) return mode;
  try {
    fs().fchownSync(fd, owner.uid, owner.gid);
    return mode;
  } catch (error) {
    if (now.uid !== owner.uid || !UNSUPPORTED.has(codeOf(error) ?? "")) throw error;
    return mode & ~(mode & 0o004 ? 0o020 : 0o070);
  }
}

/** Truncated first, so that an interrupted write leaves the start of the new content, and nothing of the old. */
function overwrite(file: string, bytes: Uint8Array, mode: number): void {
  const { O_WRONLY, O_NOFOLLOW } = fs().constants;
  const fd = fs().openSync(file, O_WRONLY | O_NOFOLLOW);
  try {
    // Before the content, which may be a token.
    if ((fs().fstatSync(fd).mode & 0o7777) !== mode) orUnsupported(() => fs().fchmodSync(fd, mode));
    fs().ftruncateSync(fd, 0);
    writeAll(fd, bytes);
    orUnsupported(() => fs().fsyncSync(fd));
  } finally {
    fs().closeSync(fd);
  }
}

/** What file systems answer that have no modes, or cannot sync: AFS, CIFS, sshfs, some FUSE. The files there are our own. */
const UNSUPPORTED: ReadonlySet<string> = new Set(["EPERM", "EINVAL", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"]);

function orUnsupported(work: () => void): void {
  try {
    work();
  } catch (error) {
    if (!UNSUPPORTED.has(codeOf(error) ?? "")) throw error;
  }
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

/** A socket cannot be opened by these names, and Deno forbids it. */
const STANDARD_INPUT = /^\/dev\/(?:stdin|fd\/0)$/;

/** The first line of a pipe or device. Whoever writes to it may take time: SIGINT still ends the process. */
function readLine(open: number | null, file: string, limit: number): FileRead {
  const fd = open ?? fs().openSync(file, "r");
  try {
    const bytes = new Uint8Array(limit + 1);
    let size = 0;
    while (size <= limit) {
      let read: number;
      try {
        read = fs().readSync(fd, bytes, size, 1, null);
      } catch (error) {
        if (codeOf(error) === "EOF") break;
        if (codeOf(error) !== "EAGAIN") throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
        continue;
      }
      if (read === 0 || bytes[size] === 0x0a) break;
      size += read;
    }
    if (size > limit) throw systemError("EFBIG", `is larger than ${limit} bytes`, file);
    const { uid, gid } = fs().fstatSync(fd);
    return { bytes: bytes.slice(0, size), mode: 0, uid, gid };
  } finally {
    if (open === null) fs().closeSync(fd);
  }
}
