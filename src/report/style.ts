/** Colour, and text that cannot drive a terminal. */

/** What a text is dressed in. */
export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
}

const asIs = (text: string) => text;

/** No colour at all. */
export const plainStyle: Style = { bold: asIs, dim: asIs, red: asIs, green: asIs, yellow: asIs, cyan: asIs };

const sgr = (on: number, off: number) => (text: string) => `\u001b[${on}m${text}\u001b[${off}m`;

/** ANSI colours (ECMA-48, SGR). */
export const colourStyle: Style = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  red: sgr(31, 39),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
  cyan: sgr(36, 39),
};

// Controls, formats (direction marks, tags), lone surrogates, separators, and what a terminal may show as nothing
// at all. The selector after a pictograph only asks for its colours, as in ❤️.
const INVISIBLE =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}](?<!\p{Extended_Pictographic}\ufe0f)/gu;

/**
 * A text from a file, fit for a terminal: what would be obeyed, or not be seen, is spelled out.
 *
 * @example
 * ```ts
 * import { printable } from "./style.ts";
 * import assert from "node:assert/strict";
 * assert.equal(printable("a\u001b[31m\nb"), "a\\u{1b}[31m\\u{a}b");
 * ```
 */
export function printable(text: string): string {
  return text.replace(INVISIBLE, (one) => `\\u{${one.codePointAt(0)!.toString(16)}}`);
}
