/** Where each `remote.yaml` is, by program and scope. The only place that knows. */
import { isAbsolute, join, resolve } from "node:path";
import { Failure } from "../base/failure.ts";
import { quote } from "../base/text.ts";
import type { Runtime, Scope, Target } from "../model.ts";
import { newest, PROGRAMS } from "../programs.ts";
import type { Files, Surroundings } from "../world.ts";

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
  readonly files: Pick<Files, "exists">;
  readonly here: Pick<Surroundings, "env" | "folder" | "passwordHome">;
}

const SYSCONFDIRS = ["/etc", "/usr/local/etc"];
const NAME = "remote.yaml";

/** The `remote.yaml` of a program and scope. @throws {Failure} io, if there is no home directory */
export async function findTarget(
  runtime: Runtime,
  scope: Scope,
  options: PathOptions,
  inputs: PathInputs,
): Promise<Target> {
  if (options.remoteFile !== null) {
    return { runtime, scope, file: resolve(inputs.here.folder, options.remoteFile) };
  }
  const directory = scope === "global"
    ? globalDirectory(runtime, options, inputs)
    : await userDirectory(runtime, inputs);
  return { runtime, scope, file: under(options, inputs, join(directory, NAME)) };
}

/** Both sysconfdirs hold a file of this program, and nothing says which one is used. */
export function ambiguousSysconfdir(runtime: Runtime, options: PathOptions, inputs: PathInputs): boolean {
  return options.sysconfdir === null && options.remoteFile === null &&
    globalDirectories(runtime).every((one) => inputs.files.exists(under(options, inputs, join(one, NAME))));
}

/** `/etc` is the sysconfdir of distribution packages, `/usr/local/etc` of a source build. */
function globalDirectories(runtime: Runtime): readonly string[] {
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

async function userDirectory(runtime: Runtime, { here }: PathInputs): Promise<string> {
  const { title, homeDirectory, homeVariable, configVariables } = PROGRAMS[runtime];
  // As in the programs, an empty variable counts as unset.
  const variables = newest(configVariables);
  const set = variables.map((one) => here.env(one)).find((one) => one);
  if (set) return resolve(here.folder, set);
  const fromEnv = homeVariable === null ? undefined : here.env(homeVariable);
  const home = fromEnv || await here.passwordHome();
  if (home && isAbsolute(home)) return join(home, homeDirectory);
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
