/** `sremote endpoint serve`: an endpoint on loopback for trials and tests. */
import { answerOf, type EmbeddedAccount, type EmbeddedOptions, type Like } from "../endpoint/embedded.ts";
import { type Part, PARTS, partsWith, type Wrong, WRONGS } from "../endpoint/embedded_wrong.ts";
import { SERVICES } from "../model.ts";
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
  readonly like: Like;
  readonly without: readonly string[];
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
    ? ["alice", "bob"].map((username) => ({ username, token: randomToken(flags.like) }))
    : accountsIn(readGiven(context, flags.tokens, "the tokens"), flags.tokens);
  const behaviour: EmbeddedOptions = {
    like: flags.like,
    accounts,
    https: tls !== null,
    without: new Set(flags.without.map((one) => oneOf(SERVICES, one, "--without", "service"))),
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
  // With its scheme: since SingularityCE 3.9 and Apptainer 1.1, an address with a port works in no other form.
  const url = `${tls === null ? "http" : "https"}://localhost:${served.port}`;
  // These tokens may be printed: they are valid only for this endpoint.
  const shown = flags.tokens === undefined ? accounts : [];
  world.terminal.out(
    (options.json
      ? JSON.stringify({ formatVersion: 1, url, uri: url, port: served.port, accounts: shown })
      : [
        `Serving a test endpoint at ${url} (loopback only). Stop it with Ctrl-C.`,
        ...(shown.length === 0
          ? []
          : ["", ...shown.map(({ username, token }) => `  ${username.padEnd(5)}  ${token}`)]),
        "",
        `  $ sremote add try ${url}`,
      ].join("\n")) + "\n",
  );
  await served.ended;
  return { exit: 0 };
}

function randomToken(like: Like): string {
  // hinkskalle's tokens have 64 characters.
  const bytes = crypto.getRandomValues(new Uint8Array(like === "hinkskalle" ? 45 : 24));
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

function oneOf<Name extends string>(
  all: readonly Name[],
  given: string,
  flag: string,
  what: string,
): Name {
  const name = all.find((one) => one === given);
  if (name !== undefined) return name;
  const meant = nearest(given, all);
  throw new Failure("usage", `${flag} ${given}: there is no such ${what}`, {
    next: meant === undefined ? `Give one of ${all.join(", ")}` : `Did you mean ${meant}?`,
  });
}

function partOf(given: string, flag: string): Part {
  return oneOf(PARTS, given, flag, "part of an endpoint");
}

function slowOf(given: string): readonly [Part, number] {
  const [part = "", milliseconds = ""] = given.split("=");
  if (/^\d{1,7}$/.test(milliseconds)) return [partOf(part, "--slow"), Number(milliseconds)];
  throw new Failure("usage", `--slow ${quote(given)}: the milliseconds are missing`, {
    next: "Give it as --slow library=2000",
  });
}

function wrongOf(given: string): readonly [Part, Wrong] {
  const [name = "", how = ""] = given.split("=");
  const wrong = WRONGS.find((one) => one === how);
  if (wrong === undefined) {
    throw new Failure("usage", `--wrong ${quote(given)}: not one of ${WRONGS.join(", ")}`, {
      next: "Give it as --wrong library=500",
    });
  }
  const part = partOf(name, "--wrong");
  if (partsWith(wrong).includes(part)) return [part, wrong];
  throw new Failure("usage", `--wrong ${quote(given)}: ${wrong} is only for ${partsWith(wrong).join(", ")}`, {
    next: `Give it as --wrong ${partsWith(wrong)[0]}=${wrong}`,
  });
}
