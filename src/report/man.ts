/** Manual pages, in the macros of man(7). */

/** A command, as its help shows it. */
export interface ManualCommand {
  /** The words that name it: `sremote`, `sremote plan`, `sremote keyserver add`. */
  readonly words: readonly string[];
  readonly description: string;
  /** Flags and arguments, as in `[flags] <name> <uri>`. */
  readonly usage: string;
  readonly arguments: readonly Described[];
  readonly options: readonly Described[];
  readonly examples: readonly string[];
  readonly commands: readonly ManualCommand[];
}

/** A term and its description. */
export interface Described {
  readonly term: string;
  readonly description: string;
}

/** A page and the name of its file. */
export interface ManualPage {
  readonly name: string;
  readonly text: string;
}

/** A page for each command and its subcommands; the first one also has the global options. */
export function manualPages(command: ManualCommand, version: string): readonly ManualPage[] {
  return [
    { name: `${command.words.join("-")}.1`, text: page(command, version) },
    ...command.commands.flatMap((one) => manualPages(one, version)),
  ];
}

function page(command: ManualCommand, version: string): string {
  const { words, description, usage, commands, examples } = command;
  const name = words.join("-");
  const related = [...words.length > 1 ? [words.slice(0, -1)] : [], ...commands.map((one) => one.words)];
  const lines = [
    `.TH ${name.toUpperCase()} 1 "" "sremote ${version}" "User Commands"`,
    ".SH NAME",
    `${escaped(name)} \\- ${escaped(description.replace(/\.$/, ""))}`,
    ".SH SYNOPSIS",
    `.B ${escaped(words.join(" "))}`,
    escaped(usage),
    ...section(
      "COMMANDS",
      commands.map((one) => ({ term: one.words.join(" "), description: one.description })),
    ),
    ...section("ARGUMENTS", command.arguments),
    ...section(words.length > 1 ? "OPTIONS" : "GLOBAL OPTIONS", command.options),
    ...examples.length === 0 ? [] : [".SH EXAMPLES", ".nf", ...examples.map(escaped), ".fi"],
    ".SH EXIT STATUS",
    "0 done; 1 failed; 2 with \\-\\-detailed\\-exitcode, there are changes; 3 a login or a required check failed;",
    "4 stale; 5 locked; 6 cancelled; 64 invalid usage; 65 the config or a file is invalid; 130 interrupted.",
    ...related.length === 0
      ? []
      : [".SH SEE ALSO", related.map((one) => `\\fB${escaped(one.join("-"))}\\fR(1)`).join(", ")],
  ];
  return `${lines.join("\n")}\n`;
}

function section(title: string, list: readonly Described[]): string[] {
  if (list.length === 0) return [];
  return [
    `.SH ${title}`,
    ...list.flatMap((
      { term, description },
    ) => [".TP", `.B ${escaped(term)}`, escaped(description || "\u00a0")]),
  ];
}

/** Escapes every character that roff would interpret. */
function escaped(text: string): string {
  const plain = text.replace(/\\/g, "\\e").replace(/-/g, "\\-").replace(/\u00a0/g, "\\ ").replace(
    /…/g,
    "...",
  );
  return /^[.']/.test(plain) ? `\\&${plain}` : plain;
}
