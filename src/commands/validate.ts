/** `sremote validate`: checks the config only. */
import { relative } from "node:path";
import { configOf } from "./shared/load.ts";
import type { Context, Result } from "./shared/context.ts";

/** Reports that the config is valid, or everything that is wrong with it. */
export async function validate(context: Context): Promise<Result> {
  const { desired, origin } = await configOf(context);
  const user = desired.remotes.user.size;
  const global = desired.remotes.global.size;
  const count = user + global;
  const shown = relative(context.world.here.folder, origin.file);
  const name = shown.startsWith("..") ? origin.file : shown;
  return {
    exit: 0,
    text: `${name} is valid: ${count} ${
      count === 1 ? "remote" : "remotes"
    } (${user} user, ${global} global).`,
    document: { formatVersion: 1, valid: true, config: origin, remotes: { user, global } },
  };
}
