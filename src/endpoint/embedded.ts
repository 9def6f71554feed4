/**
 * An endpoint for trials and tests: discovery, the versions of the services, tokens, identity, and the lookup of one
 * OpenPGP key. A function from a request to an answer; `sremote endpoint serve` listens.
 */
import { type ServiceName, SERVICES } from "../model.ts";
import type { ServedAnswer, ServedRequest } from "../world.ts";
import { lookUp } from "./embedded_keyserver.ts";
import { answer, json, type Part, type Refuse, type Wrong, wrongAnswer, wrongOf } from "./embedded_wrong.ts";

/**
 * What the endpoint is like: Singularity Enterprise, or hinkskalle 4.6 with a plain HKP keyserver. hinkskalle has no
 * builder and no consent service; its library and its token service are at the root of the host; it names the user in
 * the answer of the token check, and answers unknown paths with its front page.
 */
export type Like = "enterprise" | "hinkskalle";

/** A user who can log in. */
export interface EmbeddedAccount {
  readonly username: string;
  readonly token: string;
}

/** How the endpoint behaves. */
export interface EmbeddedOptions {
  readonly like: Like;
  readonly accounts: readonly EmbeddedAccount[];
  readonly https: boolean;
  /** Services that it does not have. */
  readonly without: ReadonlySet<ServiceName>;
  /** Milliseconds before each answer of a part. */
  readonly slow: ReadonlyMap<Part, number>;
  /** Parts that answer 503. */
  readonly down: ReadonlySet<Part>;
  readonly wrong: ReadonlyMap<Part, Wrong>;
}

/** A service: the path of its address, and its version; null: it has no `/version`, like any plain keyserver. */
interface Offered {
  readonly path: string;
  readonly version: string | null;
}

const OFFERED: Readonly<Record<Like, Partial<Record<ServiceName, Offered>>>> = {
  enterprise: {
    builder: { path: "/builder", version: "v1.6.5-0-g3f1d2a9" },
    consent: { path: "/consent", version: "v1.7.0-0-g67d4d05" },
    keystore: { path: "/keystore", version: "v1.18.11-0-g1f9cb2b" },
    library: { path: "/library", version: "v0.5.3-0-g0d6b5b1" },
    token: { path: "/token", version: "v1.0.4-0-g24d3b74" },
  },
  hinkskalle: {
    keystore: { path: "/keystore", version: null },
    library: { path: "", version: "v1.0.0" },
    token: { path: "", version: "v1.0.0" },
  },
};

/** A request to a part of the endpoint. */
interface Asked {
  readonly options: EmbeddedOptions;
  readonly url: URL;
  readonly request: ServedRequest;
  readonly refuse: Refuse;
}

/** The answer to a request; `sleep` delays slow parts. */
export async function answerOf(
  options: EmbeddedOptions,
  request: ServedRequest,
  sleep: (milliseconds: number) => Promise<void>,
): Promise<ServedAnswer> {
  const { like, slow, down } = options;
  const url = URL.parse(request.path, "http://endpoint");
  const part = url === null ? null : partOf(options, url.pathname);
  const refuse: Refuse = (status, message) => refusal(like, part, status, message);
  if (url === null) return refuse(400, "not an address");
  if (request.method !== "GET") return refuse(405, "only GET is supported");
  const late = Math.max(slow.get(part ?? "all") ?? 0, slow.get("all") ?? 0);
  if (late > 0) await sleep(late);
  if (part === null) {
    const front = like === "hinkskalle" && !/^\/v[12]\//.test(url.pathname);
    return front ? page("Containers") : refuse(404, "not found");
  }
  if (down.has(part) || down.has("all")) return refuse(503, "down for maintenance");
  const wrong = wrongOf(options.wrong, part);
  const right = () => rightAnswer(part, { options, url, request, refuse });
  return wrong === undefined ? right() : wrongAnswer(wrong, request, refuse, right);
}

/** The part that a path belongs to; null: none. */
function partOf({ like, without }: EmbeddedOptions, path: string): Exclude<Part, "all"> | null {
  if (path === "/assets/config/config.prod.json") return "discovery";
  const is = (name: ServiceName, below: string) => {
    const its = OFFERED[like][name];
    return its !== undefined && !without.has(name) && path === its.path + below;
  };
  if (is("token", "/v1/token-status")) return "status";
  if (is("library", "/v1/rbac/users/current")) return "identity";
  // Keys are looked up at the root of the host, whatever path the service has.
  if (path === "/pks/lookup" && !without.has("keystore")) return "keystore";
  if (is("keystore", "") || is("keystore", "/")) return "keystore";
  return SERVICES.find((one) => is(one, "/version")) ?? null;
}

function rightAnswer(part: Exclude<Part, "all">, asked: Asked): ServedAnswer {
  const { options, url, request } = asked;
  switch (part) {
    case "discovery":
      return json(200, discoveryOf(options, request.headers.host ?? "localhost"));
    case "status":
      return statusOf(asked);
    case "identity":
      return identityOf(asked);
    case "keystore":
      return url.pathname.endsWith("/version") ? versionOf(part, asked) : keysOf(asked);
    default:
      return versionOf(part, asked);
  }
}

/** Whether the token is valid. hinkskalle also names the user. */
function statusOf({ options, request, refuse }: Asked): ServedAnswer {
  const { like } = options;
  if (like === "hinkskalle" && isMalformed(request)) return refuse(406, "not acceptable");
  const account = accountOf(options, request);
  if (account === null) return refuse(401, "unauthorized");
  const { username } = account;
  return like === "hinkskalle"
    ? json(200, { status: "welcome", data: { username, email: `${username}@example.com` } })
    : json(200, {});
}

function identityOf({ options, request, refuse }: Asked): ServedAnswer {
  if (options.like === "hinkskalle") return refuse(404, "not found");
  const account = accountOf(options, request);
  if (account === null) return refuse(401, "unauthorized");
  const { username } = account;
  return json(200, {
    username,
    email: `${username}@example.com`,
    realname: username.replace(/^./, (one) => one.toUpperCase()),
    oidc_user_meta: { secret: `registry-password-of-${username}` },
  });
}

/** The lookup of keys, and the address of the keyserver: there a login is verified. */
function keysOf({ options, url, request, refuse }: Asked): ServedAnswer {
  if (url.pathname === "/pks/lookup") return lookUp(url.searchParams) ?? refuse(404, "no such key");
  if (options.like === "hinkskalle") return page("Keyserver");
  const anonymous = request.headers.authorization === undefined;
  return anonymous || accountOf(options, request) !== null ? json(200, {}) : refuse(401, "unauthorized");
}

function versionOf(service: ServiceName, { options, refuse }: Asked): ServedAnswer {
  const version = OFFERED[options.like][service]?.version ?? null;
  if (version === null) return refuse(404, "not found");
  const how = wrongOf(options.wrong, service);
  return json(200, {
    data: how === "no-version" ? {} : { version },
    ...(how === "error" ? { error: { code: 500, message: "the database is gone" } } : {}),
  });
}

/** The addresses of the services, on the host name that the client used. */
function discoveryOf({ like, https, without, wrong }: EmbeddedOptions, host: string): object {
  const document: Record<string, unknown> = {};
  for (const name of SERVICES) {
    const its = OFFERED[like][name];
    if (its === undefined || without.has(name)) continue;
    const how = wrongOf(wrong, name);
    const scheme = https && how !== "http" ? "https" : "http";
    document[how === "keyserver" ? "keyserverAPI" : `${name}API`] = {
      ...(how === "missing" ? {} : { uri: `${scheme}://${host}${its.path}` }),
      ...(name === "library" && like === "enterprise" ? { registryUri: `${scheme}://${host}/registry` } : {}),
    };
  }
  // Settings of its front page: an object, but not a service.
  if (like === "hinkskalle") document.params = { enable_register: false, singularity_flavor: "apptainer" };
  if (wrongOf(wrong, "discovery") === "member") document.version = "v1";
  return document;
}

/** The account of an `Authorization`: `Bearer TOKEN`, or `Basic` with a user name and the token (not for hinkskalle). */
function accountOf({ accounts, like }: EmbeddedOptions, { headers }: ServedRequest): EmbeddedAccount | null {
  const [scheme = "", value = ""] = (headers.authorization ?? "").split(" ");
  if (/^bearer$/i.test(scheme)) return accounts.find((one) => one.token === value) ?? null;
  if (like === "hinkskalle" || !/^basic$/i.test(scheme)) return null;
  let pair = "";
  try {
    pair = atob(value);
  } catch { /* not base64: no account */ }
  return accounts.find((one) => pair === `${one.username}:${one.token}`) ?? null;
}

/** Whether there is an `Authorization` that is neither `Bearer` with one word nor `Basic`. */
function isMalformed({ headers }: ServedRequest): boolean {
  const words = (headers.authorization ?? "").trim().split(/\s+/);
  if (words[0] === "" || /^basic$/i.test(words[0]!)) return false;
  return !/^bearer$/i.test(words[0]!) || words.length !== 2;
}

function refusal(like: Like, part: Part | null, code: number, message: string): ServedAnswer {
  if (like === "enterprise") return json(code, { error: { code, message } });
  if (part === "keystore") return { ...answer("text/plain", `${message}\n`), status: code };
  return json(code, { status: "error", errors: [{ title: "Error", code, detail: message }] });
}

function page(title: string): ServedAnswer {
  return answer("text/html", `<!doctype html><title>${title}</title>\n`);
}
