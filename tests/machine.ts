/**
 * The machine that a test runs sremote on: a temporary directory with a work directory, a home and a sysconfdir. Every run
 * of sremote in a test goes through a {@link Machine}, so that none reads or writes the files of the real machine:
 * `/etc/singularity`, `/usr/local/etc`, and the home of the password database. `machine_test.ts` proves it.
 *
 * Two ways keep a run inside, and the arguments say which:
 *
 * - With `--root DIR`, every path is below DIR. The environment names the paths of a user `me`.
 * - Otherwise `--sysconfdir` names the machine's, and the environment names the machine's home. `--remote-file` alone is
 *   not enough: the other scope's file is read too.
 */
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** The repository. */
export const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** A token that must not show up anywhere. */
export const CANARY = "CANARY-eyJhbGciOiJIUzI1NiJ9.c2VjcmV0";

/** What a killed sremote leaves behind: a lock, or a temporary file. */
export const LITTER = /\.lock$|\.sremote-[0-9a-f]{8}$/;

/** The owner of a file that sremote may not make its own: another user, where the tests can give it away. */
export const OWNER = process.getuid?.() === 0 ? { uid: 1234, gid: 1235 } : null;

/** A file's permission bits and owner: `0600 1234:1235`. */
export function modeAndOwner(file: string): string {
  const { mode, uid, gid } = lstatSync(file);
  return `${(mode & 0o7777).toString(8).padStart(4, "0")} ${uid}:${gid}`;
}

/** How the program is started. */
export interface Program {
  readonly name: "deno" | "binary";
  readonly command: readonly [string, ...string[]];
}

const PERMISSIONS = ["read", "write", "env", "sys", "net", "run"].map((one) => `--allow-${one}`);

/** From source. */
const SOURCE: Program = {
  name: "deno",
  command: [
    process.execPath,
    "run",
    "--quiet",
    "--frozen",
    "--no-prompt",
    ...PERMISSIONS,
    join(ROOT, "main.ts"),
  ],
};

/** As compiled. */
export const BINARY: Program = { name: "binary", command: [join(ROOT, "dist/sremote")] };

/** From source, and as compiled; `SREMOTE_UNDER_TEST=binary` takes the latter alone. */
export const PROGRAMS: readonly Program[] = [SOURCE, BINARY].filter(({ name }) =>
  (process.env.SREMOTE_UNDER_TEST ?? name) === name
);

/** Deno keeps its cache where the environment says, and would check for a newer version; sremote reads none of it. */
export const DENO_ENVIRONMENT: Readonly<Record<string, string>> = {
  DENO_DIR: process.env.DENO_DIR ??
    join(process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? "/", ".cache"), "deno"),
  DENO_NO_UPDATE_CHECK: "1",
};

/** Whether strace (Debian's package) is installed and may trace here. */
export const STRACE = spawnSync("strace", ["-qq", "-o", "/dev/null", "true"]).status === 0;

/** What a program did. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

type Environment = Readonly<Record<string, string>>;

/** How a command is run, where that differs from the usual. */
export interface How {
  /** The binary, where none is given. */
  readonly program?: Program;
  /** The machine's work directory, where none is given. */
  readonly cwd?: string;
  /** In addition to the machine's. */
  readonly env?: Environment;
  readonly stdin?: string;
  /** What runs the program, such as strace with its flags. */
  readonly under?: readonly string[];
}

/** Flags of sremote put where it reads them: before the words that are completed, or at the end. */
function withFlags(args: readonly string[], flags: readonly string[]): string[] {
  return args[0] === "__complete" ? [args[0], ...flags, ...args.slice(1)] : [...args, ...flags];
}

/** A temporary machine; `using machine = new Machine()` removes it at the end of the block. */
export class Machine {
  /** The directory that holds everything else. */
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), "sremote-test-")));
  /** Where commands run. */
  readonly work = join(this.root, "work");
  readonly home = join(this.root, "home");
  /** The sysconfdir; not made. */
  readonly etc = join(this.root, "etc");

  constructor() {
    mkdirSync(this.work);
    mkdirSync(this.home);
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }

  /** The path of a file in the work directory. */
  at(path: string): string {
    return join(this.work, path);
  }

  /** Writes a file in the work directory, with this mode or the one that it has; gives its path. */
  put(path: string, content: string | Uint8Array, mode?: number): string {
    const file = this.at(path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    if (mode !== undefined) chmodSync(file, mode);
    return file;
  }

  /** The text of a file in the work directory. */
  read(path: string): string {
    return readFileSync(this.at(path), "utf8");
  }

  /** The arguments that keep a run of sremote on this machine. */
  args(args: readonly string[]): string[] {
    return isRooted(args) || args.some((one) => /^--sysconfdir(?:=|$)/.test(one))
      ? [...args]
      : withFlags(args, ["--sysconfdir", this.etc]);
  }

  /** The environment that keeps a run with these arguments on this machine. */
  env(args: readonly string[] = []): Environment {
    const home = isRooted(args) ? "/home/me" : this.home;
    return {
      PATH: "/nowhere",
      HOME: home,
      SINGULARITY_CONFIGDIR: `${home}/.singularity`,
      ...DENO_ENVIRONMENT,
    };
  }

  /** Runs sremote to its end. */
  run(args: readonly string[], how: How = {}): Promise<Ran> {
    const { command, options } = this.start(args, how);
    return new Promise((done, fail) => {
      const child = spawn(command[0], command.slice(1), {
        ...options,
        stdio: [how.stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      });
      const texts = { stdout: "", stderr: "" };
      for (const stream of ["stdout", "stderr"] as const) {
        child[stream]!.setEncoding("utf8").on("data", (part: string) => texts[stream] += part);
      }
      // A program that does not read its standard input is no mistake.
      child.stdin?.on("error", () => {}).end(how.stdin);
      child.once("error", fail);
      child.once("close", (status) => done({ status, ...texts }));
    });
  }

  /** The same, synchronously; a run that hangs is killed after 20 s. */
  runSync(args: readonly string[], how: How = {}): Ran {
    const { command, options } = this.start(args, how);
    const { status, stdout, stderr } = spawnSync(command[0], command.slice(1), {
      ...options,
      ...how.stdin === undefined ? {} : { input: how.stdin },
      encoding: "utf8",
      maxBuffer: 2 ** 26,
      timeout: 20_000,
    });
    return { status, stdout, stderr };
  }

  /** What a run is started with. */
  start(args: readonly string[], { program = BINARY, cwd = this.work, env, under = [] }: How = {}) {
    const command = [...under, ...program.command, ...this.args(args)] as [string, ...string[]];
    return { command, options: { cwd, env: { ...this.env(args), ...env } } };
  }

  /** A directory for PATH in which `sremote` is the binary with these flags, and each tool a shell script. */
  bin(tools: Readonly<Record<string, string>> = {}, flags = ["--sysconfdir", this.etc]): string {
    const bin = join(this.root, "bin");
    mkdirSync(bin);
    const quoted = flags.map((one) => `'${one}'`).join(" ");
    const sremote =
      `[ "$1" = __complete ] && { shift; set -- __complete ${quoted} "$@"; } || set -- "$@" ${quoted}
exec '${BINARY.command[0]}' "$@"`;
    for (const [name, script] of Object.entries({ sremote, ...tools })) {
      writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(bin, name), 0o755);
    }
    return bin;
  }
}

function isRooted(args: readonly string[]): boolean {
  return args.some((one) => /^--root(?:=|$)/.test(one));
}

/** The names of the program's commands, from its own help; `help` itself aside. */
export function commandsOf(help: string): string[] {
  const commands = Array.from(help.split("\nCommands:\n")[1]!.matchAll(/^ {2}([a-z-]+)/gm), (one) => one[1]!);
  return commands.filter((one) => one !== "help");
}

/** The home of the user who runs the tests, from the password database: where Singularity looks, below the root. */
export function passwordHome(): string {
  const lines = readFileSync("/etc/passwd", "utf8").split("\n").map((line) => line.split(":"));
  return lines.find(([, , uid]) => uid === String(process.getuid?.()))?.[5] ?? "";
}
