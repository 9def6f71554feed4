/** What to offer at the cursor, for every shell: from the same commands and options that are parsed. */
import { RUNTIMES } from "../base/reader.ts";
import { optionsIn, spelledOut } from "./spelled.ts";
import type { Argument, Option } from "@commander-js/extra-typings";

/** A word to offer. */
export interface Candidate {
  readonly value: string;
  readonly description: string;
}

/** What to offer: words, the names of remotes, files, or nothing because any text is valid. */
export type Completion =
  | { readonly kind: "words"; readonly candidates: readonly Candidate[] }
  | { readonly kind: "remotes" | "files" | "anything" };

const NOTHING: Completion = { kind: "words", candidates: [] };

/** The word at the cursor, what to offer for it, and the options before it, which say where the files are. */
export interface Completed {
  /** The typed part of the word, without `--option=`. */
  readonly word: string;
  /** What precedes it in the same word: `--format=`, or nothing. */
  readonly before: string;
  readonly completion: Completion;
  /** By their names in code: `remoteFile`. */
  readonly flags: ReadonlyMap<string, string>;
  /** The command below the program that the words name; null: none yet. */
  readonly group: string | null;
}

/** The parts of commander's command that are needed here. */
interface Command {
  readonly commands: readonly Command[];
  readonly options: readonly Option[];
  readonly registeredArguments: readonly Argument[];
  name(): string;
  description(): string;
  createHelp(): { visibleCommands(command: never): unknown; visibleOptions(command: never): unknown };
}

/**
 * What to offer for the last of the words, which is being typed.
 * @param words without the name of the program; bash splits `--format=json` into three
 * @param remoteGroup the group where `--config` names a remote.yaml
 */
export function complete(program: Command, words: readonly string[], remoteGroup: string): Completed {
  const joined = joinEquals(words);
  const typed = [...spelled(program, joined.slice(0, -1)), ...joined.slice(-1)];
  const flags = new Map<string, string>();
  let at = program;
  let index = 0;
  let awaited: Option | undefined;
  let group: string | null = null;
  let helping = false;
  for (const word of typed.slice(0, -1)) {
    if (awaited !== undefined) {
      flags.set(awaited.attributeName(), word);
      awaited = undefined;
      continue;
    }
    if (word.startsWith("-")) {
      const [name, value] = split(word);
      const option = optionOf(program, at, name);
      if (option === undefined || !takesValue(option)) continue;
      if (value === null) awaited = option;
      else flags.set(option.attributeName(), value);
      continue;
    }
    if (word === "help" && at.commands.length > 0 && index === 0) {
      helping = true;
      continue;
    }
    const below = at.commands.find((one) => one.name() === word);
    if (below === undefined) index++;
    else [at, index, group] = [below, 0, group ?? word];
  }
  const last = typed.at(-1) ?? "";
  const [name, value] = split(last);
  if (awaited === undefined && value !== null && last.startsWith("-")) {
    const option = optionOf(program, at, name);
    const completion: Completion = option === undefined ? { kind: "anything" } : valueOf(option);
    return { word: value, before: `${name}=`, completion, flags, group };
  }
  const completion = helping && awaited === undefined && !last.startsWith("-")
    ? index === 0 ? commandsOf(at) : NOTHING
    : completionAt(program, at, awaited, index, last, group === remoteGroup);
  return { word: last, before: "", completion, flags, group };
}

function completionAt(
  program: Command,
  at: Command,
  awaited: Option | undefined,
  index: number,
  word: string,
  inRemote: boolean,
): Completion {
  if (awaited !== undefined) return valueOf(awaited);
  if (word.startsWith("-")) {
    const options = at === program
      ? visible(at).options
      : [...visible(at).options, ...visible(program).options];
    const described = (one: Option) =>
      inRemote && one.long === "--config" ? "Use this remote.yaml" : one.description;
    return words(options.map((one) => [one.long ?? one.short ?? "", described(one)]));
  }
  if (at.commands.length > 0 && index === 0) return commandsOf(at);
  const argument = at.registeredArguments[index] ?? at.registeredArguments.findLast((one) => one.variadic);
  if (argument === undefined) return words([]);
  if (argument.argChoices !== undefined) return words(argument.argChoices.map((one) => [one, ""]));
  if (/^(?:names?|\[name\] uri)$/.test(argument.name())) return { kind: "remotes" };
  return { kind: /file|dir/.test(argument.name()) ? "files" : "anything" };
}

function valueOf(option: Option): Completion {
  const choices = option.attributeName() === "runtime" ? RUNTIMES : option.argChoices;
  if (choices !== undefined) return words(choices.map((one) => [one, ""]));
  if (/<(?:file|path|dir)>/.test(option.flags)) return { kind: "files" };
  return { kind: option.attributeName() === "remote" ? "remotes" : "anything" };
}

function commandsOf(at: Command): Completion {
  return words(visible(at).commands.map((one) => [one.name(), one.description()]));
}

/** What the help shows: without hidden commands and options. */
function visible(command: Command): { commands: readonly Command[]; options: readonly Option[] } {
  const help = command.createHelp();
  return {
    commands: help.visibleCommands(command as never) as Command[],
    options: help.visibleOptions(command as never) as Option[],
  };
}

function optionOf(program: Command, at: Command, name: string): Option | undefined {
  return [...at.options, ...program.options].find((one) => one.long === name || one.short === name);
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

function split(word: string): [name: string, value: string | null] {
  const equals = word.indexOf("=");
  return equals < 0 ? [word, null] : [word.slice(0, equals), word.slice(equals + 1)];
}

/** What was typed so far may be no command line yet. */
function spelled(program: Command, words: readonly string[]): readonly string[] {
  try {
    return spelledOut(words, optionsIn(program));
  } catch {
    return words;
  }
}

/** Bash splits words at equals signs. */
function joinEquals(words: readonly string[]): string[] {
  const joined: string[] = [];
  words.forEach((word, i) => {
    const flag = joined.at(-1);
    if (word === "=" && flag !== undefined && /^-[^=]+$/.test(flag)) joined[joined.length - 1] = `${flag}=`;
    else if (words[i - 1] === "=" && flag?.endsWith("=")) joined[joined.length - 1] = flag + word;
    else joined.push(word);
  });
  return joined;
}

function words(pairs: readonly (readonly [value: string, description: string])[]): Completion {
  return {
    kind: "words",
    candidates: pairs.map(([value, description]) => ({ value, description })),
  };
}
