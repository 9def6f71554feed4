/** Endpoints → observed: which required services answer, and whether the stored tokens are valid and equal their sources. */
import { askService, discover, notOffered, verifyToken } from "../endpoint/client.ts";
import { expiryOf } from "../base/expiry.ts";
import type { Session } from "../endpoint/session.ts";
import { readSource, type SourceOptions, type SourceWorld } from "../endpoint/tokens.ts";
import type {
  Endpoint,
  ObservedEndpoint,
  ObservedToken,
  SecretRef,
  ServiceName,
  ServiceStatus,
} from "../model.ts";
import type { Look, Watched } from "./watched.ts";

/** Asks all of them at once. */
export async function lookAt(
  world: SourceWorld,
  remotes: readonly Watched[],
  look: Look,
): Promise<ReadonlyMap<string, ObservedEndpoint>> {
  const session = await look.session?.() ?? null;
  const seen = await Promise.all(remotes.map((one) => lookAtOne(world, one, look, session)));
  return new Map(seen.map((one) => [one.remote, one]));
}

async function lookAtOne(
  world: SourceWorld,
  one: Watched,
  look: Look,
  session: Session | null,
): Promise<ObservedEndpoint> {
  const { endpoint, required, login } = one;
  const [services, token] = await Promise.all([
    session === null || required.length === 0 ? null : askServices(session, endpoint, required),
    login === null || login === false ? NOT_LOOKED_AT : tokenOf(world, one, login, look.sources, session),
  ]);
  return { remote: one.remote.name, services, token };
}

const NOT_LOOKED_AT: ObservedToken = {
  state: "not-looked-at",
  trouble: null,
  same: null,
  source: null,
  expires: null,
  exposed: null,
};

/** The status of the required services, in the order of the config. */
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
  login: SecretRef,
  sources: SourceOptions,
  session: Session | null,
): Promise<ObservedToken> {
  const [verified, source] = await Promise.all([
    token === null || session === null ? null : verifyToken(session, endpoint, token),
    // The user is asked only once it is certain that the token is needed.
    "prompt" in login ? null : readSource(world, login, { ...sources, ask: null }),
  ]);
  return {
    state: token === null ? "none" : verified?.state ?? "not-looked-at",
    trouble: verified?.trouble ?? null,
    same: token === null || source === null || !("token" in source) ? null : source.token.equals(token),
    source: source === null || "token" in source ? null : { why: source.why, next: source.next },
    expires: source !== null && "token" in source ? expiryOf(source.token) : null,
    exposed: source !== null && "token" in source ? source.exposed : null,
  };
}
