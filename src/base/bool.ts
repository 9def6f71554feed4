/** Truth values on the command line and in the environment, as the programs read them. */

/**
 * The truth value that a text stands for, as Go's `strconv.ParseBool` reads it; null: none.
 *
 * @example
 * ```ts
 * import { parseBool } from "./bool.ts";
 * import assert from "node:assert/strict";
 * assert.deepEqual(["T", "0", "yes"].map(parseBool), [true, false, null]);
 * ```
 */
export function parseBool(text: string): boolean | null {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(?:0|f|F|FALSE|false|False)$/.test(text) ? false : null;
}
