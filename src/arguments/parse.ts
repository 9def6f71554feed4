/** Parses the command line with commander; a command is built when it is named, and its code loaded when it runs. */
import { resolve } from "node:path";
import { CommanderError } from "@commander-js/extra-typings";
import { type Context, type Invocation, printed, type Result, styleFor } from "../commands/shared/context.ts";
import { Failure } from "../base/failure.ts";
import { offered } from "../base/suggest.ts";
import { quote, sremoteCommand } from "../base/text.ts";
import type { World } from "../world.ts";
import { addCommands, type Definition, describe, globalOptions, type Program, type RunOf } from "./common.ts";
import { ENDPOINT_COMMANDS } from "./endpoints.ts";
import { CONFIG_COMMANDS, PLAN_COMMANDS } from "./plans.ts";
import { isUnusual, type KnownOptions, optionsIn, spelledOut } from "./spelled.ts";
import { LOGIN_COMMANDS, REMOTE_COMMANDS, REMOTE_GROUP } from "./remotes.ts";

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
    REMOTE_GROUP,
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
  const spelled = isUnusual(args) ? spelledOut(args, optionsIn(wholeProgram(world))) : args;
  const program = describe(globalOptions(world), PROGRAM);
  buildOnDemand(program, (words, definition) => async (load, command, format) => {
    const options = program.opts();
    if (options.json && format !== undefined && format !== "json" && format !== "text") {
      throw new Failure("usage", `--json and --format ${format} cannot be used together`, {
        next: "Give one of the two",
      });
    }
    invocation.color = options.color;
    invocation.json = options.json === true || format === "json";
    invocation.jsonInto = options.jsonInto ?? null;
    if (!options.color) world.terminal.plain();
    const files = filesOf(world, options, words, definition, spelled);
    const context = contextOf(world, options, invocation, files);
    const module = await load();
    const suggested = async (failure: Failure) => {
      const { failureHere } = await import("../commands/shared/hint.ts");
      return failureHere(context, failure);
    };
    try {
      result = await command(module, context);
    } catch (error) {
      throw error instanceof Failure ? await suggested(error) : error;
    }
    if (result.failure !== undefined) result = { ...result, failure: await suggested(result.failure) };
  });
  try {
    await program.parseAsync([...spelled], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return null;
    throw wrongUsage(error, commandPath(spelled, optionsIn(wholeProgram(world))));
  }
  return result;
}

/** Has the program build its commands once its global options are parsed: only the one that is named, if one is. */
function buildOnDemand(program: Program, runOf: RunOf): void {
  const parseOptions = program.parseOptions.bind(program);
  program.parseOptions = (args) => {
    const parsed = withHelp(parseOptions(args));
    addCommands(program, PROGRAM.commands, runOf, parsed.operands);
    return parsed;
  };
}

type Parsed = ReturnType<Program["parseOptions"]>;

/** `help remote add` is `remote add --help`: commander's `help` takes one word. */
function withHelp({ operands, unknown }: Parsed): Parsed {
  const [word, ...words] = operands;
  const isKnown = word === "help" && PROGRAM.commands.some(({ name }) => name === words[0]);
  return isKnown ? { operands: words, unknown: [...unknown, "--help"] } : { operands, unknown };
}

/** The program with all commands, for completions and manual pages. */
export function wholeProgram(world: World): Program {
  const program = describe(globalOptions(world), PROGRAM);
  addCommands(program, PROGRAM.commands, () => () => Promise.resolve());
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
  const found = complete(program, world.here.args.slice(1), REMOTE_GROUP.name);
  const flags = { ...program.opts(), ...Object.fromEntries(found.flags) } as GlobalFlags;
  const { config = null, remoteFile = null } = flags;
  const files = found.group === REMOTE_GROUP.name
    ? { config: null, remoteFile: remoteFile ?? config }
    : { config, remoteFile };
  return await completeWord(contextOf(world, flags, invocation, files), found);
}

type GlobalFlags = ReturnType<Program["opts"]>;

/** The files that the global options name. */
type NamedFiles = Pick<Context["options"], "config" | "remoteFile">;

/**
 * The files of a command: in the group `remote`, `--config` names the remote.yaml, as in the programs.
 * @throws {Failure} usage, if it is given to a command that reads no config: it would work on another file than the user means
 */
function filesOf(
  { here }: World,
  { config, remoteFile: named }: GlobalFlags,
  words: readonly string[],
  { uses, global }: Definition,
  args: readonly string[],
): NamedFiles {
  const remoteFile = named ?? null;
  if (config === undefined) return { config: null, remoteFile };
  if (words[0] === REMOTE_GROUP.name) {
    const isOther = remoteFile !== null && resolve(here.folder, remoteFile) !== resolve(here.folder, config);
    if (isOther) {
      throw new Failure("usage", "--config and --remote-file name two files", {
        next: "Give one of the two",
      });
    }
    // The programs ignore -c for the global file. Neither file is surely the one that is meant.
    const flag = global ? words.join(" ") : args.slice(0, endOf(args)).find((one) => GLOBAL.test(one));
    if (flag === undefined) return { config: null, remoteFile: config };
    throw new Failure(
      "usage",
      `--config ${quote(config)} and ${flag} cannot be used together: they name two files`,
      {
        next:
          "Give one of the two; to change the global file of another directory, use --root or --sysconfdir",
      },
    );
  }
  if (uses === "config") return { config, remoteFile };
  const command = words.join(" ");
  const grouped = REMOTE_GROUP.commands!.some(({ name }) => name === command);
  const next = uses === undefined
    ? "Omit it"
    : `To use a remote.yaml, run sremote --remote-file FILE ${command}${
      grouped ? `, or sremote remote -c FILE ${command}` : ""
    }`;
  throw new Failure("usage", `cannot use --config ${quote(config)}: sremote ${command} reads no config`, {
    next,
  });
}

const GLOBAL = /^(?:-g|--global|-e|--exclusive)$/;

/** The place of `--`, behind which no option is. */
function endOf(args: readonly string[]): number {
  const place = args.indexOf("--");
  return place < 0 ? args.length : place;
}

function contextOf(
  world: World,
  flags: GlobalFlags,
  { color, json }: Invocation,
  files: NamedFiles,
): Context {
  const { terminal } = world;
  const quiet = flags.quiet === true;
  const verbose = flags.verbose === true && !quiet;
  return {
    world,
    options: {
      ...files,
      runtime: flags.runtime ?? null,
      root: flags.root ?? null,
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

/** A command that the words name, and the first word that names none. */
interface NamedCommand {
  /** Such as `sremote keyserver list`. */
  readonly words: readonly string[];
  readonly then: readonly string[];
}

function commandPath(args: readonly string[], known: KnownOptions): NamedCommand {
  const words: string[] = [PROGRAM.name];
  const rest = operandsOf(args, known);
  let below: readonly Definition[] = PROGRAM.commands;
  for (;;) {
    const next = below.find(({ name }) => name === rest[0]);
    if (next === undefined) return { words, then: rest };
    words.push(rest.shift()!);
    below = next.commands ?? [];
  }
}

/** The words that are no options and no values of options. */
function operandsOf(args: readonly string[], known: KnownOptions): string[] {
  const operands: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word === "--") return [...operands, ...args.slice(i + 1)];
    if (known.get(word)?.takesValue) i++;
    else if (!word.startsWith("-")) operands.push(word);
  }
  return operands;
}

/** Commands and options that remove, replace or unlock something, or skip a question. */
const DESTRUCTIVE: ReadonlySet<string> = new Set([
  ...["apply", "rollback", "remove", "remove-keyserver", "logout"],
  ...["--yes", "--allow-mass-removal", "--allow-command", "--exclusive", "--insecure"],
]);

/** What to type for a group of the programs that has another place here. null: no such group is named. */
function elsewhere({ words: [, ...words], then: [word, ...more] }: NamedCommand): string | null {
  if (words.length > 1 || words.length === 1 && words[0] !== REMOTE_GROUP.name) return null;
  if (word === "registry") return "Run singularity registry or apptainer registry: sremote has no registries";
  if (word !== "keyserver") return null;
  const group = LOGIN_COMMANDS.find(({ name }) => name === word)!;
  const isKnown = group.commands!.some(({ name }) => name === more[0]);
  return `Run ${sremoteCommand(isKnown ? [word, more[0]!] : [word, "--help"])}`;
}

function wrongUsage(error: CommanderError, named: NamedCommand): Failure {
  const command = named.words.join(" ");
  if (error.code === "commander.help") {
    return new Failure("usage", "no command given", { next: `Run ${command} --help to list the commands` });
  }
  const [what = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const near = /Did you mean (?:one of )?(.*)\?/.exec(more.join(" "))?.[1]?.split(", ") ?? [];
  const word = /^unknown (?:command|option) '(.*)'$/s.exec(what)?.[1] ?? "";
  const meant = offered(word, near, DESTRUCTIVE);
  // What follows an option may be a password.
  return new Failure("usage", what.replace(/^(unknown option '[^=]*)=.*'$/s, "$1'"), {
    next: /^unknown command/.test(what) && elsewhere(named) !== null
      ? elsewhere(named)!
      : meant.length === 0
      ? `Run ${command} --help`
      : `Did you mean ${meant.length === 1 ? "" : "one of "}${meant.join(", ")}?`,
  });
}
