import assert from "node:assert/strict";
import fc from "fast-check";
import { table, width } from "./table.ts";

Deno.test("columns are as wide as their widest cell, and no line ends in a space", () => {
  assert.equal(
    table([["NAME", "URI", "X"], ["a", "long.example.com", ""], ["日本", "b", "y"], ["only"]], "  "),
    [
      "  NAME  URI               X",
      "  a     long.example.com",
      "  日本  b                 y",
      "  only",
    ].join("\n"),
  );
  assert.equal(table([]), "");
  assert.equal(table([[""]], "  "), "");
});

Deno.test("width counts columns, not code units", () => {
  for (
    const [text, columns] of [["", 0], ["abc", 3], ["é", 1], ["e\u0301", 1], ["日本", 4], ["🚀", 2], [
      "ｱ",
      1,
    ]] as const
  ) {
    assert.equal(width(text), columns, text);
  }
});

Deno.test("every second cell begins in the same column", () => {
  const cell = fc.string({ unit: fc.constantFrom("a", "é", "日", "🚀", "e\u0301"), minLength: 1 });
  fc.assert(fc.property(fc.array(cell, { minLength: 1 }), (cells) => {
    const starts = table(cells.map((one) => [one, "|"])).split("\n").map((line) =>
      width(line.slice(0, line.indexOf("|")))
    );
    assert.deepEqual(starts, cells.map(() => Math.max(...cells.map(width)) + 2));
  }));
});
