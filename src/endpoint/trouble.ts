/** Words for a request that failed: what happened, and what to do about it. */
import type { Trouble, TroubleKind } from "../model.ts";
import { codeOf } from "../base/errno.ts";
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
}

const UNTRUSTED: ReadonlySet<string> = new Set([
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "CERT_UNTRUSTED",
]);

/** Whether the server's certificate was rejected; {@link certificateTrouble} then has the words. */
export function isCertificate(error: unknown): boolean {
  const code = codeOf(error) ?? "";
  return UNTRUSTED.has(code) ||
    /^(?:CERT_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/.test(code);
}

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
  const [message, next] = wordsOf(kind, who, blamed?.url ?? url, attempt, why);
  return trouble(
    blamed === null ? kind : "proxy",
    message + through,
    blamed === null ? next : nextOfProxy(blamed, next),
  );
}

/** `src/world/network.ts` marks an error of the connection to the proxy. */
function ofProxy(error: unknown): boolean {
  return typeof error === "object" && error !== null && "proxy" in error && error.proxy === true;
}

/** A message and a remedy. `who` is the server or the proxy that failed, at `url`. */
function wordsOf(
  kind: TroubleKind,
  who: string,
  url: URL,
  { proxy, timeout, overall }: Attempt,
  why: string,
): readonly [message: string, next: string] {
  switch (kind) {
    case "dns":
      return [
        `cannot resolve the name ${url.hostname}`,
        proxy === null
          ? "Check the name and /etc/resolv.conf; behind a proxy, set HTTPS_PROXY"
          : `Check ${proxy.variable}`,
      ];
    case "refused":
      return [
        `${who} refuses the connection`,
        `Check that ${url.host} is the right address, and that it is running`,
      ];
    case "unreachable":
      return [`${who} is unreachable`, "Check the network; behind a proxy, set HTTPS_PROXY"];
    case "timeout":
      return overall ? ["all requests together took too long", "Allow more time with --deadline SECONDS"] : [
        `${who} did not answer within ${timeout / 1000} s`,
        "Try again, or allow more time with --timeout SECONDS",
      ];
    case "closed":
      return [`${who} closed the connection without an answer`, LATER];
    case "half":
      return [`the answer of ${who} is incomplete`, LATER];
    case "too-large":
      return [`the answer of ${who} is larger than 1 MiB`, CHECK_ADDRESS];
    case "tls":
      return [`the TLS connection to ${who} failed (${why})`, "If it serves only http, use --insecure"];
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

/** A certificate that was rejected. */
export interface Refused {
  readonly host: string;
  readonly code: string;
  readonly issuer: string | null;
  readonly names: readonly string[];
  readonly until: string | null;
  /** The system's certificate store; null: there is none. */
  readonly store: string | null;
}

/** Words for a certificate that was rejected. */
export function certificateTrouble({ host, code, issuer, names, until, store }: Refused): Trouble {
  const say = (what: string, next: string) =>
    trouble("certificate", `the certificate of ${host} ${what}`, next);
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    const when = until === null ? "" : ` (valid until ${until})`;
    const what = code === "CERT_HAS_EXPIRED" ? "has expired" : "is not valid yet";
    return say(what + when, "Check the clock of this machine, or contact the administrator of the server");
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "HOSTNAME_MISMATCH") {
    const of = names.length === 0 ? "another name" : names.slice(0, 5).join(", ");
    return say(`is for ${of}`, "Check the address, and whether a proxy intercepts the connection");
  }
  const by = issuer === null ? "an untrusted authority" : `the untrusted authority “${issuer}”`;
  const where = store === null ? "" : ` (${store})`;
  return say(
    `was issued by ${by}`,
    `Give the certificate of that authority with --cacert FILE, or add it to the system's store${where}`,
  );
}
