/** Servers on loopback: `sremote endpoint serve` as a separate process, and a proxy that logs its requests. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import type { Machine, Program } from "./machine.ts";

/** The path of a file in `tls/`. */
export function certificate(name: string): string {
  return fileURLToPath(new URL(`tls/${name}`, import.meta.url));
}

/** The flags with which an endpoint serves https. */
export const TLS = ["--cert", certificate("server.pem"), "--key", certificate("server.key")];

/** A running endpoint; `await using` stops it. */
export interface RunningEndpoint extends AsyncDisposable {
  readonly port: number;
  stop(): Promise<void>;
}

/** Starts `sremote endpoint serve` and waits until it listens. */
export async function startEndpoint(
  machine: Machine,
  program: Program,
  flags: readonly string[],
): Promise<RunningEndpoint> {
  const { command, options } = machine.start(["endpoint", "serve", "--json", ...flags], { program });
  const child = spawn(command[0], command.slice(1), { ...options, stdio: ["ignore", "pipe", "inherit"] });
  const line = await firstLine(child);
  const { port } = JSON.parse(line) as { port: number };
  const stop = async () => {
    const ended = new Promise((done) => child.once("close", done));
    child.kill("SIGTERM");
    await ended;
  };
  return { port, stop, [Symbol.asyncDispose]: stop };
}

function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((done, fail) => {
    let text = "";
    child.stdout!.on("data", (part: Uint8Array) => {
      text += new TextDecoder().decode(part);
      if (text.includes("\n")) done(text.slice(0, text.indexOf("\n")));
    });
    child.once("error", fail);
    child.once("close", (status) => fail(new Error(`the endpoint ended with ${status} before it listened`)));
  });
}

/** A running server; `await using` stops it. */
export interface RunningSite extends AsyncDisposable {
  readonly port: number;
}

/** Starts an https server whose every answer is a discovery document that names no service. */
export async function startSite(tls: Tls): Promise<RunningSite> {
  const server = createTlsServer({ ...tls }, (_, response) => {
    response.setHeader("content-type", "application/json");
    response.end("{}");
  });
  server.on("tlsClientError", () => {});
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** A running proxy; `await using` stops it. */
export interface RunningProxy extends AsyncDisposable {
  readonly port: number;
  /** Its requests: `CONNECT host:port`, `GET address`, each with the given user and password. */
  readonly log: string[];
  stop(): Promise<void>;
}

/** A certificate and its key, in PEM. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

/** A proxy for https (CONNECT) and http, which itself may speak TLS; it connects every host to `port` on this machine. */
export async function startProxy(port: number, status = 200, tls: Tls | null = null): Promise<RunningProxy> {
  const log: string[] = [];
  const sockets = new Set<{ destroy(): unknown }>();
  const noted = (method: string, what: string, authorization: string | undefined) =>
    log.push(
      [method, what, authorization?.replace(/^Basic (.*)/, (_, pair) => atob(pair)) ?? ""].join(" ").trim(),
    );
  const refuse: RequestListener = (request, response) => {
    noted(request.method!, request.url!, request.headers["proxy-authorization"]);
    response.writeHead(502).end();
  };
  const server: Server = tls === null ? createServer(refuse) : createTlsServer(tls, refuse);
  server.on("connect", (request, client) => {
    noted("CONNECT", request.url!, request.headers["proxy-authorization"]);
    sockets.add(client);
    client.on("error", () => client.destroy());
    if (status !== 200) return void client.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
    const upstream = connect(port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(client);
      client.pipe(upstream);
    });
    sockets.add(upstream);
    upstream.on("error", () => client.destroy());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const stop = async () => {
    for (const one of sockets) one.destroy();
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { port: (server.address() as AddressInfo).port, log, stop, [Symbol.asyncDispose]: stop };
}

/** What a SOCKS 5 proxy does: whom it accepts, and the code of its answer (RFC 1928, 6). */
export interface SocksOptions {
  readonly user?: string;
  readonly password?: string;
  readonly reply?: number;
}

/** A SOCKS 5 proxy; it connects every host to `port` on this machine, and logs `CONNECT host:port user:password`. */
export async function startSocks(
  port: number,
  { user, password, reply = 0 }: SocksOptions = {},
): Promise<RunningProxy> {
  const log: string[] = [];
  const sockets = new Set<Socket>();
  const server = createTcpServer((client) => {
    sockets.add(client);
    client.on("error", () => client.destroy());
    const next = inTurn(client);
    void (async () => {
      const [, methods = 0] = await next(2);
      await next(methods);
      let given = "";
      if (user === undefined) client.write(new Uint8Array([5, 0]));
      else {
        client.write(new Uint8Array([5, 2]));
        const name = await next((await next(2))[1]!);
        const secret = await next((await next(1))[0]!);
        given = ` ${new TextDecoder().decode(name)}:${new TextDecoder().decode(secret)}`;
        const accepted = given === ` ${user}:${password}`;
        client.write(new Uint8Array([1, accepted ? 0 : 1]));
        if (!accepted) return void client.end();
      }
      const [, , , kind] = await next(4);
      const host = kind === 3
        ? new TextDecoder().decode(await next((await next(1))[0]!))
        : kind === 1
        ? [...await next(4)].join(".")
        : shownIpv6(await next(16));
      const [high = 0, low = 0] = await next(2);
      log.push(`CONNECT ${host}:${high * 256 + low}${given}`);
      client.write(new Uint8Array([5, reply, 0, 1, 127, 0, 0, 1, 0, 0]));
      if (reply !== 0) return void client.end();
      const upstream = connect(port, "127.0.0.1", () => {
        upstream.pipe(client);
        next.rest((part) => upstream.write(part));
        client.pipe(upstream);
      });
      sockets.add(upstream);
      upstream.on("error", () => client.destroy());
    })().catch(() => client.destroy());
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const stop = async () => {
    for (const one of sockets) one.destroy();
    await new Promise((done) => server.close(done));
  };
  return { port: (server.address() as AddressInfo).port, log, stop, [Symbol.asyncDispose]: stop };
}

/** Reads so many bytes of a socket at a time; `rest` gives what was read too early, and ends it. */
function inTurn(socket: Socket) {
  let bytes: number[] = [];
  let wake = () => {};
  let ended = false;
  const collect = (part: Uint8Array) => {
    bytes.push(...part);
    wake();
  };
  socket.on("data", collect);
  socket.on("close", () => {
    ended = true;
    wake();
  });
  const next = async (count: number): Promise<Uint8Array> => {
    while (bytes.length < count) {
      if (ended) throw new Error("closed");
      await new Promise<void>((done) => wake = done);
    }
    const taken = Uint8Array.from(bytes.slice(0, count));
    bytes = bytes.slice(count);
    return taken;
  };
  return Object.assign(next, {
    rest(give: (part: Uint8Array) => void) {
      socket.off("data", collect);
      if (bytes.length > 0) give(Uint8Array.from(bytes));
    },
  });
}

/** An IPv6 address as addresses have it. */
function shownIpv6(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
  return new URL(`http://[${hex.match(/.{4}/g)!.join(":")}]`).hostname;
}
