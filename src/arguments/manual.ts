/** The command line as data, for the manual pages. */
import type { Argument, Option } from "@commander-js/extra-typings";
import type { ManualCommand } from "../report/man.ts";
import type { Definition } from "./common.ts";

interface Command {
  readonly commands: readonly Command[];
  name(): string;
  usage(): string;
  createHelp(): {
    visibleOptions(command: never): unknown;
    visibleArguments(command: never): unknown;
    optionTerm(option: Option): string;
    optionDescription(option: Option): string;
    argumentTerm(argument: Argument): string;
    argumentDescription(argument: Argument): string;
  };
}

/** A command and those below it, with what their help shows. */
export function manualOf(
  command: Command,
  definition: Definition,
  above: readonly string[] = [],
): ManualCommand {
  const words = [...above, definition.name];
  const help = command.createHelp();
  const options = help.visibleOptions(command as never) as Option[];
  const given = help.visibleArguments(command as never) as Argument[];
  return {
    words,
    description: definition.summary,
    usage: command.usage(),
    arguments: given.map((one) => ({
      term: help.argumentTerm(one),
      description: help.argumentDescription(one),
    })),
    options: options.map((one) => ({ term: help.optionTerm(one), description: help.optionDescription(one) })),
    examples: definition.examples,
    notes: definition.notes ?? null,
    aliasOf: definition.aliasOf ?? null,
    commands: (definition.commands ?? []).map((one, i) => manualOf(command.commands[i]!, one, words)),
  };
}
