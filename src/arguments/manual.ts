/** The command line as data, for its manual pages. */
import type { Argument, Option } from "@commander-js/extra-typings";
import type { ManualCommand } from "../report/man.ts";

interface Command {
  readonly commands: readonly Command[];
  name(): string;
  description(): string;
  usage(): string;
  createHelp(): {
    visibleCommands(command: never): unknown;
    visibleOptions(command: never): unknown;
    visibleArguments(command: never): unknown;
    optionTerm(option: Option): string;
    optionDescription(option: Option): string;
    argumentTerm(argument: Argument): string;
    argumentDescription(argument: Argument): string;
  };
  outputHelp(): void;
  configureOutput(output: { writeOut: (text: string) => void }): unknown;
}

/** A command and those below it, with what their help shows. */
export function manualOf(command: Command, above: readonly string[] = []): ManualCommand {
  const words = [...above, command.name()];
  const help = command.createHelp();
  const options = help.visibleOptions(command as never) as Option[];
  const given = help.visibleArguments(command as never) as Argument[];
  return {
    words,
    description: command.description(),
    usage: command.usage(),
    arguments: given.map((one) => ({
      term: help.argumentTerm(one),
      description: help.argumentDescription(one),
    })),
    options: options.map((one) => ({ term: help.optionTerm(one), description: help.optionDescription(one) })),
    examples: examplesOf(command),
    commands: (help.visibleCommands(command as never) as Command[])
      .filter((one) => one.name() !== "help").map((one) => manualOf(one, words)),
  };
}

/** The lines below “Examples:” of its help, which commander holds as a text alone. */
function examplesOf(command: Command): string[] {
  let text = "";
  command.configureOutput({ writeOut: (part) => text += part });
  command.outputHelp();
  return (text.split("\nExamples:\n")[1] ?? "").split("\n").map((one) => one.trim()).filter((one) =>
    one !== ""
  );
}
