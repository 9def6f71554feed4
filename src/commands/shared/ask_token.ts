/** Reads a token or a password from where the options say, or asks for it. */
import { readSource, type SourceReply, tokenIn } from "../../endpoint/tokens.ts";
import { Failure } from "../../base/failure.ts";
import { showMode } from "../../base/mode.ts";
import { Secret } from "../../base/secret.ts";
import { shellWord } from "../../base/text.ts";
import { codeOf } from "../../base/errno.ts";
import { TOKEN_BYTES } from "../../base/limits.ts";
import { type Context, stoppable } from "./context.ts";

/** Reads a secret out of a text; `where` says in an error where that is from. */
export type ParseSecret = (text: string, where: string) => SourceReply;

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
 * @param parse what it has to look like
 * @throws {Failure} login-failed, usage, interrupted
 */
export async function askToken(
  context: Context,
  flags: TokenFlags,
  question: string,
  variable: string | null = null,
  parse: ParseSecret = tokenIn,
): Promise<Secret> {
  const { world } = context;
  const given = [
    ...flags.tokenfile === undefined ? [] : ["--tokenfile"],
    ...flags.passwordStdin ? ["--password-stdin"] : [],
    ...flags.password === undefined ? [] : ["--password"],
  ];
  if (given.length > 1) {
    throw new Failure(
      "usage",
      `${given.slice(0, -1).join(", ")} and ${given.at(-1)} cannot be used together`,
      {
        next: "Give one of them",
      },
    );
  }
  const reply = await (async (): Promise<SourceReply> => {
    if (flags.tokenfile !== undefined) {
      const options = { folder: world.here.folder, root: null, allowCommand: false, ask: null };
      return await readSource(world, { file: flags.tokenfile }, { ...options, firstLine: parse });
    }
    if (flags.passwordStdin) return parse(await readInput(context), "standard input");
    if (flags.password !== undefined) {
      context.note("Warning: other users can see a password on the command line. Prefer --password-stdin.");
      return parse(flags.password, "--password");
    }
    if (variable !== null) {
      context.note(`Note: the password is taken from ${variable}.`);
      return parse(world.here.env(variable) ?? "", variable);
    }
    if (!world.terminal.canAsk) {
      return {
        why: "no terminal to ask for it",
        next: "Give it with --tokenfile FILE or --password-stdin",
      };
    }
    const answer = await world.terminal.askSecret(question);
    if (answer === null) throw new Failure("interrupted", "interrupted: nothing was written");
    return parse(answer, "the input");
  })();
  if (!("token" in reply)) {
    throw new Failure("login-failed", `cannot log in: ${reply.why}; nothing was written`, {
      next: reply.next,
    });
  }
  if (reply.exposed !== null) {
    const { file, mode } = reply.exposed;
    context.note(
      `Warning: ${file} has mode ${showMode(mode)}: other users can read it. Run chmod 600 ${
        shellWord(file)
      }`,
    );
  }
  return reply.token;
}

/** The password of a user: any text on one line (RFC 7617), as it is typed. The line break at its end is not part of it. */
export function passwordIn(text: string, where: string): SourceReply {
  const password = text.replace(/\r?\n$/, "");
  const refuse = (why: string) => ({
    why: `${where} ${why}`,
    next: "Check where the password should come from",
  });
  if (password === "") return refuse("is empty");
  if (new TextEncoder().encode(password).length > TOKEN_BYTES) return refuse("is too long for a password");
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  if (/[\u0000-\u001f\u007f]/.test(password)) return refuse("has more than one line, or a control character");
  return { token: new Secret(password), exposed: null };
}

async function readInput(context: Context): Promise<string> {
  try {
    return await stoppable(context, () => context.world.terminal.readInput(64 * 1024));
  } catch (error) {
    if (error instanceof Failure) throw error;
    const why = codeOf(error) === "EFBIG"
      ? "it is too large for a token or password"
      : error instanceof Error
      ? error.message
      : "";
    throw new Failure("io", `cannot read standard input: ${why}`, {
      next: "Give only the token or the password, on one line",
    });
  }
}
