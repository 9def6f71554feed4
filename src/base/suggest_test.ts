import assert from "node:assert/strict";
import fc from "fast-check";
import { nearest } from "./suggest.ts";

const commands = ["plan", "apply", "validate", "status", "list", "add", "remove", "use", "login", "logout"];

Deno.test("mistyped words find the word that was meant", () => {
  const cases = {
    plna: "plan",
    aply: "apply",
    Status: "status",
    lst: "list",
    logn: "login",
    removee: "remove",
    ad: "add",
  };
  for (const [word, meant] of Object.entries(cases)) assert.equal(nearest(word, commands), meant);
});

Deno.test("words that are far from all find none", () => {
  for (const word of ["", "x", "banana", "terraform", "x".repeat(10_000)]) {
    assert.equal(nearest(word, commands), undefined, word);
  }
  assert.equal(nearest("plan", []), undefined);
});

Deno.test("a word that is among the candidates is its own nearest", () => {
  const words = fc.array(fc.stringMatching(/^[a-z]{2,12}$/), { minLength: 1 });
  fc.assert(fc.property(words, (words) => assert.equal(nearest(words[0]!, words), words[0])));
});
