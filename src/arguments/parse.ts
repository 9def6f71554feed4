/** Parses the command line with commander; a command is built when it is named, and its code loaded when it runs. */
import { CommanderError } from "@commander-js/extra-typings";
import { type Context, type Invocation, printed, type Result, styleFor } from "../commands/shared/context.ts";
import { Failure } from "../base/failure.ts";
import type { World } from "../world.ts";
import { addCommands, type Definition, describe, globalOptions, type Program, type Run } from "./common.ts";
import { ENDPOINT_COMMANDS } from "./endpoints.ts";
import { CONFIG_COMMANDS, PLAN_COMMANDS } from "./plans.ts";
import { LOGIN_COMMANDS, REMOTE_COMMANDS } from "./remotes.ts";

/** The whole command line, in the order of the help. */
export const PROGRAM = {
  name: "sremote",
  summary: "Keep the remote endpoints of Singularity and Apptainer in git",
  examples: ["sremote plan", "sremote apply --global --yes", "sremote list", "sremote use company"],
  commands: [
    ...PLAN_COMMANDS,
    ...CONFIG_COMMANDS,
    ...REMOTE_COMMANDS,
    ...LOGIN_COMMANDS,
    ...ENDPOINT_COMMANDS,
  ],
} satisfies Definition;

/**
 * Runs the command that the arguments name; null if they ask for help.
 * @throws {Failure} usage, and what the command throws
 */
export async function parse(world: World, invocation: Invocation): Promise<Result | null> {
  let result: Result | null = null;
  const { args } = world.here;
  if (args[0] === COMPLETE) return await completed(world, invocation);
  const program = describe(globalOptions(world), PROGRAM);
  buildOnDemand(program, async (load, command, format) => {
    const options = program.opts();
    if (options.json && format !== undefined && format !== "json" && format !== "text") {
      throw new Failure("usage", `--json does not go with --format ${format}`, {
        next: "Give one of the two",
      });
    }
    invocation.color = options.color;
    invocation.json = options.json === true || format === "json";
    invocation.jsonInto = options.jsonInto ?? null;
    result = await command(await load(), contextOf(world, options, invocation));
  });
  try {
    await program.parseAsync([...args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return null;
    throw wrongUsage(error, commandPath(args).join(" "));
  }
  return result;
}

/** Has the program build its commands once its global options are parsed: only the one that is named, if one is. */
function buildOnDemand(program: Program, run: Run): void {
  const parseOptions = program.parseOptions.bind(program);
  program.parseOptions = (args) => {
    const parsed = parseOptions(args);
    addCommands(program, PROGRAM.commands, run, parsed.operands);
    return parsed;
  };
}

/** The program with all commands, for completions and manual pages. */
export function wholeProgram(world: World): Program {
  const program = describe(globalOptions(world), PROGRAM);
  addCommands(program, PROGRAM.commands, () => Promise.resolve());
  return program;
}

/** The word with which a completion script asks what to offer; not a command for people. */
const COMPLETE = "__complete";

async function completed(world: World, invocation: Invocation): Promise<Result> {
  const [{ complete }, { completeWord }] = await Promise.all([
    import("./complete.ts"),
    import("../commands/completions.ts"),
  ]);
  invocation.json = false; // --json is one of the words to complete
  const program = wholeProgram(world);
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
      expiryDays: flags.expiryDays,
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

/** The words that name a command: `sremote keyserver list`. */
function commandPath(args: readonly string[]): string[] {
  const path = [PROGRAM.name];
  let below: readonly Definition[] = PROGRAM.commands;
  for (const word of args) {
    const next = below.find(({ name }) => name === word);
    if (next === undefined) continue;
    path.push(word);
    below = next.commands ?? [];
  }
  return path;
}

function wrongUsage(error: CommanderError, command: string): Failure {
  const [what = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const meant = /Did you mean (.*)\?/.exec(more.join(" "))?.[1];
  if (error.code === "commander.help") {
    return new Failure("usage", "no command given", { next: `Run ${command} --help to list the commands` });
  }
  return new Failure("usage", what, {
    next: meant === undefined ? `Run ${command} --help` : `Did you mean ${meant}?`,
  });
}
