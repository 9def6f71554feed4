/** Where each `remote.yaml` is, by program and scope. The only place that knows. */
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { Failure } from "../base/failure.ts";
import { quote } from "../base/text.ts";
import type { ReadElsewhere, Reader, Runtime, Scope, Target } from "../model.ts";
import { DEFAULT_RUNTIME, PROGRAMS, spanOf, valueFor } from "../programs.ts";
import type { Files, Surroundings } from "../world.ts";
import type { LinkRule } from "./pending.ts";

/** What the command line and the config say about places. */
export interface PathOptions {
  /** `--root`: the directory to use as `/`. */
  readonly root: string | null;
  /** `--remote-file`: exactly this file, for the scope of the command. */
  readonly remoteFile: string | null;
  /** `--sysconfdir`, or the config's `sysconfdir`; null: `/etc` or `/usr/local/etc`, whichever is there. */
  readonly sysconfdir: string | null;
}

/** What finding a file asks of the outside. */
export interface PathInputs {
  readonly files: Pick<Files, "exists" | "realPath">;
  readonly here: Pick<Surroundings, "env" | "folder" | "passwordHome">;
}

const SYSCONFDIRS = ["/etc", "/usr/local/etc"];
const NAME = "remote.yaml";

/** The `remote.yaml` of a program and scope. @throws {Failure} io, if there is no home directory */
export async function findTarget(
  { runtime, oldest }: Reader,
  scope: Scope,
  options: PathOptions,
  inputs: PathInputs,
): Promise<Target> {
  if (options.remoteFile !== null) {
    return { runtime, oldest, scope, file: resolve(inputs.here.folder, options.remoteFile) };
  }
  const directory = scope === "global"
    ? globalDirectory(runtime, options, inputs)
    : await userDirectory({ runtime, oldest }, inputs);
  return { runtime, oldest, scope, file: under(options, inputs, join(directory, NAME)) };
}

/** How a program's `remote.yaml` is changed if it is a symbolic link. */
export function linkRule(
  reader: Reader,
  { root }: Pick<PathOptions, "root">,
  { here }: PathInputs,
): LinkRule {
  const { title, symlink } = PROGRAMS[reader.runtime];
  return {
    root: root === null ? null : resolve(here.folder, root),
    refuse: valueFor(symlink, reader) === "follow"
      ? null
      : `which every command of ${title} ${spanOf(symlink, reader).since} and later refuses`,
  };
}

/** A program that nobody named, and why it is taken. */
export interface Detected extends Reader {
  /** `only`: only its directories exist. `first`: those of several do. `default`: none. */
  readonly because: "only" | "first" | "default";
}

/**
 * The program of a machine, where neither the config nor the command line names one: that whose directory exists in a
 * sysconfdir or in the home directory; of several, Singularity.
 */
export async function detectProgram(options: PathOptions, inputs: PathInputs): Promise<Detected> {
  const others = (Object.keys(PROGRAMS) as Runtime[]).filter((one) => one !== DEFAULT_RUNTIME);
  const present: Runtime[] = [];
  for (const one of others) if (await isPresent(one, options, inputs)) present.push(one);
  if (present.length === 0) return { runtime: DEFAULT_RUNTIME, oldest: null, because: "default" };
  if (await isPresent(DEFAULT_RUNTIME, options, inputs)) {
    return { runtime: DEFAULT_RUNTIME, oldest: null, because: "first" };
  }
  return { runtime: present[0]!, oldest: null, because: "only" };
}

async function isPresent(runtime: Runtime, options: PathOptions, inputs: PathInputs): Promise<boolean> {
  const exists = (path: string) => inputs.files.exists(under(options, inputs, path));
  const { sysconfDirectory, homeDirectory } = PROGRAMS[runtime];
  const global = options.sysconfdir === null
    ? globalDirectories(runtime)
    : [join(resolve(inputs.here.folder, options.sysconfdir), sysconfDirectory)];
  if (global.some(exists)) return true;
  const home = await homeOf(runtime, inputs);
  return home !== null && exists(join(home, homeDirectory));
}

/** The directory that a first run of the program takes over, if the user has it and does not have the program's own. */
export async function takenOver(
  reader: Reader,
  options: PathOptions,
  inputs: PathInputs,
): Promise<string | null> {
  const { runtime } = reader;
  const { takesOver, homeDirectory, configVariables } = PROGRAMS[runtime];
  const home = await homeOf(runtime, inputs);
  const elsewhere = options.remoteFile !== null ||
    valueFor(configVariables, reader).some((one) => inputs.here.env(one));
  if (takesOver === null || home === null || elsewhere) return null;
  const exists = (path: string) => inputs.files.exists(under(options, inputs, path));
  const old = join(home, takesOver);
  return exists(old) && !exists(join(home, homeDirectory)) ? under(options, inputs, old) : null;
}

/** The user file of newer versions, if the reader's version does not heed a variable that they heed; null: the same file. */
export function readElsewhere(
  reader: Reader,
  options: PathOptions,
  inputs: PathInputs,
): ReadElsewhere | null {
  const { configVariables } = PROGRAMS[reader.runtime];
  const own = valueFor(configVariables, reader);
  const { is, since } = configVariables.at(-1)!;
  const variable = is.find((one) => inputs.here.env(one));
  if (options.remoteFile !== null || variable === undefined || own.includes(variable)) return null;
  const directory = resolve(inputs.here.folder, inputs.here.env(variable)!);
  return { variable, since, file: under(options, inputs, join(directory, NAME)) };
}

/** The home directory that a program uses; null: none. */
async function homeOf(runtime: Runtime, { here }: PathInputs): Promise<string | null> {
  const { homeVariable } = PROGRAMS[runtime];
  const home = (homeVariable === null ? undefined : here.env(homeVariable)) || await here.passwordHome();
  return home && isAbsolute(home) ? home : null;
}

/** Both sysconfdirs hold a file of this program, and nothing says which one is used. */
export function ambiguousSysconfdir(runtime: Runtime, options: PathOptions, inputs: PathInputs): boolean {
  if (options.sysconfdir !== null || options.remoteFile !== null) return false;
  const all = globalDirectories(runtime).map((one) => under(options, inputs, join(one, NAME)));
  if (!all.every((one) => inputs.files.exists(one))) return false;
  return new Set(all.map((one) => realFile(inputs.files, one))).size > 1;
}

/** A file without the links on its path; one that does not exist, in its directory without them. */
export function realFile(files: Pick<Files, "realPath">, path: string): string {
  for (const [at, rest] of [[path, ""], [dirname(path), basename(path)]] as const) {
    try {
      return join(files.realPath(at), rest);
    } catch { /* it does not exist, or cannot be seen */ }
  }
  return path;
}

/** `/etc` is the sysconfdir of distribution packages, `/usr/local/etc` of a source build. */
export function globalDirectories(runtime: Runtime): readonly string[] {
  return SYSCONFDIRS.map((one) => join(one, PROGRAMS[runtime].sysconfDirectory));
}

/** The first that holds a file, else the first that exists, else the first. */
function globalDirectory(runtime: Runtime, options: PathOptions, inputs: PathInputs): string {
  if (options.sysconfdir !== null) {
    return join(resolve(inputs.here.folder, options.sysconfdir), PROGRAMS[runtime].sysconfDirectory);
  }
  const directories = globalDirectories(runtime);
  const exists = (path: string) => inputs.files.exists(under(options, inputs, path));
  return directories.find((one) => exists(join(one, NAME))) ?? directories.find(exists) ?? directories[0]!;
}

async function userDirectory(reader: Reader, inputs: PathInputs): Promise<string> {
  const { title, homeDirectory, homeVariable, configVariables } = PROGRAMS[reader.runtime];
  const { here } = inputs;
  // As in the programs, an empty variable counts as unset.
  const variables = valueFor(configVariables, reader);
  const set = variables.map((one) => here.env(one)).find((one) => one);
  if (set) return resolve(here.folder, set);
  const home = await homeOf(reader.runtime, inputs);
  if (home !== null) return join(home, homeDirectory);
  const fromEnv = homeVariable === null ? undefined : here.env(homeVariable);
  const why = fromEnv
    ? `${homeVariable} is ${quote(fromEnv)}, not an absolute path`
    : "the password database has no home directory for this user";
  throw new Failure("io", `cannot find the user's remote.yaml of ${title}: ${why}`, {
    next: `Set ${variables[0] ?? "a home directory"} or pass --remote-file`,
  });
}

function under(options: PathOptions, inputs: PathInputs, absolute: string): string {
  return options.root === null ? absolute : join(resolve(inputs.here.folder, options.root), absolute);
}
