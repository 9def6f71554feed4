import assert from "node:assert/strict";
import { Failure } from "../base/failure.ts";
import { parseRemoteFile } from "./parse.ts";

async function refused(text: string): Promise<Failure> {
  try {
    await parseRemoteFile(text, "r.yaml");
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.code, "remote-file-invalid");
    return error;
  }
  assert.fail(`accepted: ${text.slice(0, 200)}`);
}

const read = async (text: string) => (await parseRemoteFile(text, "r.yaml")).content;

Deno.test("every field is read", async () => {
  const content = await read(`Active: company            # the default remote's name
Remotes:
  company:
    URI: enterprise.example.com   # host
    Token: eyJabc
    System: true
    Exclusive: false
    Insecure: true
    Keyservers:
    - URI: https://keys.example.com
      Skip: false
      External: true
      Insecure: false
Credentials:
- URI: https://keys.example.com
  Auth: Basic dXNlcjpwdw==
  Insecure: false
`);
  assert.equal(content.default, "company");
  const { token, ...company } = content.remotes.get("company")!;
  assert.deepEqual(company, {
    name: "company",
    uri: "enterprise.example.com",
    insecure: true,
    keyservers: [{ uri: "https://keys.example.com", skip: false, external: true, insecure: false }],
    system: true,
    exclusive: false,
  });
  assert.equal(token?.reveal(), "eyJabc");
  assert.equal(content.credentials[0]?.auth?.reveal(), "Basic dXNlcjpwdw==");
});

Deno.test("files without content are empty", async () => {
  for (
    const text of [
      "",
      "\n \n",
      "# c",
      "---",
      "---\n# c\n...\n",
      "null",
      "~\n",
      "{}",
      "\ufeff",
      "\ufeff# c\r\n",
    ]
  ) {
    const { default: active, remotes, credentials } = await read(text);
    assert.deepEqual([active, remotes.size, credentials.length], [null, 0, 0], JSON.stringify(text));
  }
  assert.equal((await read('Active: ""\nRemotes: ~\nCredentials:')).default, null);
});

Deno.test("text stays text, an empty value is unset, and only unquoted words are flags", async () => {
  for (const text of ["0123", "1e5", "true", "yes", "0x1F", "1:30", ".inf", "2001-01-01"]) {
    const { remotes } = await read(`Remotes:\n  ${text}:\n    URI: ${text}\n    Token: ${text}\n`);
    assert.equal(remotes.get(text)?.uri, text);
    assert.equal(remotes.get(text)?.token?.reveal(), text);
  }
  for (const nothing of ["", " ~", " null", " Null", ' ""']) {
    assert.equal(
      (await read(`Remotes:\n  a:\n    URI: x\n    Token:${nothing}\n`)).remotes.get("a")?.token,
      null,
    );
  }
  assert.equal((await read('Remotes: {a: {Token: "null"}}')).remotes.get("a")?.token?.reveal(), "null");
  for (
    const [word, value] of [["yes", true], ["On", true], ["TRUE", true], ["OFF", false], ["No", false], [
      "~",
      false,
    ]]
  ) {
    assert.equal((await read(`Remotes:\n  a:\n    Insecure: ${word}\n`)).remotes.get("a")?.insecure, value);
  }
});

Deno.test("any text can be a name", async () => {
  for (const name of ["__proto__", "a b", "a.b", "🐟", "constructor", "<<", "null", "? x", "a: b", "#"]) {
    assert.ok((await read(`Remotes:\n  ${JSON.stringify(name)}:\n    URI: x\n`)).remotes.has(name), name);
  }
});

Deno.test("what the programs' decoders refuse is refused, with its line", async () => {
  const cases: [string, RegExp][] = [
    ["Remotes:\n  a:\n    URI: x\n    Tokn: abcdef\n", /^cannot read r.yaml: line 4: unknown field "Tokn"$/],
    ["active: x\n", /line 1: unknown field "active"/],
    ["Active: x\nActive: y\n", /line 2: duplicate key/],
    ["Remotes:\n  a:\n    URI: x\n  a:\n    URI: y\n", /line 4: duplicate key/],
    ["Remotes:\n  ~:\n    URI: x\n", /line 2: a key is null/],
    ["- a\n", /line 1: expected a map/],
    ["text\n", /line 1: expected a map/],
    ["Remotes: []\n", /expected a map/],
    ["Remotes:\n  a: text\n", /line 2: expected a map/],
    ["Remotes:\n  a:\n  b:\n    URI: x\n", /line 2: the remote is empty/],
    ["Remotes:\n  a:\n    Insecure: maybe\n", /line 3: expected true or false/],
    ["Remotes:\n  a:\n    Insecure: 'true'\n", /expected true or false/],
    ["Remotes:\n  a:\n    URI: [x]\n", /expected a string/],
    ["Remotes:\n  a:\n    Keyservers: x\n", /expected a list/],
    ["Credentials:\n-\n", /expected a map/],
    ["Active: x\n---\nActive: y\n", /more than one YAML document/],
    ["Active: &a x\n", /anchors and aliases are not supported/],
    ["Remotes:\n  a: &a {URI: x}\n  b: *a\n", /anchors and aliases/],
    ["Remotes:\n  a:\n    <<: {URI: x}\n", /merge keys/],
    ["Active: !!str x\n", /tags/],
    ["%YAML 1.1\n---\nActive: x\n", /directives/],
    ["? [a]\n: b\n", /a key is not a string/],
    ["Active:\tx\n\tRemotes: {}\n", /line 2: /],
    ["Remotes:\n  a: {URI: x\n", /r.yaml: line/],
    ['Active: "x\n', /a quote is not closed/],
    ["Active: a: b\n", /line 1: the value contains a colon/],
    ["Remotes:\n    a:\n        URI: x\n      Token: y\n", /line 4: the indentation does not match/],
    ["Active: x\u0000\n", /line 1: the character U\+0000/],
    ["# c\u2028Active: x\n", /U\+2028/],
    ["# c\rActive: x\n", /CR without LF/],
    ["Active: x\n\ufeffRemotes:\n", /line 2: the character U\+FEFF/],
    ["[".repeat(100), /./],
  ];
  for (const [text, message] of cases) {
    assert.match((await refused(text)).message, message, JSON.stringify(text));
  }
});

Deno.test("all problems are reported at once, each with its path and a suggestion", async () => {
  const { problems, excerpt, next, path } = await refused(
    "Remotes:\n  company:\n    URL: x\n    Tokn: secret\n    Insecure: 3\n  a b:\n    Keyservers:\n    - URI: x\n      Skp: true\nFoo: 1\n",
  );
  assert.deepEqual(problems.map((one) => [one.path, one.suggestion]), [
    ["Remotes.company.URL", "URI"],
    ["Remotes.company.Tokn", "Token"],
    ["Remotes.company.Insecure", undefined],
    ['Remotes["a b"].Keyservers[0].Skp', "Skip"],
    ["Foo", undefined],
  ]);
  assert.equal(excerpt, "3 |     URL: ***\n  |     ^");
  assert.match(next!, /by hand/);
  assert.equal(path, "r.yaml");
});

Deno.test("nesting and aliases cost no more than their length", async () => {
  const start = performance.now();
  for (const piece of ["[", "{a: ", "- ", "? ", "{", "a:\n "]) {
    await refused("Remotes: " + piece.repeat(3000));
  }
  await refused("Remotes:\n" + Array.from({ length: 500 }, (_, i) => " ".repeat(i + 1) + "a:\n").join(""));
  const bomb = Array.from({ length: 30 }, (_, i) => `a${i}: &a${i} [${`*a${i - 1},`.repeat(9)}]\n`).join("");
  await refused(bomb.replace(/\*a-1,/g, "x,"));
  assert.ok(performance.now() - start < 3000);
});
