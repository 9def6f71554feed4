/**
 * The outside: files, network, clock, environment, terminal, child processes. `src/world/` alone touches them
 * (`tools/lint.ts` says so), so that everything else is a function of what it is given.
 *
 * Each group is an interface of its own: a stage asks for the group, or the two or three functions, that it needs.
 */
import { realFiles } from "./world/files.ts";
import { realSurroundings } from "./world/surroundings.ts";
import { realTerminal } from "./world/terminal.ts";
import { realClock, signals } from "./world/time.ts";

export { codeOf } from "./world/errors.ts";

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
