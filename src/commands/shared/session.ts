/** What the commands that ask endpoints share. */
import { dirname, join, resolve } from "node:path";
import { Failure } from "../../base/failure.ts";
import type { LoadedConfig } from "../../config/load.ts";
import type { Session } from "../../endpoint/session.ts";
import { type Context, stoppable } from "./context.ts";

/** Requests in flight at most, unless `--parallel` is given. */
export const PARALLEL = 32;

/**
 * The config whose `cacert` counts for a command that reads no config otherwise: that of `-c`, or the one in the current
 * directory. What is wrong with the latter is only told, since nobody named it; and it counts only if no other user can
 * change it or the certificates, because a directory must not decide what is trusted.
 * @returns null: there is none, or it has no `cacert`
 * @throws {Failure} of the config that `-c` names
 */
export async function configForCacert(context: Context): Promise<LoadedConfig | null> {
  const { world, options, note } = context;
  if (options.config === null && !mayHaveConfig(context)) return null;
  const [{ DEFAULT_CONFIGS }, { configOf }] = await Promise.all([
    import("../../config/load.ts"),
    import("./load.ts"),
  ]);
  if (options.config !== null) return await configOf(context);
  const found = DEFAULT_CONFIGS.find((one) => world.files.exists(join(world.here.folder, one)));
  if (found === undefined) return null;
  try {
    const loaded = await configOf(context);
    const { cacert } = loaded.desired;
    if (cacert === null) return null;
    const [{ othersHands }, { readAuthorities }] = await Promise.all([
      import("../../config/owners.ts"),
      import("../../endpoint/trust.ts"),
    ]);
    const folder = dirname(loaded.origin.file);
    const [other] = othersHands(world, [...loaded.files, resolve(folder, cacert)]);
    if (other !== undefined) {
      note(
        `Note: the cacert of ${found} is not used: ${other.path}: ${other.message}. Name it with --cacert.`,
      );
      return null;
    }
    readAuthorities(world, cacert, folder);
    note(`Note: the CA certificates of ${cacert} are trusted, as ${found} says.`);
    return loaded;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    note(`Note: the cacert of ${found} is not used: ${error.message}.`);
    return null;
  }
}

/** Whether a default config may be in the current directory; what loads one takes time to load itself. */
function mayHaveConfig({ world: { files, here } }: Context): boolean {
  try {
    return files.list(here.folder).some((one) => one.startsWith("remotes."));
  } catch {
    // Its names cannot be listed, but it may be there.
    return true;
  }
}

/** A session with `--timeout`, `--deadline`, `--cacert` and the `cacert` of the config. @throws {Failure} io */
export async function sessionOf(
  context: Context,
  loaded: LoadedConfig | null,
  parallel = PARALLEL,
): Promise<Session> {
  const [{ Session }, { readAuthorities }] = await Promise.all([
    import("../../endpoint/session.ts"),
    import("../../endpoint/trust.ts"),
  ]);
  const { world, options } = context;
  const { cacert } = options;
  const wanted = loaded?.desired.cacert ?? null;
  const warn = (message: string) => context.note(`Warning: ${message}.`);
  const authorities = [
    ...(cacert === null ? [] : readAuthorities(world, cacert, world.here.folder, warn)),
    ...(wanted === null ? [] : readAuthorities(world, wanted, dirname(loaded!.origin.file), warn)),
  ];
  const { timeout, deadline } = options;
  return new Session(world, { authorities, timeout, deadline, parallel, warn });
}

/** Runs work that waits for the network; a terminal shows what it does if it takes longer than a second. */
export async function withProgress<T>(
  { world, options }: Context,
  doing: string | (() => string),
  work: () => Promise<T>,
): Promise<T> {
  if (options.quiet || !world.terminal.errIsTerminal) return await work();
  let done = false;
  const tell = async () => {
    for (let wait = 1_000;; wait = 200) {
      await world.clock.sleep(wait);
      if (done) return;
      world.terminal.progress(`${typeof doing === "string" ? doing : doing()} …`);
    }
  };
  void tell();
  try {
    return await work();
  } finally {
    done = true;
    world.terminal.progress(null);
  }
}

/** The same before anything is written: a signal ends the wait. @throws {Failure} interrupted */
export async function waiting<T>(context: Context, doing: string, work: () => Promise<T>): Promise<T> {
  return await withProgress(context, doing, () => stoppable(context, work));
}
