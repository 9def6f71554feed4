import assert from "node:assert/strict";
import fc from "fast-check";
import { applyPatch } from "diff";
import { golden } from "../../tests/golden.ts";
import { unifiedDiff } from "./diff.ts";
import { colourStyle, plainStyle } from "./style.ts";
import { HOSTILE } from "./testing.ts";

const BEFORE =
  "Active: a\nRemotes:\n  a:\n    URI: a.example.com # mine\n    Token: *** (before)\n  b:\n    URI: b.example.com\n";
const AFTER = BEFORE.replace("a.example.com", "c.example.com").replace("(before)", "(after)");

/** A file of `count` remotes; `host` is in every block. */
function fileOf(count: number, host: string): string {
  const blocks = Array.from(
    { length: count },
    (_, i) =>
      `  r${i}:\n    URI: ${host}${i}.example.com\n    Token: ***\n    System: false\n    Exclusive: false\n    Insecure: false\n`,
  );
  return `Active: r1\nRemotes:\n${blocks.join("")}`;
}

Deno.test("a diff as git shows one", async () => {
  golden("report/diff.txt", await unifiedDiff("/etc/remote.yaml", BEFORE, AFTER, plainStyle));
  const coloured = await unifiedDiff("/etc/remote.yaml", BEFORE, AFTER, colourStyle);
  golden("report/diff-in-colour.txt", coloured.replaceAll("\u001b", "␛"));
});

Deno.test("no difference, no diff", async () => {
  assert.equal(await unifiedDiff("a", BEFORE, BEFORE, plainStyle), "");
});

Deno.test("from nothing and to nothing", async () => {
  assert.equal(await unifiedDiff("f", "", "a\nb\n", plainStyle), "--- f\n+++ f\n@@ -0,0 +1,2 @@\n+a\n+b");
  assert.equal(await unifiedDiff("f", "a\n", "", plainStyle), "--- f\n+++ f\n@@ -1,1 +0,0 @@\n-a");
});

Deno.test("lines cannot drive a terminal; tabs stay", async () => {
  const text = await unifiedDiff(`f${HOSTILE}`, "\ta\u001b[31m\r\n", "\tb\u202e\r\n", plainStyle);
  assert.deepEqual(text.split("\n").slice(-2), ["-\ta\\u{1b}[31m", "+\tb\\u{202e}"]);
  assert.doesNotMatch(text, /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
});

Deno.test("the diff applied to what was gives what is", async () => {
  const text = fc.array(fc.constantFrom("a", "b", "c", " d", "-", "+")).map((all) =>
    all.map((one) => `${one}\n`).join("")
  );
  await fc.assert(fc.asyncProperty(text, text, async (before, after) => {
    fc.pre(before !== after);
    assert.equal(applyPatch(before, `${await unifiedDiff("f", before, after, plainStyle)}\n`), after);
  }));
});

Deno.test("of a large file, few changes are shown, and too many are counted", async () => {
  const before = fileOf(10_000, "a");
  const few = await unifiedDiff("f", before, before.replace("a5000.", "b5000."), plainStyle);
  assert.equal(few.split("\n").length, 2 + 1 + 8);
  const all = await unifiedDiff("f", "", before, plainStyle);
  assert.equal(all.split("\n").length, 2 + 1 + 60_002);
  const start = performance.now();
  assert.equal(
    await unifiedDiff("f", before, fileOf(10_000, "b"), plainStyle),
    "--- f\n+++ f\n(too many differences to show: 60002 lines before, 60002 after)",
  );
  assert(performance.now() - start < 20_000);
});
