/** Servers on loopback: `sremote endpoint serve` as a separate process, and a proxy that logs its requests. */
import { type ChildProcess, spawn } from "node:child_process";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
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

/** A running proxy; `await using` stops it. */
export interface RunningProxy extends AsyncDisposable {
  readonly port: number;
  /** Its requests: `CONNECT host:port`, `GET address`, each with the given user and password. */
  readonly log: string[];
  stop(): Promise<void>;
}

/** A proxy for https (CONNECT) and http; it connects every host to `port` on this machine. */
export async function startProxy(port: number, status = 200): Promise<RunningProxy> {
  const log: string[] = [];
  const sockets = new Set<{ destroy(): unknown }>();
  const noted = (method: string, what: string, authorization: string | undefined) =>
    log.push(
      [method, what, authorization?.replace(/^Basic (.*)/, (_, pair) => atob(pair)) ?? ""].join(" ").trim(),
    );
  const server: Server = createServer((request, response) => {
    noted(request.method!, request.url!, request.headers["proxy-authorization"]);
    response.writeHead(502).end();
  });
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
