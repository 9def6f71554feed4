import assert from "node:assert/strict";
import { renderConfig } from "../../report/imported.ts";
import { isTooMuchYaml, nestsTooDeeply } from "../../base/limits.ts";
import { FREE_CODE, isParsedSoon } from "./large.ts";

const many = (count: number, one: (i: number) => string) =>
  Array.from({ length: count }, (_, i) => one(i)).join("");

Deno.test("large: the output of sremote import for ten thousand remotes is read", () => {
  const text = renderConfig({
    remotes: Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`remote-${i}`, {
      uri: `host-${i}.example.com`,
      scope: i % 2 === 0 ? "global" : "user",
      login: { prompt: true },
      keyservers: [{ uri: `https://keys-${i}.example.com/it's/"quoted"`, insecure: false }],
    }])),
    default: "remote-1",
  });
  assert.ok(text.length > 10 * FREE_CODE);
  assert.ok(isParsedSoon(text));
});

Deno.test("large: lists with comments, imports and a function are read, other code is not", () => {
  const list = many(5_000, (i) => `  "r${i}": { uri: 'h', insecure: true, login: env("T") }, // one\n`);
  const head = 'import { defineConfig, env } from "sremote";\n/* ours: let a, b; */\n';
  assert.ok(isParsedSoon(`${head}export default defineConfig({ remotes: {\n${list}} });\n`));
  assert.ok(isParsedSoon(`${head}export default ({ host }) => defineConfig({ remotes: {\n${list}} });\n`));
  const other: Record<string, string> = {
    "declarations": many(10_000, (i) => `let a${i};`),
    "names": `[${many(20_000, (i) => `a${i},`)}]`,
    "a regular expression": `${list} /${"a|".repeat(10)}/`,
    "a template": list + "`${1}`",
    "signs": "a = a; ".repeat(20_000),
    "many tokens": "1,".repeat(300_000),
    "a text without an end": `${list} "`,
    "a comment without an end": `${list} /*`,
    "a name with a hash": `${list} #a`,
  };
  for (const [what, code] of Object.entries(other)) {
    assert.ok(code.length > FREE_CODE);
    assert.ok(!isParsedSoon(code), what);
  }
  assert.ok(isParsedSoon("`${/a/}`"));
});

Deno.test("large: YAML is limited in levels and in lines", () => {
  const remotes = many(
    10_000,
    (i) => `  remote-${i}:\n    uri: host-${i}.example.com:443\n    check: [library, keystore]\n`,
  );
  assert.ok(!isTooMuchYaml(`remotes:\n${remotes}`));
  assert.ok(isTooMuchYaml("a,".repeat(200_001)));
  assert.ok(isTooMuchYaml("a\n".repeat(200_001)));
  assert.ok(!nestsTooDeeply(`remotes:\n${" ".repeat(80)}a: 1\n`));
  for (const nested of [`a:\n${" ".repeat(600)}b`, "- ".repeat(300), "? ".repeat(300)]) {
    assert.ok(nestsTooDeeply(nested));
  }
});
