/**
 * Chooses the proxy of a request. Reads the environment as Go's `net/http` does (golang.org/x/net/http/httpproxy),
 * because Singularity and Apptainer use that.
 */

/** A proxy, and the variable that sets it. */
export interface ProxyChoice {
  readonly url: URL;
  readonly variable: string;
}

/** The value of an environment variable. */
export type Env = (name: string) => string | undefined;

/**
 * The proxy for a request; null: none.
 * @throws {TypeError} if the variable is not an address
 *
 * @example
 * ```ts
 * import { proxyFor } from "./proxy.ts";
 * import assert from "node:assert/strict";
 * const env = (name: string) => ({ HTTPS_PROXY: "proxy:3128", NO_PROXY: ".inside.org" })[name];
 * assert.equal(proxyFor(new URL("https://a.org/"), env)?.url.host, "proxy:3128");
 * assert.equal(proxyFor(new URL("https://a.inside.org/"), env), null);
 * ```
 */
export function proxyFor(url: URL, env: Env): ProxyChoice | null {
  const variable = variablesFor(url).find((one) => env(one));
  if (variable === undefined || isExcluded(url, env("NO_PROXY") || env("no_proxy") || "")) return null;
  // A web server's script gets a header of the request as HTTP_PROXY (CVE-2016-5386).
  if (url.protocol === "http:" && env("REQUEST_METHOD")) return null;
  const value = env(variable)!;
  const proxy = URL.parse(/^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`);
  if (proxy === null || !/^(?:https?|socks5h?):$/.test(proxy.protocol) || proxy.hostname === "") {
    throw new TypeError(`${variable} is not the address of an http, https or socks5 proxy`);
  }
  if (![proxy.username, proxy.password].every(isDecodable)) {
    throw new TypeError(`${variable} has a % in its user or password that is not an escape: % itself is %25`);
  }
  return { url: proxy, variable };
}

function isDecodable(part: string): boolean {
  try {
    decodeURIComponent(part);
    return true;
  } catch {
    return false;
  }
}

/**
 * What to tell a user whose proxy for http is not used; null: nothing. sremote goes straight to the server then; current Go
 * refuses each http request, also one to a host of NO_PROXY.
 */
export function cgiWarning(url: URL, env: Env): string | null {
  const variable = variablesFor(url).find((one) => env(one));
  if (url.protocol !== "http:" || variable === undefined || !env("REQUEST_METHOD")) return null;
  return `${variable} is not used, because REQUEST_METHOD is set; ` +
    "programs that are built with a current Go refuse http requests then. Unset REQUEST_METHOD";
}

function variablesFor({ protocol }: URL): readonly string[] {
  const name = protocol === "https:" ? "HTTPS_PROXY" : "HTTP_PROXY";
  return [name, name.toLowerCase()];
}

/**
 * What to do if a request that went straight to its server was meant for a proxy, as the second half of a remedy; null:
 * nothing speaks for that.
 */
export function proxyHint(url: URL, env: Env): string | null {
  const [name = ""] = variablesFor(url);
  if (isExcluded(url, "")) return null;
  const variable = variablesFor(url).find((one) => env(one));
  if (variable !== undefined) {
    if (url.protocol === "http:" && env("REQUEST_METHOD")) {
      return `unset REQUEST_METHOD: while it is set, ${variable} is not used`;
    }
    return `if the host needs the proxy of ${variable}, remove it from NO_PROXY`;
  }
  const all = ["ALL_PROXY", "all_proxy"].find((one) => env(one));
  if (all !== undefined) return `set ${name}: the programs and sremote do not read ${all}`;
  const others = ["HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"];
  if (env("SUDO_USER") && !others.some((one) => env(one))) {
    return `behind a proxy, run sudo --preserve-env=${name},NO_PROXY sremote: sudo drops these variables`;
  }
  return null;
}

/** A proxy without its user and password, for messages. */
export function shownProxy({ url, variable }: ProxyChoice): string {
  return `${url.protocol}//${url.host} of ${variable}`;
}

/** Matches `NO_PROXY`: `*`, a host and its subdomains, `.host` (subdomains only), an IP address, a CIDR network; the port is optional. */
function isExcluded(url: URL, list: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "").replace(/\.$/, "").toLowerCase();
  const port = url.port === "" ? url.protocol === "https:" ? "443" : "80" : url.port;
  const address = addressBits(host);
  if (host === "localhost" || address !== null && isLoopback(address)) return true;
  return list.toLowerCase().split(",").map((one) => one.trim()).filter((one) => one !== "").some((one) => {
    if (one === "*") return true;
    if (one.includes("/")) return address !== null && isWithin(address, one);
    const [, bracketed, plain, itsPort] = /^(?:\[([^\]]*)\]|([^:]*|.*:.*:.*?))(?::(\d+))?$/.exec(one) ?? [];
    const name = (bracketed ?? plain ?? one).replace(/^\*\./, ".");
    if (itsPort !== undefined && itsPort !== port) return false;
    const its = addressBits(name);
    if (its !== null) return address === its;
    return name.startsWith(".") ? host.endsWith(name) : host === name || host.endsWith(`.${name}`);
  });
}

function isLoopback(bits: string): boolean {
  return bits.length === 32 ? bits.startsWith("01111111") : bits === "1".padStart(128, "0");
}

function isWithin(bits: string, network: string): boolean {
  const [base = "", length = ""] = network.split("/");
  const its = addressBits(base);
  if (its === null || its.length !== bits.length || !/^\d{1,3}$/.test(length)) return false;
  return Number(length) <= its.length && bits.startsWith(its.slice(0, Number(length)));
}

/** An IP address as 32 or 128 binary digits; null: not an IP address. */
function addressBits(text: string): string | null {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) {
    const parts = text.split(".").map(Number);
    return parts.every((one) => one < 256)
      ? parts.map((one) => one.toString(2).padStart(8, "0")).join("")
      : null;
  }
  if (!/^[0-9a-f:.]+$/i.test(text) || !text.includes(":")) return null;
  const normal = URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1);
  if (normal === undefined) return null;
  const [head = "", tail] = normal.split("::");
  const groups = (part: string) => part === "" ? [] : part.split(":");
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = tail === undefined ? [] : Array<string>(8 - before.length - after.length).fill("0");
  const parts = [...before, ...zeros, ...after];
  const bits = parts.map((one) => parseInt(one, 16).toString(2).padStart(16, "0")).join("");
  // An IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) is that IPv4 address.
  return bits.startsWith("0".repeat(80) + "1".repeat(16)) ? bits.slice(96) : bits;
}
