/** How a command is defined, and the options that every command accepts. */
import { Command, type CommandUnknownOpts, InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { Context, Result } from "../commands/shared/context.ts";
import { Failure } from "../base/failure.ts";
import { quote } from "../base/text.ts";
import { versionLine } from "../base/version.ts";
import type { Reader } from "../model.ts";
import { parseReader, READER_PATTERN } from "../base/reader.ts";
import type { World } from "../world.ts";

/** Loads a command's module, then runs it. `format` is the value of `--format`, if the command has it. */
export type Run = <Module>(
  load: () => Promise<Module>,
  command: (module: Module, context: Context) => Result | Promise<Result>,
  format?: string,
) => Promise<void>;

/** How a command runs, by the words that name it: `keyserver`, `add`. */
export type RunOf = (words: readonly string[], definition: Definition) => Run;

/** A command: parsing, help, manual pages, completions and suggestions are all made from it. */
export interface Definition {
  readonly name: string;
  /** One line that starts with a verb and a capital. */
  readonly summary: string;
  readonly examples: readonly string[];
  /** Shown below the examples. */
  readonly notes?: string;
  /** Adds the arguments, the options and the action. A command with commands below it has none. */
  readonly build?: (command: Command, run: Run) => unknown;
  readonly commands?: readonly Definition[];
  /** The files that the global options name for it; absent: neither a config nor a remote.yaml. */
  readonly uses?: "config" | "remote-file";
  /** Whether it changes the global file, without an option that says so. */
  readonly global?: true;
  /** The words of the command that this one is another name for. */
  readonly aliasOf?: string;
}

/** The program with its global options. */
export type Program = ReturnType<typeof globalOptions>;

/** The program with its global options, without its commands. */
export function globalOptions({ terminal, here }: World) {
  return new Command("sremote")
    .usage("[options] COMMAND")
    .version(versionLine(here.runtime), "-V, --version", "Show the version")
    .helpOption("-h, --help", "Show help")
    .helpCommand("help [command]", "Show help for a command")
    .option("-c, --config <file>", "Config file (default: ./remotes.ts, .js, .json or .yaml)")
    .addOption(
      new Option("--runtime <name>", "Program whose remote.yaml to use, such as apptainer or singularity@3.8")
        .argParser(readerIn),
    )
    .option("--root <dir>", "Use this directory as the root directory")
    .option("--remote-file <path>", "Use this remote.yaml")
    .option("--sysconfdir <dir>", "Directory that contains singularity/ and apptainer/")
    .addOption(
      new Option("--var <name=value>", "Set a variable for the config; repeatable")
        .argParser(collectVar).default(new Map<string, string>(), "none"),
    )
    .addOption(duration("--lock-timeout <seconds>", "Wait for another sremote process").default(10_000, "10"))
    .addOption(
      duration("--timeout <seconds>", "Time limit per request (default: 5–30, depending on the request)"),
    )
    .addOption(duration("--deadline <seconds>", "Time limit for all requests").default(300_000, "300"))
    .option("--cacert <file>", "Additional CA certificates (PEM)")
    .addOption(
      wholeNumber("--expiry-days <days>", "Warn of tokens that expire within this many days", 0).default(7),
    )
    .option("--json", "Print one JSON document to standard output")
    .option("--json-into <file>", "Also write the JSON document to a file")
    .option("--no-color", "Disable color")
    .option("-q, --quiet", "Print only results and errors")
    .option("-v, --verbose", "Print more detail")
    .configureHelp({ helpWidth: 100 })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: () => {}, // cli.ts prints the error
    })
    .showSuggestionAfterError(true)
    .exitOverride();
}

/** The program that `--runtime` names. */
function readerIn(text: string): Reader {
  if (new RegExp(READER_PATTERN).test(text)) return parseReader(text);
  throw new InvalidArgumentError("Use singularity or apptainer, or with a version: singularity@3.8.");
}

/**
 * Adds commands below one. Where the words name one of them, only that one is added: building all takes longer than
 * parsing.
 * @param words operands: the first one names a command
 * @param above the words that name the parent
 */
export function addCommands(
  parent: CommandUnknownOpts,
  definitions: readonly Definition[],
  runOf: RunOf,
  words: readonly string[] = [],
  above: readonly string[] = [],
): void {
  const named = definitions.filter(({ name }) => name === words[0]);
  for (const one of named.length > 0 ? named : definitions) {
    const path = [...above, one.name];
    const command = parent.command(one.name) as unknown as Command;
    describe(command, one);
    one.build?.(command, runOf(path, one));
    requirePaths(command);
    addCommands(command, one.commands ?? [], runOf, words.slice(1), path);
  }
}

/** Gives a command its summary, and shows its examples below the help. Only the program's help has the global options. */
export function describe<C extends CommandUnknownOpts>(
  command: C,
  { summary, examples, notes }: Definition,
): C {
  const global = command.parent === null ? "" : "\nGlobal options: sremote --help\n";
  const shown = examples.map((one) => `  $ ${one}`).join("\n");
  const below = notes === undefined ? "" : `\n\n${notes}`;
  if (command.parent === null) requirePaths(command);
  command.description(summary).addHelpText("after", `${global}\nExamples:\n${shown}${below}`);
  return command;
}

/** The output format: `--json` wins over `--format`. */
export function formatOf<Format>({ options }: Context, format?: Format): Format | "json" | "text" {
  return options.json ? "json" : format ?? "text";
}

/** A repeatable option. */
export function many<Flags extends string>(flags: Flags, description: string) {
  return new Option(flags, `${description}; repeatable`)
    .argParser((given: string, before: readonly string[]) => [...before, given])
    .default([] as readonly string[], "none");
}

/** An option whose value is a whole number up to 65535. */
export function wholeNumber<Flags extends string>(flags: Flags, description: string, least: number) {
  return new Option(flags, description).argParser((given) => {
    if (/^\d{1,5}$/.test(given) && Number(given) >= least && Number(given) <= 65_535) return Number(given);
    throw new Failure("usage", `${longOf(flags)} ${quote(given)}: not a number from ${least} to 65535`);
  });
}

/** The options and arguments that are paths refuse an empty one: from an unset variable, it would mean some directory. */
function requirePaths(command: CommandUnknownOpts): void {
  const check = (shown: string) => (given: string) => {
    if (given !== "") return given;
    throw new Failure("usage", `${shown} "": the path is empty`, { next: "Give a path, or omit it" });
  };
  for (const option of command.options) {
    if (isPath(option.flags)) option.argParser(check(option.long!));
  }
  for (const one of command.registeredArguments) {
    if (isPath(one.name())) one.argParser(check(one.name()));
  }
}

/** Whether the name of a value says that it is a path. */
export function isPath(named: string): boolean {
  return /(?:^|<)(?:planfile|file|path|dir)(?:>|$)/.test(named);
}

/** An option whose value is in seconds on the command line, and in milliseconds in the code. */
function duration<Flags extends string>(flags: Flags, description: string) {
  return new Option(flags, description).argParser((given) => {
    if (/^\d{1,6}(?:\.\d+)?$/.test(given)) return Number(given) * 1000;
    throw new Failure("usage", `${longOf(flags)} ${quote(given)}: not a number of seconds`, {
      next: "Give a number, such as 10 or 0.5",
    });
  });
}

/** `--order` of `-o, --order <number>`. */
function longOf(flags: string): string {
  return /--[\w-]+/.exec(flags)![0];
}

function collectVar(given: string, before: Map<string, string>): Map<string, string> {
  const equals = given.indexOf("=");
  if (equals <= 0) {
    throw new Failure("usage", `--var ${quote(given)}: the value is missing`, {
      next: "Give it as --var name=value",
    });
  }
  return new Map(before).set(given.slice(0, equals), given.slice(equals + 1));
}
