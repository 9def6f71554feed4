/**
 * The outside: files, network, clock, environment, terminal, child processes. `src/world/` alone touches them
 * (`tools/lint.ts` says so), so that everything else is a function of what it is given.
 *
 * Each group is an interface of its own: a stage asks for the group, or the two or three functions, that it needs.
 */

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
  /** The names in a folder, in order. */
  list(folder: string): string[];
  /** What lies there, a symlink not followed; null: nothing that can be seen. */
  stat(
    path: string,
  ):
    | {
      readonly kind: "file" | "folder" | "symlink" | "other";
      readonly mode: number;
      readonly uid: number;
      readonly gid: number;
    }
    | null;
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
  /**
   * Whether a process that was killed at a `replace` of a file, or with its lock, has left something.
   * @param beside files of the same folder that are written under its lock, too
   */
  isLittered(file: string, beside: readonly string[]): boolean;
  /** Removes what it left; for who holds the file's lock. */
  clean(file: string, beside: readonly string[]): void;
  /** Tries once; null while another process holds it. */
  tryLock(file: string): Promise<Lock | null>;
}

/** Who runs sremote, and where. */
export interface Surroundings {
  readonly args: readonly string[];
  readonly folder: string;
  readonly uid: number;
  /** What runs the program: `bun 1.4.5`. */
  readonly runtime: string;
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
  /** Errors: the system's, with `output: true`. A reader that has gone away is none. */
  out(text: string): void;
  /** Never throws: there is nowhere to say so. */
  err(text: string): void;
  /** Asks for a yes on standard error; null: Ctrl-C or the end of input. */
  confirm(question: string): Promise<boolean | null>;
  /** Asks on standard error for what is not to be seen; null: Ctrl-C or the end of input. */
  askSecret(question: string): Promise<string | null>;
  /** Standard input to its end, at most `limit` bytes of it. Errors: `EFBIG`. */
  readInput(limit: number): Promise<string>;
  /** One line on standard error that the next one takes the place of; null: takes it away. Nothing without a terminal. */
  progress(text: string | null): void;
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

/** What is said in place of a result, by a process that is ended. */
export interface LastWords {
  /** To standard output. */
  readonly out: string;
  /** To standard error. */
  readonly err: string;
}

/** An end for work that nothing can interrupt. */
export interface Watchdog {
  /**
   * Says the last words and kills the process (SIGKILL) once so many milliseconds have gone by, whatever its thread is
   * at: for work that holds no lock and writes nothing. Calling what it gives calls it off.
   */
  watch(milliseconds: number, words: LastWords): () => void;
}

/** A GET over HTTP: the interface of an endpoint has no other method that sremote uses. */
export interface HttpRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** `http://` or `https://[user:password@]host[:port]` to go through; null: straight to the host. */
  readonly proxy: URL | null;
  /** PEM certificates of the authorities to trust; null: any certificate. */
  readonly trust: readonly string[] | null;
  /** Milliseconds from the first look-up to the last byte. */
  readonly timeout: number;
  /** Bytes that an answer's body may have. */
  readonly limit: number;
}

/** An answer, read whole. */
export interface HttpResponse {
  readonly status: number;
  /** By their names in small letters. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What a server's certificate says. */
export interface CertificateSeen {
  /** The name of the authority that issued it; null: it does not say. */
  readonly issuer: string | null;
  /** The names that it is for. */
  readonly names: readonly string[];
  /** The last day of its validity, as the certificate writes it. */
  readonly until: string | null;
}

/** The network. It knows no variable of the environment: what goes where is decided by the caller. */
export interface Network {
  /**
   * Sends a request and reads the answer, whatever its status; follows no redirect. Errors beside the system's and
   * OpenSSL's: `ETIMEDOUT`, `ETOOLARGE` (a body over `limit`), `EHALF` (an answer that ends before its end), `ENOTHTTP`,
   * `EPROXY` (the proxy refuses; `status` has its answer), with `proxy: true` where it is the proxy that fails.
   */
  get(request: HttpRequest): Promise<HttpResponse>;
  /** The certificate that a server shows, whether trusted or not; null: there is none to be had. */
  certificateOf(request: Pick<HttpRequest, "url" | "proxy" | "timeout">): Promise<CertificateSeen | null>;
  /** Waits for requests on 127.0.0.1, until a signal ends the process. */
  serve(options: ServeOptions, answer: (request: ServedRequest) => Promise<ServedAnswer>): Promise<Served>;
}

/** Where a server listens. */
export interface ServeOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** PEM; null: http. */
  readonly tls: { readonly cert: string; readonly key: string } | null;
}

/** A server that listens. */
export interface Served {
  readonly port: number;
  /** Settles once SIGINT or SIGTERM came, and the server is closed. */
  readonly ended: Promise<void>;
}

/** A request that came. */
export interface ServedRequest {
  readonly method: string;
  /** Path and query, as they came. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What is answered; `cut` ends the connection after the body, though more was promised; `endless` never ends it. */
export interface ServedAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly ends?: "cut" | "endless";
}

/** A child process that ran to its end. */
export interface ProgramRun {
  /** null: it was stopped by a signal, or for the time it took. */
  readonly status: number | null;
  readonly stdout: string;
  readonly timedOut: boolean;
}

/** Child processes. */
export interface Programs {
  /**
   * Runs a program without a shell, its standard error to ours, at most `timeout` ms and 64 KiB of output. Errors: the
   * system's (`ENOENT`, `EACCES`).
   */
  run(
    argv: readonly string[],
    options: { readonly timeout: number; readonly folder: string },
  ): Promise<ProgramRun>;
}

/** Everything outside. */
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
