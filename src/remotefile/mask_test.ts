import assert from "node:assert/strict";
import { maskLine, maskPair } from "./mask.ts";
import { parseRemoteFile } from "./parse.ts";

async function pair(before: string, after: string) {
  return maskPair(await parseRemoteFile(before, "b"), await parseRemoteFile(after, "a"));
}

Deno.test("a secret is masked, with a mark where it differs", async () => {
  const text = (a: string, auth: string, rest = "") =>
    `Remotes:\n  a:\n    Token: ${a} # mine\n    URI: x\n${rest}Credentials:\n- URI: k\n  Auth: ${auth}\n`;
  assert.deepEqual(
    await pair(text("one", "Basic eA=="), text("'one'", '"Basic eB=="', "  b:\n    Token: new\n")),
    {
      before: text("***", "*** (before)"),
      after: text("***", "*** (after)", "  b:\n    Token: *** (after)\n"),
    },
  );
});

Deno.test("secrets over several lines, in braces and in comments are masked too", async () => {
  const before =
    "# Token: gone\n# was eyJhbGci\nRemotes:\n  a:\n    Token: |-\n      eyJhbGci\n    URI: x # Auth = y z\n" +
    '  b: {"Token": "b-to\\x6ben", URI: b-token.org}\n  c:\n    Token: >\n\n      folded\n      text\n\n    URI: y\r\n';
  const masked = await pair(before, before);
  assert.equal(masked.before, masked.after);
  assert.equal(
    masked.before,
    "# Token: ***\n# was ***\nRemotes:\n  a:\n    Token: ***\n    URI: x # Auth = ***\n" +
      '  b: {"Token": ***, URI: ***.org}\n  c:\n    Token: ***\n\n    URI: y\r\n',
  );
});

Deno.test("many tokens with the same start are found quickly", async () => {
  const remotes = Array.from({ length: 3000 }, (_, i) => `  r${i}:\n    Token: eyJhbGciOiJ${i}\n`).join("");
  const text = `# ${"eyJhbGciOiJ".repeat(2000)}\nRemotes:\n${remotes}# eyJhbGciOiJ7\n`;
  const start = performance.now();
  const { before } = await pair(text, text);
  assert.ok(performance.now() - start < 3000);
  assert.match(before, /\n# \*\*\*\n$/);
});

Deno.test("a line of an invalid file shows no value that may be a secret", () => {
  const cases: [string, string][] = [
    ["Active: company", "Active: company"],
    ["    URI: cloud.sylabs.io:443/x", "    URI: cloud.sylabs.io:443/x"],
    ["    - URI: x # c", "    - URI: x # …"],
    ["    URI: me:pw@host", "    URI: ***"],
    ["    URI: eyJhbGciOi.abc", "    URI: ***"],
    ["  company:", "  company:"],
    ["  Token: abc", "  Token: ***"],
    ["  Token abc", "  ***"],
    ["  TokyJxxxxxxx: abc", "  ***: ***"],
    ["  Tokn: abc", "  Tokn: ***"],
    ["  Insecure: maybe", "  Insecure: maybe"],
    ["  Insecure: token-abc", "  Insecure: ***"],
    ["Remotes: {}", "Remotes: {}"],
    ["Remotes: {a: {Token: x}}", "Remotes: ***"],
    ["{Token: x}", "***"],
    ["  eyJhbGciOi:", "  ***"],
    ["\t# Token: x", "\t# …"],
    ["continued token", "***"],
    ["---", "---"],
    ["", ""],
    ["URI: x\r", "URI: x"],
  ];
  for (const [line, shown] of cases) assert.equal(maskLine(line), shown);
});
