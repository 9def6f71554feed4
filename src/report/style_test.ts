import assert from "node:assert/strict";
import fc from "fast-check";
import { printable } from "../base/text.ts";
import { colourStyle, plainStyle, type Style } from "./style.ts";

Deno.test("what a terminal obeys or hides is spelled out", () => {
  for (
    const one of [
      "\u0000",
      "\t",
      "\n",
      "\r",
      "\u001b",
      "\u007f",
      "\u009b",
      "\u00ad",
      "\u034f",
      "\u061c",
      "\u115f",
      "\u200b",
      "\u200d",
      "\u202e",
      "\u2028",
      "\u2029",
      "\u2066",
      "\u3164",
      "\ufe0f",
      "\ufeff",
      "\ufff9",
      "\u{e0041}",
      "\ud800",
    ]
  ) {
    assert.equal(printable(`a${one}b`), `a\\u{${one.codePointAt(0)!.toString(16)}}b`);
  }
});

Deno.test("what is seen stays as it is", () => {
  for (const one of ["", "plain ~!@#", "é", "日本語", "🚀", "❤\ufe0f", "e\u0301", "a b", "שלום", "\\u{1b}"]) {
    assert.equal(printable(one), one);
  }
});

Deno.test("printing what is printable changes nothing", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const shown = printable(text);
    assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    assert.equal(printable(shown), shown);
  }));
});

Deno.test("colours end where they began; plain is plain", () => {
  for (const name of Object.keys(plainStyle) as (keyof Style)[]) {
    assert.equal(plainStyle[name]("x"), "x");
    // deno-lint-ignore no-control-regex -- the escape is what it looks for
    assert.match(colourStyle[name]("x"), /^\u001b\[\d+mx\u001b\[(?:22|39)m$/);
  }
  assert.equal(new Set(Object.values(colourStyle).map((dress) => dress("x"))).size, 6);
});
