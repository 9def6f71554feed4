/** Runs sremote on one recorded case, in this process, on a machine of its own: directories, files, environment, network. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { systemError } from "../../src/base/errno.ts";
import type { World } from "../../src/world.ts";
import { runInProcess, type Seen } from "../in_process.ts";
import {
  answersOf,
  type Case,
  collapse,
  expandBytes,
  expandWord,
  globalText,
  recordedFor,
  type Target,
} from "./cases.ts";
import { type Asked, type Hosts, Proxy } from "./proxy.ts";
import { sremoteWords } from "./words.ts";

/** What sremote did. */
export interface Replayed {
  /** null: it ran out of time. */
  readonly exit: number | null;
  readonly out: string;
  readonly err: string;
  /** The JSON document on standard output; undefined: there is none. */
  readonly document: unknown;
  readonly requests: readonly Asked[];
  /** The files afterwards; undefined: there is none. */
  readonly user: string | undefined;
  readonly global: string | undefined;
  readonly config: string | undefined;
  /** Whether the user file's bytes changed. */
  readonly userWritten: boolean;
  readonly userMode: number | undefined;
}

/** How long one command may take, in milliseconds: the recordings had 20 s. */
const LIMIT = 40_000;
/** The user of the cases that do not run as root. */
const SOMEBODY = 4242;

/** Replays a case; null: sremote has no such command. */
export async function replay(one: Case, target: Target, hosts: Hosts): Promise<Replayed | null> {
  if (sremoteWords(one.args) === null) return null;
  const root = mkdtempSync(join(tmpdir(), "sremote-recording-"));
  const proxy = await Proxy.start(hosts);
  try {
    const machine = makeMachine(root, one, target);
    writeFileSync(machine.authority, hosts.certificate);
    const answers = answersOf(one);
    for (const before of one.before ?? []) {
      const { args, stdin, answers: own } = "args" in before ? before : { args: before };
      proxy.begin(own ?? answers);
      await runOne(one, target, machine, proxy, args, stdin);
    }
    proxy.begin(answers);
    const before = readText(machine.user);
    const seen = await runOne(one, target, machine, proxy, wordsFor(one, target), one.stdin);
    await new Promise((done) => setTimeout(done, 0)); // what the proxy still notes
    return {
      exit: seen?.exit ?? null,
      out: seen?.out ?? "",
      err: (seen?.err ?? "").replaceAll(root, "$ROOT"),
      document: seen === null ? undefined : parsed(seen.out),
      requests: proxy.log(),
      user: readText(machine.user),
      global: readText(machine.global),
      config: readText(join(machine.config, "remote.yaml")),
      userWritten: before !== readText(machine.user),
      userMode: modeOf(machine.user),
    };
  } finally {
    await proxy.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

/** The words of the version; for the tables of `keyserver list` those of the case, since its `remote list` is another. */
function wordsFor(one: Case, target: Target): readonly string[] {
  const { args = one.args } = recordedFor(one, target) ?? {};
  return args.includes("list") ? one.args : args;
}

// ---------------------------------------------------------------- the machine

interface Machine {
  readonly home: string;
  /** The user's and the global remote.yaml. */
  readonly user: string;
  readonly global: string;
  readonly sysconfdir: string;
  readonly work: string;
  /** An empty directory, for the cases that set `…_CONFIGDIR`. */
  readonly config: string;
  /** The file with the certificate to trust. */
  readonly authority: string;
}

function makeMachine(root: string, one: Case, target: Target): Machine {
  const { program } = target;
  const machine: Machine = {
    home: join(root, "home"),
    user: join(root, "home", `.${program}`, "remote.yaml"),
    global: join(root, "etc", program, "remote.yaml"),
    sysconfdir: join(root, "etc"),
    work: join(root, "work"),
    config: join(root, "config"),
    authority: join(root, "authority.pem"),
  };
  for (const directory of [machine.home, dirname(machine.global), machine.work, machine.config]) {
    mkdirSync(directory, { recursive: true, mode: 0o755 });
  }
  const { user_file: user = {}, global_file: global = {} } = one.files ?? {};
  if (one.user !== undefined || Object.keys(user).length > 0) {
    mkdirSync(dirname(machine.user), { mode: 0o700 });
  }
  if (user.symlink !== undefined) symlinkSync(user.symlink, machine.user);
  if (user.directory) mkdirSync(machine.user);
  if (global.directory) mkdirSync(machine.global);
  const real = user.symlink === undefined ? machine.user : join(dirname(machine.user), user.symlink);
  if (one.user !== undefined) put(real, one.user, user.mode ?? "600");
  const text = globalText(one, target);
  if (text !== undefined) put(machine.global, text, global.mode ?? "644");
  for (const [name, token] of Object.entries(one.tokens ?? {})) put(join(machine.work, name), token, "644");
  return machine;
}

function put(file: string, text: string, mode: string): void {
  writeFileSync(file, expandBytes(text));
  chmodSync(file, parseInt(mode, 8));
}

/** A file's text with long tokens by their names; what is no UTF-8 as the replacement character. */
function readText(file: string): string | undefined {
  const mode = modeOf(file);
  if (mode === undefined || statSync(file).isDirectory()) return undefined;
  chmodSync(file, 0o600); // whoever runs the tests can read it
  try {
    return collapse(readFileSync(file, "utf8"));
  } finally {
    chmodSync(file, mode);
  }
}

function modeOf(file: string): number | undefined {
  return existsSync(file) ? statSync(file).mode & 0o777 : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

// ---------------------------------------------------------------- the command

/** null: it ran out of time. */
async function runOne(
  one: Case,
  { runtime, program }: Target,
  machine: Machine,
  proxy: Proxy,
  recorded: readonly string[],
  stdin: string | undefined,
): Promise<Seen | null> {
  const words = sremoteWords(recorded)!;
  const places = { USER_DIR: dirname(machine.user), ETC: dirname(machine.global), CONFIG: machine.config };
  const args = [
    ...["--runtime", runtime, "--sysconfdir", machine.sysconfdir, "--no-color"],
    ...words.args.map((word) => expandWord(word, places)),
  ];
  const prefix = program.toUpperCase();
  const env = new Map([
    ["PATH", "/usr/bin:/bin"],
    ["HOME", machine.home],
    ["SSL_CERT_FILE", machine.authority],
    ["HTTPS_PROXY", proxy.url],
    ["HTTP_PROXY", proxy.url],
  ]);
  for (const [name, value] of Object.entries(one.env ?? {})) {
    env.set(name.replace("$RT", prefix), expandWord(value, places));
  }
  const input = new TextDecoder().decode(expandBytes(stdin ?? ""));
  const outside = (world: World) =>
    onMachine(world, machine, {
      env,
      input,
      uid: one.as === "user" ? SOMEBODY : 0,
      proxy: new URL(proxy.url),
    });
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<null>((done) => timer = setTimeout(() => done(null), LIMIT));
  try {
    return await Promise.race([
      runInProcess(args, { ...machine, args: (given) => [...given] }, outside),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}

interface Given {
  readonly env: ReadonlyMap<string, string>;
  readonly input: string;
  readonly uid: number;
  readonly proxy: URL;
}

/**
 * The world as it is on that machine. Files in the home directory are shown as the case's user's, all others as root's,
 * whoever runs the tests; a request past the proxy goes to it all the same, which stands for the host's own server.
 */
function onMachine(world: World, machine: Machine, { env, input, uid, proxy }: Given): World {
  const { files, network } = world;
  const owner = (path: string) => path.startsWith(machine.home) || path.startsWith(machine.config) ? uid : 0;
  return {
    ...world,
    network: {
      ...network,
      get: (request) => network.get({ ...request, proxy: request.proxy ?? proxy }),
      certificatesOf: (request) => network.certificatesOf({ ...request, proxy: request.proxy ?? proxy }),
    },
    files: {
      ...files,
      read(file, options) {
        const stat = files.stat(file);
        const readable = uid === owner(file) ? 0o400 : 0o004;
        if (uid !== 0 && stat?.kind === "file" && (stat.mode & readable) === 0) {
          throw systemError("EACCES", "permission denied", file);
        }
        const read = files.read(file, options);
        return read === null ? null : { ...read, uid: owner(file), gid: owner(file) };
      },
      stat(path, follow) {
        const stat = files.stat(path, follow);
        return stat === null ? null : { ...stat, uid: owner(path), gid: owner(path) };
      },
      replace: (file, bytes, options) => files.replace(file, bytes, { ...options, owner: null }),
    },
    here: {
      ...world.here,
      uid,
      env: (name) => env.get(name),
      passwordHome: () => Promise.resolve(machine.home),
    },
    terminal: { ...world.terminal, readInput: () => Promise.resolve(input) },
  };
}
