import assert from "node:assert/strict";
import { effort } from "../../tests/effort.ts";
import { salvage } from "./salvage.ts";

/** The tokens that are found, by remote and address. */
async function found(text: string): Promise<Record<string, string | undefined>> {
  const { remotes } = await salvage(text);
  return Object.fromEntries(
    Array.from(remotes.values(), (one) => [`${one.name} ${one.uri}`, one.token?.reveal()]),
  );
}

const TWO = "Remotes:\n  a:\n    URI: a.org\n    Token: one\n  b c:\n    Token: two\n    URI: b.org\n";

Deno.test("salvage: what the programs write is recognised beside anything", async () => {
  const expected = { "a a.org": "one", "b c b.org": "two" };
  for (
    const text of [
      TWO,
      `${TWO}x: [\n`,
      `x: {\n${TWO}`,
      `${TWO}\t\n`,
      TWO.replaceAll("\n", "\r\n") + "x: [",
      TWO.replaceAll("  ", "    ") + "x: [",
      `Active: a\nOther: 1\n${TWO}`,
      "Remotes:\n  a: {URI: a.org, Token: one}\n  b c: { Token: 'two' , URI: \"b.org\" }\nx: [",
      TWO.replace("b c:", '"b c":') + "x: [",
      TWO.replace(/: (\S+)$/gm, ': "$1" # c') + "x: [",
    ]
  ) assert.deepEqual(await found(text), expected, text);
});

Deno.test("salvage: what is not certain is not found", async () => {
  for (
    const [line, token] of [
      ["Token: one\n    Token: two", undefined],
      ["Token: one\n    Token: one", "one"],
      ["Token: |\n      one", undefined],
      ["Token: 'one", undefined],
      ['Token: "on\\x65"', undefined],
      ["Token: one two", undefined],
    ] as const
  ) {
    const text = `Remotes:\n  a:\n    URI: a.org\n    ${line}\nx: [`;
    assert.deepEqual(await found(text), { "a a.org": token }, text);
  }
  assert.deepEqual(await found("x: [\nToken: one\nRemotes:\n"), {});
});

Deno.test("salvage: credentials", async () => {
  const { credentials } = await salvage(
    "Credentials:\n- URI: https://k.org\n  Auth: Basic YTpi\n  Insecure: true\n- URI: https://l.org\nx: [",
  );
  assert.deepEqual(credentials.map((one) => [one.uri, one.auth?.reveal(), one.insecure]), [
    ["https://k.org", "Basic YTpi", true],
    ["https://l.org", undefined, false],
  ]);
});

Deno.test("salvage: time grows with the text and not with its square", async () => {
  for (const unit of [" ", "a ", "a:", "#", "{a: ", '"', "Token", "Token: x #", "\t", "a\n", "- URI: a\n"]) {
    const text = `x: [\nRemotes:\n  a: ${unit.repeat(400_000 / unit.length)}`;
    const from = effort();
    await salvage(text);
    assert.ok(effort() - from < 5_000, JSON.stringify(unit));
  }
});
