/** Colour, and text that cannot drive a terminal. */

/** What a text is dressed in. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
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

// Controls, separators, direction and other invisible characters, lone surrogates.
const INVISIBLE =
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Cs}/gu;

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
