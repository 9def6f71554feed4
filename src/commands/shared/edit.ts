/** One change to one file by hand: shared by the commands that change a remote without a config. */
import type { Change, RemoteFile, Scope } from "../../model.ts";
import { Failure } from "../../base/failure.ts";
import { quirksAfter, refusedWhole } from "../../reconcile/refused.ts";
import { applyChanges, sameContent, type Supplies } from "../../remotefile/changes.ts";
import { editRemoteFile } from "../../remotefile/edit.ts";
import { findTarget, linkRule } from "../../remotefile/paths.ts";
import { commit, type StoredFile } from "../../remotefile/store.ts";
import { type Context, pathsOf } from "./context.ts";
import { readerOf } from "./merged.ts";
import { noteWritten } from "./written.ts";

/**
 * Changes the file of a scope under its lock. `decide` sees the file under the lock. sremote no longer manages a remote
 * that is added or removed by hand.
 * @returns whether the file was changed
 * @throws {Failure} remote-file-invalid, if the program would refuse the file after the change; nothing is written
 */
export async function editFile(
  context: Context,
  scope: Scope,
  decide: (file: RemoteFile) => readonly Change[],
  supplies: (file: RemoteFile) => Supplies = () => ({}),
): Promise<{ readonly changed: boolean; readonly file: string }> {
  const { world, options } = context;
  const reader = await readerOf(context);
  const paths = pathsOf(context, null);
  const { file } = await findTarget(reader, scope, paths, world);
  const edit = async (now: StoredFile) => {
    const changes = decide(now.document.content);
    const ours = new Set(now.ledger.remotes);
    for (const change of changes) {
      if (change.kind === "add" || change.kind === "remove") ours.delete(change.remote);
    }
    const { content, quirks } = now.document;
    const given = supplies(content);
    const after = applyChanges(content, changes, given);
    if (!sameContent(content, after)) {
      const then = {
        scope,
        path: "the new file",
        content: after,
        // What becomes of a link is up to the commit.
        quirks: { ...quirksAfter(quirks, content, after), symlink: false },
      };
      for (const { message, next } of refusedWhole(reader, then)) {
        throw new Failure("remote-file-invalid", `cannot change ${file}: ${message}`, {
          path: file,
          next,
        });
      }
    }
    return { text: await editRemoteFile(now.document, changes, given), ours };
  };
  const links = linkRule(reader, paths, world);
  const committed = await commit(world, options.lockTimeout, { path: file, scope, links, edit });
  await noteWritten(context, committed);
  return { changed: committed.changed, file };
}
