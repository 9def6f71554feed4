/** Which endpoints a plan asks. Loads nothing of the network, because most plans need none. */
import { mayReceive } from "../base/uri.ts";
import type { Session } from "../endpoint/session.ts";
import type { SourceOptions } from "../endpoint/tokens.ts";
import type {
  Desired,
  DesiredRemote,
  Endpoint,
  RemoteFile,
  Scope,
  ServiceName,
  StoredRemote,
} from "../model.ts";
import type { Secret } from "../base/secret.ts";

/** How endpoints are asked. */
export interface Look {
  /** null: offline; no request is made. */
  readonly session: (() => Promise<Session>) | null;
  readonly sources: SourceOptions;
}

/** A remote that the config gives `login` or `check`. */
export interface Watched {
  readonly remote: DesiredRemote;
  readonly endpoint: Endpoint;
  /** The stored token, if it may be sent to the endpoint. */
  readonly token: Secret | null;
  readonly login: DesiredRemote["login"];
  readonly required: readonly ServiceName[];
}

/**
 * The global remotes as users get them: as in the global file now, before the config is applied to it; a copy in the user
 * file counts if the global file has no such remote.
 */
export function globalRemotes(
  file: RemoteFile,
  other: RemoteFile | null,
): ReadonlyMap<string, StoredRemote> {
  const copies = Array.from(file.remotes).filter(([, one]) => one.system);
  return new Map([...copies, ...(other?.remotes ?? [])]);
}

/**
 * The remotes to ask for one file. The user file holds the tokens of global remotes too, and its default may be one of them;
 * the global file holds no tokens.
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
  const globals = globalRemotes(file, other);
  for (const one of desired.remotes.global.values()) {
    const own = file.remotes.get(one.name)?.system === false;
    const place = own ? undefined : globals.get(one.name);
    const isDefault = wanted.kind === "remote" && wanted.name === one.name;
    add(one, place ?? one, place === undefined ? null : one.login, isDefault ? one.check : []);
  }
  return list;
}
