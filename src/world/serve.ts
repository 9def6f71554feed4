/** A small server on loopback. */
import process from "node:process";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Network, ServedAnswer } from "../world.ts";
import { plainHeaders } from "./headers.ts";
import { load } from "./load.ts";

/** See {@link Network.serve}. */
export const serve: Network["serve"] = async ({ port, tls }, answer) => {
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    request.resume();
    answer({ method: request.method ?? "", path: request.url ?? "", headers: plainHeaders(request.headers) })
      .then(
        (given) => send(response, given),
        () => response.destroy(),
      );
  };
  const server = tls === null
    ? load("node:http").createServer(listener)
    : load("node:https").createServer(tls, listener);
  await new Promise<void>((done, fail) => {
    server.once("error", fail);
    server.listen(port, "127.0.0.1", () => done());
  });
  const ended = new Promise<void>((done) => {
    const stop = () => {
      server.close();
      server.closeAllConnections();
      done();
    };
    process.once("SIGINT", stop);
    process.once("SIGTERM", stop);
  });
  return { port: (server.address() as AddressInfo).port, ended };
};

function send(response: ServerResponse, { status, headers, body, ends }: ServedAnswer): void {
  if (ends === "endless") {
    response.writeHead(status, headers);
    const more = () => {
      while (!response.destroyed && response.write(body)) { /* until the socket is full */ }
    };
    response.on("drain", more);
    more();
    return;
  }
  const length = new TextEncoder().encode(body).length;
  response.writeHead(status, { ...headers, "content-length": String(ends === "cut" ? length * 2 : length) });
  if (ends !== "cut") return void response.end(body);
  response.write(body, () => response.destroy());
}
