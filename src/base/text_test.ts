import assert from "node:assert/strict";
import fc from "fast-check";
import { printable, quote, visible } from "./text.ts";

const OBEYED =
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/u;
const any = fc.array(
  fc.constantFrom(
    "a",
    "\u001b[31m",
    "\u001b[2J",
    "\u009b1m",
    "\u0007",
    "\r",
    "\n",
    "\u202e",
    "\ufeff",
    "❤️",
    "\ud800",
  ),
).map((parts) => parts.join(""));

Deno.test("nothing that a terminal obeys is left in a line", () => {
  fc.assert(fc.property(any, (text) => {
    assert.doesNotMatch(printable(text), OBEYED);
    assert.doesNotMatch(quote(text), OBEYED);
    assert.ok(printable(text).isWellFormed());
  }));
});

Deno.test("the last pass leaves line breaks, and our own styles where there is color", () => {
  fc.assert(fc.property(any, (text) => {
    assert.doesNotMatch(visible(text, false).replace(/[\n\t]/g, ""), OBEYED);
    // deno-lint-ignore no-control-regex -- the escape character is what it looks for
    assert.doesNotMatch(visible(text, true).replace(/[\n\t]|\u001b\[31m/g, ""), OBEYED);
    assert.equal(visible(text, false).split("\n").length, text.split("\n").length);
  }));
  assert.equal(visible("\u001b[1mbold\u001b[22m\u001b[5m", true), "\u001b[1mbold\u001b[22m\\u{1b}[5m");
});
