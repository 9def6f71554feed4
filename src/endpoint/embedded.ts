/**
 * An endpoint for trials and tests: discovery, the versions of the five services, tokens, identity, and the lookup of
 * one OpenPGP key (draft-gallagher-openpgp-hkp). A function from a request to an answer; `sremote endpoint serve` listens.
 */
import type { ServiceName } from "../model.ts";
import { SERVICES } from "../model.ts";
import type { ServedAnswer, ServedRequest } from "../world.ts";

/** A part of the endpoint that can be made to misbehave. */
export type Part = ServiceName | "discovery" | "identity" | "status" | "all";

/** The versions of the services, discovery, the identity, the token check, or all of them. */
export const PARTS: readonly Part[] = [...SERVICES, "discovery", "identity", "status", "all"];

/** Ways in which a part can be wrong. */
export const WRONGS = [
  "401",
  "404",
  "500",
  "html", // instead of JSON
  "text",
  "half", // an incomplete answer
  "endless",
  "redirect", // to another host
  "missing", // discovery without the `uri`
  "http", // discovery with an http `uri`
  "keyserver", // discovery with keyserverAPI instead of keystoreAPI
  "echo", // an error that repeats the token
] as const;

/** One of {@link WRONGS}. */
export type Wrong = (typeof WRONGS)[number];

/** A user who can log in. */
export interface EmbeddedAccount {
  readonly username: string;
  readonly token: string;
}

/** How the endpoint behaves. */
export interface EmbeddedOptions {
  readonly accounts: readonly EmbeddedAccount[];
  readonly https: boolean;
  /** Milliseconds before each answer of a part. */
  readonly slow: ReadonlyMap<Part, number>;
  /** Parts that answer 503. */
  readonly down: ReadonlySet<Part>;
  readonly wrong: ReadonlyMap<Part, Wrong>;
}

const VERSIONS: Readonly<Record<ServiceName, string>> = {
  builder: "v1.6.5-0-g3f1d2a9",
  consent: "v1.7.0-0-g67d4d05",
  keystore: "v1.18.11-0-g1f9cb2b",
  library: "v0.5.3-0-g0d6b5b1",
  token: "v1.0.4-0-g24d3b74",
};

/** The only key of the key lookup. */
const KEY = {
  fingerprint: "A1C044AE519DA70D194CB3938DF3EC021EBD7D0D",
  user: "sremote test key <test@example.com>",
  created: 1795484487,
  armored: `-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawTrRxYJKwYBBAHaRw8BAQdACe9nY5eeyeTIyQXnk1XWBXRNcDtkz5blIwpw
hjvkIZW0I3NyZW1vdGUgdGVzdCBrZXkgPHRlc3RAZXhhbXBsZS5jb20+iJAEExYI
ADgWIQShwESuUZ2nDRlMs5ON8+wCHr19DQUCawTrRwIbAwULCQgHAgYVCgkICwIE
FgIDAQIeAQIXgAAKCRCN8+wCHr19DS++AP9GnWKHETlD0/rdkHpz6mgIF1oKoLOg
WSpjzG4EhcVm2AD/WvF18l8abaZecmRKkB6UG3lIjiIAOSsnVtPnzt2R2gA=
=Ii2O
-----END PGP PUBLIC KEY BLOCK-----
`,
} as const;

/** The answer to a request; `sleep` delays slow parts. */
export async function answerOf(
  options: EmbeddedOptions,
  request: ServedRequest,
  sleep: (milliseconds: number) => Promise<void>,
): Promise<ServedAnswer> {
  const url = URL.parse(request.path, "http://endpoint");
  if (url === null) return refusal(400, "not an address");
  if (request.method !== "GET") return refusal(405, "only GET is supported");
  const part = partOf(url.pathname);
  const late = Math.max(options.slow.get(part ?? "all") ?? 0, options.slow.get("all") ?? 0);
  if (late > 0) await sleep(late);
  if (part === null) return refusal(404, "not found");
  if (options.down.has(part) || options.down.has("all")) return refusal(503, "down for maintenance");
  const wrong = options.wrong.get(part) ?? options.wrong.get("all");
  const instead = wrong === undefined ? null : wrongAnswer(wrong, request);
  return instead ?? rightAnswer(options, part, url, request);
}

function partOf(path: string): Part | null {
  switch (path) {
    case "/assets/config/config.prod.json":
      return "discovery";
    case "/token/v1/token-status":
      return "status";
    case "/library/v1/rbac/users/current":
      return "identity";
    case "/keystore":
    case "/keystore/":
    case "/keystore/pks/lookup":
      return "keystore";
  }
  return SERVICES.find((one) => path === `/${one}/version`) ?? null;
}

function rightAnswer(options: EmbeddedOptions, part: Part, url: URL, request: ServedRequest): ServedAnswer {
  switch (part) {
    case "discovery":
      return json(200, discoveryOf(options, request.headers.host ?? "localhost"));
    case "status":
      return accountOf(options, request) === null ? refusal(401, "unauthorized") : json(200, {});
    case "identity": {
      const account = accountOf(options, request);
      if (account === null) return refusal(401, "unauthorized");
      const { username } = account;
      return json(200, {
        username,
        email: `${username}@example.com`,
        realname: username.replace(/^./, (one) => one.toUpperCase()),
        oidc_user_meta: { secret: `registry-password-of-${username}` },
      });
    }
    default:
      if (url.pathname === "/keystore/pks/lookup") return lookUp(url.searchParams);
      if (part === "keystore" && !url.pathname.endsWith("/version")) {
        const anonymous = request.headers.authorization === undefined;
        return anonymous || accountOf(options, request) !== null
          ? json(200, {})
          : refusal(401, "unauthorized");
      }
      return json(200, { data: { version: VERSIONS[part as ServiceName] } });
  }
}

/** The addresses of the services, on the host name that the client used. */
function discoveryOf({ https, wrong }: EmbeddedOptions, host: string): object {
  const document: Record<string, object> = {};
  for (const name of SERVICES) {
    const all = wrong.get("all");
    const how = wrong.get(name) ?? (all === "keyserver" && name !== "keystore" ? undefined : all);
    const scheme = https && how !== "http" ? "https" : "http";
    const uri = `${scheme}://${host}/${name}`;
    document[how === "keyserver" ? "keyserverAPI" : `${name}API`] = {
      ...(how === "missing" ? {} : { uri }),
      ...(name === "library" ? { registryUri: `${scheme}://${host}/registry` } : {}),
    };
  }
  return document;
}

/** The account of an `Authorization`: `Bearer TOKEN`, or `Basic` with a user name and the token. */
function accountOf({ accounts }: EmbeddedOptions, { headers }: ServedRequest): EmbeddedAccount | null {
  const [scheme = "", value = ""] = (headers.authorization ?? "").split(" ");
  if (/^bearer$/i.test(scheme)) return accounts.find((one) => one.token === value) ?? null;
  if (!/^basic$/i.test(scheme)) return null;
  let pair = "";
  try {
    pair = atob(value);
  } catch { /* not base64: no account */ }
  return accounts.find((one) => pair === `${one.username}:${one.token}`) ?? null;
}

/** HTTP Keyserver Protocol: `op=index` and `op=get`. */
function lookUp(query: URLSearchParams): ServedAnswer {
  const search = (query.get("search") ?? "").toLowerCase();
  const fingerprint = KEY.fingerprint.toLowerCase();
  const known = search.startsWith("0x")
    ? search.length > 9 && fingerprint.endsWith(search.slice(2))
    : search !== "" && KEY.user.toLowerCase().includes(search);
  if (!known) return refusal(404, "no such key");
  if (query.get("op") === "get") {
    return answer("application/pgp-keys", KEY.armored);
  }
  const index = `info:1:1\npub:${KEY.fingerprint}:22:255:${KEY.created}::\nuid:${
    encodeURIComponent(KEY.user)
  }:${KEY.created}::\n`;
  return answer("text/plain", index);
}

function wrongAnswer(wrong: Wrong, request: ServedRequest): ServedAnswer | null {
  switch (wrong) {
    case "401":
      return refusal(401, "unauthorized");
    case "404":
      return refusal(404, "not found");
    case "500":
      return refusal(500, "internal error");
    case "html":
      return answer("text/html", "<!doctype html><title>Log in</title><p>Log in to the network.</p>\n");
    case "text":
      return answer("text/plain", "it works\n");
    case "half":
      return { ...answer("application/json", '{"data":{"ver'), ends: "cut" };
    case "endless":
      return { ...answer("application/json", " ".repeat(65_536)), ends: "endless" };
    case "redirect":
      return { status: 302, headers: { location: `https://elsewhere.invalid${request.path}` }, body: "" };
    case "echo":
      return refusal(500, `cannot do that for ${request.headers.authorization ?? "nobody"}`);
    case "missing":
    case "http":
    case "keyserver":
      return null; // affects discovery only
  }
}

function answer(type: string, body: string): ServedAnswer {
  return { status: 200, headers: { "content-type": type }, body };
}

function json(status: number, value: object): ServedAnswer {
  return { ...answer("application/json", JSON.stringify(value)), status };
}

function refusal(code: number, message: string): ServedAnswer {
  return json(code, { error: { code, message } });
}
