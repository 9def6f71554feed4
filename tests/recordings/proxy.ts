/**
 * The network of the recordings: an http proxy that answers for invented hosts from a table, over TLS with certificates of a
 * throw-away authority, and notes what it is asked. One {@link Hosts} for all replays, one {@link Proxy} for each.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, type Socket } from "node:net";
import { type Authority, type Flaw, makeAuthority } from "./authority.ts";
import type { Answer, Answers } from "./cases.ts";

/** What a proxy was asked: a request, `CONNECT origin` that was refused, or `TLS origin` where no request followed. */
export interface Asked {
  readonly method: string;
  readonly url: string;
  /** The `Authorization` that came; empty: none. */
  readonly authorization: string;
}

/** What serves one connection. */
type Serve = (request: IncomingMessage, response: ServerResponse) => void;

/** The https side of the invented hosts: a server for each host and flaw, whoever asks. */
export class Hosts {
  private readonly good: Authority = makeAuthority("recordings");
  private readonly untrusted: Authority = makeAuthority("nobody trusts this one");
  private readonly servers = new Map<string, Promise<Server>>();
  /** Who serves a connection, by both its ports: two connections to different servers may come from the same one. */
  private readonly serving = new Map<string, Serve>();

  /** The certificate to trust, PEM. */
  get certificate(): string {
    return this.good.certificate;
  }

  /** Connects to the https server of a host; each request that comes goes to `serve`. */
  async connect(host: string, flaw: Flaw | undefined, serve: Serve): Promise<Socket> {
    const server = await this.serverOf(host, flaw);
    const { port } = server.address() as AddressInfo;
    return await new Promise((done, fail) => {
      const socket = connect(port, "127.0.0.1", () => {
        const ports = `${socket.localPort} ${port}`;
        this.serving.set(ports, serve);
        socket.once("close", () => {
          // The port may have been given to the next connection already.
          if (this.serving.get(ports) === serve) this.serving.delete(ports);
        });
        done(socket);
      });
      socket.once("error", fail);
    });
  }

  async stop(): Promise<void> {
    for (const server of await Promise.all(this.servers.values())) await closed(server);
  }

  private serverOf(host: string, flaw: Flaw | undefined): Promise<Server> {
    const key = `${host} ${flaw ?? ""}`;
    let server = this.servers.get(key);
    if (server === undefined) {
      const certified = flaw === "untrusted" ? this.untrusted.certify(host) : this.good.certify(host, flaw);
      const made = createTlsServer(certified, (request, response) => {
        const serve = this.serving.get(`${request.socket.remotePort} ${request.socket.localPort}`);
        if (serve === undefined) request.socket.destroy();
        else serve(request, response);
      });
      made.on("tlsClientError", () => {});
      this.servers.set(key, server = listening(made));
    }
    return server;
  }
}

/** A proxy that answers from a table. */
export class Proxy {
  private readonly asked: Asked[] = [];
  private readonly sockets = new Set<Socket>();
  private readonly timers = new Set<ReturnType<typeof setTimeout>>();
  private answers: Answers = {};
  private server!: Server;

  private constructor(private readonly hosts: Hosts) {}

  static async start(hosts: Hosts): Promise<Proxy> {
    const proxy = new Proxy(hosts);
    const server = createServer((request, response) => proxy.plain(request, response));
    server.on("connect", (request, client) => void proxy.tunnel(request.url!, client as Socket));
    proxy.server = await listening(server);
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Answers from this table from now on, and forgets what it was asked. */
  begin(answers: Answers): void {
    this.answers = answers;
    this.asked.length = 0;
  }

  /** What it was asked since {@link begin}. */
  log(): readonly Asked[] {
    return [...this.asked];
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    for (const socket of this.sockets) socket.destroy();
    await closed(this.server);
  }

  /** http: the whole address stands in the request. */
  private plain(request: IncomingMessage, response: ServerResponse): void {
    const url = URL.parse(request.url!);
    if (url === null) return void response.writeHead(400).end();
    this.answer(url.origin, url.pathname + url.search, request, response);
  }

  private async tunnel(authority: string, client: Socket): Promise<void> {
    client.on("error", () => client.destroy());
    this.sockets.add(client);
    const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(authority.toLowerCase()) ?? [];
    const origin = `https://${host}${port === "443" ? "" : `:${port}`}`;
    const { connect: status, tls } = this.answers[origin] ?? {};
    if (status !== undefined || !this.knows(origin)) {
      this.note("CONNECT", origin);
      return void client.end(
        `HTTP/1.1 ${status ?? 502} No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`,
      );
    }
    // A tunnel that no request came through is a handshake that the client broke off.
    let silent = true;
    let upstream: Socket;
    try {
      upstream = await this.hosts.connect(host.replace(/^\[|\]$/g, ""), tls, (request, response) => {
        silent = false;
        this.answer(origin, request.url!, request, response);
      });
    } catch {
      return void client.destroy(); // all is being stopped
    }
    this.sockets.add(upstream);
    const ended = () => {
      if (silent) this.note("TLS", origin);
      silent = false;
      client.destroy();
      upstream.destroy();
    };
    client.on("close", ended);
    upstream.on("close", ended).on("error", ended);
    client.write("HTTP/1.1 200 OK\r\n\r\n");
    upstream.pipe(client);
    client.pipe(upstream);
  }

  private answer(origin: string, path: string, request: IncomingMessage, response: ServerResponse): void {
    const method = request.method!;
    const authorization = request.headers.authorization ?? "";
    this.note(method, origin + path, authorization);
    if (!this.knows(origin)) return void response.writeHead(502, { connection: "close" }).end();
    const found = this.find(origin + path, method, authorization);
    const send = () => {
      if (found.close) return void request.socket.destroy();
      const kind = "json" in found ? "application/json" : "text/plain";
      const body = "json" in found
        ? JSON.stringify(found.json)
        : found.body ?? (found.status === 404 ? "404 page not found\n" : "");
      response.writeHead(found.status ?? 200, {
        "content-type": kind,
        ...found.headers,
        connection: "close",
      });
      response.end(body);
    };
    if (found.delay === undefined) return send();
    const timer = setTimeout(() => {
      this.timers.delete(timer);
      send();
    }, found.delay * 1000);
    this.timers.add(timer);
  }

  private find(url: string, method: string, authorization: string): Answer {
    const bare = url.split("?")[0]!;
    const found = [`${method} ${url}`, url, `${method} ${bare}`, bare]
      .map((one) => this.answers[one]).find((one) => one !== undefined);
    if (found?.if_auth === undefined) return found ?? { status: 404 };
    const begins = Object.keys(found.if_auth).filter((one) => authorization.startsWith(one));
    const longest = begins.sort((a, b) => b.length - a.length)[0];
    return longest === undefined ? { status: 401 } : found.if_auth[longest]!;
  }

  private knows(origin: string): boolean {
    return Object.keys(this.answers).some((one) => {
      const rest = one.startsWith(origin) ? one.slice(origin.length) : null;
      return rest !== null && (rest === "" || rest.startsWith("/") || rest.startsWith("?"));
    });
  }

  private note(method: string, url: string, authorization = ""): void {
    this.asked.push({ method, url, authorization });
  }
}

function listening(server: Server): Promise<Server> {
  return new Promise((done, fail) => {
    server.once("error", fail);
    server.listen(0, "127.0.0.1", () => done(server));
  });
}

async function closed(server: Server): Promise<void> {
  const done = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  await done;
}
