/**
 * The network, by `node:http`, `node:https` and `node:tls`: alike under Deno and in the binary, which `fetch` is not (the
 * one gives a proxy's password to the server behind it, the other obeys variables of the environment).
 */
import process from "node:process";
import type Http from "node:http";
import type Https from "node:https";
import type Net from "node:net";
import type Tls from "node:tls";
import type { CertificateSeen, HttpRequest, HttpResponse, Network } from "../world.ts";
import { systemError } from "../base/errno.ts";
import { plainHeaders } from "./headers.ts";
import { load } from "./load.ts";
import { serve } from "./serve.ts";

/**
 * Variables by which Node's modules would print what is sent (tokens too), write down the keys of TLS, or look at no
 * certificate. They are taken away before the modules are loaded, which is when they are read.
 */
const DEAF = ["NODE_DEBUG", "NODE_DEBUG_NATIVE", "NODE_TLS_REJECT_UNAUTHORIZED", "SSLKEYLOGFILE"];

function loaded<T>(name: string): T {
  for (const one of DEAF) if (process.env[one] !== undefined) delete process.env[one];
  return load(name) as T;
}

const http = () => loaded<typeof Http>("node:http");
const https = () => loaded<typeof Https>("node:https");
const tls = () => loaded<typeof Tls>("node:tls");

/** The real one. */
export const network: Network = { get, certificateOf, serve };

async function get(request: HttpRequest): Promise<HttpResponse> {
  const { url, proxy, timeout } = request;
  return await within(timeout, async (signal) => {
    if (proxy === null) return await exchange(request, straight(request), signal);
    if (url.protocol === "http:") return await exchange(request, throughProxy(request, proxy), signal);
    const socket = await encrypt(await connectThrough(url, proxy, signal), request, signal);
    return await exchange(request, throughTunnel(request, socket), signal);
  });
}

async function certificateOf(
  { url, proxy, timeout }: Pick<HttpRequest, "url" | "proxy" | "timeout">,
): Promise<CertificateSeen | null> {
  return await within(timeout, async (signal) => {
    const tunnel = proxy === null ? null : await connectThrough(url, proxy, signal);
    return await new Promise<CertificateSeen | null>((done) => {
      const socket = tls().connect({
        // With a socket, the host is only what the certificate must be for: an IP address has no server name.
        host: hostOf(url),
        ...(tunnel === null ? { port: portOf(url) } : { socket: tunnel }),
        servername: serverName(url),
        // Only to see who issued it, for a message: nothing is sent.
        rejectUnauthorized: false,
      }, () => {
        const seen = socket.getPeerCertificate();
        socket.destroy();
        done(seen?.subject === undefined ? null : readCertificate(seen));
      });
      socket.on("error", () => done(null));
      signal.addEventListener("abort", () => socket.destroy());
    });
  }).catch(() => null);
}

function readCertificate(
  { issuer, subject, subjectaltname, valid_to }: Tls.PeerCertificate,
): CertificateSeen {
  const text = (value: string | string[] | undefined) => Array.isArray(value) ? value.join(", ") : value;
  const names = (subjectaltname ?? "").split(", ").map((one) => one.replace(/^[^:]*:/, "")).filter((one) =>
    one !== ""
  );
  const common = text(subject.CN);
  return {
    issuer: text(issuer?.CN) ?? text(issuer?.O) ?? null,
    names: names.length > 0 || common === undefined ? names : [common],
    until: valid_to ?? null,
  };
}

// ---------------------------------------------------------------- one exchange

type Sent = Https.RequestOptions;

function straight({ url, headers, trust }: HttpRequest): Sent {
  const where = { host: hostOf(url), port: portOf(url), path: url.pathname + url.search, headers };
  return url.protocol === "http:"
    ? { ...where, agent: agentFor("http") }
    : { ...where, servername: serverName(url), agent: agentFor(trust), ...trusting(trust) };
}

/** Plain http: the proxy is asked for the whole address. */
function throughProxy({ url, headers }: HttpRequest, proxy: URL): Sent {
  return {
    host: hostOf(proxy),
    port: portOf(proxy),
    path: url.href,
    headers: { ...headers, host: url.host, ...authorization(proxy) },
    agent: false,
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
  const secure = (proxy === null ? url : url.protocol === "http:" ? proxy : null)?.protocol === "https:";
  return new Promise((done, fail) => {
    const sent = (secure ? https() : http()).request({ ...options, method: "GET" }, (answer) => {
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
        done({
          status: answer.statusCode ?? 0,
          headers: plainHeaders(answer.headers),
          body: joined(parts, size),
        });
      });
      answer.on("aborted", half);
      answer.on("error", half);
    });
    sent.on("error", (error) => {
      const viaProxy = proxy !== null && url.protocol === "http:";
      fail(viaProxy ? Object.assign(error, { proxy: true }) : error);
    });
    signal.addEventListener("abort", () => sent.destroy());
    sent.end();
  });
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

/** A tunnel by CONNECT (RFC 9110, 9.3.6). */
function connectThrough(url: URL, proxy: URL, signal: AbortSignal): Promise<Net.Socket> {
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
      ...(secure ? { servername: serverName(proxy), rejectUnauthorized: true } : {}),
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

/** TLS over a tunnel, once the server's certificate is accepted. */
function encrypt(tunnel: Net.Socket, { url, trust }: HttpRequest, signal: AbortSignal): Promise<Net.Socket> {
  return new Promise((done, fail) => {
    // The host is what the certificate must be for: an IP address has no server name.
    const host = hostOf(url);
    const socket = tls().connect({ socket: tunnel, host, servername: serverName(url), ...trusting(trust) });
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

const contexts = new Map<readonly string[], Tls.SecureContext>();

/** `rejectUnauthorized` is always said, for NODE_TLS_REJECT_UNAUTHORIZED would speak for it otherwise. */
function trusting(
  trust: readonly string[] | null,
): Pick<Tls.ConnectionOptions, "rejectUnauthorized" | "secureContext"> {
  if (trust === null) return { rejectUnauthorized: false };
  let secureContext = contexts.get(trust);
  if (secureContext === undefined) {
    secureContext = tls().createSecureContext({ ca: [...trust] });
    contexts.set(trust, secureContext);
  }
  return { rejectUnauthorized: true, secureContext };
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

function portOf({ protocol, port }: URL): number {
  return port === "" ? protocol === "https:" ? 443 : 80 : Number(port);
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
