/** `sremote use`, as `singularity remote use`. */
import { Failure } from "../base/failure.ts";
import { quote } from "../base/text.ts";
import type { RemoteFile } from "../model.ts";
import { defaultOf } from "../remotefile/changes.ts";
import { type Context, requireRoot, type Result, scopeOf } from "./shared/context.ts";
import { editFile } from "./shared/edit.ts";
import { mergedFor, readMerged, refuseOtherThanExclusive, unknown } from "./shared/merged.ts";

/** The flags of `use`. */
export interface UseOptions {
  readonly global?: true;
  /** Implies `global`. */
  readonly exclusive?: true;
}

/** Makes a remote the default; with `--exclusive`, the only one that users of this machine can use. */
export async function use(context: Context, name: string, flags: UseOptions): Promise<Result> {
  const scope = scopeOf(flags.global ?? flags.exclusive);
  const mark = flags.exclusive ? "--exclusive" : "--global";
  const doing = flags.exclusive ? "make a remote exclusive" : "set the global default";
  requireRoot(context, scope, doing, { words: ["use", mark], names: [name] });
  const seen = (await mergedFor(context, scope))?.merged ?? null;
  if (seen !== null) refuseOtherThanExclusive(seen, name);
  const { changed, file } = await editFile(context, scope, (now) => {
    const known = seen?.remotes ?? now.remotes;
    if (!known.has(name)) throw unknown(name, known.keys(), "use");
    if (scope === "global" && !flags.exclusive) refuseOverExclusive(now, name);
    // No other remote of the file stays exclusive; like the programs, `use` ends that mark in the user file.
    const after = { remote: name, exclusive: flags.exclusive ? [name] : [] };
    return [{ kind: "use", before: defaultOf(now), after }];
  }).catch(async (error: unknown) => {
    const isUnknown = error instanceof Failure && error.code === "unknown-remote";
    if (isUnknown && scope === "global" && await isUserRemote(context, name)) {
      const can = flags.exclusive ? "be exclusive" : "be the global default";
      throw new Failure(
        "unknown-remote",
        `cannot use ${quote(name)}: it is a user remote, and only global remotes can ${can}`,
        {
          next: flags.exclusive
            ? "Add it as a global remote first, or omit --exclusive"
            : "Add it as a global remote first, or omit --global",
        },
      );
    }
    throw error;
  });
  return {
    exit: 0,
    text: `Remote ${quote(name)} now in use${flags.exclusive ? ", exclusively" : ""}.`,
    document: { formatVersion: 1, changed, file, remote: name },
  };
}

/** Whether it is a remote of this user. A user file that cannot be read does not matter here. */
async function isUserRemote(context: Context, name: string): Promise<boolean> {
  const view = await readMerged(context).catch(() => null);
  return view?.user.document.content.remotes.has(name) === true;
}

/** Otherwise no remote would be exclusive any more, or one that is not the default. @throws {Failure} conflict */
export function refuseOverExclusive(file: RemoteFile, name: string): void {
  const only = defaultOf(file).exclusive.find((one) => one !== name);
  if (only === undefined) return;
  throw new Failure(
    "conflict",
    `cannot make ${quote(name)} the global default: ${quote(only)} is exclusive`,
    {
      next: "To make another remote exclusive instead, run sremote use --exclusive NAME",
    },
  );
}
