/** Reads a token or a password from where the options say, or asks for it. */
import { readSource, type SourceReply, tokenIn } from "../../endpoint/tokens.ts";
import { Failure } from "../../base/failure.ts";
import { showMode } from "../../base/mode.ts";
import type { Secret } from "../../base/secret.ts";
import { codeOf } from "../../base/errno.ts";
import type { Context } from "./context.ts";

/** The options that say where it is. */
export interface TokenFlags {
  readonly tokenfile?: string;
  readonly passwordStdin?: true;
  readonly password?: string;
}

/** The options of `login`. */
export interface LoginOptions extends TokenFlags {
  readonly username?: string;
  readonly yes?: true;
  readonly insecure?: true;
}

/** Whether an option says where the token is, so that nobody is asked. */
export function isGiven({ tokenfile, passwordStdin, password }: TokenFlags): boolean {
  return tokenfile !== undefined || passwordStdin === true || password !== undefined;
}

/**
 * Reads the token from where the options say, else from a variable, else asks the user.
 * @param variable a variable of the environment that has it, for a keyserver; null: none
 * @throws {Failure} login-failed, usage, interrupted
 */
export async function askToken(
  context: Context,
  flags: TokenFlags,
  question: string,
  variable: string | null = null,
): Promise<Secret> {
  const { world } = context;
  const given = [
    ...flags.tokenfile === undefined ? [] : ["--tokenfile"],
    ...flags.passwordStdin ? ["--password-stdin"] : [],
    ...flags.password === undefined ? [] : ["--password"],
  ];
  if (given.length > 1) {
    throw new Failure("usage", `${given.slice(0, -1).join(", ")} and ${given.at(-1)} do not go together`, {
      next: "Give one of them",
    });
  }
  const reply = await (async (): Promise<SourceReply> => {
    if (flags.tokenfile !== undefined) {
      const options = { folder: world.here.folder, root: null, allowCommand: false, ask: null };
      return await readSource(world, { file: flags.tokenfile }, { ...options, firstLine: true });
    }
    if (flags.passwordStdin) return tokenIn(await readInput(context), "standard input");
    if (flags.password !== undefined) {
      context.note("Warning: other users can see a password on the command line. Prefer --password-stdin.");
      return tokenIn(flags.password, "--password");
    }
    if (variable !== null) {
      context.note(`Note: the password is taken from ${variable}.`);
      return tokenIn(world.here.env(variable) ?? "", variable);
    }
    if (!world.terminal.canAsk) {
      return {
        why: "no terminal to ask for it",
        next: "Give it with --tokenfile FILE or --password-stdin",
      };
    }
    const answer = await world.terminal.askSecret(question);
    if (answer === null) throw new Failure("interrupted", "interrupted: nothing was written");
    return tokenIn(answer, "the input");
  })();
  if (!("token" in reply)) {
    throw new Failure("login-failed", `cannot log in: ${reply.why}`, {
      next: `${reply.next}; nothing was written`,
    });
  }
  if (reply.exposed !== null) {
    const { file, mode } = reply.exposed;
    context.note(
      `Warning: ${file} has mode ${showMode(mode)}: other users can read it. Run chmod 600 ${file}`,
    );
  }
  return reply.token;
}

async function readInput({ world }: Context): Promise<string> {
  try {
    return await world.terminal.readInput(64 * 1024);
  } catch (error) {
    const why = codeOf(error) === "EFBIG"
      ? "it is too large for a token"
      : error instanceof Error
      ? error.message
      : "";
    throw new Failure("io", `cannot read standard input: ${why}`, {
      next: "Give only the token, on one line",
    });
  }
}
