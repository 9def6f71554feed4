/**
 * The outside world: files, network, clock, environment, terminal, child processes. Only `src/world/` touches it
 * (`tools/lint.ts` enforces that), so that everything else is a function of its parameters.
 *
 * Each group is an interface of its own: a stage asks for the group, or for the few functions, that it needs.
 */

/** A regular file, read whole. */
export interface FileRead {
  readonly bytes: Uint8Array;
  /** Permission bits, `0o600`. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** How a file is written: see {@link Files.stage}. */
export interface ReplaceOptions {
  /** Permission bits, whatever the umask. */
  readonly mode: number;
  /** null: whoever runs sremote. */
  readonly owner: { readonly uid: number; readonly gid: number } | null;
}

/** A new file, complete and on disk under a temporary name in the directory of the one that it replaces. */
export interface Staged {
  /** Its permission bits: not the requested ones on a file system without chmod, or if the group could not be kept. */
  readonly mode: number;
  /**
   * Renames it over the file, or over `to` in the same directory. Errors: the system's; `EBUSY` or `EXDEV` if the file is a
   * mount point.
   */
  commit(to?: string): void;
  /** Removes it unless it was renamed; silent. */
  discard(): void;
}

/** A lock that is held. */
export interface Lock {
  /** Releases the lock; a lock that another process has taken over is left alone. */
  release(): void;
  /** False once another process has taken the lock over. Looked up on disk. */
  held(): boolean;
}

/** The file system. Errors are the operating system's, with their `code` (`ENOENT`, …). */
export interface Files {
  /**
   * The bytes of a regular file; null if it does not exist. Errors besides the system's: `ELOOP` for a symlink with
   * `nofollow`, `EISDIR`, `ENOTREG` (a pipe, a device), `EFBIG` (more than `limit` bytes). With `pipe`, it waits for a pipe or
   * device instead, and reads its first line; the mode is then 0, since it is nobody else's to read.
   */
  read(
    file: string,
    options: { readonly limit: number; readonly nofollow?: boolean; readonly pipe?: boolean },
  ): FileRead | null;
  exists(file: string): boolean;
  /** The names in a directory, sorted. */
  list(folder: string): string[];
  /** What is at a path, without following a symlink unless told to; null if nothing is visible there. */
  stat(
    path: string,
    follow?: boolean,
  ):
    | {
      readonly kind: "file" | "folder" | "symlink" | "other";
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
      /** Time of the last change of its content, in epoch milliseconds. */
      readonly changed: number;
    }
    | null;
  realPath(file: string): string;
  /** Where a symlink leads, as it is written there; null if there is no symlink any more. */
  readLink(link: string): string | null;
  /**
   * Makes the directory and its parents, each with this mode whatever the umask. Returns those it made, outermost first.
   * On an error none of them stays.
   */
  makeFolder(folder: string, mode: number): string[];
  /** Removes an empty directory; silent if it cannot. */
  removeFolder(folder: string): void;
  /**
   * Prepares an atomic replace: a new file in the same directory, written to the end and synced to disk. Its `commit` renames
   * it. A file system without chmod, or that cannot sync, is accepted.
   */
  stage(file: string, bytes: Uint8Array, options: ReplaceOptions): Staged;
  /** Stages and renames. A reader sees the old file or the new one; on any error only the old one stays. */
  replace(file: string, bytes: Uint8Array, options: ReplaceOptions): void;
  /** Writes over the content of an existing file, which keeps its owner; not atomic, for files that cannot be replaced. */
  overwrite(file: string, bytes: Uint8Array, mode: number): void;
  /** Errors: the system's, if this user cannot write to the content of a file. */
  requireWritable(file: string): void;
  /** Removes a file, if it exists. */
  remove(file: string): void;
  /**
   * Whether a process that was killed while it replaced the file, or while it held its lock, left something behind.
   * @param beside files of the same directory that are written under its lock too
   */
  isLittered(file: string, beside: readonly string[]): boolean;
  /** Removes what it left; for the holder of the file's lock. */
  clean(file: string, beside: readonly string[]): void;
  /** Tries once; null while another process holds it. */
  tryLock(file: string): Promise<Lock | null>;
  /** Whether a process holds the lock of the file, or left it behind when it was killed; null: there is no lock. Changes nothing. */
  lockOf(file: string): "held" | "abandoned" | null;
}

/** Who runs sremote, and where. */
export interface Surroundings {
  readonly args: readonly string[];
  readonly folder: string;
  readonly uid: number;
  /** The JavaScript runtime: `bun 1.4.5`. */
  readonly runtime: string;
  readonly host: { readonly name: string; readonly os: string; readonly arch: string };
  env(name: string): string | undefined;
  /** This user's home directory in the password database, as Singularity looks it up; null: none. */
  passwordHome(): Promise<string | null>;
}

/** Standard output and error, and a person. */
export interface Terminal {
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** Interactive input is possible: standard input and standard error are both terminals. */
  readonly canAsk: boolean;
  /** Prints one short line on standard output, the fastest way. */
  line(text: string): void;
  /** Errors: the system's, with `output: true`. A reader that has gone away is not an error. */
  out(text: string): void;
  /** Never throws: there is nowhere to report it. */
  err(text: string): void;
  /** Asks for confirmation on standard error; null: Ctrl-C, a signal or the end of input. */
  confirm(question: string): Promise<boolean | null>;
  /** Asks on standard error, without echo; null: Ctrl-C, a signal or the end of input. */
  askSecret(question: string): Promise<string | null>;
  /** Questions have no color from now on. */
  plain(): void;
  /** Standard input to its end, at most `limit` bytes of it. Errors: `EFBIG`. */
  readInput(limit: number): Promise<string>;
  /** Shows one line on standard error, which the next call replaces; null removes it. Does nothing without a terminal. */
  progress(text: string | null): void;
}

/** Time. */
export interface Clock {
  /** Milliseconds, only ever forward. */
  now(): number;
  /** Milliseconds since 1970, UTC: the time of day, which may be set back. */
  date(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** Signals: deferred while a file is replaced, and answered while somebody is asked. */
export interface Signals {
  /**
   * Runs `work` with SIGINT, SIGTERM and SIGHUP caught: `interrupted()` tells whether one arrived. Outside of `hold` they
   * end the process at once, since nothing is half done there.
   */
  hold<T>(work: (interrupted: () => Promise<boolean>) => Promise<T>): Promise<T>;
  /**
   * Runs `work` until a signal aborts it: then it can say what was done before. A signal that comes within `hold` is left to
   * that.
   */
  stoppable<T>(work: (stop: AbortSignal) => Promise<T>): Promise<T>;
  /** The number of the signal that aborted something; null: none has. */
  stopped(): number | null;
}

/** What a process prints instead of a result when it is killed. */
export interface LastWords {
  /** To standard output. */
  readonly out: string;
  /** To standard error. */
  readonly err: string;
}

/** Ends work that nothing can interrupt. */
export interface Watchdog {
  /**
   * Prints the last words and kills the process (SIGKILL) after so many milliseconds, whatever its main thread is doing:
   * for work that holds no lock and writes nothing. The returned function cancels it.
   */
  watch(milliseconds: number, words: LastWords): () => void;
}

/** A GET over HTTP, the only method that sremote uses. */
export interface HttpRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** `http://`, `https://` or `socks5://[user:password@]host[:port]` to go through; null: direct. */
  readonly proxy: URL | null;
  /** PEM certificates of the authorities to trust; null: accept any certificate. */
  readonly trust: readonly string[] | null;
  /** Judges a chain of certificates that `trust` accepts; not asked if `trust` is null. */
  readonly judge: Judge;
  /** Milliseconds from name resolution to the last byte. */
  readonly timeout: number;
  /** Maximum size of the response body, in bytes. */
  readonly limit: number;
}

/**
 * Why a server's certificates are refused although they lead to a trusted authority, as the `code` of the error; null: they
 * are accepted. The host has no brackets; the chain is in DER, the server's own certificate first.
 */
export type Judge = (host: string, chain: readonly Uint8Array[]) => string | null;

/** A response, read to its end. */
export interface HttpResponse {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The network. It reads no environment variables: the caller decides what goes where. */
export interface Network {
  /**
   * Sends a request and reads the response, whatever its status; follows no redirects. Errors besides the system's and
   * OpenSSL's: `ETIMEDOUT`, `ETOOLARGE` (a body over `limit`), `EHALF` (a truncated response), `ENOTHTTP`,
   * `EPROXY` (the proxy refuses; see `status`); `proxy: true` if the proxy is at fault.
   */
  get(request: HttpRequest): Promise<HttpResponse>;
  /** The certificates that a server presents, trusted or not, in DER and its own first; none if they cannot be read. */
  certificatesOf(request: Omit<HttpRequest, "headers" | "limit">): Promise<readonly Uint8Array[]>;
  /** The places of the PEM certificates in a list that the TLS library cannot use. */
  unusable(certificates: readonly string[]): readonly number[];
  /** Serves requests on 127.0.0.1 until a signal arrives. */
  serve(options: ServeOptions, answer: (request: ServedRequest) => Promise<ServedAnswer>): Promise<Served>;
}

/** Where a server listens. */
export interface ServeOptions {
  /** 0: any free port. */
  readonly port: number;
  /** PEM; null: http. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
}

/** A running server. */
export interface Served {
  readonly port: number;
  /** Settles when the server was closed by SIGINT or SIGTERM. */
  readonly ended: Promise<void>;
}

/** A received request. */
export interface ServedRequest {
  readonly method: string;
  /** Path and query, as received. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** A response; `cut` closes the connection before the announced length, `endless` never ends. */
export interface ServedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly ends?: "cut" | "endless";
}

/** A finished child process. */
export interface ProgramRun {
  /** null: ended by a signal or by the timeout. */
  readonly status: number | null;
  readonly stdout: string;
  readonly timedOut: boolean;
}

/** How a child process is run. */
export interface RunOptions {
  /** In milliseconds. */
  readonly timeout: number;
  /** Its working directory. */
  readonly folder: string;
  /**
   * The whole environment of a program that is only asked about itself: it gets neither our environment, our terminal nor our
   * standard error, and is ended with all processes that it started. Absent: it has ours, and may prompt.
   */
  readonly apart?: Readonly<Record<string, string>>;
}

/** Child processes. */
export interface Programs {
  /**
   * Runs a program without a shell, with our standard error, for at most `timeout` ms and 64 KiB of output. Errors: the
   * system's (`ENOENT`, `EACCES`).
   */
  run(argv: readonly string[], options: RunOptions): Promise<ProgramRun>;
}

/** The outside world. */
export interface World {
  readonly network: Network;
  readonly programs: Programs;
  readonly files: Files;
  readonly here: Surroundings;
  readonly terminal: Terminal;
  readonly clock: Clock;
  readonly signals: Signals;
  readonly watchdog: Watchdog;
}
