/**
 * The HTTP interface of an endpoint: discovery, versions, tokens, identity, keyservers (SingularityCE 3.5 to 4.5, Apptainer
 * 1.5). Nothing here throws for what a server does: each answer is a value, or a {@link Trouble}.
 */
import { keyserverWeb } from "../base/uri.ts";
import type { Endpoint, Identity, LoginStatus, ServiceName, ServiceStatus, Trouble } from "../model.ts";
import { SERVICES } from "../model.ts";
import { PROGRAMS } from "../programs.ts";
import { Secret } from "../base/secret.ts";
import type { Reply, Session } from "./session.ts";
import { trouble } from "./trouble.ts";

export type { Endpoint };

/** Where a service is. */
export interface Service {
  readonly uri: string;
  /** The OCI registry of the library, where it has one. */
  readonly registryUri: string | null;
}

/** What discovery says. */
export type Discovery =
  | { readonly services: ReadonlyMap<ServiceName, Service>; readonly milliseconds: number }
  | { readonly trouble: Trouble; readonly milliseconds: number };

/** How long each call may take, in milliseconds, as the two programs have it. */
export const TIMEOUTS = {
  discovery: 10_000,
  version: 30_000,
  token: 10_000,
  identity: 5_000,
  keyserver: 5_000,
};

/** The address of an endpoint with its scheme. */
export function endpointUrl({ uri, insecure }: Endpoint): string {
  return `${insecure ? "http" : "https"}://${uri}`;
}

/** Where a person makes a token. */
export function tokenPage(endpoint: Endpoint): string {
  return `${endpointUrl(endpoint)}/auth/tokens`;
}

/** Asks an endpoint which services it has. */
export async function discover(session: Session, endpoint: Endpoint): Promise<Discovery> {
  const shipped = Object.values(PROGRAMS).find((one) => one.shipped.uri === endpoint.uri)?.shipped;
  if (typeof shipped?.keyserver === "string") {
    const keystore = { uri: shipped.keyserver, registryUri: null };
    return { services: new Map([["keystore", keystore]]), milliseconds: 0 };
  }
  const reply = await session.get(`${endpointUrl(endpoint)}/assets/config/config.prod.json`, {
    timeout: TIMEOUTS.discovery,
    insecure: endpoint.insecure,
  });
  const { milliseconds } = reply;
  const document = documentOf(reply, endpoint.uri);
  if ("trouble" in document) return { trouble: document.trouble, milliseconds };
  return { services: servicesIn(document.value), milliseconds };
}

/** `{"libraryAPI":{"uri":…}}`: a service's name is the key less `API`; what has no `uri` is passed over. */
function servicesIn(document: Readonly<Record<string, unknown>>): ReadonlyMap<ServiceName, Service> {
  const services = new Map<ServiceName, Service>();
  for (const name of SERVICES) {
    const keys = name === "keystore" ? ["keystoreAPI", "keyserverAPI"] : [`${name}API`];
    for (const key of keys) {
      const entry = Object.hasOwn(document, key) ? document[key] : undefined;
      if (!isRecord(entry) || typeof entry.uri !== "string" || services.has(name)) continue;
      const registryUri = typeof entry.registryUri === "string" ? entry.registryUri : null;
      services.set(name, { uri: entry.uri.replace(/\/+$/, ""), registryUri });
    }
  }
  return services;
}

/** Asks a service for its version: whoever answers that is up. */
export async function askService(
  session: Session,
  { insecure }: Endpoint,
  service: ServiceName,
  uri: string,
): Promise<ServiceStatus> {
  const reply = await session.get(`${uri}/version`, { timeout: TIMEOUTS.version, insecure });
  const document = documentOf(reply, hostOf(uri));
  const { milliseconds } = reply;
  if ("trouble" in document) {
    return { service, uri, ok: false, version: null, milliseconds, trouble: document.trouble };
  }
  const data = document.value.data;
  const version = isRecord(data) && typeof data.version === "string" ? shortened(data.version) : null;
  const why = version === null
    ? trouble(
      "malformed",
      `the answer of ${hostOf(uri)} holds no version`,
      "is this the address of that service?",
    )
    : null;
  return { service, uri, ok: version !== null, version, milliseconds, trouble: why };
}

/** A service that an endpoint does not offer. */
export function notOffered(service: ServiceName, { uri }: Endpoint): ServiceStatus {
  const why = trouble(
    "not-offered",
    `${uri} has no ${service} service`,
    "ask who runs it, or take it out of `check`",
  );
  return { service, uri: null, ok: false, version: null, milliseconds: null, trouble: why };
}

/** Whether a token is valid: `GET TOKEN_URI/v1/token-status`. */
export async function checkToken(
  session: Session,
  endpoint: Endpoint,
  services: ReadonlyMap<ServiceName, Service>,
  token: Secret,
): Promise<Omit<LoginStatus, "identity">> {
  const service = services.get("token");
  if (service === undefined) {
    const why = trouble(
      "not-offered",
      `${endpoint.uri} has no token service, so that no token can be verified`,
    );
    return { state: "unknown", trouble: why };
  }
  const reply = await session.get(`${service.uri}/v1/token-status`, {
    timeout: TIMEOUTS.token,
    insecure: endpoint.insecure,
    authorization: bearer(token),
  });
  if ("trouble" in reply) return { state: "unknown", trouble: reply.trouble };
  switch (reply.status) {
    case 200:
      return { state: "valid", trouble: null };
    case 401:
    case 404:
      return {
        state: "invalid",
        trouble: trouble("status", `${hostOf(service.uri)} does not know the token (${reply.status})`),
      };
    default:
      return { state: "unknown", trouble: refusalOf(reply, hostOf(service.uri), token) };
  }
}

/** Finds an endpoint's token service, and asks it. */
export async function verifyToken(
  session: Session,
  endpoint: Endpoint,
  token: Secret,
): Promise<Omit<LoginStatus, "identity">> {
  const found = await discover(session, endpoint);
  if ("trouble" in found) return { state: "unknown", trouble: found.trouble };
  return await checkToken(session, endpoint, found.services, token);
}

/** Who a token belongs to, with the password of the endpoint's OCI registry, where it gives one. */
export interface Account {
  readonly identity: Identity;
  readonly registryPassword: Secret | null;
}

/** Asks the library who a token belongs to. */
export async function whoIs(
  session: Session,
  endpoint: Endpoint,
  services: ReadonlyMap<ServiceName, Service>,
  token: Secret,
): Promise<Account | { readonly trouble: Trouble }> {
  const service = services.get("library");
  if (service === undefined) {
    return {
      trouble: trouble("not-offered", `${endpoint.uri} has no library service, which knows the users`),
    };
  }
  const reply = await session.get(`${service.uri}/v1/rbac/users/current`, {
    timeout: TIMEOUTS.identity,
    insecure: endpoint.insecure,
    authorization: bearer(token),
  });
  if ("trouble" in reply) return reply;
  if (reply.status === 401) {
    return { trouble: trouble("status", "the token is not valid", "log in again: sremote login") };
  }
  if (reply.status === 404) {
    return {
      trouble: trouble(
        "not-offered",
        `${hostOf(service.uri)} does not say who is logged in`,
        "ask who runs it",
      ),
    };
  }
  const document = documentOf(reply, hostOf(service.uri), token);
  if ("trouble" in document) return document;
  const { username, email, realname, oidc_user_meta: meta } = document.value;
  if (typeof username !== "string" || username === "") {
    return { trouble: trouble("malformed", `the answer of ${hostOf(service.uri)} names no user`) };
  }
  const text = (value: unknown) =>
    typeof value === "string" && value !== "" ? shortened(without(value, token)) : null;
  const secret = isRecord(meta) && typeof meta.secret === "string" && meta.secret !== ""
    ? new Secret(meta.secret)
    : null;
  return {
    identity: { username: text(username)!, email: text(email), realname: text(realname) },
    registryPassword: secret,
  };
}

/** Whether a keyserver takes a credential: 200, or why not. */
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
      `${hostOf(web)} does not take the credentials (${reply.status})`,
      "check the user and the password",
    )
    : refusalOf(reply, hostOf(web), auth);
}

/** Finds an endpoint's library, and asks it who a token belongs to. */
export async function accountOf(
  session: Session,
  endpoint: Endpoint,
  token: Secret,
): Promise<Account | { readonly trouble: Trouble }> {
  const found = await discover(session, endpoint);
  return "trouble" in found ? found : await whoIs(session, endpoint, found.services, token);
}

/** The header of a user and a password (RFC 7617). */
export function basic(user: string, password: Secret): Secret {
  const bytes = new TextEncoder().encode(`${user}:${password.reveal()}`);
  return new Secret(`Basic ${btoa(String.fromCharCode(...bytes))}`);
}

/** The header of a token (RFC 6750). */
export function bearer(token: Secret): Secret {
  return new Secret(`Bearer ${token.reveal()}`);
}

// ---------------------------------------------------------------- answers

const KINDS: ReadonlySet<string> = new Set([
  "text/plain",
  "text/html",
  "text/xml",
  "application/xml",
  "application/json",
  "application/octet-stream",
]);

/** The JSON object of an answer that says 200. */
function documentOf(
  reply: Reply,
  host: string,
  secret?: Secret,
): { readonly value: Readonly<Record<string, unknown>> } | { readonly trouble: Trouble } {
  if ("trouble" in reply) return reply;
  if (reply.status !== 200) return { trouble: refusalOf(reply, host, secret) };
  const value = parsed(reply.text);
  if (isRecord(value)) return { value };
  // Only a kind that is known is named: a server can put anything there, the token too.
  const kind = /^\s*</.test(reply.text) ? "HTML" : KINDS.has(reply.type) ? reply.type : "not JSON";
  return {
    trouble: trouble(
      "malformed",
      `the answer of ${host} is ${kind === "not JSON" ? kind : `${kind}, not JSON`}`,
      "is this the address of an endpoint? A proxy's or a network's login page answers so, too",
    ),
  };
}

/** An answer that says no; `{"error":{"code":404,"message":"…"}}` has its own words. */
function refusalOf(reply: Extract<Reply, { status: number }>, host: string, secret?: Secret): Trouble {
  const document = parsed(reply.text);
  const error = isRecord(document) ? document.error : undefined;
  const said = isRecord(error) && typeof error.message === "string" && error.message !== ""
    ? `: ${shortened(without(error.message, secret))}`
    : "";
  return trouble(
    "status",
    `${host} answers ${reply.status}${said}`,
    reply.status >= 500
      ? "try again later; if it stays, ask who runs it"
      : "is this the address of an endpoint?",
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a server says, without a secret that it may echo. */
function without(text: string, secret: Secret | undefined): string {
  if (secret === undefined) return text;
  const value = secret.reveal();
  // Whatever its letters' case: host names are put in small letters.
  return [value, value.replace(/^(?:Bearer|Basic) /, "")].filter((one) => one !== "").reduce(
    (left, one) => left.replace(new RegExp(one.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "gi"), "***"),
    text,
  );
}

function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= 120 ? line : `${line.slice(0, 120).toWellFormed()}…`;
}

function hostOf(uri: string): string {
  return URL.parse(uri)?.host ?? uri;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
