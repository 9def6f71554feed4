/**
 * The command line with every option spelled as commander reads it. The parser of the programs (pflag) also takes `-c=FILE`,
 * `-g=true`, and groups such as `-nc FILE`, whose letters belong to different commands here.
 */
import { Failure } from "../base/failure.ts";
import { parseBool } from "../base/bool.ts";

/** What is known of an option: the same in every command that has it. */
export interface KnownOption {
  readonly long: string | undefined;
  readonly short: string | undefined;
  readonly takesValue: boolean;
}

/** By its long form and by its short form: `--global`, `-g`. */
export type KnownOptions = ReadonlyMap<string, KnownOption>;

/** The parts of commander's command that are needed here. */
interface Command {
  readonly commands: readonly Command[];
  readonly options: readonly {
    readonly long?: string | undefined;
    readonly short?: string | undefined;
    readonly required: boolean;
  }[];
}

/** Commander does not list it among the options of a command. */
const HELP = { long: "--help", short: "-h", required: false };

/** The options of a command and of all below it. */
export function optionsIn(command: Command, known = new Map<string, KnownOption>()): KnownOptions {
  for (const { long, short, required } of [...command.options, HELP]) {
    for (const name of [long, short]) {
      if (name !== undefined) known.set(name, { long, short, takesValue: required });
    }
  }
  for (const one of command.commands) optionsIn(one, known);
  return known;
}

/** A short option with more behind it, or a long one with what may be a truth value. */
const UNUSUAL = /^(?:-[A-Za-z][^]|--[\w-]+=(?:[01tTfF]|true|false|yes|no|on|off)?$)/i;

/** Whether commander would read a word in another way than the programs. All other command lines stay as they are. */
export function isUnusual(args: readonly string[]): boolean {
  return args.some((one) => UNUSUAL.test(one));
}

/**
 * Spells options out: `-c=FILE` becomes `--config=FILE`, `-nc FILE` becomes `-n --config=FILE`, `--global=false` is dropped.
 * Arguments, what follows `--`, and options that nobody knows stay.
 * @throws {Failure} usage, if an option without a value gets one
 */
export function spelledOut(args: readonly string[], known: KnownOptions): readonly string[] {
  const words: string[] = [];
  const rest = [...args];
  const take = (option: KnownOption, name: string, value: string | undefined) => {
    const long = option.long ?? name;
    if (value === undefined) words.push(long); // commander says that it is missing
    else words.push(`${long}=${value}`);
  };
  const turn = ({ long, short }: KnownOption, name: string, value: string | null) => {
    const on = value === null || parseBool(value);
    if (on === null) {
      throw new Failure("usage", `option '${name}' takes no value`, { next: `Give ${name} alone` });
    }
    if (on) words.push(name);
    else words.splice(0, Infinity, ...words.filter((one) => one !== long && one !== short));
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--") return [...words, word, ...rest];
    const [, name, value] = /^(--[^=]+)(?:=([^]*))?$/.exec(word) ?? [];
    const option = name === undefined ? undefined : known.get(name);
    if (option?.takesValue) take(option, name!, value ?? rest.shift());
    else if (option !== undefined) turn(option, name!, value ?? null);
    else if (/^-[^-]/.test(word)) spellGroup(word);
    else words.push(word);
  }
  return words;

  function spellGroup(word: string): void {
    for (let letters = word.slice(1); letters !== "";) {
      const name = `-${letters[0]}`;
      const option = known.get(name);
      if (option === undefined) return void words.push(`-${letters}`);
      letters = letters.slice(1);
      const value = letters.startsWith("=") ? letters.slice(1) : null;
      if (option.takesValue) return take(option, name, value ?? (letters === "" ? rest.shift() : letters));
      turn(option, name, value);
      if (value !== null) return;
    }
  }
}
