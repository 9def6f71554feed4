/** Endpoints → observed: which of the wanted services answer, and whether the stored tokens are valid and their sources'. */
import { askService, discover, type Endpoint, notOffered, verifyToken } from "../endpoint/client.ts";
import type { Session } from "../endpoint/session.ts";
import { readSource, type SourceOptions, type SourceWorld } from "../endpoint/tokens.ts";
import { mayReceive } from "../config/uri.ts";
import type {
  Desired,
  DesiredRemote,
  ObservedEndpoint,
  ObservedToken,
  RemoteFile,
  Scope,
  ServiceName,
  ServiceStatus,
} from "../model.ts";
import type { Secret } from "../secret.ts";

/** How endpoints are looked at. */
export interface Look {
  /** null: offline; nothing is asked of the network. */
  readonly session: Session | null;
  readonly sources: SourceOptions;
  /** `--skip-login` and `--skip-check` leave one of them out. */
  readonly login: boolean;
  readonly check: boolean;
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
  for (const one of desired.remotes.global.values()) {
    // Users get it as the machine's file has it now, whatever the config will make of that.
    const machine = other?.remotes.get(one.name);
    const own = file.remotes.get(one.name)?.system === false;
    const isDefault = wanted.kind === "remote" && wanted.name === one.name;
    add(
      one,
      machine ?? one,
      !own && (other === null || machine !== undefined) ? one.login : null,
      isDefault ? one.check : [],
    );
  }
  return list;
}

/** Looks at all of them at once. */
export async function lookAt(
  world: SourceWorld,
  remotes: readonly Watched[],
  look: Look,
): Promise<ReadonlyMap<string, ObservedEndpoint>> {
  const seen = await Promise.all(remotes.map((one) => lookAtOne(world, one, look)));
  return new Map(seen.map((one) => [one.remote, one]));
}

async function lookAtOne(world: SourceWorld, one: Watched, look: Look): Promise<ObservedEndpoint> {
  const { session } = look;
  const required = look.check ? one.required : [];
  const login = look.login && one.login !== false ? one.login : null;
  const [services, token] = await Promise.all([
    session === null || required.length === 0 ? null : askServices(session, one.endpoint, required),
    login === null ? NOT_LOOKED_AT : tokenOf(world, one, login, look),
  ]);
  return { remote: one.remote.name, services, token };
}

const NOT_LOOKED_AT: ObservedToken = {
  state: "not-looked-at",
  trouble: null,
  same: null,
  source: null,
  exposed: null,
};

/** What the required services say, in the order of the config. */
export async function askServices(
  session: Session,
  endpoint: Endpoint,
  required: readonly ServiceName[],
): Promise<readonly ServiceStatus[]> {
  const found = await discover(session, endpoint);
  return await Promise.all(required.map(async (service): Promise<ServiceStatus> => {
    if ("trouble" in found) {
      return { service, uri: null, ok: false, version: null, milliseconds: null, trouble: found.trouble };
    }
    const its = found.services.get(service);
    if (its === undefined) return notOffered(service, endpoint);
    return await askService(session, endpoint, service, its.uri);
  }));
}

async function tokenOf(
  world: SourceWorld,
  { endpoint, token }: Watched,
  login: Exclude<DesiredRemote["login"], null | false>,
  { session, sources }: Look,
): Promise<ObservedToken> {
  const [verified, source] = await Promise.all([
    token === null || session === null ? null : verifyToken(session, endpoint, token),
    // A person is asked when it is certain that the token is needed.
    "prompt" in login ? null : readSource(world, login, { ...sources, ask: null }),
  ]);
  return {
    state: token === null ? "none" : verified?.state ?? "not-looked-at",
    trouble: verified?.trouble ?? null,
    same: token === null || source === null || !("token" in source) ? null : source.token.equals(token),
    source: source === null || "token" in source ? null : { why: source.why, next: source.next },
    exposed: source !== null && "token" in source ? source.exposed : null,
  };
}
