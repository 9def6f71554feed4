/** How a command is defined, and the options that every command accepts. */
import { Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { Context, Result } from "../commands/shared/context.ts";
import { Failure } from "../base/failure.ts";
import { quote } from "../base/text.ts";
import { versionLine } from "../base/version.ts";
import type { World } from "../world.ts";

/** Runs a command's function with its context. */
export type Run = (command: (context: Context) => Result | Promise<Result>, format?: string) => Promise<void>;

/** A command: parsing, help, manual pages, completions and suggestions are all made from it. */
export interface Definition {
  readonly name: string;
  /** One line that starts with a verb and a capital. */
  readonly summary: string;
  /** Without the `sremote` in front. */
  readonly examples: readonly string[];
  /** Shown below the examples. */
  readonly notes?: string;
  /** Adds the arguments, the options and the action. A command with commands below it has none. */
  readonly build?: (command: Command, run: Run) => unknown;
  readonly commands?: readonly Definition[];
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
      new Option("--runtime <name>", "Program whose remote.yaml to use")
        .choices(["singularity", "apptainer"] as const),
    )
    .option("--root <dir>", "Use this directory as the root directory")
    .option("--remote-file <path>", "Use this remote.yaml")
    .option("--sysconfdir <dir>", "Directory that contains singularity/ and apptainer/")
    .addOption(
      new Option("--var <name=value>", "Set a variable for the config; repeatable")
        .argParser(collectVar).default(new Map<string, string>(), "none"),
    )
    .addOption(
      new Option("--lock-timeout <seconds>", "How long to wait for another sremote process")
        .argParser((given) => seconds(given, "--lock-timeout")).default(10_000, "10"),
    )
    .addOption(
      new Option(
        "--timeout <seconds>",
        "Time limit for each request (default: 5–30, depending on the request)",
      )
        .argParser((given) => seconds(given, "--timeout")),
    )
    .addOption(
      new Option("--deadline <seconds>", "Time limit for all requests together")
        .argParser((given) => seconds(given, "--deadline")).default(300_000, "300"),
    )
    .option("--cacert <file>", "Trust these CA certificates, too (PEM)")
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

/**
 * Adds commands below one. Where the words name one of them, only that one is added: building all takes longer than
 * parsing.
 * @param words operands: the first one names a command
 */
export function addCommands(
  parent: CommandUnknownOpts,
  definitions: readonly Definition[],
  run: Run,
  words: readonly string[] = [],
): void {
  const named = definitions.filter(({ name }) => name === words[0]);
  for (const one of named.length > 0 ? named : definitions) {
    const command = parent.command(one.name) as unknown as Command;
    describe(command, one, "\nGlobal options: sremote --help\n");
    one.build?.(command, run);
    addCommands(command, one.commands ?? [], run, words.slice(1));
  }
}

/** Gives a command its summary, and its examples below the help. */
export function describe(command: CommandUnknownOpts, definition: Definition, above = ""): void {
  const { summary, examples, notes } = definition;
  command.description(summary).addHelpText(
    "after",
    () =>
      `${above}\nExamples:\n${examples.map(commandLine).map((one) => `  $ ${one}`).join("\n")}${
        notes === undefined ? "" : `\n\n${notes}`
      }`,
  );
}

/** An example as it is typed. */
export function commandLine(example: string): string {
  return example.startsWith("source ") ? example : `sremote ${example}`;
}

/** A repeatable option. */
export function many<Flags extends string>(flags: Flags, description: string) {
  return new Option(flags, `${description}; repeatable`)
    .argParser((given: string, before: readonly string[]) => [...before, given])
    .default([] as readonly string[], "none");
}

/** A whole number up to 65535. @throws {Failure} usage */
export function wholeNumber(given: string, flag: string, least: number): number {
  if (/^\d{1,5}$/.test(given) && Number(given) >= least && Number(given) <= 65_535) return Number(given);
  throw new Failure("usage", `${flag} ${quote(given)}: not a number from ${least} to 65535`);
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

/** Seconds on the command line, milliseconds in the code. */
function seconds(given: string, flag: string): number {
  if (/^\d{1,6}(?:\.\d+)?$/.test(given)) return Number(given) * 1000;
  throw new Failure("usage", `${flag} ${quote(given)}: not a number of seconds`, {
    next: "Give a number, such as 10 or 0.5",
  });
}
