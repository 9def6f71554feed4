/**
 * Text that is safe to print. Whatever people read on a terminal or in a log passes {@link visible} right before it is
 * written; what stands inside a line passes {@link printable}, which leaves no line break either.
 */

// Controls, formats (direction marks, tags), lone surrogates, separators, and what a terminal may show as nothing
// at all. The selector after a pictograph only asks for its colors, as in ❤️.
const INVISIBLE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}](?<!\p{Extended_Pictographic}\ufe0f)/gu;

// Nearly all text is of these characters, which is found out quickly.
const PLAIN = /^[ -~]*$/;
const PLAIN_LINES = /^[\t\n -~]*$/;

/** Line breaks, tabs and the escape sequences of our own styles (ECMA-48, SGR): all that text for people may hold. */
// deno-lint-ignore no-control-regex -- the escape character is what it looks for
const OURS = /(\n|\t|\u001b\[(?:1|2|22|31|32|33|36|39)m)/;

/**
 * Shows every character that would be invisible, or that a terminal would obey, by its number.
 *
 * @example
 * ```ts
 * import { printable } from "./text.ts";
 * import assert from "node:assert/strict";
 * assert.equal(printable("a\u001b[31m\nb"), "a\\u{1b}[31m\\u{a}b");
 * ```
 */
export function printable(text: string): string {
  return PLAIN.test(text) ? text : text.replace(INVISIBLE, escapeOf);
}

/**
 * The last pass over text for people: line breaks, tabs and, with `styled`, the sequences of our own styles stay. Every other
 * invisible character is shown by its number.
 */
export function visible(text: string, styled: boolean): string {
  if (PLAIN_LINES.test(text)) return text;
  const parts = text.split(OURS);
  return parts.map((part, i) =>
    i % 2 === 1 && (styled || !part.startsWith("\u001b")) ? part : printable(part)
  ).join("");
}

/**
 * A name in quotes, as messages have it: one line, with nothing invisible in it.
 *
 * @example
 * ```ts
 * import { quote } from "./text.ts";
 * import assert from "node:assert/strict";
 * assert.equal(quote('my "lab"'), '"my \\"lab\\""');
 * assert.equal(quote("a\u202eb"), '"a\\u{202e}b"');
 * ```
 */
export function quote(name: string): string {
  return printable(JSON.stringify(name));
}

function escapeOf(character: string): string {
  return `\\u{${character.codePointAt(0)!.toString(16)}}`;
}

/**
 * A path or name as a word of a shell command: bash, zsh and ksh read back the same text. What cannot be seen is escaped,
 * byte by byte.
 *
 * @example
 * ```ts
 * import { shellWord } from "./text.ts";
 * import assert from "node:assert/strict";
 * assert.equal(shellWord("/etc/remote.yaml"), "/etc/remote.yaml");
 * assert.equal(shellWord("it's here"), "'it'\\''s here'");
 * assert.equal(shellWord("a\u200bb"), "$'a\\xe2\\x80\\x8bb'");
 * ```
 */
export function shellWord(text: string): string {
  // zsh replaces a word that begins with an equals sign.
  if (/^(?!=)[\w@%+=:,./-]+$/.test(text)) return text;
  if (printable(text) === text) return `'${text.replaceAll("'", "'\\''")}'`;
  const escaped = Array.from(new TextEncoder().encode(text), (byte) => {
    const character = String.fromCharCode(byte);
    return /[^ -~]|['\\]/.test(character) ? `\\x${byte.toString(16).padStart(2, "0")}` : character;
  });
  return `$'${escaped.join("")}'`;
}

/**
 * A command of sremote to type, as messages suggest it. All of them are made here.
 * @param names arguments from elsewhere, such as the names of remotes: none of them is read as an option
 *
 * @example
 * ```ts
 * import { sremoteCommand } from "./text.ts";
 * import assert from "node:assert/strict";
 * assert.equal(sremoteCommand(["use", "--global"], ["my lab"]), "sremote use --global 'my lab'");
 * assert.equal(sremoteCommand(["login"], ["-x"]), "sremote login -- -x");
 * ```
 */
export function sremoteCommand(words: readonly string[], names: readonly string[] = []): string {
  const end = names.some((one) => one.startsWith("-")) ? ["--"] : [];
  return ["sremote", ...words, ...end, ...names].map(shellWord).join(" ");
}
