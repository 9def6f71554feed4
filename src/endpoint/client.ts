/**
 * The HTTP interface of an endpoint: discovery, versions, tokens, identity, keyservers (SingularityCE 3.5 to 4.5, Apptainer
 * 1.5). No function throws because of what a server does: each returns a value or a {@link Trouble}.
 */
import { readAddress } from "../base/address.ts";
import { keyserverWeb, plainAddress, withoutTrailingSlashes } from "../base/uri.ts";
import type { Endpoint, Identity, ServiceName, ServiceStatus, Trouble, Verification } from "../model.ts";
import { keyserverAlone } from "../programs.ts";
import { quote } from "../base/text.ts";
import { Secret } from "../base/secret.ts";
import { documentOf, hostOf, isPage, isRecord, refusalOf, shortened, withoutSecret } from "./answer.ts";
import type { Reply, Session } from "./session.ts";
import { trouble } from "./trouble.ts";

export type { Endpoint };

/** The address of a service. */
export interface Service {
  readonly uri: string;
  /** The OCI registry of the library; null: it has none. */
  readonly registryUri: string | null;
}

/** What discovery returns. */
export type Discovery =
  | { readonly services: ReadonlyMap<string, Service>; readonly milliseconds: number }
  | { readonly trouble: Trouble; readonly milliseconds: number };

/** Limits of the two programs for each request, in milliseconds. */
export const TIMEOUTS = {
  discovery: 10_000,
  version: 30_000,
  token: 10_000,
  identity: 5_000,
  keyserver: 5_000,
};

/** The address of an endpoint with its scheme, whichever form it is stored in. */
export function endpointUrl({ uri, insecure }: Endpoint): string {
  return `${insecure ? "http" : "https"}://${plainAddress(uri)}`;
}

/** The page on which users create API keys. */
export function tokenPage(endpoint: Endpoint): string {
  return `${endpointUrl(endpoint)}/auth/tokens`;
}

/** Asks an endpoint which services it has. An endpoint without a valid address is not asked. */
export async function discover(session: Session, endpoint: Endpoint): Promise<Discovery> {
  const read = readAddress(endpoint.uri);
  if ("problem" in read) {
    const why = trouble(
      "address",
      `the remote ${read.problem}`,
      "Remove it, and add it again with its address",
    );
    return { trouble: why, milliseconds: 0 };
  }
  const keyserver = keyserverAlone(read.address);
  if (keyserver !== null) {
    const keystore = { uri: keyserver, registryUri: null };
    return { services: new Map([["keystore", keystore]]), milliseconds: 0 };
  }
  const reply = await session.get(`${endpointUrl(endpoint)}/assets/config/config.prod.json`, {
    timeout: TIMEOUTS.discovery,
    insecure: endpoint.insecure,
  });
  const from = "host" in reply ? reply.host : hostOf(endpointUrl(endpoint));
  if (nameOf(from) !== nameOf(hostOf(endpointUrl(endpoint)))) {
    session.warn(
      `the discovery of ${endpoint.uri} is redirected to ${from}, which so decides where API keys are sent. ` +
        "If the endpoint has moved, change the address of the remote",
    );
  }
  return { ...servicesIn(reply, read.address), milliseconds: reply.milliseconds };
}

/** A host without its port. */
function nameOf(host: string): string {
  return host.replace(/:\d+$/, "");
}

/**
 * `{"libraryAPI":{"uri":…}}`: a key is a service's name, with or without `API`. Every value must be an object or null: with
 * any other, each version of the programs refuses the whole answer.
 */
function servicesIn(
  reply: Reply,
  host: string,
): { readonly services: ReadonlyMap<string, Service> } | { readonly trouble: Trouble } {
  if (!("trouble" in reply) && reply.status === 200 && reply.text.trim() === "null") {
    return { services: new Map() };
  }
  const document = documentOf(reply, host);
  if ("trouble" in document) return document;
  const services = new Map<string, Service>();
  for (const [key, entry] of Object.entries(document.value)) {
    if (entry === null) continue;
    if (!isRecord(entry)) {
      const message = `the services of ${host} are not readable: ${quote(shortened(key))} is not an object`;
      return {
        trouble: trouble("malformed", message, "Contact its administrator: the programs refuse it too"),
      };
    }
    const given = key.replace(/API$/, "");
    const name = given === "keyserver" ? "keystore" : given;
    // "keystore" is the newer name of the two, and wins.
    if (entry.uri === undefined || services.has(name) && name !== given) continue;
    const registryUri = typeof entry.registryUri === "string" ? entry.registryUri : null;
    // What is not a text is kept as an address that nobody can use, so that it is named.
    const uri = typeof entry.uri === "string"
      ? entry.uri
      : entry.uri === null
      ? ""
      : JSON.stringify(entry.uri);
    services.set(name, { uri: withoutTrailingSlashes(uri), registryUri });
  }
  return { services };
}

/**
 * Asks a service for its version. A service that answers is up, also without a version. One that an https endpoint names
 * over http on its own host is asked all the same, as the programs do, and the user is warned.
 */
export async function askService(
  session: Session,
  endpoint: Endpoint,
  service: string,
  uri: string,
): Promise<ServiceStatus> {
  const host = endpoint.uri;
  const down = (why: Trouble, milliseconds: number | null): ServiceStatus => (
    { service, uri, ok: false, version: null, milliseconds, trouble: why }
  );
  if (!/^https?:$/.test(URL.parse(uri)?.protocol ?? "")) {
    const what = uri === "" ? "no address" : `the unusable address ${quote(shortened(uri))}`;
    const message = `${host} gives ${what} for its ${service} service`;
    return down(trouble("malformed", message, "Contact its administrator"), null);
  }
  const plain = !endpoint.insecure && isPlain(endpoint, uri);
  if (plain) {
    session.warn(
      `${host} names its ${service} service over http (${shortened(uri)}): ` +
        "the programs send API keys there unencrypted. Ask its administrator to name it over https",
    );
  }
  const insecure = endpoint.insecure || plain;
  const reply = await session.get(`${uri}/version`, { timeout: TIMEOUTS.version, insecure });
  const { milliseconds } = reply;
  // A plain HKP keyserver has no versions.
  if (service === "keystore" && "status" in reply && reply.status === 404) {
    return { service, uri, ok: true, version: null, milliseconds, trouble: null };
  }
  const document = documentOf(reply, hostOf(uri));
  if ("trouble" in document) return down(document.trouble, milliseconds);
  const { data, error } = document.value;
  if (error !== undefined && error !== null && "status" in reply) {
    return down(refusalOf(reply, hostOf(uri)), milliseconds);
  }
  const version = isRecord(data) ? data.version : undefined;
  if (data !== null && !isRecord(data) || version !== undefined && typeof version !== "string") {
    const message = `the answer of ${hostOf(uri)} has no version`;
    return down(trouble("malformed", message, "Check the address of the service"), milliseconds);
  }
  return {
    service,
    uri,
    ok: true,
    version: version ? shortened(version) : null,
    milliseconds,
    trouble: null,
  };
}

/** Whether a service is on the host of an endpoint, over http. */
function isPlain(endpoint: Endpoint, uri: string): boolean {
  const service = URL.parse(uri);
  return service?.protocol === "http:" && service.hostname === URL.parse(endpointUrl(endpoint))?.hostname;
}

/**
 * The address of a service for a token. If an https endpoint names it over http, but at its own host and port, the token
 * goes there over https: to where discovery came from, and not in the clear.
 */
function forToken(endpoint: Endpoint, uri: string): string {
  if (endpoint.insecure || !uri.startsWith("http:")) return uri;
  const secure = `https:${uri.slice("http:".length)}`;
  return URL.parse(secure)?.origin === URL.parse(endpointUrl(endpoint))?.origin ? secure : uri;
}

/** Why a token is not sent to a service: an insecure remote may name any host, but over https; null: it is sent. */
function refusedToken(endpoint: Endpoint, service: string, uri: string): Trouble | null {
  const its = URL.parse(uri);
  if (its?.protocol !== "http:" || its.hostname === URL.parse(endpointUrl(endpoint))?.hostname) return null;
  return trouble(
    "insecure",
    `${endpoint.uri} names its ${service} service over http at another host (${shortened(its.host)}), ` +
      "to which an API key is never sent",
    "Contact its administrator: it should name the service over https, or at its own host",
  );
}

/** A service that an endpoint does not offer. */
export function notOffered(
  service: ServiceName,
  { uri }: Endpoint,
  next = `Remove ${quote(service)} from the check of the remote, or use another remote`,
): ServiceStatus {
  const why = trouble("not-offered", `${uri} has no ${service} service`, next);
  return { service, uri: null, ok: false, version: null, milliseconds: null, trouble: why };
}

/**
 * Whether a token is valid: `GET TOKEN_URI/v1/token-status`. There, hinkskalle also names the user, other endpoints do not:
 * `{"data":{"username":…,"email":…}}`.
 */
export async function checkToken(
  session: Session,
  endpoint: Endpoint,
  services: ReadonlyMap<string, Service>,
  token: Secret,
): Promise<Verification> {
  const unknown = (why: Trouble): Verification => ({ state: "unknown", trouble: why, identity: null });
  const service = services.get("token");
  if (service === undefined) {
    const why = `${endpoint.uri} has no token service, so API keys cannot be verified`;
    return unknown(trouble("not-offered", why, "Contact its administrator, or use another remote"));
  }
  const refused = refusedToken(endpoint, "token", service.uri);
  if (refused !== null) return unknown(refused);
  const reply = await session.get(`${forToken(endpoint, service.uri)}/v1/token-status`, {
    timeout: TIMEOUTS.token,
    insecure: endpoint.insecure,
    authorization: bearer(token),
  });
  if ("trouble" in reply) return unknown(reply.trouble);
  switch (reply.status) {
    case 200: {
      // An empty answer is valid; the page of a proxy or a network says nothing about the token.
      if (isPage(reply)) {
        const next = "Check the address, and whether a login page of the network intercepts the connection";
        return unknown(trouble("malformed", `the answer of ${hostOf(service.uri)} is HTML, not JSON`, next));
      }
      const document = documentOf(reply, hostOf(service.uri), token);
      const data = "value" in document && isRecord(document.value.data) ? document.value.data : {};
      return { state: "valid", trouble: null, identity: identityIn(data, token) };
    }
    case 401:
    case 404:
      return {
        state: "invalid",
        trouble: trouble("status", `${hostOf(service.uri)} rejects the API key (${reply.status})`),
        identity: null,
      };
    default:
      return unknown(refusalOf(reply, hostOf(service.uri), token));
  }
}

/** Finds an endpoint's token service and asks it whether a token is valid. */
export async function verifyToken(
  session: Session,
  endpoint: Endpoint,
  token: Secret,
): Promise<Verification> {
  const found = await discover(session, endpoint);
  if ("trouble" in found) return { state: "unknown", trouble: found.trouble, identity: null };
  return await checkToken(session, endpoint, found.services, token);
}

/** Whom a token belongs to, and the password of the endpoint's OCI registry; null: it gives none. */
export interface Account {
  readonly identity: Identity;
  readonly registryPassword: Secret | null;
}

/** Asks the library whom a token belongs to. */
export async function whoIs(
  session: Session,
  endpoint: Endpoint,
  services: ReadonlyMap<string, Service>,
  token: Secret,
): Promise<Account | { readonly trouble: Trouble }> {
  const no = (...words: Parameters<typeof trouble>) => ({ trouble: trouble(...words) });
  const service = services.get("library");
  if (service === undefined) {
    const why = `${endpoint.uri} has no library service to ask for the user`;
    return no("not-offered", why, "Contact its administrator");
  }
  const refused = refusedToken(endpoint, "library", service.uri);
  if (refused !== null) return { trouble: refused };
  const host = hostOf(service.uri);
  const reply = await session.get(`${forToken(endpoint, service.uri)}/v1/rbac/users/current`, {
    timeout: TIMEOUTS.identity,
    insecure: endpoint.insecure,
    authorization: bearer(token),
  });
  if ("trouble" in reply) return reply;
  if (reply.status === 401) {
    return no("status", "the API key is invalid", "Run sremote login to log in again");
  }
  if (reply.status === 404) {
    return no("not-offered", `${host} does not say who is logged in`, "Contact its administrator");
  }
  const document = documentOf(reply, host, token);
  if ("trouble" in document) return document;
  const identity = identityIn(document.value, token);
  if (identity === null) {
    return no("malformed", `the answer of ${host} names no user`, "Contact its administrator");
  }
  const { oidc_user_meta: meta } = document.value;
  const secret = isRecord(meta) && typeof meta.secret === "string" && meta.secret !== ""
    ? new Secret(meta.secret)
    : null;
  return { identity, registryPassword: secret };
}

/** The user that an answer names; null: none. */
function identityIn(
  { username, email, realname }: Readonly<Record<string, unknown>>,
  token: Secret,
): Identity | null {
  const text = (value: unknown) =>
    typeof value === "string" && value !== "" ? shortened(withoutSecret(value, token)) : null;
  const name = text(username);
  return !name ? null : { username: name, email: text(email), realname: text(realname) };
}

/** Whether a keyserver accepts a credential; null: it does. */
export async function checkKeyserver(
  session: Session,
  uri: string,
  auth: Secret,
  anyCertificate: boolean,
): Promise<Trouble | null> {
  const web = keyserverWeb(uri);
  const reply = await session.get(web, {
    timeout: TIMEOUTS.keyserver,
    insecure: web.startsWith("http:"),
    authorization: auth,
    anyCertificate,
  });
  if ("trouble" in reply) return reply.trouble;
  if (reply.status === 200) return null;
  return reply.status === 401 || reply.status === 403
    ? trouble(
      "status",
      `${hostOf(web)} rejects the credentials (${reply.status})`,
      "Check the user name and the password",
    )
    : refusalOf(reply, hostOf(web), auth);
}

/** Finds an endpoint's library and asks it whom a token belongs to. */
export async function accountOf(
  session: Session,
  endpoint: Endpoint,
  token: Secret,
): Promise<Account | { readonly trouble: Trouble }> {
  const found = await discover(session, endpoint);
  return "trouble" in found ? found : await whoIs(session, endpoint, found.services, token);
}

/** The `Authorization` header for a user name and a password (RFC 7617). */
export function basic(user: string, password: Secret): Secret {
  const bytes = new TextEncoder().encode(`${user}:${password.reveal()}`);
  return new Secret(`Basic ${btoa(String.fromCharCode(...bytes))}`);
}

/** The `Authorization` header for a token (RFC 6750). */
export function bearer(token: Secret): Secret {
  return new Secret(`Bearer ${token.reveal()}`);
}
