/** `sremote list`: the remotes of a user. */
import { expiryOf } from "../base/expiry.ts";
import { builtInDefault } from "../programs.ts";
import { listNotes, renderList, renderWideList } from "../report/list.ts";
import type { Context, Result } from "./shared/context.ts";
import { noteCollisions, readMerged } from "./shared/merged.ts";

/** The flags of `list`. */
export interface ListOptions {
  readonly wide?: true;
}

/** The merged view of both files, as `singularity remote list` prints it; with `--wide`, every property. */
export async function list(context: Context, { wide }: ListOptions): Promise<Result> {
  const view = await readMerged(context);
  noteCollisions(context, view);
  const { merged, reader } = view;
  if (merged.remotes.size === 0) context.note(`Note: ${builtInDefault(reader.runtime)}.`);
  const remotes = Array.from(merged.remotes.values(), ({ remote, global }) => ({
    name: remote.name,
    uri: remote.uri,
    global,
    default: remote.name === merged.default,
    exclusive: remote.exclusive,
    insecure: remote.insecure,
    loggedIn: remote.token !== null,
    expires: expiryOf(remote.token),
  })).sort((a, b) => a.name < b.name ? -1 : 1);
  if (!wide) listNotes(remotes).forEach(context.note);
  return {
    exit: 0,
    text: wide ? renderWideList(remotes, context.world.clock.date()) : renderList(remotes),
    document: { formatVersion: 1, default: merged.default, remotes },
  };
}
