/** `sremote rollback`: the previous file back in its place, and the present one in its. */
import { Failure } from "../base/failure.ts";
import { findTarget } from "../remotefile/paths.ts";
import { backupPath, commit, readStored, readText } from "../remotefile/store.ts";
import { confirm, type Context, pathsOf, requireRoot, type Result, scopeOf } from "./shared/context.ts";
import { maskedDiff } from "./shared/masked_diff.ts";
import { runtimeOf } from "./shared/merged.ts";

/** The flags of `rollback`. */
export interface RollbackOptions {
  readonly global?: true;
  readonly yes?: true;
}

/** Shows what would be put back, asks, and swaps the two through the same lock and replace as apply. */
export async function rollback(context: Context, flags: RollbackOptions): Promise<Result> {
  const { world, options, style } = context;
  const scope = scopeOf(flags.global);
  requireRoot(context, scope, "rollback");
  const { file } = await findTarget(runtimeOf(context), scope, pathsOf(context, null), world);
  const now = await readStored(world, file);
  const previous = readPrevious(context, file);
  const shown = await maskedDiff(now.document, previous, style);
  if (shown === "") {
    return {
      exit: 0,
      text: `Nothing to do: ${file} is the same as the previous one.`,
      document: { formatVersion: 1, changed: false, file },
    };
  }
  if (!flags.yes) context.ask(shown);
  else if (!options.quiet) context.show(shown);
  await confirm(context, `Put the previous ${file} back?`, flags.yes);
  const done = await commit(world, file, { scope, lockTimeout: options.lockTimeout }, (then) => {
    if (then.digest !== now.digest || readPrevious(context, file) !== previous) {
      throw new Failure("stale", `cannot roll back: ${file} was changed meanwhile`, {
        path: file,
        next: "run it again; nothing was written",
      });
    }
    return { text: previous, ours: then.ledger.previous };
  });
  return {
    exit: 0,
    text: `Rolled back: ${file} is the previous one again. Once more, and it is as it was before.`,
    document: { formatVersion: 1, changed: done.changed, file, backup: done.backup },
  };
}

function readPrevious({ world }: Context, file: string): string {
  const previous = readText(world, backupPath(file));
  if (previous !== null) return previous;
  throw new Failure("no-backup", `cannot roll back: there is no ${backupPath(file)}`, {
    path: file,
    next: "sremote keeps the previous file with each change that it makes; it has made none here",
  });
}
