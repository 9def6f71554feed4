/** Which endpoints are to be looked at. It loads nothing of the network: most plans need none. */
import { mayReceive } from "../base/uri.ts";
import type { Endpoint } from "../endpoint/client.ts";
import type { Session } from "../endpoint/session.ts";
import type { SourceOptions } from "../endpoint/tokens.ts";
import type { Desired, DesiredRemote, RemoteFile, Scope, ServiceName, StoredRemote } from "../model.ts";
import type { Secret } from "../base/secret.ts";

/** How endpoints are looked at. */
export interface Look {
  /** null: offline; nothing is asked of the network. */
  readonly session: (() => Promise<Session>) | null;
  readonly sources: SourceOptions;
}

/** A remote of which the config says `login` or `check`. */
export interface Watched {
  readonly remote: DesiredRemote;
  /** Where it is to be asked. */
  readonly endpoint: Endpoint;
  /** The token that is stored, and may be sent there. */
  readonly token: Secret | null;
  readonly login: DesiredRemote["login"];
  readonly required: readonly ServiceName[];
}

/**
 * The machine's remotes as users get them: as the machine's file has them now, whatever the config will make of that; one
 * that it has not is a copy that was left in the user's.
 */
export function machineRemotes(
  file: RemoteFile,
  other: RemoteFile | null,
): ReadonlyMap<string, StoredRemote> {
  const copies = Array.from(file.remotes).filter(([, one]) => one.system);
  return new Map([...copies, ...(other?.remotes ?? [])]);
}

/**
 * The remotes to look at for one file. A user's file holds the tokens of the machine's remotes too, and its default may be
 * one of them; the machine's file holds none.
 */
export function watched(
  desired: Desired,
  scope: Scope,
  file: RemoteFile,
  other: RemoteFile | null,
): readonly Watched[] {
  const list: Watched[] = [];
  const add = (
    remote: DesiredRemote,
    { uri, insecure }: Endpoint,
    login: DesiredRemote["login"],
    required: readonly ServiceName[],
  ) => {
    if (login === null && required.length === 0) return;
    const stored = file.remotes.get(remote.name);
    const endpoint = { uri, insecure };
    const token = stored !== undefined && mayReceive(stored, endpoint) ? stored.token : null;
    list.push({ remote, endpoint, token, login, required });
  };
  for (const one of desired.remotes[scope].values()) {
    add(one, one, scope === "user" ? one.login : null, one.check);
  }
  if (scope === "global") return list;
  const wanted = desired.default.user;
  const machine = machineRemotes(file, other);
  for (const one of desired.remotes.global.values()) {
    const own = file.remotes.get(one.name)?.system === false;
    const place = own ? undefined : machine.get(one.name);
    const isDefault = wanted.kind === "remote" && wanted.name === one.name;
    add(one, place ?? one, place === undefined ? null : one.login, isDefault ? one.check : []);
  }
  return list;
}
