/** What the commands that ask endpoints share. */
import { dirname } from "node:path";
import type { LoadedConfig } from "../../config/load.ts";
import type { Session } from "../../endpoint/session.ts";
import type { Context } from "./context.ts";

/** Requests in flight at most, unless `--parallel` is given. */
export const PARALLEL = 32;

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
  const authorities = [
    ...(cacert === null ? [] : readAuthorities(world, cacert, world.here.folder)),
    ...(wanted === null ? [] : readAuthorities(world, wanted, dirname(loaded!.origin.file))),
  ];
  return new Session(world, { authorities, timeout: options.timeout, deadline: options.deadline, parallel });
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
