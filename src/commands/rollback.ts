/** `sremote rollback`: swap the file and its backup. */
import { Failure } from "../base/failure.ts";
import { findTarget, linkRule } from "../remotefile/paths.ts";
import { backupPath, commit, readStored, readText, type StoredFile } from "../remotefile/store.ts";
import { confirm, type Context, pathsOf, requireRoot, type Result, scopeOf } from "./shared/context.ts";
import { maskedDiff } from "./shared/masked_diff.ts";
import { readerOf } from "./shared/merged.ts";

/** The flags of `rollback`. */
export interface RollbackOptions {
  readonly global?: true;
  readonly yes?: true;
}

/** Shows what would be restored, asks, and swaps the two with the same lock and replace as apply. */
export async function rollback(context: Context, flags: RollbackOptions): Promise<Result> {
  const { world, options, style } = context;
  const scope = scopeOf(flags.global);
  requireRoot(context, scope, "rollback");
  const reader = await readerOf(context);
  const paths = pathsOf(context, null);
  const { file } = await findTarget(reader, scope, paths, world);
  const links = linkRule(reader, paths, world);
  const now = await readStored(world, file, links.root);
  const previous = readPrevious(context, now.real);
  const shown = await maskedDiff(now.document, previous, style);
  if (shown === "") {
    return {
      exit: 0,
      text: `Nothing to do: ${file} equals the previous file.`,
      document: { formatVersion: 1, changed: false, file },
    };
  }
  if (!flags.yes) context.ask(shown);
  else if (!options.quiet) context.show(shown);
  await confirm(context, `Restore the previous ${file}?`, flags.yes);
  const edit = (then: StoredFile) => {
    if (then.digest !== now.digest || readPrevious(context, then.real) !== previous) {
      throw new Failure("stale", `cannot roll back: ${file} changed while you were asked`, {
        path: file,
        next: "Run rollback again; nothing was written",
      });
    }
    return { text: previous, ours: then.ledger.previous };
  };
  const done = await commit(world, options.lockTimeout, { path: file, scope, links, edit });
  return {
    exit: 0,
    text: `Rolled back: ${file} is the previous file again. Run rollback again to undo.`,
    document: { formatVersion: 1, changed: done.changed, file, backup: done.backup },
  };
}

function readPrevious({ world }: Context, file: string): string {
  const previous = readText(world, backupPath(file));
  if (previous !== null) return previous;
  throw new Failure("no-backup", `cannot roll back: ${backupPath(file)} does not exist`, {
    path: file,
    next: "Check the path: sremote keeps a backup of each file that it changes",
  });
}
