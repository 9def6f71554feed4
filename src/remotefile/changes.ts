/** What a `remote.yaml` says after changes: the meaning alone, apart from the text. */
import { Failure } from "../base/failure.ts";
import type {
  Change,
  Credential,
  DefaultState,
  Entry,
  Keyserver,
  RemoteFile,
  StoredRemote,
} from "../model.ts";
import type { Secret } from "../base/secret.ts";

/** What changes hold no copy of. */
export interface Supplies {
  /** The new token per remote, for `login`. */
  readonly tokens?: ReadonlyMap<string, Secret>;
  /** The entry to make, as a copy of a global one, for a `login` of a remote that the file has not. */
  readonly system?: ReadonlyMap<string, Entry>;
  /** All credentials as they are to be; absent: as they are. */
  readonly credentials?: readonly Credential[];
}

/**
 * The content after the changes, one after the other.
 * @throws {Failure} internal, where a change does not fit the file
 */
export function applyChanges(
  content: RemoteFile,
  changes: readonly Change[],
  { tokens, system, credentials }: Supplies = {},
): RemoteFile {
  const remotes = new Map(content.remotes);
  let active = content.default;
  // Flags are set at the end, so that a `use` may name a remote that a later change adds.
  let exclusive: ReadonlySet<string> | null = null;
  const stored = (name: string): StoredRemote => {
    const remote = remotes.get(name);
    if (remote === undefined) throw misfit(`there is no remote ${JSON.stringify(name)} in the file`);
    return remote;
  };
  for (const change of changes) {
    switch (change.kind) {
      case "add":
        if (remotes.has(change.remote)) {
          throw misfit(`there is a remote ${JSON.stringify(change.remote)} in the file already`);
        }
        remotes.set(change.remote, newRemote(change.remote, change.after));
        break;
      case "update":
        remotes.set(change.remote, updated(stored(change.remote), change.before, change.after));
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

/** The default and the exclusive remotes as a file has them. */
export function defaultOf(file: RemoteFile): DefaultState {
  const exclusive = Array.from(file.remotes.values()).flatMap((one) => one.exclusive ? [one.name] : []);
  return { remote: file.default, exclusive };
}

/** Whether two files say the same. The order of remotes says nothing. */
export function sameContent(a: RemoteFile, b: RemoteFile): boolean {
  return a.default === b.default && a.remotes.size === b.remotes.size &&
    [...a.remotes].every(([name, remote]) => {
      const other = b.remotes.get(name);
      return other !== undefined && sameRemote(remote, other);
    }) && sameList(a.credentials, b.credentials, sameCredential);
}

/** Whether two entries say the same. */
export function sameRemote(a: StoredRemote, b: StoredRemote): boolean {
  return a === b ||
    a.name === b.name && a.uri === b.uri && a.insecure === b.insecure && a.system === b.system &&
      a.exclusive === b.exclusive && sameSecret(a.token, b.token) &&
      sameKeyservers(a.keyservers, b.keyservers);
}

/** Whether two lists of keyservers say the same; their order counts. */
export function sameKeyservers(a: readonly Keyserver[], b: readonly Keyserver[]): boolean {
  return sameList(a, b, sameKeyserver);
}

/** Whether two keyservers say the same. */
export function sameKeyserver(a: Keyserver, b: Keyserver): boolean {
  return a.uri === b.uri && a.skip === b.skip && a.external === b.external && a.insecure === b.insecure;
}

/** Whether both are absent, or the same token. */
export function sameSecret(a: Secret | null, b: Secret | null): boolean {
  return a === null || b === null ? a === b : a.equals(b);
}

/** Whether two credentials say the same. */
export function sameCredential(a: Credential, b: Credential): boolean {
  return a.uri === b.uri && a.insecure === b.insecure && sameSecret(a.auth, b.auth);
}

/** Whether two lists say the same, item by item. */
export function sameList<T>(a: readonly T[], b: readonly T[], same: (one: T, other: T) => boolean): boolean {
  return a === b || a.length === b.length && a.every((one, i) => same(one, b[i]!));
}

function newRemote(name: string, { uri, insecure, keyservers }: Entry): StoredRemote {
  return { name, uri, insecure, keyservers, token: null, system: false, exclusive: false };
}

/** Only what the change speaks of is touched. */
function updated(remote: StoredRemote, before: Entry, after: Entry): StoredRemote {
  return {
    ...remote,
    uri: before.uri === after.uri ? remote.uri : after.uri,
    insecure: before.insecure === after.insecure ? remote.insecure : after.insecure,
    keyservers: sameKeyservers(before.keyservers, after.keyservers) ? remote.keyservers : after.keyservers,
  };
}

function misfit(message: string): Failure {
  return new Failure("internal", `cannot edit the file: ${message}`, {
    next: "report this as a bug of sremote",
  });
}
