/**
 * The network, by `node:http`, `node:https` and `node:tls`: alike under Deno and in the binary, which `fetch` is not (the
 * one gives a proxy's password to the server behind it, the other obeys variables of the environment).
 */
import process from "node:process";
import type Http from "node:http";
import type Https from "node:https";
import type Net from "node:net";
import type Tls from "node:tls";
import type Zlib from "node:zlib";
import type Crypto from "node:crypto";
import type { HttpRequest, HttpResponse, Network } from "../world.ts";
import { codeOf, systemError } from "../base/errno.ts";
import { plainHeaders } from "./headers.ts";
import { load } from "./load.ts";
import { serve } from "./serve.ts";

/**
 * Variables by which Node's modules would print what is sent (tokens too), write down the keys of TLS, look at no
 * certificate. They are taken away before the modules are loaded, which is when they are read.
 */
const DEAF = [
  "NODE_DEBUG",
  "NODE_DEBUG_NATIVE",
  "NODE_TLS_REJECT_UNAUTHORIZED",
  "SSLKEYLOGFILE",
];

function loaded<T>(name: string): T {
  for (const one of DEAF) if (process.env[one] !== undefined) delete process.env[one];
  return load(name) as T;
}

const http = () => loaded<typeof Http>("node:http");
const https = () => loaded<typeof Https>("node:https");
const tls = () => loaded<typeof Tls>("node:tls");

/** The real one. */
export const network: Network = { get, certificatesOf, signed, unusable, serve };

async function get(request: HttpRequest): Promise<HttpResponse> {
  const { url, proxy, timeout } = request;
  return await within(timeout, async (signal) => {
    if (proxy === null) return await exchange(request, straight(request), signal);
    if (url.protocol === "http:" && !isSocks(proxy)) {
      return await exchange(request, throughProxy(request, proxy), signal);
    }
    const tunnel = await connectThrough(request, proxy, signal);
    const socket = url.protocol === "http:" ? tunnel : await encrypt(tunnel, request, signal);
    return await exchange(request, throughTunnel(request, socket), signal);
  });
}

async function certificatesOf(
  request: Omit<HttpRequest, "headers" | "limit">,
): Promise<readonly Uint8Array[]> {
  const { url, proxy, timeout } = request;
  return await within(timeout, async (signal) => {
    const tunnel = proxy === null ? null : await connectThrough(request, proxy, signal);
    return await new Promise<readonly Uint8Array[]>((done) => {
      const socket = tls().connect({
        // With a socket, the host is only what the certificate must be for: an IP address has no server name.
        host: hostOf(url),
        ...(tunnel === null ? { port: portOf(url) } : { socket: tunnel }),
        servername: serverName(url),
        // Only to see what was refused, for a message: nothing is sent.
        ...ANY,
        secureContext: contextFor(NOBODY),
      }, () => {
        const seen = socket.getPeerCertificate(true);
        socket.destroy();
        done(chainOf(seen));
      });
      socket.on("error", () => done([]));
      signal.addEventListener("abort", () => socket.destroy());
    });
  }).catch(() => []);
}

/** A server's certificate and its issuers, in DER. */
function chainOf(certificate: Tls.DetailedPeerCertificate | undefined): readonly Uint8Array[] {
  const chain = new Set<Tls.DetailedPeerCertificate>();
  // The last one is its own issuer. All of them, for the server decides about their order; TLS limits their size.
  for (let one = certificate; one?.raw !== undefined && !chain.has(one); one = one.issuerCertificate) {
    chain.add(one);
  }
  return Array.from(chain, (one) => one.raw);
}

function signed(certificate: Uint8Array, issuer: Uint8Array): boolean {
  const { X509Certificate } = load("node:crypto") as typeof Crypto;
  try {
    return new X509Certificate(certificate).verify(new X509Certificate(issuer).publicKey);
  } catch {
    return false;
  }
}

function unusable(certificates: readonly string[]): readonly number[] {
  if (certificates.length === 0) return [];
  const works = (list: readonly string[]) => {
    try {
      contextFor(list);
      return true;
    } catch {
      return false;
    }
  };
  return works(certificates) ? [] : certificates.flatMap((one, at) => works([one]) ? [] : [at]);
}

// ---------------------------------------------------------------- one exchange

type Sent = Https.RequestOptions;

function straight({ url, headers, trust, judge }: HttpRequest): Sent {
  const where = { host: hostOf(url), port: portOf(url), path: url.pathname + url.search, headers };
  return url.protocol === "http:" ? { ...where, agent: agentFor("http") } : {
    ...where,
    agent: agentFor(trust),
    ...secured(url, { trust, judge }),
  };
}

/** Plain http: the proxy is asked for the whole address. */
function throughProxy({ url, headers, trust, judge }: HttpRequest, proxy: URL): Sent {
  return {
    host: hostOf(proxy),
    port: portOf(proxy),
    path: url.href,
    headers: { ...headers, host: url.host, ...authorization(proxy) },
    agent: false,
    ...(proxy.protocol === "https:" ? secured(proxy, { trust, judge }) : {}),
  };
}

/** Over a connection that is there already; an address is named so that nobody looks the host up. */
function throughTunnel({ url, headers }: HttpRequest, socket: Net.Socket): Sent {
  const agent = new (http().Agent)();
  agent.createConnection = () => socket;
  return {
    host: "127.0.0.1",
    path: url.pathname + url.search,
    headers: { ...headers, host: url.host },
    agent,
  };
}

function exchange(request: HttpRequest, options: Sent, signal: AbortSignal): Promise<HttpResponse> {
  const { url, proxy, limit } = request;
  const tunnelled = proxy !== null && (url.protocol === "https:" || isSocks(proxy));
  const secure = !tunnelled && (proxy ?? url).protocol === "https:";
  return new Promise((done, fail) => {
    const sent = (secure ? https() : http()).request(
      { ...options, method: "GET", maxHeaderSize: limit },
      (answer) => {
        const parts: Uint8Array[] = [];
        let size = 0;
        answer.on("data", (part: Uint8Array) => {
          size += part.length;
          parts.push(part);
          if (size <= limit) return;
          fail(systemError("ETOOLARGE", `answers with more than ${limit} bytes`, url.href));
          sent.destroy();
        });
        const half = () => fail(systemError("EHALF", "ended before its end", url.href));
        answer.on("end", () => {
          if (!answer.complete) return half();
          const headers = plainHeaders(answer.headers);
          try {
            done({
              status: answer.statusCode ?? 0,
              headers,
              body: unpacked(joined(parts, size), headers, limit),
            });
          } catch (error) {
            if (codeOf(error) !== "ERR_BUFFER_TOO_LARGE") return half();
            fail(systemError("ETOOLARGE", `answers with more than ${limit} bytes`, url.href));
          }
        });
        answer.on("aborted", half);
        answer.on("error", half);
      },
    );
    sent.on("error", (error) => {
      fail(proxy !== null && !tunnelled ? Object.assign(error, { proxy: true }) : error);
    });
    signal.addEventListener("abort", () => sent.destroy());
    sent.end();
  });
}

/** Some servers send gzip whatever is accepted, and Go reads it: it always accepts gzip. */
function unpacked(body: Uint8Array, headers: Readonly<Record<string, string>>, limit: number): Uint8Array {
  const isPacked = headers["content-encoding"]?.toLowerCase() === "gzip" && body[0] === 0x1f &&
    body[1] === 0x8b;
  if (!isPacked) return body;
  return (load("node:zlib") as typeof Zlib).gunzipSync(body, { maxOutputLength: limit });
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// ---------------------------------------------------------------- proxies

/** What decides about a certificate. */
type Trusting = Pick<HttpRequest, "trust" | "judge">;

function isSocks({ protocol }: URL): boolean {
  return protocol === "socks5:" || protocol === "socks5h:";
}

/** A connection to the server of an address, through a proxy. */
async function connectThrough(
  { url, trust, judge }: Pick<HttpRequest, "url"> & Trusting,
  proxy: URL,
  signal: AbortSignal,
): Promise<Net.Socket> {
  return await (isSocks(proxy)
    ? bySocks(url, proxy, signal)
    : byConnect(url, proxy, { trust, judge }, signal));
}

/** A tunnel by CONNECT (RFC 9110, 9.3.6). */
function byConnect(url: URL, proxy: URL, trusted: Trusting, signal: AbortSignal): Promise<Net.Socket> {
  const secure = proxy.protocol === "https:";
  const authority = `${url.hostname}:${portOf(url)}`;
  return new Promise((done, fail) => {
    const asked = (secure ? https() : http()).request({
      host: hostOf(proxy),
      port: portOf(proxy),
      method: "CONNECT",
      path: authority,
      headers: { host: authority, ...authorization(proxy) },
      agent: false,
      ...(secure ? secured(proxy, trusted) : {}),
    });
    const refused = (status: number | undefined) =>
      fail(Object.assign(systemError("EPROXY", `answers ${status}`, proxy.host), { proxy: true, status }));
    asked.on("connect", (answer, socket) => {
      if (answer.statusCode === 200) return done(socket as Net.Socket);
      socket.destroy();
      refused(answer.statusCode);
    });
    asked.on("response", (answer) => {
      answer.resume();
      refused(answer.statusCode);
    });
    asked.on("error", (error) => fail(Object.assign(error, { proxy: true })));
    signal.addEventListener("abort", () => asked.destroy());
    asked.end();
  });
}

/** A tunnel by SOCKS 5 (RFC 1928, 1929). The proxy resolves the name, as Go has it for socks5 and for socks5h. */
async function bySocks(url: URL, proxy: URL, signal: AbortSignal): Promise<Net.Socket> {
  const { SocksClient } = await import("socks");
  const socket = new (load("node:net").Socket)();
  signal.addEventListener("abort", () => socket.destroy());
  // The library's own errors have no code, and the system's are of the connection to the proxy.
  try {
    const made = await SocksClient.createConnection({
      command: "connect",
      existing_socket: await connected(socket, proxy),
      proxy: {
        host: hostOf(proxy),
        port: portOf(proxy),
        type: 5,
        ...(proxy.username === "" ? {} : {
          userId: decodeURIComponent(proxy.username),
          password: decodeURIComponent(proxy.password),
        }),
      },
      destination: { host: hostOf(url), port: portOf(url) },
    });
    return made.socket;
  } catch (error) {
    socket.destroy();
    throw Object.assign(
      codeOf(error) === undefined ? systemError("ESOCKS", wordsOf(error), proxy.host) : error as Error,
      { proxy: true },
    );
  }
}

function connected(socket: Net.Socket, proxy: URL): Promise<Net.Socket> {
  return new Promise((done, fail) => {
    socket.once("error", fail);
    socket.connect(portOf(proxy), hostOf(proxy), () => {
      socket.off("error", fail);
      done(socket);
    });
  });
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** TLS over a tunnel, once the server's certificate is accepted. */
function encrypt(
  tunnel: Net.Socket,
  { url, trust, judge }: HttpRequest,
  signal: AbortSignal,
): Promise<Net.Socket> {
  return new Promise((done, fail) => {
    // The host is what the certificate must be for: an IP address has no server name.
    const socket = tls().connect({ socket: tunnel, host: hostOf(url), ...secured(url, { trust, judge }) });
    socket.once("secureConnect", () => done(socket));
    socket.on("error", fail);
    signal.addEventListener("abort", () => socket.destroy());
  });
}

/** A proxy's own user and password go to the proxy alone. */
function authorization(proxy: URL): Record<string, string> {
  if (proxy.username === "") return {};
  const pair = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  const bytes = new TextEncoder().encode(pair);
  return { "proxy-authorization": `Basic ${btoa(String.fromCharCode(...bytes))}` };
}

// ---------------------------------------------------------------- connections

/** Newer than the types. */
const PARTIAL: object = { allowPartialTrustChain: true };

/** Go's for TLS 1.2, without those that exchange keys by RSA alone; those of TLS 1.3 are always there. */
const CIPHERS = ["ECDSA", "RSA"].flatMap((key) =>
  ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305", "AES128-SHA", "AES256-SHA"]
    .map((one) => `ECDHE-${key}-${one}`)
).join(":");

const ANY = { rejectUnauthorized: false } as const;

/** Where any certificate will do, no list matters, but there must be one: this certificate is of a key that was thrown away. */
const NOBODY: readonly string[] = [`-----BEGIN CERTIFICATE-----
MIIBdzCCARygAwIBAgIUSaHD2akVwnqaIdTPvQ8r8E/qOEQwCgYIKoZIzj0EAwIw
ETEPMA0GA1UEAwwGbm9ib2R5MCAXDTI2MTEyNTE0NTY0NVoYDzIxMjYxMTAxMTQ1
NjQ1WjARMQ8wDQYDVQQDDAZub2JvZHkwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAQnXkwGn8zGoss4UR7Iu9NjzJATlCMaUA8nSg1H+ZtNapGp9hlD1cj1XWTS7iP2
KrwttoTw2BS0PxdqFKsDr5Ruo1AwTjAdBgNVHQ4EFgQUu6gHwgtNcGR/HiiTQ6Zi
zdNwltIwHwYDVR0jBBgwFoAUu6gHwgtNcGR/HiiTQ6ZizdNwltIwDAYDVR0TAQH/
BAIwADAKBggqhkjOPQQDAgNJADBGAiEAh6w1o7k1bnif63ciy64UE0QHYnw8Te8Y
qkYCnEW0MhkCIQDptQKp1+MJ/fflVcuFm4BAz+1AE6J5ThWsDWrXPshw8w==
-----END CERTIFICATE-----`];

const contexts = new Map<readonly string[], Tls.SecureContext>();

/**
 * What is trusted. Never nothing, for which the TLS library takes a store of its own. As in Go, a path ends at any certificate
 * of the list.
 */
function contextFor(trust: readonly string[]): Tls.SecureContext {
  if (trust.length === 0) throw new RangeError("no certificate to trust");
  let context = contexts.get(trust);
  if (context === undefined) {
    context = tls().createSecureContext({ ca: [...trust], ciphers: CIPHERS, ...PARTIAL });
    contexts.set(trust, context);
  }
  return context;
}

/** `rejectUnauthorized` is always said, for NODE_TLS_REJECT_UNAUTHORIZED would speak for it otherwise. */
function trusting(
  url: URL,
  { trust, judge }: Trusting,
): Pick<Tls.ConnectionOptions, "rejectUnauthorized" | "secureContext" | "checkServerIdentity"> {
  if (trust === null) return { ...ANY, secureContext: contextFor(NOBODY) };
  return {
    rejectUnauthorized: true,
    secureContext: contextFor(trust),
    // Called once the chain is verified; in place of Node's own check, which accepts common names.
    checkServerIdentity: (_, certificate) => {
      const code = judge(hostOf(url), chainOf(certificate as Tls.DetailedPeerCertificate));
      return code === null ? undefined : systemError(code, "is refused", url.host);
    },
  };
}

/** The options of a TLS connection to the server of an address. */
function secured(url: URL, trusted: Trusting): Tls.ConnectionOptions {
  return { servername: serverName(url), ...trusting(url, trusted) };
}

const agents = new Map<unknown, Http.Agent>();

/** Connections are kept for the next request to the same host: one pool for each set of authorities, and one for http. */
function agentFor(trust: readonly string[] | null | "http"): Http.Agent {
  let agent = agents.get(trust);
  if (agent === undefined) {
    const options = { keepAlive: true, maxSockets: Infinity };
    agent = trust === "http" ? new (http().Agent)(options) : new (https().Agent)(options);
    agents.set(trust, agent);
  }
  return agent;
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

/** No server name is sent for an IP address (RFC 6066, 3). */
function serverName(url: URL): string {
  const host = hostOf(url);
  return load("node:net").isIP(host) === 0 ? host : "";
}

function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return isSocks(url) ? 1080 : url.protocol === "https:" ? 443 : 80;
}

/** Gives the work so much time; what it began is then broken off. */
async function within<T>(milliseconds: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const ended = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, fail) => {
    timer = setTimeout(() => {
      fail(systemError("ETIMEDOUT", `took longer than ${milliseconds} ms`, "it"));
      ended.abort();
    }, milliseconds);
  });
  const working = work(ended.signal);
  working.catch(() => {}); // after the time is up
  try {
    return await Promise.race([working, late]);
  } finally {
    clearTimeout(timer);
  }
}
