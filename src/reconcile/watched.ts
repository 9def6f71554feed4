/** Which endpoints a plan asks. Loads nothing of the network, because most plans need none. */
import { plainEndpoint } from "../base/address.ts";
import type { Horizon } from "../base/expiry.ts";
import { mayReceive } from "../base/uri.ts";
import type { Session } from "../endpoint/session.ts";
import type { SourceOptions } from "../endpoint/tokens.ts";
import type { Desired, DesiredRemote, Endpoint, Observed, ServiceName, StoredRemote } from "../model.ts";
import type { Secret } from "../base/secret.ts";

/** How endpoints are asked. */
export interface Look {
  /** null: offline; no request is made. */
  readonly session: (() => Promise<Session>) | null;
  readonly sources: SourceOptions;
  readonly horizon: Horizon;
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
export function globalRemotes({ file, other }: Place): ReadonlyMap<string, StoredRemote> {
  const copies = Array.from(file.content.remotes).filter(([, one]) => one.system);
  return new Map([...copies, ...(other?.content?.remotes ?? [])]);
}

/**
 * The global remote that a managed user remote of the config's past becomes a copy of, with its token: the config has moved
 * it to the global file, which has it at the address that the token is for. null: it is removed, or it stays.
 */
export function movedToGlobal(desired: Desired, place: Place, stored: StoredRemote): StoredRemote | null {
  const { target: { scope }, ours, other } = place;
  const wanted = desired.remotes.global.get(stored.name);
  if (scope === "global" || wanted === undefined || desired.remotes.user.has(stored.name)) return null;
  if (stored.system || stored.exclusive || !ours.has(stored.name)) return null;
  if (stored.token === null || wanted.login === false) return null;
  const global = other?.content?.remotes.get(stored.name);
  return global !== undefined && mayReceive(stored, plainEndpoint(global)) ? global : null;
}

/** What decides where a remote is: both files, and the names that sremote may remove. */
type Place = Pick<Observed, "target" | "file" | "other" | "ours">;

/**
 * The remotes to ask for one file. The user file holds the tokens of global remotes too, and its default may be one of them;
 * the global file holds no tokens.
 */
export function watched(desired: Desired, place: Place): readonly Watched[] {
  const { target: { scope }, file: { content: { remotes } }, ours } = place;
  const list: Watched[] = [];
  const add = (
    remote: DesiredRemote,
    { uri, insecure }: Endpoint,
    stored: StoredRemote | undefined,
    login: DesiredRemote["login"],
    required: readonly ServiceName[],
  ) => {
    if (login === null && required.length === 0) return;
    const endpoint = plainEndpoint({ uri, insecure });
    const token = stored !== undefined && mayReceive(stored, endpoint) ? stored.token : null;
    list.push({ remote, endpoint, token, login, required });
  };
  for (const one of desired.remotes[scope].values()) {
    add(one, one, remotes.get(one.name), scope === "user" ? one.login : null, one.check);
  }
  if (scope === "global") return list;
  const wanted = desired.default.user;
  const globals = globalRemotes(place);
  for (const one of desired.remotes.global.values()) {
    const stored = remotes.get(one.name);
    const own = stored?.system === false;
    const managed = ours.has(one.name);
    // A managed remote of that name makes room for the global one; it may become a copy of it, with its token.
    const global = own && !managed ? undefined : globals.get(one.name);
    const goes = own && managed && movedToGlobal(desired, place, stored) === null;
    const isDefault = wanted.kind === "remote" && wanted.name === one.name;
    const login = global === undefined ? null : one.login;
    add(one, global ?? one, goes ? undefined : stored, login, isDefault ? one.check : []);
  }
  return list;
}
