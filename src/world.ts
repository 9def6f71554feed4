/**
 * The outside: files, clock, environment, terminal, child processes. The only file that touches them
 * (`tools/lint.ts` says so), so that everything else is a function of what it is given.
 *
 * Each group is an interface of its own: a stage asks for the group, or the two or three functions, that it needs.
 */
import type Fs from "node:fs";
import process from "node:process";

/** A regular file, read whole. */
export interface FileRead {
  readonly bytes: Uint8Array;
  /** Permission bits, `0o600`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** How a file is written: see {@link Files.replace}. */
export interface ReplaceOptions {
  /** Permission bits, whatever the umask. */
  readonly mode: number;
  /** null: whoever runs sremote. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
  /** Called when all is on disk, right before the rename; what it throws leaves the old file in place. */
  readonly beforeRename?: () => void;
}

/** A lock that is held. */
export interface Lock {
  /** Gives it back; one that another process has taken over stays that one's. */
  release(): void;
  /** False once another process has taken the lock for abandoned: looked up on disk. */
  held(): boolean;
}

/** What a file system is asked. Errors are the operating system's, with their `code` (`ENOENT`, …). */
export interface Files {
  /**
   * A regular file's bytes; null where there is none. Never waits on a pipe. Errors beside the system's: `ELOOP` for a
   * symlink with `nofollow`, `EISDIR`, `ENOTREG` (a pipe, a device), `EFBIG` (more than `limit` bytes).
   */
  read(file: string, options: { readonly limit: number; readonly nofollow?: boolean }): FileRead | null;
  exists(file: string): boolean;
  realPath(file: string): string;
  /**
   * Makes the folder and those above it, each with this mode whatever the umask; gives those it made, outermost first.
   * On an error none of them stays.
   */
  makeFolder(folder: string, mode: number): string[];
  /** Removes an empty folder; says nothing where it cannot. */
  removeFolder(folder: string): void;
  /**
   * Puts a whole file in the place of another in one step: a new file in the same folder, written to the end, synced
   * to disk, then renamed. A reader sees the old file or the new one; on any error the old one stays, and nothing else.
   */
  replace(file: string, bytes: Uint8Array, options: ReplaceOptions): void;
  /** Tries once; null while another process holds it. */
  tryLock(file: string): Promise<Lock | null>;
}

/** Who runs sremote, and where. */
export interface Surroundings {
  readonly args: readonly string[];
  readonly folder: string;
  readonly uid: number;
  readonly host: { readonly name: string; readonly os: string; readonly arch: string };
  env(name: string): string | undefined;
  /** The home folder that the password database gives this user, as Singularity looks it up; null: none. */
  passwordHome(): Promise<string | null>;
}

/** Standard output and error, and a person. */
export interface Terminal {
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** A person can be asked: both standard input and standard error are a terminal. */
  readonly canAsk: boolean;
  /** One short line on standard output, by the quickest way there is. */
  line(text: string): void;
  out(text: string): void;
  err(text: string): void;
  /** Asks for a yes on standard error; null: Ctrl-C or the end of input. */
  confirm(question: string): Promise<boolean | null>;
}

/** Time. */
export interface Clock {
  /** Milliseconds, only ever forward. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** Signals, held back while a file is replaced. */
export interface Signals {
  /**
   * Runs `work` with SIGINT, SIGTERM and SIGHUP caught: `interrupted()` lets those that came be seen and says whether
   * one did. Outside of it they end the process at once, for nothing is half done there.
   */
  hold<T>(work: (interrupted: () => Promise<boolean>) => Promise<T>): Promise<T>;
}

/** Everything outside. */
export interface World {
  readonly files: Files;
  readonly here: Surroundings;
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly signals: Signals;
}

/*
 * Loaded when they are first used: in the binary `node:fs` takes 2 ms of the 4 that an empty program takes, and
 * `node:tty`, with streams and sockets behind it, 5 ms.
 */
const load = process.getBuiltinModule;
let loadedFs: typeof Fs | undefined;
function fs(): typeof Fs {
  return loadedFs ??= load("node:fs");
}

/** The real one. */
export function realWorld(): World {
  return {
    files: realFiles(),
    here: realSurroundings(),
    terminal: realTerminal(),
    clock: realClock(),
    signals,
  };
}

function realFiles(): Files {
  return {
    read(file, { limit, nofollow }) {
      const flags = fs().constants.O_RDONLY | fs().constants.O_NONBLOCK |
        (nofollow ? fs().constants.O_NOFOLLOW : 0);
      let fd: number;
      try {
        // Deno passes over O_NOFOLLOW, and would follow the link.
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
    exists: (file) => fs().existsSync(file),
    realPath: (file) => fs().realpathSync(file),
    makeFolder(folder, mode) {
      const missing: string[] = [];
      for (let at = folder; !fs().existsSync(at); at = load("node:path").dirname(at)) missing.unshift(at);
      const made: string[] = [];
      try {
        for (const one of missing) {
          try {
            fs().mkdirSync(one, { mode });
          } catch (error) {
            // Another process was quicker.
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
    tryLock,
  };
}

function removeFolder(folder: string): void {
  try {
    fs().rmdirSync(folder);
  } catch { /* not empty, or gone: another process is at home there */ }
}

/*
 * Not `write-file-atomic`: under Bun its single write() is taken for whole when a full disk cuts it short, and the cut
 * file then replaces the good one; it opens a name that can be guessed without O_EXCL; it has no place for a last look
 * before the rename; and it does not sync the folder.
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

/** So that the rename outlives a power cut. Some file systems cannot sync a folder; the rename has happened all the same. */
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

/** A lock that was abandoned (kill -9, power cut) counts as held for this long; less than the default `--lock-timeout`. */
const STALE_LOCK_MS = 8_000;

async function tryLock(file: string): Promise<Lock | null> {
  const { default: lockfile } = await import("proper-lockfile");
  let kept = true;
  let release: () => void;
  try {
    release = lockfile.lockSync(file, {
      realpath: false,
      stale: STALE_LOCK_MS,
      onCompromised: () => {
        kept = false;
      },
    });
  } catch (error) {
    if (codeOf(error) === "ELOCKED") return null;
    throw error;
  }
  // The package looks every few seconds; a process that slept through a takeover has to see it at once.
  const mark = markOf(`${file}.lock`);
  const held = () => kept && mark !== null && markOf(`${file}.lock`) === mark;
  return {
    held,
    release() {
      const ours = held();
      kept = false;
      try {
        if (ours) release();
      } catch { /* it cannot be removed: it counts as abandoned before long */ }
    },
  };
}

/** Tells a folder from one that is made later under its name, even with the same inode. */
function markOf(folder: string): string | null {
  try {
    const { ino, birthtimeMs } = fs().lstatSync(folder);
    return `${ino} ${birthtimeMs}`;
  } catch {
    return null;
  }
}

function realSurroundings(): Surroundings {
  return {
    args: process.argv.slice(2),
    folder: process.cwd(),
    uid: process.getuid?.() ?? 0,
    get host() {
      return {
        name: load("node:os").hostname(),
        os: load("node:os").platform(),
        arch: load("node:os").arch(),
      };
    },
    env: (name) => process.env[name],
    passwordHome,
  };
}

/*
 * Not `os.userInfo()`, which under Bun gives $HOME. `getent` knows the users that are not in /etc/passwd (LDAP, SSSD),
 * as the C library does for Singularity; it is called by its full path and without our environment.
 */
async function passwordHome(): Promise<string | null> {
  const uid = String(process.getuid?.() ?? 0);
  const homeIn = (table: string) => {
    for (const line of table.split("\n")) {
      const fields = line.split(":");
      if (fields.length >= 7 && fields[2] === uid && fields[5]) return fields[5];
    }
    return null;
  };
  let table = "";
  try {
    table = fs().readFileSync("/etc/passwd", "utf8");
  } catch { /* a system without one: getent, or nothing */ }
  const home = homeIn(table);
  if (home !== null) return home;
  const { spawnSync } = await import("node:child_process");
  const found = spawnSync("/usr/bin/getent", ["passwd", uid], { env: {}, timeout: 5_000, encoding: "utf8" });
  return found.status === 0 ? homeIn(found.stdout) : null;
}

function realTerminal(): Terminal {
  return {
    get outIsTerminal() {
      return isTerminal(1);
    },
    get errIsTerminal() {
      return isTerminal(2);
    },
    get canAsk() {
      return isTerminal(0) && isTerminal(2);
    },
    line: (text) => console.log(text),
    out: (text) => writeAll(1, text),
    err: (text) => writeAll(2, text),
    async confirm(question) {
      const { confirm } = await import("@inquirer/prompts");
      // The prompt knows Ctrl-C; at the end of input (Ctrl-D, a terminal that is gone) it would wait for ever.
      const ended = new AbortController();
      const end = () => ended.abort();
      const onKey = (_text: unknown, key?: { name?: string; ctrl?: boolean }) => {
        if (key?.ctrl && key.name === "d") end();
      };
      process.stdin.on("keypress", onKey).once("end", end).once("error", end);
      try {
        const streams = { output: process.stderr, signal: ended.signal };
        return await confirm({ message: question, default: false }, streams);
      } catch (error) {
        if (error instanceof Error && /^(?:Exit|Abort)PromptError$/.test(error.name)) return null;
        throw error;
      } finally {
        process.stdin.off("keypress", onKey).off("end", end).off("error", end);
      }
    },
  };
}

/** Only a device can be one, which is quickly seen. */
function isTerminal(fd: number): boolean {
  try {
    return fs().fstatSync(fd).isCharacterDevice() && load("node:tty").isatty(fd);
  } catch {
    return false; // closed
  }
}

/** Synchronous, so that nothing is lost at exit; a reader that has gone away (`| head`) is no error of ours. */
function writeAll(fd: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) {
    try {
      done += fs().writeSync(fd, bytes, done, bytes.length - done, null);
    } catch (error) {
      const code = codeOf(error);
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}

function realClock(): Clock {
  return {
    now: () => performance.now(),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  };
}

const HELD_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Who holds signals back now: one listener serves all of them. */
const holding = new Set<() => void>();
const noteSignal = () => {
  for (const note of holding) note();
};

const signals: Signals = {
  async hold(work) {
    let came = false;
    const note = () => {
      came = true;
    };
    holding.add(note);
    if (holding.size === 1) { for (const signal of HELD_SIGNALS) process.on(signal, noteSignal); }
    try {
      return await work(async () => {
        // Signals are delivered between turns of the event loop.
        await new Promise((resolve) => setTimeout(resolve, 0));
        return came;
      });
    } finally {
      holding.delete(note);
      if (holding.size === 0) {
        for (const signal of HELD_SIGNALS) process.removeListener(signal, noteSignal);
      }
    }
  },
};

/** The `code` of an operating system's error, or undefined. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

function systemError(code: string, message: string, file: string): Error {
  return Object.assign(new Error(`${file} ${message}`), { code });
}
