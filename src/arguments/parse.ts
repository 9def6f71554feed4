/** The command line, by commander; each command's code is loaded when it runs. */
import { CommanderError } from "@commander-js/extra-typings";
import { type Context, type Invocation, printed, type Result, styleFor } from "../commands/shared/context.ts";
import { Failure } from "../base/failure.ts";
import type { World } from "../world.ts";
import { commonFlags, type Program, type Run } from "./common.ts";
import { addEndpointCommands } from "./endpoints.ts";
import { addPlanCommands } from "./plans.ts";
import { addLoginCommands, addRemoteCommands } from "./remotes.ts";

/**
 * Runs the command that the arguments name; null where they asked for help.
 * @throws {Failure} usage, and what the command throws
 */
export async function parse(world: World, invocation: Invocation): Promise<Result | null> {
  let result: Result | null = null;
  const program = commonFlags(world);
  const run = async (
    command: (context: Context) => Result | Promise<Result>,
    format?: string,
  ): Promise<void> => {
    const options = program.opts();
    if (options.json && format !== undefined && format !== "json" && format !== "text") {
      throw new Failure("usage", `--json does not go with --format ${format}`, {
        next: "give one of the two",
      });
    }
    invocation.color = options.color;
    invocation.json = options.json === true || format === "json";
    invocation.jsonInto = options.jsonInto ?? null;
    result = await command(contextOf(world, options, invocation));
  };
  addCommands(program, run);
  if (world.here.args[0] === COMPLETE) return await completed(world, program, invocation);
  try {
    await program.parseAsync([...world.here.args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return null;
    throw wrongUsage(error, ["sremote", ...commandPath(program, world.here.args)].join(" "));
  }
  return result;
}

/** The whole of the command line, for what shows it: completions and manual pages. */
export function wholeProgram(world: World): Program {
  const program = commonFlags(world);
  addCommands(program, () => Promise.resolve());
  return program;
}

function addCommands(program: Program, run: Run): void {
  addPlanCommands(program, run);
  addRemoteCommands(program, run);
  addLoginCommands(program, run);
  addEndpointCommands(program, run);
}

/** The word before what a shell's completion script asks about; no command of people's. */
const COMPLETE = "__complete";

async function completed(world: World, program: Program, invocation: Invocation): Promise<Result> {
  const [{ complete }, { completeWord }] = await Promise.all([
    import("./complete.ts"),
    import("../commands/completions.ts"),
  ]);
  invocation.json = false; // it is one of the words, and not for us
  const found = complete(program, world.here.args.slice(1));
  const flags = { ...program.opts(), ...Object.fromEntries(found.flags) } as ReturnType<Program["opts"]>;
  return await completeWord(contextOf(world, flags, invocation), found);
}

function contextOf(world: World, flags: ReturnType<Program["opts"]>, { color, json }: Invocation): Context {
  const { terminal } = world;
  const quiet = flags.quiet === true;
  const verbose = flags.verbose === true && !quiet;
  return {
    world,
    options: {
      config: flags.config ?? null,
      runtime: flags.runtime ?? null,
      root: flags.root ?? null,
      remoteFile: flags.remoteFile ?? null,
      sysconfdir: flags.sysconfdir ?? null,
      vars: flags.var,
      lockTimeout: flags.lockTimeout,
      timeout: flags.timeout ?? null,
      deadline: flags.deadline,
      cacert: flags.cacert ?? null,
      json,
      quiet,
    },
    style: styleFor(world, color, terminal.outIsTerminal && !json),
    show: (text) => json ? undefined : terminal.out(printed(world, text)),
    ask: (text) => json ? terminal.err(text + "\n") : terminal.out(printed(world, text)),
    note: (text) => quiet ? undefined : terminal.err(text + "\n"),
    detail: (text) => verbose ? terminal.err(text + "\n") : undefined,
  };
}

/** What can have commands below it. */
interface Commands {
  readonly commands: readonly (Commands & { name(): string })[];
}

/** The words that name a command: `keyserver list`. */
function commandPath(top: Commands, args: readonly string[]): string[] {
  const path: string[] = [];
  let at = top;
  for (const word of args) {
    const next = at.commands.find((one) => one.name() === word);
    if (next === undefined) continue;
    path.push(word);
    at = next;
  }
  return path;
}

function wrongUsage(error: CommanderError, command: string): Failure {
  const [what = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const meant = /Did you mean (.*)\?/.exec(more.join(" "))?.[1];
  if (error.code === "commander.help") {
    return new Failure("usage", "no command given", { next: `${command} --help lists them` });
  }
  return new Failure("usage", what, {
    next: meant === undefined ? `${command} --help` : `did you mean ${meant}?`,
  });
}
