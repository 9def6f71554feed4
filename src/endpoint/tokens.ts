/** Reads token sources: turns a reference into a {@link Secret}, as late as possible. */
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import type { SecretRef } from "../model.ts";
import { Secret } from "../base/secret.ts";
import { codeOf } from "../base/errno.ts";
import { TOKEN_BYTES } from "../base/limits.ts";
import type { World } from "../world.ts";

/** Options of reading a source. */
export interface SourceOptions {
  /** The directory of the config: relative paths start here. */
  readonly folder: string;
  /** `--root`: replaces `/` in an absolute path and in `~`. */
  readonly root: string | null;
  /** `--allow-command`. */
  readonly allowCommand: boolean;
  /** Asks the user for the token, who can cancel with null; null: not interactive. */
  readonly ask: (() => Promise<string | null>) | null;
  /**
   * Reads the first line of a file, as with `--tokenfile` of the programs, which may be a pipe; absent: a regular file, which
   * is the token.
   */
  readonly firstLine?: (line: string, where: string) => SourceReply;
}

/** What reading a source needs of the world. */
export type SourceWorld = Pick<World, "files" | "here" | "programs">;

/** A token, or why there is none. */
export type SourceReply =
  /** `exposed`: the file that contains it, if other users can read it. */
  | { readonly token: Secret; readonly exposed: { readonly file: string; readonly mode: number } | null }
  | { readonly why: string; readonly next: string; readonly interrupted?: true };

const COMMAND_TIMEOUT = 30_000;
/** Where a program without a path is searched: not in PATH, because the environment must not change what code runs. */
const PATHS = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin", "/opt/bin"];

/** Reads a source. Never returns an empty or malformed token. */
export async function readSource(
  world: SourceWorld,
  from: SecretRef,
  options: SourceOptions,
): Promise<SourceReply> {
  if ("env" in from) {
    const value = world.here.env(from.env);
    if (value === undefined) {
      return no(`${from.env} is not set`, `Set ${from.env} in the environment of sremote`);
    }
    return tokenIn(value, `the environment variable ${from.env}`);
  }
  if ("file" in from) return await readTokenFile(world, from.file, options);
  if ("command" in from) return await runCommand(world, from.command, options);
  if (options.ask === null) return no("interactive input is required", "Run sremote apply on a terminal");
  const answer = await options.ask();
  if (answer === null) return { ...no("nothing was entered", "Run it again"), interrupted: true };
  return tokenIn(answer, "the input");
}

/** The path of a `file` source: `~` is the user's home directory, and `--root` replaces `/`. */
async function tokenFile(
  world: Pick<World, "here">,
  given: string,
  options: SourceOptions,
): Promise<string | null> {
  const { folder, root } = options;
  const rooted = (absolute: string) =>
    root === null ? absolute : join(resolve(world.here.folder, root), absolute);
  if (given === "~" || given.startsWith("~/")) {
    const home = await world.here.passwordHome();
    return home === null ? null : rooted(join(home, given.slice(1)));
  }
  return isAbsolute(given) ? rooted(given) : resolve(folder, given);
}

async function readTokenFile(
  world: SourceWorld,
  given: string,
  options: SourceOptions,
): Promise<SourceReply> {
  const file = await tokenFile(world, given, options);
  if (file === null) return no("the user has no home directory", "Give the absolute path of the file");
  let read;
  try {
    read = world.files.read(file, { limit: TOKEN_BYTES, pipe: options.firstLine !== undefined });
  } catch (error) {
    const why = REASONS[codeOf(error) ?? ""] ?? (error instanceof Error ? error.message : String(error));
    return no(`cannot read ${file}: ${why}`, "Check the file and its permissions");
  }
  if (read === null) {
    return no(
      `${file} does not exist`,
      options.firstLine === undefined ? "Write the token to it, with mode 0600" : "Check the path",
    );
  }
  const text = new TextDecoder().decode(read.bytes);
  const reply = options.firstLine
    ? options.firstLine(text.split("\n", 1)[0]!, `the first line of ${file}`)
    : tokenIn(text, file);
  if (!("token" in reply) || (read.mode & 0o077) === 0) return reply;
  return { ...reply, exposed: { file, mode: read.mode } };
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a directory",
  ENOTREG: "it is not a regular file",
  EFBIG: "it is too large",
  ENOTDIR: "a part of its path is not a directory",
};

async function runCommand(
  world: SourceWorld,
  argv: readonly string[],
  options: SourceOptions,
): Promise<SourceReply> {
  const [given = "", ...args] = argv;
  const shown = basename(given);
  if (!options.allowCommand) {
    return no(
      `the config may not run the command ${shown}`,
      "If you trust the config, add --allow-command",
    );
  }
  const program = given.includes("/")
    ? resolve(options.folder, given)
    : PATHS.map((one) => join(one, given)).find((one) => world.files.exists(one));
  if (program === undefined) {
    return no(
      `cannot find the program ${shown} in ${PATHS.slice(0, 3).join(", ")}`,
      "Give its absolute path",
    );
  }
  let run;
  try {
    run = await world.programs.run([program, ...args], {
      timeout: COMMAND_TIMEOUT,
      folder: dirname(program),
    });
  } catch (error) {
    const code = codeOf(error);
    const why = code === "ENOENT"
      ? "it does not exist"
      : code === "EACCES"
      ? "permission denied"
      : code ?? String(error);
    return no(`cannot run ${program}: ${why}`, "Check the command in the config");
  }
  if (run.timedOut) {
    return no(`${program} took longer than ${COMMAND_TIMEOUT / 1000} s`, "Check what it waits for");
  }
  if (run.status !== 0) {
    return no(
      `${program} failed with ${run.status === null ? "a signal" : `exit code ${run.status}`}`,
      "Run it by hand to see why",
    );
  }
  return tokenIn(run.stdout, `the output of ${program}`);
}

/**
 * The token in a text: one word, surrounded by white space or not. Anything else is rejected, so that a file named by
 * mistake, or by someone else's config, is not sent to a server.
 */
export function tokenIn(text: string, where: string): SourceReply {
  const token = text.trim();
  if (token === "") return no(`${where} is empty`, "Check where the token should come from");
  if (token.length > TOKEN_BYTES || !/^[\x21-\x7e]+$/.test(token)) {
    return no(
      `${where} is not a token: tokens are one word of visible ASCII`,
      "Check its contents",
    );
  }
  return { token: new Secret(token), exposed: null };
}

function no(why: string, next: string): Extract<SourceReply, { why: string }> {
  return { why, next };
}
