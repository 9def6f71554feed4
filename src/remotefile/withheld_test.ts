import assert from "node:assert/strict";
import { parseRemoteFile } from "./parse.ts";
import { withoutGone } from "./withheld.ts";

const OLD = "tok-0123456789";

/** The text that is kept once the file beside it says `after`. */
async function kept(text: string, after = "Remotes: {}\n"): Promise<string | null> {
  return await withoutGone(await parseRemoteFile(text, "f"), await parseRemoteFile(after, "f"));
}

const CASES: readonly (readonly [what: string, before: string, kept: string])[] = [
  [
    "block style",
    `Remotes:\n  a:\n    URI: a.org # c\n    Token: ${OLD}\n`,
    "Remotes:\n  a:\n    URI: a.org # c\n",
  ],
  [
    "CRLF",
    `Remotes:\r\n  a:\r\n    Token: ${OLD}\r\n    URI: a.org\r\n`,
    "Remotes:\r\n  a:\r\n    URI: a.org\r\n",
  ],
  ["flow style", `{Remotes: {a: {URI: a.org, Token: ${OLD}}}}\n`, "{Remotes: {a: {URI: a.org}}}\n"],
  [
    "a byte order mark",
    `\ufeffRemotes:\n  a: {Token: ${OLD}, URI: a.org}\n`,
    "\ufeffRemotes:\n  a: {URI: a.org}\n",
  ],
  [
    "a block scalar",
    `Remotes:\n  a:\n    Token: |-\n      ${OLD}\n    URI: a.org\n`,
    "Remotes:\n  a:\n    URI: a.org\n",
  ],
  [
    "an escaped text",
    `Remotes:\n  a:\n    URI: a.org\n    Token: "\\x74ok-0123456789"\n`,
    "Remotes:\n  a:\n    URI: a.org\n",
  ],
  [
    "an alias that shares it",
    `Remotes:\n  a: {URI: a.org, Token: &t ${OLD}}\n  b: {URI: b.org, Token: *t}\n`,
    `Remotes:\n  a: {URI: a.org, Token: &t ""}\n  b: {URI: b.org, Token: *t}\n`,
  ],
  [
    "a merge key that shares it",
    `Remotes:\n  a: &a\n    URI: a.org\n    Token: ${OLD}\n  b:\n    <<: *a\n    URI: b.org\n`,
    "Remotes:\n  a: &a\n    URI: a.org\n  b:\n    <<: *a\n    URI: b.org\n",
  ],
  [
    "comments",
    `# was ${OLD}\nRemotes:\n  a:\n    # Token: ${OLD}\n    URI: a.org # ${OLD}!\n    Token: ${OLD}\n`,
    "# was ***\nRemotes:\n  a:\n    # Token: ***\n    URI: a.org # ***!\n",
  ],
  [
    "a credential",
    `Remotes:\n  a:\n    URI: a.org\nCredentials:\n- URI: https://k.org\n  Auth: Bearer ${OLD}\n- URI: https://l.org\n`,
    "Remotes:\n  a:\n    URI: a.org\nCredentials:\n- URI: https://l.org\n",
  ],
];

for (const [what, before, expected] of CASES) {
  Deno.test(`withheld: a secret is taken out, and nothing else: ${what}`, async () => {
    assert.equal(await kept(before), expected);
  });
}

Deno.test("withheld: what the file still holds stays", async () => {
  const text = `Remotes:\n  a:\n    URI: a.org\n    Token: ${OLD}\n`;
  assert.equal(await kept(text, text), text);
  assert.equal(await kept(text, `Remotes:\n  moved:\n    URI: a.org\n    Token: ${OLD}\n`), text);
});

Deno.test("withheld: a text that has it where it cannot be taken out is not kept", async () => {
  assert.equal(await kept(`Remotes:\n  ${OLD}:\n    URI: a.org\n    Token: ${OLD}\n`), null);
});

Deno.test("withheld: of a text that cannot be read, every field that looks like one goes", async () => {
  const text =
    `Remotes:\n  a:\n  URI: a.org\n    Token: ${OLD}\n  b: {Token: "${OLD}", URI: b.org\nCredentials:\n- Auth: Basic abc==\n`;
  const document = { ...await parseRemoteFile("", "f"), text, broken: new Error() as never };
  const after = await parseRemoteFile("Credentials:\n- URI: https://k.org\n  Auth: Basic abc==\n", "f");
  assert.equal(
    await withoutGone(document, after),
    "Remotes:\n  a:\n  URI: a.org\n    Token: ***\n  b: ***\nCredentials:\n- Auth: Basic abc==\n",
  );
});

Deno.test("withheld: of a text that cannot be read, nothing stays that may be a secret or a part of one", async () => {
  const texts = [
    `Token: |\n      ${OLD}\n      more-${OLD}`,
    `Token: >-\n      ${OLD}`,
    `Token: "${OLD}-\n      ${OLD}"`,
    `Token: '${OLD}-\n\n      ${OLD}'`,
    `Token: ${OLD}\n      ${OLD}`,
    `Tokne: ${OLD}`,
    `TOKEN: ${OLD}`,
    `apikey: ${OLD}`,
    `"Token": ${OLD}`,
    `? Token\n    : ${OLD}`,
    `{Token: ${OLD}`,
    `Token ${OLD}`,
    `Token:${OLD}`,
    `Token: !!str ${OLD}`,
    `Token: &t ${OLD}`,
    `# Token: ${OLD}`,
    `URI: x.org # ${OLD}`,
    `Token: ${OLD}\r`,
    `\tToken: ${OLD}`,
    `Auth: Basic ${OLD}`,
  ];
  for (const one of texts) {
    const text = `Remotes:\n  a:\n    URI: a.org\n    ${one}\nx: [\n`;
    const document = { ...await parseRemoteFile("", "f"), text, broken: new Error() as never };
    const left = await withoutGone(document, await parseRemoteFile("Remotes: {}\n", "f"));
    assert.ok(!left!.includes(OLD), `${one}\n${left}`);
    assert.match(left!, /^Remotes:\n {2}a:\n {4}URI: a\.org\n/);
  }
});
