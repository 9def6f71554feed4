/** Where each `remote.yaml` is: two runtimes, two scopes. The only place that knows. */
import { isAbsolute, join, resolve } from "node:path";
import { Failure } from "../base/failure.ts";
import type { Runtime, Scope, Target } from "../model.ts";
import type { Files, Surroundings } from "../world.ts";

/** What the command line and the config say about places. */
export interface PathOptions {
  /** `--root`: a folder that stands for `/`. */
  readonly root: string | null;
  /** `--remote-file`: this very file, for the scope that is worked on. */
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

/** The file that a plan of this runtime and scope is about. */
export async function findTarget(
  runtime: Runtime,
  scope: Scope,
  options: PathOptions,
  inputs: PathInputs,
): Promise<Target> {
  const file = options.remoteFile !== null
    ? resolve(inputs.here.folder, options.remoteFile)
    : scope === "global"
    ? globalFile(runtime, options, inputs)
    : await userFile(runtime, options, inputs);
  return { runtime, scope, file };
}

/** Both sysconfdirs hold a file of this runtime, and nothing says which one counts. */
export function ambiguousSysconfdir(runtime: Runtime, options: PathOptions, inputs: PathInputs): boolean {
  return options.sysconfdir === null && options.remoteFile === null &&
    SYSCONFDIRS.every((one) =>
      inputs.files.exists(under(options, inputs, join(one, runtime, "remote.yaml")))
    );
}

/**
 * `SYSCONFDIR/RUNTIME/remote.yaml`: `/etc` in distribution packages, `/usr/local/etc` in a source build. A file there
 * decides, then a folder; `/etc` first.
 */
function globalFile(runtime: Runtime, options: PathOptions, inputs: PathInputs): string {
  if (options.sysconfdir !== null) {
    return under(
      options,
      inputs,
      join(resolve(inputs.here.folder, options.sysconfdir), runtime, "remote.yaml"),
    );
  }
  const folders = SYSCONFDIRS.map((one) => under(options, inputs, join(one, runtime)));
  const found = folders.find((one) => inputs.files.exists(join(one, "remote.yaml"))) ??
    folders.find((one) => inputs.files.exists(one)) ?? folders[0]!;
  return join(found, "remote.yaml");
}

/**
 * Singularity: `$SINGULARITY_CONFIGDIR`, else `.singularity` in the home folder of the password database.
 * Apptainer: `$APPTAINER_CONFIGDIR`, else the older `$SINGULARITY_CONFIGDIR`, else `.apptainer` in `$HOME`.
 */
async function userFile(runtime: Runtime, options: PathOptions, inputs: PathInputs): Promise<string> {
  const { env } = inputs.here;
  // As Go's os.Getenv: an empty variable is none.
  const set = (runtime === "apptainer" && env("APPTAINER_CONFIGDIR")) || env("SINGULARITY_CONFIGDIR");
  if (set) return under(options, inputs, join(resolve(inputs.here.folder, set), "remote.yaml"));
  const home = runtime === "apptainer" ? env("HOME") || null : await inputs.here.passwordHome();
  if (home === null || !isAbsolute(home)) {
    const where = runtime === "singularity"
      ? "the password database gives this user no home folder"
      : home === null
      ? "HOME is not set"
      : `HOME is ${JSON.stringify(home)}, not an absolute path`;
    throw new Failure("io", `cannot tell where the user's remote.yaml of ${runtime} is: ${where}`, {
      next: `set ${runtime.toUpperCase()}_CONFIGDIR, or give --remote-file`,
    });
  }
  return under(
    options,
    inputs,
    join(home, runtime === "apptainer" ? ".apptainer" : ".singularity", "remote.yaml"),
  );
}

function under(options: PathOptions, inputs: PathInputs, absolute: string): string {
  return options.root === null ? absolute : join(resolve(inputs.here.folder, options.root), absolute);
}
