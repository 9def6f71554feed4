/** How the global and the user's file combine into what a user sees. */
import type { RemoteFile, StoredRemote } from "../model.ts";

/** A remote of the merged view. */
export interface MergedRemote {
  readonly remote: StoredRemote;
  /** It comes from the global file. */
  readonly global: boolean;
}

/** What every user command works on. */
export interface Merged {
  readonly default: string | null;
  readonly remotes: ReadonlyMap<string, MergedRemote>;
  /** Names of the user's own that the global file has too: Singularity fails on each ("name collision while syncing"). */
  readonly collisions: readonly string[];
}

/**
 * For each global remote: the user's copy of it (`System: true`) is refreshed and keeps its token; the user's own of the
 * same name is a collision, in which Apptainer takes the user's; else a copy is added. `Active` of the global file counts
 * while the user's has none, and a global `Exclusive: true` is the default for everyone.
 */
export function merge(user: RemoteFile, global: RemoteFile): Merged {
  const remotes = new Map<string, MergedRemote>();
  const collisions: string[] = [];
  let exclusive: string | null = null;
  for (const remote of user.remotes.values()) remotes.set(remote.name, { remote, global: remote.system });
  for (const remote of global.remotes.values()) {
    if (remote.exclusive) exclusive ??= remote.name;
    const own = user.remotes.get(remote.name);
    if (own !== undefined && !own.system) {
      collisions.push(remote.name);
      continue;
    }
    const { name, uri, exclusive: only, keyservers } = remote;
    // Neither `Insecure` nor a token reaches users from the global file.
    const copy = own ?? { name, insecure: false, token: null, system: true };
    remotes.set(name, { remote: { ...copy, uri, exclusive: only, keyservers }, global: true });
  }
  return { default: exclusive ?? user.default ?? global.default, remotes, collisions };
}
