/** The flags that every command knows, and what the commands' own are made of. */
import { Command, Option } from "@commander-js/extra-typings";
import type { Context, Result } from "../commands/shared/context.ts";
import { Failure } from "../base/failure.ts";
import { versionLine } from "../base/version.ts";
import type { World } from "../world.ts";

/** Runs a command's function with its context. */
export type Run = (command: (context: Context) => Result | Promise<Result>, format?: string) => Promise<void>;

/** The program with the flags that every command knows. */
export type Program = ReturnType<typeof commonFlags>;

/** The program, without its commands. */
export function commonFlags({ terminal, here }: World) {
  return new Command("sremote")
    .description("The remote endpoints of Singularity and Apptainer, kept in git.")
    .usage("[flags] COMMAND")
    .version(versionLine(here.runtime), "-V, --version", "the version")
    .helpOption("-h, --help", "this help")
    .helpCommand("help [command]", "the help of a command")
    .addOption(
      new Option("-c, --config <file>", "the config; ./remotes.ts, .js, .json or .yaml where none is named"),
    )
    .addOption(
      new Option("--runtime <name>", "whose remote.yaml").choices(["singularity", "apptainer"] as const),
    )
    .option("--root <dir>", "a folder that stands for /")
    .option("--remote-file <path>", "this very remote.yaml")
    .option("--sysconfdir <dir>", "the folder that holds singularity/ and apptainer/")
    .addOption(
      new Option("--var <name=value>", "a variable for the config; may be given again")
        .argParser(collectVar).default(new Map<string, string>(), "none"),
    )
    .addOption(
      new Option("--lock-timeout <seconds>", "how long to wait for another sremote")
        .argParser((given) => seconds(given, "--lock-timeout")).default(10_000, "10"),
    )
    .addOption(
      new Option("--timeout <seconds>", "for each request; 5 to 30 by its kind where none is given")
        .argParser((given) => seconds(given, "--timeout")),
    )
    .addOption(
      new Option("--deadline <seconds>", "for all requests together")
        .argParser((given) => seconds(given, "--deadline")).default(300_000, "300"),
    )
    .option("--cacert <file>", "authorities to trust beside the system's, PEM")
    .option("--json", "one JSON document on standard output")
    .option("--json-into <file>", "the JSON document into a file, beside the text")
    .option("--no-color", "no colour")
    .option("-q, --quiet", "results and errors alone")
    .option("-v, --verbose", "say more")
    .configureHelp({ showGlobalOptions: true, helpWidth: 100 })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: () => {}, // cli.ts says what is wrong
    })
    .addHelpText("after", () => examples(["plan", "apply --global --yes", "list", "use company"]))
    .showSuggestionAfterError(true)
    .exitOverride();
}

/** An option that may be given again. */
export function many<Flags extends string>(flags: Flags, description: string) {
  return new Option(flags, description)
    .argParser((given: string, before: readonly string[]) => [...before, given])
    .default([] as readonly string[], "none");
}

/** A whole number up to 65535. @throws {Failure} usage */
export function wholeNumber(given: string, flag: string, least: number): number {
  if (/^\d{1,5}$/.test(given) && Number(given) >= least && Number(given) <= 65_535) return Number(given);
  throw new Failure("usage", `${flag} ${JSON.stringify(given)}: not a number from ${least} to 65535`);
}

/** The examples below a help. */
export function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((one) => `  $ sremote ${one}`).join("\n")}`;
}

function collectVar(given: string, before: Map<string, string>): Map<string, string> {
  const equals = given.indexOf("=");
  if (equals <= 0) {
    throw new Failure("usage", `--var ${given}: there is no value`, { next: "give it as --var name=value" });
  }
  return new Map(before).set(given.slice(0, equals), given.slice(equals + 1));
}

/** Seconds on the command line, milliseconds from here on. */
function seconds(given: string, flag: string): number {
  if (/^\d{1,6}(?:\.\d+)?$/.test(given)) return Number(given) * 1000;
  throw new Failure("usage", `${flag} ${JSON.stringify(given)}: not a number of seconds`, {
    next: "give a number, such as 10 or 0.5",
  });
}
