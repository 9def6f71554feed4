/** Asks many endpoints for their services and about stored tokens; the session limits how many requests run at a time. */
import type { EndpointStatus, LoginStatus, Trouble } from "../model.ts";
import { expiryOf } from "../base/expiry.ts";
import type { Secret } from "../base/secret.ts";
import { SERVICES_ASKED } from "../base/limits.ts";
import { lacksLibrary } from "../programs.ts";
import {
  askService,
  checkToken,
  discover,
  type Endpoint,
  notOffered,
  type Service,
  whoIs,
} from "./client.ts";
import type { Session } from "./session.ts";
import { CHECK_ADDRESS } from "./trouble.ts";

/** A remote to ask, with its stored token. */
export interface Asked {
  readonly remote: string;
  readonly endpoint: Endpoint;
  readonly token: Secret | null;
  /** Why it cannot be asked; null: it can. */
  readonly trouble: Trouble | null;
}

/**
 * Asks all remotes.
 * @param who whether to ask who is logged in
 * @param done called after each remote with the number that are done
 */
export async function askEndpoints(
  session: Session,
  remotes: readonly Asked[],
  who: boolean,
  done: (count: number) => void,
): Promise<readonly EndpointStatus[]> {
  let count = 0;
  return await Promise.all(remotes.map(async (one) => {
    const status = await askEndpoint(session, one, who);
    done(++count);
    return status;
  }));
}

async function askEndpoint(
  session: Session,
  { remote, endpoint, token, trouble }: Asked,
  who: boolean,
): Promise<EndpointStatus> {
  const { uri, insecure } = endpoint;
  const expires = expiryOf(token);
  const found = trouble === null ? await discover(session, endpoint) : { trouble };
  if ("trouble" in found) {
    const state = token === null ? "none" : "unknown";
    const login = { state, identity: null, expires, trouble: token === null ? null : found.trouble } as const;
    return { remote, uri, insecure, services: [], login, trouble: found.trouble };
  }
  const services = boundedServices(session, uri, found.services);
  const [answers, checked, account] = await Promise.all([
    Promise.all(
      Array.from(services)
        .map(([name, service]) => askService(session, endpoint, name, service.uri)),
    ),
    token === null ? null : checkToken(session, endpoint, services, token),
    token === null || !who ? null : whoIs(session, endpoint, services, token),
  ]);
  const named = account === null || "trouble" in account ? null : account.identity;
  const login: LoginStatus = checked === null
    ? { state: "none", identity: null, expires, trouble: null }
    : { ...checked, expires, identity: checked.state === "valid" ? named ?? checked.identity : null };
  return { remote, uri, insecure, services: answers, login, trouble: null };
}

/** The services to ask, by name: the ones that the programs use, then others up to a limit. */
function boundedServices(
  session: Session,
  uri: string,
  services: ReadonlyMap<string, Service>,
): ReadonlyMap<string, Service> {
  const byName = ([a]: readonly [string, Service], [b]: readonly [string, Service]) => a < b ? -1 : 1;
  const isUsed = ([name]: readonly [string, Service]) => USED.has(name);
  const all = Array.from(services).sort(byName);
  if (all.length <= SERVICES_ASKED) return new Map(all);
  const asked = [...all.filter(isUsed), ...all.filter((one) => !isUsed(one))].slice(0, SERVICES_ASKED);
  session.warn(`${uri} names ${all.length} services; only ${SERVICES_ASKED} of them are asked`);
  return new Map(asked.sort(byName));
}

/** The services that the programs use. */
const USED: ReadonlySet<string> = new Set(["builder", "consent", "keystore", "library", "token"]);

/** The status with the library that the endpoint should have and does not, as a service that is not OK. */
export function withMissingLibrary(status: EndpointStatus): EndpointStatus {
  if (!lacksLibrary(status)) return status;
  const { services } = status;
  const next = services.length === 0
    ? `${CHECK_ADDRESS}: it names no services`
    : "Contact its administrator, or make a remote with a library the default: sremote use NAME";
  return { ...status, services: [...services, notOffered("library", status, next)] };
}

/** Whether the endpoint, its services and the stored token are all right; no token is all right, too. */
export function isOk(status: EndpointStatus): boolean {
  const { services, login, trouble } = status;
  return trouble === null && !lacksLibrary(status) && services.every((one) => one.ok) &&
    (login.state === "none" || login.state === "valid");
}
