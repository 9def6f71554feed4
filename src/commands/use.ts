/** `sremote use`, as `singularity remote use`. */
import { defaultOf } from "../remotefile/changes.ts";
import { type Context, requireRoot, type Result, scopeOf } from "./shared/context.ts";
import { editFile } from "./shared/edit.ts";
import { mergedFor, refuseOtherThanExclusive, unknown } from "./shared/merged.ts";

/** The flags of `use`. */
export interface UseOptions {
  readonly global?: true;
  /** Implies `global`. */
  readonly exclusive?: true;
}

/** Makes a remote the default; with `--exclusive` the only one that anybody on the machine may use. */
export async function use(context: Context, name: string, flags: UseOptions): Promise<Result> {
  const scope = scopeOf(flags.global ?? flags.exclusive);
  requireRoot(context, scope, "use");
  const seen = (await mergedFor(context, scope))?.merged ?? null;
  if (seen !== null) refuseOtherThanExclusive(seen, name);
  const { changed, file } = await editFile(context, scope, (now) => {
    const known = seen?.remotes ?? now.remotes;
    if (!known.has(name)) throw unknown(name, known.keys(), "use");
    const before = defaultOf(now);
    // Nobody stays exclusive beside another default.
    const exclusive = scope === "user" ? before.exclusive : flags.exclusive ? [name] : [];
    return [{ kind: "use", before, after: { remote: name, exclusive } }];
  });
  return {
    exit: 0,
    text: `Remote ${JSON.stringify(name)} now in use${flags.exclusive ? ", and no other may be" : ""}.`,
    document: { formatVersion: 1, changed, file, remote: name },
  };
}
