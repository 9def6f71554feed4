/** Manual pages, in the macros of man(7). */

/** A command as its help describes it. */
export interface ManualCommand {
  /** The words that name it: `sremote`, `sremote plan`, `sremote keyserver add`. */
  readonly words: readonly string[];
  readonly description: string;
  /** Options and arguments, as in `[options] <name> <uri>`. */
  readonly usage: string;
  readonly arguments: readonly Described[];
  readonly options: readonly Described[];
  readonly examples: readonly string[];
  readonly notes: string | null;
  /** The words of the command that this one is another name for: it has no page of its own. */
  readonly aliasOf: string | null;
  readonly commands: readonly ManualCommand[];
}

/** A term and its description. */
export interface Described {
  readonly term: string;
  readonly description: string;
}

/** A page, with the name of its file. */
export interface ManualPage {
  readonly name: string;
  readonly text: string;
}

/** A page for the command and for each one below it, but for aliases; the first also lists the global options. */
export function manualPages(command: ManualCommand, version: string): readonly ManualPage[] {
  return [
    { name: `${command.words.join("-")}.1`, text: page(command, version) },
    ...command.commands.filter((one) => one.aliasOf === null).flatMap((one) => manualPages(one, version)),
  ];
}

function page(command: ManualCommand, version: string): string {
  const { words, description, usage, commands, examples, notes } = command;
  const isProgram = words.length === 1;
  const name = words.join("-");
  const related = [
    ...isProgram ? [] : [words.slice(0, -1)],
    ...commands.map((one) => one.aliasOf === null ? one.words : [words[0]!, ...one.aliasOf.split(" ")]),
  ];
  const lines = [
    `.TH ${name.toUpperCase()} 1 "" "sremote ${version}" "User Commands"`,
    ".SH NAME",
    `${escaped(name)} \\- ${escaped(description)}`,
    ".SH SYNOPSIS",
    `.B ${escaped(words.join(" "))}`,
    escaped(usage),
    ...section(
      "COMMANDS",
      commands.map((one) => ({ term: one.words.join(" "), description: one.description })),
    ),
    ...section("ARGUMENTS", command.arguments),
    ...section(isProgram ? "GLOBAL OPTIONS" : "OPTIONS", command.options),
    ...isProgram ? [] : [".SH GLOBAL OPTIONS", `See \\fB${escaped(words[0]!)}\\fR(1).`],
    ...examples.length === 0 ? [] : [".SH EXAMPLES", ".nf", ...examples.map(escaped), ".fi"],
    ...notes === null ? [] : [".SH NOTES", escaped(notes)],
    ".SH EXIT STATUS",
    "0 done; 1 failed; 2 there are changes (with \\-\\-detailed\\-exitcode); 3 a login or a required check failed;",
    "4 stale; 5 locked; 6 cancelled; 64 wrong usage; 65 the config or a file is invalid; 130 interrupted.",
    ".SH SEE ALSO",
    related.map((one) => `\\fB${escaped(one.join("-"))}\\fR(1)`).join(", "),
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

/** A text in which roff finds no request and no escape of its own. */
function escaped(text: string): string {
  const plain = text.replace(/\\/g, "\\e").replace(/-/g, "\\-").replace(/\u00a0/g, "\\ ")
    .replace(/…/g, "...").replace(/–/g, "\\(en");
  return /^[.']/.test(plain) ? `\\&${plain}` : plain;
}
