/** Text that is safe to print. */

// Controls, formats (direction marks, tags), lone surrogates, separators, and what a terminal may show as nothing
// at all. The selector after a pictograph only asks for its colours, as in ❤️.
const INVISIBLE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}](?<!\p{Extended_Pictographic}\ufe0f)/gu;

/**
 * A text from a file, fit for a terminal: what would be obeyed, or not be seen, is spelled out.
 *
 * @example
 * ```ts
 * import { printable } from "./text.ts";
 * import assert from "node:assert/strict";
 * assert.equal(printable("a\u001b[31m\nb"), "a\\u{1b}[31m\\u{a}b");
 * ```
 */
export function printable(text: string): string {
  return text.replace(INVISIBLE, (one) => `\\u{${one.codePointAt(0)!.toString(16)}}`);
}

/** A name in quotes, fit for a terminal and for a message: what would be obeyed, or not be seen, is spelled out. */
export function quote(name: string): string {
  return printable(JSON.stringify(name));
}
