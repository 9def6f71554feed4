/** Why a request failed, in words: what is the matter, and what a person can do. */
import type { Trouble, TroubleKind } from "../model.ts";
import { codeOf } from "../base/errno.ts";
import { type ProxyChoice, shownProxy } from "./proxy.ts";

/** A trouble. */
export function trouble(kind: TroubleKind, message: string, next?: string): Trouble {
  return { kind, message, ...(next === undefined ? {} : { next }) };
}

/** What is known of a request that failed. */
export interface Attempt {
  readonly url: URL;
  readonly proxy: ProxyChoice | null;
  /** In milliseconds. */
  readonly timeout: number;
  /** All requests together were to take no longer, and did. */
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

/** Whether the server's certificate is the matter, which {@link certificateTrouble} then has the words for. */
export function isCertificate(error: unknown): boolean {
  const code = codeOf(error) ?? "";
  return UNTRUSTED.has(code) ||
    /^(?:CERT_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)/.test(code);
}

/** The operating system's, OpenSSL's or the network's error in words. */
export function troubleOf(error: unknown, attempt: Attempt): Trouble {
  const { url, proxy } = attempt;
  const viaProxy = typeof error === "object" && error !== null && "proxy" in error && error.proxy === true;
  const host = viaProxy && proxy !== null ? proxy.url.host : url.host;
  const who = viaProxy && proxy !== null ? `the proxy ${shownProxy(proxy)}` : host;
  const through = proxy === null || viaProxy ? "" : ` (through the proxy ${shownProxy(proxy)})`;
  const say = (kind: TroubleKind, message: string, next: string) =>
    trouble(viaProxy ? "proxy" : kind, message + through, viaProxy ? nextOfProxy(proxy, next) : next);
  const code = codeOf(error) ?? "";
  switch (code) {
    case "ENOTFOUND":
    case "EAI_AGAIN":
    case "EAI_NONAME":
    case "EAI_NODATA":
    case "EAI_FAIL":
    case "ESERVFAIL":
    case "ETIMEOUT":
      return say(
        "dns",
        `the name ${(viaProxy && proxy !== null ? proxy.url : url).hostname} cannot be resolved`,
        proxy === null
          ? "check the name and /etc/resolv.conf; behind a proxy, set HTTPS_PROXY"
          : `check ${proxy.variable}`,
      );
    case "ECONNREFUSED":
      return say(
        "refused",
        `${who} refuses the connection`,
        `is it running, and is the port right? (${host})`,
      );
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EHOSTDOWN":
    case "ENETDOWN":
    case "EADDRNOTAVAIL":
      return say(
        "unreachable",
        `there is no way to ${who}`,
        "check the network; behind a proxy, set HTTPS_PROXY",
      );
    case "ETIMEDOUT":
    case "ESOCKETTIMEDOUT":
      return attempt.overall
        ? say(
          "timeout",
          `all requests together took longer than allowed`,
          "allow more with --deadline SECONDS",
        )
        : say(
          "timeout",
          `${who} gave no answer within ${attempt.timeout / 1000} s`,
          "try again, or allow more time with --timeout SECONDS",
        );
    case "ECONNRESET":
    case "EPIPE":
    case "ECONNABORTED":
    case "UND_ERR_SOCKET":
      return say(
        "closed",
        `${who} closed the connection without an answer`,
        "try again; if it stays, ask who runs it",
      );
    case "EHALF":
      return say(
        "half",
        `the answer of ${who} ended in its middle`,
        "try again; if it stays, ask who runs it",
      );
    case "ETOOLARGE":
      return say(
        "too-large",
        `the answer of ${who} is larger than 1 MiB`,
        "is this the address of an endpoint?",
      );
    case "EPROXY":
      return statusOfProxy(error, proxy);
  }
  if (/^(?:ERR_SSL|EPROTO|ERR_TLS)/.test(code)) {
    return say(
      "tls",
      `${who} does not speak TLS as it should (${code})`,
      "is it http only? Then the remote is --insecure",
    );
  }
  if (/^HPE_/.test(code)) {
    return say("malformed", `${who} does not answer in HTTP`, "is this the address of an endpoint?");
  }
  const why = code === "" ? error instanceof Error ? error.message : String(error) : code;
  return say("network", `the request to ${who} failed: ${why}`, "check the network, then try again");
}

function statusOfProxy(error: unknown, proxy: ProxyChoice | null): Trouble {
  const status = typeof error === "object" && error !== null && "status" in error ? Number(error.status) : 0;
  const shown = proxy === null ? "the proxy" : `the proxy ${shownProxy(proxy)}`;
  return trouble(
    "proxy",
    `${shown} answers ${status}`,
    status === 407
      ? `it wants a user and a password: ${proxy?.variable ?? "HTTPS_PROXY"}=http://USER:PASSWORD@HOST:PORT`
      : nextOfProxy(proxy, "ask who runs the proxy"),
  );
}

function nextOfProxy(proxy: ProxyChoice | null, otherwise: string): string {
  return proxy === null ? otherwise : `check ${proxy.variable}, or name the host in NO_PROXY`;
}

/** What is seen of a certificate that is not accepted. */
export interface Refused {
  readonly host: string;
  readonly code: string;
  readonly issuer: string | null;
  readonly names: readonly string[];
  readonly until: string | null;
  /** The system's store; null: there is none. */
  readonly store: string | null;
}

/** A certificate that is not accepted, in words. */
export function certificateTrouble({ host, code, issuer, names, until, store }: Refused): Trouble {
  if (code === "CERT_HAS_EXPIRED" || code === "CERT_NOT_YET_VALID") {
    const when = until === null ? "" : ` (valid until ${until})`;
    const what = code === "CERT_HAS_EXPIRED" ? "has expired" : "is not valid yet";
    return trouble(
      "certificate",
      `the certificate of ${host} ${what}${when}`,
      "ask who runs it; check this machine's clock",
    );
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID" || code === "HOSTNAME_MISMATCH") {
    const of = names.length === 0 ? "another name" : names.slice(0, 5).join(", ");
    return trouble(
      "certificate",
      `the certificate of ${host} is for ${of}`,
      "check the address; is a proxy in between?",
    );
  }
  const by = issuer === null ? "an authority that is not trusted" : `“${issuer}”, which is not trusted`;
  return trouble(
    "certificate",
    `the certificate of ${host} was issued by ${by}`,
    `give the certificate of that authority with --cacert FILE, or add it to the system's${
      store === null ? "" : ` (${store})`
    }`,
  );
}
