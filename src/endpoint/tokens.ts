/** Token sources: a reference in, a {@link Secret} out, as late as possible. */
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import type { SecretRef } from "../model.ts";
import { Secret } from "../base/secret.ts";
import { codeOf } from "../base/errno.ts";
import type { World } from "../world.ts";

/** What reading a source depends on. */
export interface SourceOptions {
  /** The folder of the config, in which relative paths are looked up. */
  readonly folder: string;
  /** `--root`: stands for `/` in an absolute path and in `~`. */
  readonly root: string | null;
  /** `--allow-command`. */
  readonly allowCommand: boolean;
  /** Asks a person for the token; null: nobody is asked now. */
  readonly ask: (() => Promise<string | null>) | null;
}

/** What the sources are asked of the outside. */
export type SourceWorld = Pick<World, "files" | "here" | "programs">;

/** A token, or why there is none. */
export type SourceReply =
  /** `exposed`: the file that holds it can be read by others. */
  | { readonly token: Secret; readonly exposed: { readonly file: string; readonly mode: number } | null }
  | { readonly why: string; readonly next: string; readonly interrupted?: true };

/** A token is short; larger than this is a file given by mistake. */
const TOKEN_LIMIT = 64 * 1024;
const COMMAND_TIMEOUT = 30_000;
/** Where a program without a path is looked for: PATH is the environment's, which must not change what code runs. */
const FOLDERS = ["/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin", "/opt/bin"];

/** Reads a source. A token that is empty or no token is never given. */
export async function readSource(
  world: SourceWorld,
  from: SecretRef,
  options: SourceOptions,
): Promise<SourceReply> {
  if ("env" in from) {
    const value = world.here.env(from.env);
    if (value === undefined) {
      return no(`${from.env} is not set`, `set ${from.env} in the environment of sremote`);
    }
    return tokenIn(value, `the environment variable ${from.env}`);
  }
  if ("file" in from) return await readTokenFile(world, from.file, options);
  if ("command" in from) return await runCommand(world, from.command, options);
  if (options.ask === null) return no("a person has to be asked for it", "run sremote apply on a terminal");
  const answer = await options.ask();
  if (answer === null) return { ...no("nothing was entered", "run it again"), interrupted: true };
  return tokenIn(answer, "what was entered");
}

/** The file that a `file` source means: `~` is the user's home folder, and `--root` stands for `/`. */
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
  if (file === null) return no("the user has no home folder", "name the file with its whole path");
  let read;
  try {
    read = world.files.read(file, { limit: TOKEN_LIMIT });
  } catch (error) {
    const why = REASONS[codeOf(error) ?? ""] ?? (error instanceof Error ? error.message : String(error));
    return no(`${file} cannot be read: ${why}`, "check the file and who may read it");
  }
  if (read === null) return no(`there is no file ${file}`, "put the token there, with mode 0600");
  const reply = tokenIn(new TextDecoder().decode(read.bytes), file);
  if (!("token" in reply) || (read.mode & 0o077) === 0) return reply;
  return { ...reply, exposed: { file, mode: read.mode } };
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EISDIR: "it is a folder",
  ENOTREG: "it is not a regular file",
  EFBIG: "it is too large for a token",
  ENOTDIR: "something above it is not a folder",
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
      `the command ${shown}, which gives it, may not be run`,
      "if you trust the config, add --allow-command",
    );
  }
  const program = given.includes("/")
    ? resolve(options.folder, given)
    : FOLDERS.map((one) => join(one, given)).find((one) => world.files.exists(one));
  if (program === undefined) {
    return no(
      `there is no program ${shown} in ${FOLDERS.slice(0, 3).join(", ")}`,
      "name it with its whole path",
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
      ? "it is not there"
      : code === "EACCES"
      ? "it may not be run"
      : code ?? String(error);
    return no(`${program} cannot be run: ${why}`, "check the config's command");
  }
  if (run.timedOut) {
    return no(`${program} took longer than ${COMMAND_TIMEOUT / 1000} s`, "see what it waits for");
  }
  if (run.status !== 0) {
    return no(`${program} ended with ${run.status ?? "a signal"}`, "run it by hand to see why");
  }
  return tokenIn(run.stdout, `what ${program} prints`);
}

/**
 * The token that a text holds: one word, white space around it aside. Anything else is refused, so that a file named by
 * mistake (or by somebody else's config) is not sent to a server.
 */
export function tokenIn(text: string, where: string): SourceReply {
  const token = text.trim();
  if (token === "") return no(`${where} is empty`, "a token is never empty");
  if (token.length > TOKEN_LIMIT || !/^[\x21-\x7e]+$/.test(token)) {
    return no(`${where} is not a token: one word of letters, digits and signs`, "check what it holds");
  }
  return { token: new Secret(token), exposed: null };
}

function no(why: string, next: string): Extract<SourceReply, { why: string }> {
  return { why, next };
}
