import assert from "node:assert/strict";
import { effort } from "../../../tests/effort.ts";
import { parseRemoteFile } from "../../remotefile/parse.ts";
import { isNullRemotes } from "./file_facts.ts";

Deno.test("file facts: Remotes that is null, in every notation, and none that is a map or absent", async () => {
  const cases: readonly (readonly [text: string, expected: boolean])[] = [
    ["Remotes:", true],
    ["Remotes:\n", true],
    ["Remotes:\r\nActive: a\r\n", true],
    ["Active: a\nRemotes: null\n", true],
    ["Remotes: ~ # none\nActive: a\n", true],
    ["Remotes:   \n# comment\nCredentials: []\n", true],
    ["Remotes:\n  # comment\n", true],
    ['"Remotes":\n', true],
    ["{Active: a, Remotes: }\n", true],
    ["{Remotes: null, Active: a}\n", true],
    ["", false],
    ["Active: a\n", false],
    ["Remotes: {}\n", false],
    ["Remotes: { }\nActive: a\n", false],
    ["Remotes:\n  {}\n", false],
    ["Remotes:\n\n  # comment\n  {}\n", false],
    ["# Remotes:\n", false],
    ["{Remotes: {}, Active: a}\n", false],
  ];
  for (const [text, expected] of cases) {
    assert.equal((await parseRemoteFile(text, "/f")).content.remotes.size, 0, text);
    assert.equal(isNullRemotes(text), expected, JSON.stringify(text));
  }
  // It takes time in proportion to the text, whatever the text.
  const from = effort();
  for (const text of [`Remotes:${" ".repeat(1e6)}x`, ", ".repeat(5e5), `Remotes:\n${" \n".repeat(5e5)}`]) {
    isNullRemotes(text);
  }
  assert.ok(effort() - from < 2_000);
});
