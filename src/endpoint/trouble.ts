/** Words for a request that failed: what happened, and what to do about it. */
import type { Trouble, TroubleKind } from "../model.ts";
import { codeOf } from "../base/errno.ts";
import { type Certificate, isForServers, namesOf } from "./certificate.ts";
import { type Anchors, type Fault, faultOn, isSelfIssued, type Path, weakOn } from "./path.ts";
import { type ProxyChoice, shownProxy } from "./proxy.ts";

/** The remedy if a server fails. */
export const LATER = "Try again later; if it keeps failing, contact its administrator";

/** The remedy if an answer is not that of an endpoint. */
export const CHECK_ADDRESS = "Check that this is the address of an endpoint";

/** A trouble. `next` is one imperative, with a capital and without a full stop. */
export function trouble(kind: TroubleKind, message: string, next?: string): Trouble {
  return { kind, message, ...(next === undefined ? {} : { next }) };
}

/** A request that failed. */
export interface Attempt {
  readonly url: URL;
  readonly proxy: ProxyChoice | null;
  /** In milliseconds. */
  readonly timeout: number;
  /** Whether the limit for all requests together ended it. */
  readonly overall: boolean;
  /** What to do if a proxy was meant: see `proxyHint`; null: nothing speaks for that. */
  readonly hint: string | null;
}

const UNTRUSTED: ReadonlySet<string> = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_UNTRUSTED",
]);

/** Whether no trusted authority issued the server's certificate, as far as the TLS library can tell. */
export function isUntrusted(error: unknown): boolean {
  return UNTRUSTED.has(codeOf(error) ?? "");
}

/** Whether the server's certificate was rejected; {@link certificateTrouble} then has the words. */
export function isCertificate(error: unknown): boolean {
  return isUntrusted(error) || REJECTED.test(codeOf(error) ?? "");
}

/** Codes of X.509 besides {@link UNTRUSTED}. */
const REJECTED =
  /^(?:CERT_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_(?:CA|PURPOSE|NON_CA|EXTENSION)|PATH_LENGTH_EXCEEDED|UNSPECIFIED$|UNHANDLED_CRITICAL|(?:PERMITTED|EXCLUDED|SUBTREE)_|EE_KEY|CA_)/;

/** Codes of the operating system, OpenSSL and the network; all others are `network`. */
const KINDS: readonly (readonly [TroubleKind, RegExp])[] = [
  ["dns", /^(?:ENOTFOUND|EAI_AGAIN|EAI_NONAME|EAI_NODATA|EAI_FAIL|ESERVFAIL|ETIMEOUT)$/],
  ["refused", /^ECONNREFUSED$/],
  ["unreachable", /^(?:EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL)$/],
  ["timeout", /^(?:ETIMEDOUT|ESOCKETTIMEDOUT)$/],
  ["closed", /^(?:ECONNRESET|EPIPE|ECONNABORTED|UND_ERR_SOCKET)$/],
  ["half", /^EHALF$/],
  ["too-large", /^ETOOLARGE$/],
  ["tls", /^(?:ERR_SSL|EPROTO$|ERR_TLS)/],
  ["malformed", /^HPE_/],
];

/** Words for an error of the operating system, OpenSSL or the network. */
export function troubleOf(error: unknown, attempt: Attempt): Trouble {
  const { url, proxy } = attempt;
  const code = codeOf(error) ?? "";
  if (code === "EPROXY") return statusOfProxy(error, proxy);
  const blamed = ofProxy(error) ? proxy : null;
  const who = blamed === null ? url.host : `the proxy ${shownProxy(blamed)}`;
  const through = proxy === null || blamed !== null ? "" : ` (through the proxy ${shownProxy(proxy)})`;
  const kind = KINDS.find(([, codes]) => codes.test(code))?.[0] ?? "network";
  const why = code === "" ? error instanceof Error ? error.message : String(error) : code;
  // A server of another protocol closes the connection, or answers what the library cannot read.
  const isSilent = kind === "closed" && /^socks/.test(blamed?.url.protocol ?? "");
  if (code === "ESOCKS" || isSilent) return ofSocks(error, who, blamed);
  const [message, next] = wordsOf(kind, who, blamed?.url ?? url, attempt, why);
  return trouble(
    blamed === null ? kind : "proxy",
    message + through,
    blamed === null ? next : nextOfProxy(blamed, next),
  );
}

/** A SOCKS proxy that refuses, in the words of the library. */
function ofSocks(error: unknown, who: string, proxy: ProxyChoice | null): Trouble {
  const words = error instanceof Error ? error.message : "";
  const variable = proxy?.variable ?? "HTTPS_PROXY";
  if (/auth/i.test(words)) {
    const next = `Set a user and a password: ${variable}=socks5://USER:PASSWORD@HOST:PORT`;
    return trouble("proxy", `${who} rejects the user or the password`, next);
  }
  const why = /Socks5 proxy rejected connection - (\w+)/.exec(words)?.[1];
  return trouble(
    "proxy",
    why === undefined ? `${who} does not answer as a SOCKS 5 proxy` : `${who} cannot connect: ${split(why)}`,
    why === undefined
      ? `Check ${variable}: the proxy may be one for http (http://HOST:PORT)`
      : nextOfProxy(proxy, "Contact the administrator of the proxy"),
  );
}

/** `HostUnreachable` as words. */
function split(name: string): string {
  return name.replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
}

/** Whether the connection to the proxy failed: `src/world/network.ts` marks such errors. */
export function ofProxy(error: unknown): boolean {
  return typeof error === "object" && error !== null && "proxy" in error && error.proxy === true;
}

/** A message and a remedy. `who` is the server or the proxy that failed, at `url`. */
function wordsOf(
  kind: TroubleKind,
  who: string,
  url: URL,
  { proxy, timeout, overall, hint }: Attempt,
  why: string,
): readonly [message: string, next: string] {
  const variable = url.protocol === "http:" ? "HTTP_PROXY" : "HTTPS_PROXY";
  const behind = hint ?? `behind a proxy, set ${variable}`;
  const hinted = hint === null ? "" : `; ${hint}`;
  switch (kind) {
    case "dns":
      return [
        `cannot resolve the name ${url.hostname}`,
        proxy === null ? `Check the name and /etc/resolv.conf; ${behind}` : `Check ${proxy.variable}`,
      ];
    case "refused":
      return [
        `${who} refuses the connection`,
        `Check that ${url.host} is the right address, and that it is running${hinted}`,
      ];
    case "unreachable":
      return [`${who} is unreachable`, `Check the network; ${behind}`];
    case "timeout":
      return overall ? ["all requests together took too long", "Allow more time with --deadline SECONDS"] : [
        `${who} did not answer within ${timeout / 1000} s`,
        `Try again, or allow more time with --timeout SECONDS${hinted}`,
      ];
    case "closed":
      return [`${who} closed the connection without an answer`, LATER];
    case "half":
      return [`the answer of ${who} is incomplete`, LATER];
    case "too-large":
      return [`the answer of ${who} is larger than 1 MiB`, CHECK_ADDRESS];
    case "tls":
      return ofTls(who, url, why);
    case "malformed":
      return [`the answer of ${who} is not HTTP`, CHECK_ADDRESS];
    default:
      return [`the request to ${who} failed: ${why}`, "Check the network, then try again"];
  }
}

function statusOfProxy(error: unknown, proxy: ProxyChoice | null): Trouble {
  const status = typeof error === "object" && error !== null && "status" in error ? Number(error.status) : 0;
  const shown = proxy === null ? "the proxy" : `the proxy ${shownProxy(proxy)}`;
  return trouble(
    "proxy",
    `${shown} answers ${status}`,
    status === 407
      ? `Set a user and a password: ${proxy?.variable ?? "HTTPS_PROXY"}=http://USER:PASSWORD@HOST:PORT`
      : nextOfProxy(proxy, "Contact the administrator of the proxy"),
  );
}

function nextOfProxy(proxy: ProxyChoice | null, otherwise: string): string {
  return proxy === null ? otherwise : `Check ${proxy.variable}, or add the host to NO_PROXY`;
}

/** A TLS connection that failed before a certificate was looked at. */
function ofTls(who: string, url: URL, why: string): readonly [message: string, next: string] {
  if (/WRONG_VERSION_NUMBER|HTTP_REQUEST|PACKET_LENGTH|RECORD_LAYER/.test(why)) {
    return [
      `${who} does not speak TLS (${why})`,
      `Check the port: ${url.host} answers, but not with https; or contact its administrator`,
    ];
  }
  if (/PROTOCOL|VERSION/.test(why)) {
    return [
      `${who} offers no version of TLS that is safe (${why})`,
      "Contact its administrator: the server needs TLS 1.2 or later, for the programs too",
    ];
  }
  if (/CERTIFICATE_REQUIRED|BAD_CERTIFICATE|UNKNOWN_CA/.test(why)) {
    return [
      `${who} asks for a certificate of the client (${why})`,
      "Contact its administrator: the programs have none to give",
    ];
  }
  return [
    `the TLS connection to ${who} failed (${why})`,
    "Contact the administrator of the server: the programs need TLS 1.2 or later and a common cipher",
  ];
}

/** A certificate that was rejected. */
export interface Refused {
  readonly url: URL;
  readonly code: string;
  /** The certificates that decide about the server's; null: its own cannot be read. */
  readonly path: Path | null;
  /** Whether the server sends its own certificate alone. */
  readonly isAlone: boolean;
  readonly anchors: Anchors;
  /** The system's certificate store; null: there is none. */
  readonly store: string | null;
}

/** Words for a certificate that was rejected, and the step that helps: TLS stays. */
export function certificateTrouble(refused: Refused): Trouble {
  const { url, code, path, anchors } = refused;
  const own = path?.certificates[0] ?? null;
  const say = (what: string, next: string) =>
    trouble("certificate", `the certificate of ${url.host} ${what}`, next);
  const fault = path === null ? null : faultOn(path, anchors);
  // A chain whose names or signatures are refused is valid otherwise.
  const time = code.startsWith("ERR_TLS_CERT_") ? null : ofTime(refused, fault);
  if (time !== null) return trouble("certificate", ...time);
  // Some TLS libraries have one code for all that is wrong with a chain.
  const weak = path === null ? null : weakOn(path);
  if (weak !== null) {
    return trouble(
      "certificate",
      `the certificate ${whose(weak, refused)} is signed with ${weak.weak}, which is not safe`,
      "Contact its administrator: the programs need a certificate that is signed with SHA-256 or better",
    );
  }
  if (own !== null && !isForServers(own)) {
    return say(
      "is not for servers",
      "Contact its administrator: the certificate needs the extended key usage serverAuth",
    );
  }
  switch (code) {
    case "ERR_TLS_CERT_NO_NAMES":
    case "ERR_TLS_CERT_ALTNAME_INVALID":
    case "HOSTNAME_MISMATCH":
      return ofNames(url, own);
    case "ERR_TLS_CERT_UNREADABLE":
      return say("or one that is sent with it cannot be read", "Contact the administrator of the server");
  }
  if (path !== null && fault !== null && (path.trusted || fault.kind !== "names")) {
    return trouble("certificate", ...ofFault(fault, refused));
  }
  if (!UNTRUSTED.has(code)) return say(`is invalid (${code})`, "Contact the administrator of the server");
  return ofAuthority(refused);
}

/** The end of "the certificate …": the server's own, or one above it. */
function whose(one: Certificate, { url, path }: Refused): string {
  return one === path?.certificates[0]
    ? `of ${url.host}`
    : `“${one.subject.text ?? "unnamed"}” behind ${url.host}`;
}

/** Whether a certificate is the trusted one at the end of a path, above that of the server. */
function isOurs(one: Certificate, path: Path | null): boolean {
  return path !== null && path.trusted && path.certificates.indexOf(one) === path.certificates.length - 1 &&
    one !== path.certificates[0];
}

/** A path with a certificate on it that may not be there. */
function ofFault(
  { of, kind }: Fault,
  refused: Refused,
): readonly [message: string, next: string] {
  const issuer = of.issuer.text ?? "unnamed";
  if (kind === "signature") {
    return [
      `the signature of “${issuer}” on the certificate ${whose(of, refused)} cannot be verified`,
      "Contact the administrator of the server: another authority of that name may have signed it, or in an unsupported way",
    ];
  }
  const words: Readonly<Record<Exclude<Fault["kind"], "signature">, string>> = {
    expired: "has expired",
    early: "is not valid yet",
    "no-authority": "is not that of an authority (CA:TRUE is missing), so it cannot issue others",
    "no-signing": "may not issue others (keyCertSign is missing)",
    purpose: "may not issue certificates for servers (extended key usage)",
    depth: "may not issue certificates of authorities (path length)",
    critical: `has a critical extension that the programs do not know (${of.unknown})`,
    names:
      `may issue certificates only for certain names (name constraints), and ${refused.url.host} is not one`,
  };
  return [
    `the certificate ${whose(of, refused)} ${words[kind]}`,
    isOurs(of, refused.path)
      ? `Replace that certificate in ${refused.store ?? "the system's store"} or in the file of --cacert`
      : "Contact the administrator of the server",
  ];
}

function ofTime(refused: Refused, fault: Fault | null): readonly [message: string, next: string] | null {
  const { url, code, anchors: { now } } = refused;
  if (fault === null || fault.kind !== "expired" && fault.kind !== "early") {
    if (code !== "CERT_HAS_EXPIRED" && code !== "CERT_NOT_YET_VALID") return null;
    const what = code === "CERT_HAS_EXPIRED" ? "has expired" : "is not valid yet";
    return [
      `the certificate of an authority behind ${url.host} ${what}`,
      "Check the clock of this machine, and update the certificates of the system",
    ];
  }
  const { of: { until, from } } = fault;
  const what = until < now
    ? `has expired (valid until ${dayOf(until)})`
    : `is not valid yet (valid from ${dayOf(from)})`;
  return [
    `the certificate ${whose(fault.of, refused)} ${what}`,
    isOurs(fault.of, refused.path)
      ? "Check the clock of this machine, and update the certificates of the system"
      : "Check the clock of this machine, or contact the administrator of the server",
  ];
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** A certificate that does not name the host, or does so only where Go does not look. */
function ofNames(url: URL, own: Certificate | null): Trouble {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const names = own === null ? [] : namesOf(own);
  const say = (what: string, next: string) =>
    trouble("certificate", `the certificate of ${url.host} ${what}`, next);
  if (own !== null && names.length === 0) {
    return say(
      own.subject.text?.toLowerCase() === host.toLowerCase()
        ? "names the host only as its common name, which the programs do not accept"
        : "is for no host: it has no subjectAltName",
      `Contact its administrator: the certificate needs the subjectAltName ${host}`,
    );
  }
  if (own?.names.includes(host)) {
    return say(
      `has ${host} as a DNS name, not as an IP address`,
      `Contact its administrator: the certificate needs the IP address ${host} as a subjectAltName`,
    );
  }
  const those = names.length === 0 ? "another name" : names.slice(0, 5).join(", ");
  return say(`is for ${those}`, "Check the address, and whether a proxy intercepts the connection");
}

/** A path that ends before a trusted certificate. */
function ofAuthority({ url, path, isAlone, store }: Refused): Trouble {
  const where = store === null ? "" : ` (${store})`;
  const say = (what: string, next: string) =>
    trouble("certificate", `the certificate of ${url.host} ${what}`, next);
  const [own, top] = [path?.certificates[0], path?.certificates.at(-1)];
  if (own !== undefined && isSelfIssued(own)) {
    return say(
      "is self-signed",
      `If it is the right one, give it with --cacert FILE, or add it to the system's store${where}`,
    );
  }
  const name = top?.issuer.text ?? null;
  const by = name === null ? "an untrusted authority" : `the untrusted authority “${name}”`;
  if (isAlone && own?.namesIssuer) {
    return say(
      `was issued by ${
        name === null ? "an intermediate authority" : `“${name}”`
      }, whose certificate it does not send`,
      "Contact its administrator: the server should send the intermediate certificate with its own, for the programs too",
    );
  }
  const missing = isAlone
    ? "; if it is an intermediate authority, the server should send its certificate"
    : "";
  return say(
    `was issued by ${by}`,
    `Give the certificate of that authority with --cacert FILE, or add it to the system's store${where}${missing}`,
  );
}
