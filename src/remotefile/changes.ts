/** The content of a `remote.yaml` after changes: the meaning, not the text. */
import { Failure } from "../base/failure.ts";
import type { Secret } from "../base/secret.ts";
import type { Change, Credential, DefaultState, Entry, RemoteFile, StoredRemote } from "../model.ts";
import { newRemote, sameCredential, sameList, sameRemote, updatedRemote } from "./entry.ts";

/** What changes refer to and do not contain. */
export interface Supplies {
  /** The new token per remote, for `login`. */
  readonly tokens?: ReadonlyMap<string, Secret>;
  /** The entry to add, as a copy of a global one, for a `login` to a remote that the file does not have. */
  readonly system?: ReadonlyMap<string, Entry>;
  /** All credentials after the change; absent: unchanged. */
  readonly credentials?: readonly Credential[];
}

/**
 * The content after the changes, applied in order.
 * @throws {Failure} internal, where a change does not fit the file
 */
export function applyChanges(
  content: RemoteFile,
  changes: readonly Change[],
  { tokens, system, credentials }: Supplies = {},
): RemoteFile {
  const remotes = new Map(content.remotes);
  let active = content.default;
  // Flags are set at the end, so that a `use` can name a remote that a later change adds.
  let exclusive: ReadonlySet<string> | null = null;
  const stored = (name: string): StoredRemote => {
    const remote = remotes.get(name);
    if (remote === undefined) throw misfit(`the file has no remote ${JSON.stringify(name)}`);
    return remote;
  };
  for (const change of changes) {
    switch (change.kind) {
      case "add":
        if (remotes.has(change.remote)) {
          throw misfit(`the file already has a remote ${JSON.stringify(change.remote)}`);
        }
        remotes.set(change.remote, newRemote(change.remote, change.after));
        break;
      case "update":
        remotes.set(change.remote, updatedRemote(stored(change.remote), change.before, change.after));
        break;
      case "remove":
        stored(change.remote);
        remotes.delete(change.remote);
        break;
      case "use":
        active = change.after.remote;
        exclusive = new Set(change.after.exclusive);
        break;
      case "login": {
        const token = tokens?.get(change.remote);
        if (token === undefined) {
          throw misfit(`there is no token for the remote ${JSON.stringify(change.remote)}`);
        }
        const global = remotes.has(change.remote) ? undefined : system?.get(change.remote);
        const remote = global === undefined
          ? stored(change.remote)
          : { ...newRemote(change.remote, global), system: true };
        remotes.set(change.remote, { ...remote, token });
        break;
      }
      case "logout":
        remotes.set(change.remote, { ...stored(change.remote), token: null });
        break;
    }
  }
  if (exclusive !== null) {
    for (const name of exclusive) stored(name);
    for (const [name, remote] of remotes) {
      if (remote.exclusive !== exclusive.has(name)) {
        remotes.set(name, { ...remote, exclusive: !remote.exclusive });
      }
    }
  }
  return { default: active || null, remotes, credentials: credentials ?? content.credentials };
}

/** The default and the exclusive remotes of a file. */
export function defaultOf(file: RemoteFile): DefaultState {
  const exclusive = Array.from(file.remotes.values()).flatMap((one) => one.exclusive ? [one.name] : []);
  return { remote: file.default, exclusive };
}

/** Whether two files have the same content. The order of remotes does not count. */
export function sameContent(a: RemoteFile, b: RemoteFile): boolean {
  return a.default === b.default && a.remotes.size === b.remotes.size &&
    [...a.remotes].every(([name, remote]) => {
      const other = b.remotes.get(name);
      return other !== undefined && sameRemote(remote, other);
    }) && sameList(a.credentials, b.credentials, sameCredential);
}

function misfit(message: string): Failure {
  return new Failure("internal", `cannot edit the file: ${message}`, {
    next: "Report this as a bug in sremote",
  });
}
