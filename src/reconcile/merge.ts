/** The merged view: what the user file and the global file together mean for a user. Pure. */
import type { RemoteFile, Runtime, Scope, StoredRemote } from "../model.ts";
import { exclusiveFor, namesInBoth } from "./conflicts.ts";

/** A remote of the merged view. */
export interface MergedRemote {
  readonly remote: StoredRemote;
  /** It comes from the global file. */
  readonly global: boolean;
}

/** The input of every user command. */
export interface Merged {
  readonly default: string | null;
  /** The remote that must be the default, and the file that says so. */
  readonly exclusive: { readonly name: string; readonly scope: Scope } | null;
  readonly remotes: ReadonlyMap<string, MergedRemote>;
  /** Names that are both a user remote and a global remote. The view has the user remote. */
  readonly collisions: readonly string[];
}

/**
 * For each global remote: the user's copy of it (`System: true`) is refreshed and keeps its token; a user remote of the
 * same name hides it; otherwise a copy is added. `Active` of the global file counts only if the user file has none.
 */
export function merge(runtime: Runtime, user: RemoteFile, global: RemoteFile): Merged {
  const collisions = namesInBoth({ user, global });
  const hidden = new Set(collisions);
  const remotes = new Map<string, MergedRemote>();
  for (const remote of user.remotes.values()) remotes.set(remote.name, { remote, global: remote.system });
  for (const { name, uri, exclusive, keyservers } of global.remotes.values()) {
    if (hidden.has(name)) continue;
    // Neither `Insecure` nor a token reaches users from the global file.
    const copy = user.remotes.get(name) ?? { name, insecure: false, token: null, system: true };
    remotes.set(name, { remote: { ...copy, uri, exclusive, keyservers }, global: true });
  }
  const exclusive = exclusiveFor(runtime, { user, global });
  return { default: exclusive?.name ?? user.default ?? global.default, exclusive, remotes, collisions };
}
