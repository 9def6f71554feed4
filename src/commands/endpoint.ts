/** `sremote endpoint serve`: an endpoint on loopback for trials and tests. */
import {
  answerOf,
  type EmbeddedAccount,
  type Part,
  PARTS,
  type Wrong,
  WRONGS,
} from "../endpoint/embedded.ts";
import { nearest } from "../base/suggest.ts";
import { Failure } from "../base/failure.ts";
import { quote } from "../base/text.ts";
import { io } from "../base/io.ts";
import { codeOf } from "../base/errno.ts";
import type { Context, Result } from "./shared/context.ts";
import { readGiven } from "./shared/write.ts";

/** The options of `endpoint serve`. */
export interface ServeFlags {
  readonly port: number;
  readonly tokens?: string;
  readonly cert?: string;
  readonly key?: string;
  readonly slow: readonly string[];
  readonly down: readonly string[];
  readonly wrong: readonly string[];
}

/** Serves until Ctrl-C. Prints the address and the tokens once it listens. */
export async function serveEndpoint(context: Context, flags: ServeFlags): Promise<Result> {
  const { world, options } = context;
  if ((flags.cert === undefined) !== (flags.key === undefined)) {
    throw new Failure("usage", "--cert and --key go together", { next: "Give both, or neither for http" });
  }
  const tls = flags.cert === undefined ? null : {
    cert: readGiven(context, flags.cert, "the certificate"),
    key: readGiven(context, flags.key!, "the key"),
  };
  const accounts = flags.tokens === undefined
    ? ["alice", "bob"].map((username) => ({ username, token: randomToken() }))
    : accountsIn(readGiven(context, flags.tokens, "the tokens"), flags.tokens);
  const behaviour = {
    accounts,
    https: tls !== null,
    slow: new Map(flags.slow.map(slowOf)),
    down: new Set(flags.down.map((one) => partOf(one, "--down"))),
    wrong: new Map(flags.wrong.map(wrongOf)),
  };
  let served;
  try {
    served = await world.network.serve(
      { port: flags.port, tls },
      (request) => answerOf(behaviour, request, (milliseconds) => world.clock.sleep(milliseconds)),
    );
  } catch (error) {
    const taken = codeOf(error) === "EADDRINUSE";
    if (!taken) {
      throw io(
        "serve an endpoint on port",
        String(flags.port),
        error,
        "Try another port, or another certificate",
      );
    }
    throw new Failure("io", `cannot serve an endpoint on port ${flags.port}: another program uses it`, {
      next: "Give another port, or 0 for any free port",
    });
  }
  const uri = `localhost:${served.port}`;
  const url = `${tls === null ? "http" : "https"}://${uri}`;
  // These tokens may be printed: they are valid only for this endpoint.
  const shown = flags.tokens === undefined ? accounts : [];
  world.terminal.out(
    (options.json ? JSON.stringify({ formatVersion: 1, url, uri, port: served.port, accounts: shown }) : [
      `Serving a test endpoint at ${url} (loopback only). Stop it with Ctrl-C.`,
      ...(shown.length === 0
        ? []
        : ["", ...shown.map(({ username, token }) => `  ${username.padEnd(5)}  ${token}`)]),
      "",
      `  $ sremote add ${tls === null ? "--insecure " : ""}try ${uri}`,
    ].join("\n")) + "\n",
  );
  await served.ended;
  return { exit: 0 };
}

function randomToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(24));
  return `try-${btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_")}`;
}

/** One account per line: a user name and a token. */
function accountsIn(text: string, given: string): readonly EmbeddedAccount[] {
  return text.split("\n").filter((line) => line.trim() !== "").map((line, i) => {
    const [username, token, ...more] = line.trim().split(/\s+/);
    if (username !== undefined && token !== undefined && more.length === 0) return { username, token };
    throw new Failure("usage", `cannot use ${given}: line ${i + 1} is not a user name and a token`);
  });
}

function partOf(given: string, flag: string): Part {
  const part = PARTS.find((one) => one === given);
  if (part !== undefined) return part;
  const meant = nearest(given, PARTS);
  throw new Failure("usage", `${flag} ${given}: there is no such part of an endpoint`, {
    next: meant === undefined ? `Give one of ${PARTS.join(", ")}` : `Did you mean ${meant}?`,
  });
}

function slowOf(given: string): readonly [Part, number] {
  const [part = "", milliseconds = ""] = given.split("=");
  if (/^\d{1,7}$/.test(milliseconds)) return [partOf(part, "--slow"), Number(milliseconds)];
  throw new Failure("usage", `--slow ${quote(given)}: the milliseconds are missing`, {
    next: "Give it as --slow library=2000",
  });
}

function wrongOf(given: string): readonly [Part, Wrong] {
  const [part = "", how = ""] = given.split("=");
  const wrong = WRONGS.find((one) => one === how);
  if (wrong !== undefined) return [partOf(part, "--wrong"), wrong];
  throw new Failure("usage", `--wrong ${quote(given)}: not one of ${WRONGS.join(", ")}`, {
    next: "Give it as --wrong library=500",
  });
}
