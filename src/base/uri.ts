/**
 * Addresses and names. The patterns are the ones that `schema/config.schema.json` carries for editors; the
 * functions say in words what a pattern can only refuse.
 */

// Any character of a host's name: no control, white space, invisible or direction character, and of ASCII only letters, digits, - . _
const HOST_CHARACTER =
  "[^\\s\\u0000-\\u002c\\u002f\\u003a-\\u0040\\u005b-\\u005e\\u0060\\u007b-\\u009f\\u00ad\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff]";
const HOST = `(?:${HOST_CHARACTER}+|\\[[0-9A-Fa-f:.]+\\])`;
const PORT = "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";
const PATH = "(?:/[^\\s\\u0000-\\u001f\\u007f-\\u009f\\\\?#]*)?";

/** An endpoint's address, as the JSON schema has it. */
export const ENDPOINT_PATTERN = `^(?:[Hh][Tt][Tt][Pp][Ss]?://)?${HOST}(?::${PORT})?${PATH}$`;
/** A keyserver's address, as the JSON schema has it. */
export const KEYSERVER_PATTERN = `^(?:[Hh][Tt][Tt][Pp]|[Hh][Kk][Pp])[Ss]?://${HOST}(?::${PORT})?${PATH}$`;
/** A remote's name, as the JSON schema has it. */
export const NAME_PATTERN =
  "^(?!__proto__$)(?!\\s)(?![\\s\\S]*\\s$)[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]+$";
/** Longest name of a remote, in characters. */
export const NAME_LIMIT = 255;

/** What an endpoint's address may look like. */
export const ENDPOINT_ALLOWED = "host[:port][/path], with https:// or http:// before it or without";
/** What a keyserver's address may look like. */
export const KEYSERVER_ALLOWED = "https://, http://, hkps:// or hkp://, then host[:port][/path]";

const endpoint = new RegExp(ENDPOINT_PATTERN, "u");
const keyserver = new RegExp(KEYSERVER_PATTERN, "u");
const name = new RegExp(NAME_PATTERN, "u");
const PLAIN_HOST = /^(?:[A-Za-z0-9_-]+\.)*[A-Za-z][A-Za-z0-9-]*(?:[:/]|$)/;
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

/**
 * An endpoint's address as `remote.yaml` stores it: without a scheme, `http://` kept as `insecure`.
 *
 * @example
 * ```ts
 * import { parseEndpointUri } from "./uri.ts";
 * import assert from "node:assert/strict";
 * assert.deepEqual(parseEndpointUri("https://Host:8443/path/"), { uri: "Host:8443/path", insecure: false });
 * assert.deepEqual(parseEndpointUri("http://localhost:5000"), { uri: "localhost:5000", insecure: true });
 * ```
 */
export function parseEndpointUri(
  text: string,
): { uri: string; insecure: boolean } | { problem: string; allowed: string } {
  const problem = endpointProblem(text);
  return problem === null ? storedEndpoint(text) : { problem, allowed: ENDPOINT_ALLOWED };
}

/** Why an endpoint's address can't be used, or null. */
export function endpointProblem(text: string): string | null {
  const scheme = SCHEME.exec(text)?.[1];
  const rest = scheme === undefined ? text : text.slice(scheme.length + 3);
  if (endpoint.test(text) && isHost(rest)) return null;
  if (scheme !== undefined && !/^https?$/i.test(scheme)) {
    return "the address has a scheme other than https and http";
  }
  return addressProblem(rest);
}

/** A valid address of an endpoint, as `remote.yaml` has it. */
export function storedEndpoint(text: string): { uri: string; insecure: boolean } {
  const uri = text.replace(/^https?:\/\//i, "").replace(/\/+$/, "");
  return { uri, insecure: /^http:\/\//i.test(text) };
}

// What the pattern lets pass and a URL does not: broken IP addresses and broken punycode.
function isHost(rest: string): boolean {
  return PLAIN_HOST.test(rest) && !/xn--/i.test(rest) || URL.canParse(`https://${rest}`);
}

/** Why a keyserver's address can't be used, or null. */
export function keyserverProblem(text: string): string | null {
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return "the address has no scheme";
  if (!["https", "http", "hkps", "hkp"].includes(scheme)) {
    return "the address has a scheme that is no keyserver's";
  }
  const rest = text.slice(scheme.length + 3);
  return keyserver.test(text) && isHost(rest) ? null : addressProblem(rest);
}

/**
 * What makes a keyserver: two valid addresses are the same one when scheme, host and port agree, `hkp://` being
 * http on port 11371 and `hkps://` https.
 *
 * @example
 * ```ts
 * import { keyserverKey } from "./uri.ts";
 * import assert from "node:assert/strict";
 * assert.equal(keyserverKey("hkp://Keys.example.com"), "http://keys.example.com:11371");
 * assert.equal(keyserverKey("hkps://keys.example.com/pks"), "https://keys.example.com:443");
 * ```
 */
export function keyserverKey(text: string): string {
  const [scheme, rest] = text.split(/:\/\/(.*)/s) as [string, string];
  const web = /^(?:http|hkp)$/i.test(scheme) ? "http" : "https";
  const url = new URL(`${web}://${rest}`);
  const port = /^[^/]*:([0-9]+)(?:\/|$)/.exec(rest)?.[1];
  const usual = /^hkp$/i.test(scheme) ? "11371" : web === "http" ? "80" : "443";
  return `${web}://${url.hostname}:${port ?? usual}`;
}

/**
 * A keyserver's address as it is asked for on the web: `hkp://` is http on port 11371, `hkps://` https.
 *
 * @example
 * ```ts
 * import { keyserverWeb } from "./uri.ts";
 * import assert from "node:assert/strict";
 * assert.equal(keyserverWeb("hkp://keys.example.com/pks"), "http://keys.example.com:11371/pks");
 * assert.equal(keyserverWeb("hkps://keys.example.com"), "https://keys.example.com");
 * ```
 */
export function keyserverWeb(text: string): string {
  const [scheme, rest] = text.split(/:\/\/(.*)/s) as [string, string];
  if (/^hkps$/i.test(scheme)) return `https://${rest}`;
  if (!/^hkp$/i.test(scheme)) return text;
  return `http://${/^[^/]*:[0-9]+(?:\/|$)/.test(rest) ? rest : rest.replace(/^[^/]*/, "$&:11371")}`;
}

/** Two stored addresses name the same endpoint: letter case of the host and trailing slashes aside. */
export function sameEndpoint(a: string, b: string): boolean {
  return a === b || comparable(a) === comparable(b);
}

/** Where a token may go, or went. */
interface Destination {
  readonly uri: string;
  readonly insecure: boolean;
}

/**
 * Whether a token that was made for one place may be sent to another: to the same host and port, and not without TLS where
 * there was TLS.
 *
 * @example
 * ```ts
 * import { mayReceive } from "./uri.ts";
 * import assert from "node:assert/strict";
 * const made = { uri: "a.example.com/path", insecure: false };
 * assert.ok(mayReceive(made, { uri: "A.example.com", insecure: false }));
 * assert.ok(!mayReceive(made, { uri: "b.example.com", insecure: false }));
 * assert.ok(!mayReceive(made, { uri: "a.example.com", insecure: true }));
 * ```
 */
export function mayReceive(madeFor: Destination, to: Destination): boolean {
  const host = ({ uri }: Destination) => uri.replace(/\/.*/s, "").toLowerCase();
  return host(madeFor) === host(to) && (madeFor.insecure || !to.insecure);
}

function comparable(address: string): string {
  const trimmed = address.replace(/\/+$/, "");
  const slash = trimmed.indexOf("/");
  return slash < 0 ? trimmed.toLowerCase() : trimmed.slice(0, slash).toLowerCase() + trimmed.slice(slash);
}

/** Why a remote's name can't be used, or null. */
export function nameProblem(text: string): string | null {
  if (
    name.test(text) && text.isWellFormed() && (text.length <= NAME_LIMIT || [...text].length <= NAME_LIMIT)
  ) {
    return null;
  }
  if (text === "") return "the name is empty";
  if (text === "__proto__") return "the name is a word that JavaScript keeps for itself";
  if (/^\s|\s$/u.test(text)) return "the name has white space at its start or end";
  if (!text.isWellFormed()) return "the name is not well-formed Unicode";
  if ([...text].length > NAME_LIMIT) return `the name has more than ${NAME_LIMIT} characters`;
  return "the name has a line break or another control character";
}

// The first thing wrong with what follows the scheme.
function addressProblem(rest: string): string {
  const authority = /^[^/?#]*/.exec(rest)![0];
  if (rest === "") return "the address is empty";
  if (authority.includes("@")) return "the address carries credentials";
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  if (/[\s\u0000-\u001f\u007f-\u009f]/u.test(rest)) {
    return "the address has white space or a control character";
  }
  if (rest.includes("\\")) return "the address has a backslash";
  if (rest.includes("?")) return "the address has a query (?)";
  if (rest.includes("#")) return "the address has a fragment (#)";
  if (/^(?:$|:)/.test(authority)) return "the address has no host";
  const port = /:([^:\]]*)$/.exec(authority);
  if (port !== null && !new RegExp(`^${PORT}$`).test(port[1]!)) {
    return "the address has a port that is not from 1 to 65535";
  }
  return "the address has a host that is not valid";
}
