/**
 * Addresses and names. `schema/config.schema.json` has the patterns for editors; the functions explain in words what a
 * pattern can only refuse.
 */
import { NAME_CHARACTERS } from "./limits.ts";

// A character of a host name: no control, space, invisible or bidi character; of ASCII only letters, digits, - . _
const HOST_CHARACTER =
  "[^\\s\\u0000-\\u002c\\u002f\\u003a-\\u0040\\u005b-\\u005e\\u0060\\u007b-\\u009f\\u00ad\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff]";
const HOST = `(?:${HOST_CHARACTER}+|\\[[0-9A-Fa-f:.]+\\])`;
const PORT = "(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])";
const PATH = "(?:/[^\\s\\u0000-\\u001f\\u007f-\\u009f\\\\?#]*)?";

/** The address of an endpoint, in the JSON schema. */
export const ENDPOINT_PATTERN = `^(?:[Hh][Tt][Tt][Pp][Ss]?://)?${HOST}(?::${PORT})?${PATH}$`;
/** The address of a keyserver, in the JSON schema. */
export const KEYSERVER_PATTERN = `^(?:[Hh][Tt][Tt][Pp]|[Hh][Kk][Pp])[Ss]?://${HOST}(?::${PORT})?${PATH}$`;
/** The name of a remote, in the JSON schema. */
export const NAME_PATTERN =
  "^(?!__proto__$)(?!\\s)(?![\\s\\S]*\\s$)[^\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029]+$";
/** The valid forms of the address of an endpoint. */
export const ENDPOINT_ALLOWED = "[https://|http://]host[:port][/path]";
/** The valid forms of the address of a keyserver. */
export const KEYSERVER_ALLOWED = "(https|http|hkps|hkp)://host[:port][/path]";

const endpoint = new RegExp(ENDPOINT_PATTERN, "u");
const keyserver = new RegExp(KEYSERVER_PATTERN, "u");
const name = new RegExp(NAME_PATTERN, "u");
const PLAIN_HOST = /^(?:[A-Za-z0-9_-]+\.)*[A-Za-z][A-Za-z0-9-]*(?:[:/]|$)/;
const SCHEME = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

/**
 * Parses the address of an endpoint: the scheme is dropped, `http://` becomes `insecure`.
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

/** Why the address of an endpoint is invalid, or null. */
export function endpointProblem(text: string): string | null {
  const scheme = SCHEME.exec(text)?.[1];
  const rest = scheme === undefined ? text : text.slice(scheme.length + 3);
  if (endpoint.test(text) && isHost(rest)) return null;
  if (scheme !== undefined && !/^https?$/i.test(scheme)) {
    return "the address has a scheme other than https and http";
  }
  return addressProblem(rest);
}

/** The valid address of an endpoint, as `remote.yaml` stores it. */
export function storedEndpoint(text: string): { uri: string; insecure: boolean } {
  return { uri: plainAddress(text), insecure: /^http:\/\//i.test(text) };
}

// What the pattern accepts and a URL does not: invalid IP addresses and invalid punycode.
function isHost(rest: string): boolean {
  return PLAIN_HOST.test(rest) && !/xn--/i.test(rest) || URL.canParse(`https://${rest}`);
}

/** Why the address of a keyserver is invalid, or null. */
export function keyserverProblem(text: string): string | null {
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return "the address has no scheme";
  if (!["https", "http", "hkps", "hkp"].includes(scheme)) {
    return "the address has a scheme that keyservers do not have";
  }
  const rest = text.slice(scheme.length + 3);
  return keyserver.test(text) && isHost(rest) ? null : addressProblem(rest);
}

/** Whether `login` and `logout` are given a keyserver's address, as in Singularity 3.7 to 3.11. */
export function isKeyserver(text: string): boolean {
  return /^(?:https?|hkps?):\/\//i.test(text);
}

/** Whether it is the address of an OCI registry, as the programs write it. */
export function isRegistry(text: string): boolean {
  return /^(?:docker|oras):\/\//i.test(text);
}

// Where an image comes from, but library:// (SingularityCE 3.5 to 4.5, Apptainer 1.1 to 1.5).
const OTHER_SOURCES =
  /^(?:docker|docker-archive|docker-daemon|oci|oci-archive|oras|shub|https?|instance|file|localimage):(?:\/\/)?/i;

/** The scheme of an image that the programs get without a remote endpoint, as it is written: `docker://`; null: none. */
export function schemeWithoutEndpoint(text: string): string | null {
  return OTHER_SOURCES.exec(text)?.[0] ?? null;
}

/**
 * The identity of a keyserver: two valid addresses are the same if scheme, host and port agree; `hkp://` is http on port
 * 11371 and `hkps://` is https.
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
 * The web address of a keyserver: `hkp://` is http on port 11371, `hkps://` is https.
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

/** Whether two addresses name the same endpoint, in whatever form they are stored, ignoring the case of the host. */
export function sameEndpoint(a: string, b: string): boolean {
  return a === b || comparable(a) === comparable(b);
}

/** An address that a token is for. */
interface Destination {
  readonly uri: string;
  readonly insecure: boolean;
}

/**
 * Whether a token for one address may be sent to another: only to the same host and port, and never without TLS if there was
 * TLS.
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
  const host = ({ uri }: Destination) => asciiHost(splitAddress(plainAddress(uri))[0]);
  return host(madeFor) === host(to) && (madeFor.insecure || !to.insecure);
}

function comparable(stored: string): string {
  const [host, path] = splitAddress(plainAddress(stored));
  return asciiHost(host) + path;
}

/** A plain address as its host, with its port, and its path, with its slash. */
export function splitAddress(address: string): readonly [host: string, path: string] {
  const slash = address.indexOf("/");
  return slash < 0 ? [address, ""] : [address.slice(0, slash), address.slice(slash)];
}

/** A host, with or without its port, as it is asked: in lower case, and by its `xn--` name if it is not ASCII. */
export function asciiHost(host: string): string {
  const lower = host.toLowerCase();
  // deno-lint-ignore no-control-regex -- all of ASCII
  if (/^[\u0000-\u007f]*$/.test(lower)) return lower;
  const port = /:[0-9]+$/.exec(lower)?.[0] ?? "";
  const url = URL.parse(`https://${lower.slice(0, lower.length - port.length)}`);
  return url === null ? lower : url.hostname + port;
}

/** A stored address without scheme or `//` and without trailing slashes. In one pass, whatever the text. */
export function plainAddress(stored: string): string {
  const prefix = /^(?:[A-Za-z][A-Za-z0-9+.-]{0,31}:)?\/\//.exec(stored)?.[0] ?? "";
  return withoutTrailingSlashes(stored.slice(prefix.length));
}

/** In one pass, whatever the number of slashes. */
export function withoutTrailingSlashes(text: string): string {
  let end = text.length;
  while (end > 0 && text[end - 1] === "/") end--;
  return text.slice(0, end);
}

/** Why the name of a remote is invalid, or null. */
export function nameProblem(text: string): string | null {
  if (
    name.test(text) && text.isWellFormed() &&
    (text.length <= NAME_CHARACTERS || [...text].length <= NAME_CHARACTERS)
  ) {
    return null;
  }
  if (text === "") return "the name is empty";
  if (text === "__proto__") return "the name is reserved by JavaScript";
  if (/^\s|\s$/u.test(text)) return "the name starts or ends with a space";
  if (!text.isWellFormed()) return "the name is not well-formed Unicode";
  if ([...text].length > NAME_CHARACTERS) return `the name has more than ${NAME_CHARACTERS} characters`;
  return "the name contains a line break or another control character";
}

// The first problem of what follows the scheme.
function addressProblem(rest: string): string {
  const authority = /^[^/?#]*/.exec(rest)![0];
  if (rest === "") return "the address is empty";
  if (authority.includes("@")) return "the address contains credentials";
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  if (/[\s\u0000-\u001f\u007f-\u009f]/u.test(rest)) {
    return "the address contains a space or a control character";
  }
  if (rest.includes("\\")) return "the address contains a backslash";
  if (rest.includes("?")) return "the address has a query (?)";
  if (rest.includes("#")) return "the address has a fragment (#)";
  if (/^(?:$|:)/.test(authority)) return "the address has no host";
  const port = /:([^:\]]*)$/.exec(authority);
  if (port !== null && !new RegExp(`^${PORT}$`).test(port[1]!)) {
    return "the port is not between 1 and 65535";
  }
  return "the host is invalid";
}
