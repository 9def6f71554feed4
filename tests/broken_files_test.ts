/**
 * A corpus of broken `remote.yaml` files, read by the compiled binary: every command that reads one refuses it quickly, with
 * the line or the reason and the next step, and leaves it unchanged.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { CANARY, Machine } from "./machine.ts";

const bomb = (levels: number) =>
  "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" +
  Array.from({ length: levels }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(10)}]\n`).join("");
const lab = `Remotes:\n  lab:\n    URI: lab.example.com\n    Token: ${CANARY}\n`;

const BROKEN: Readonly<Record<string, string | Uint8Array>> = {
  "aliases of 10 GB": bomb(9) + lab,
  "an alias to itself": "Remotes: &a\n  lab: *a\n",
  "a tab as indentation": lab.replace("    URI", "\tURI"),
  "a tab and spaces": lab.replace("    URI", "  \t  URI"),
  "a byte order mark inside": lab.replace("lab.", "lab\ufeff."),
  "a byte order mark of UTF-16": Uint8Array.of(
    0xff,
    0xfe,
    ...Array.from(new TextEncoder().encode(lab), (one) => [one, 0]).flat(),
  ),
  "bytes that are not UTF-8": new TextEncoder().encode(lab).map((one) => one === 0x6c ? 0xe9 : one),
  "CR alone": lab.replaceAll("\n", "\r"),
  "a key twice": lab + "  lab:\n    URI: other\n",
  "a field twice": lab + "    URI: other\n",
  "a root key twice": lab + "Remotes: {}\n",
  "a key that is a number": "1: 2\n" + lab,
  "a key that is a list": "? [a]\n: b\n" + lab,
  "a key that is a map": "? { a: b }\n: c\n" + lab,
  "a key that is null": "~: a\n" + lab,
  "an unknown field": lab + "    Tokens: x\n",
  "a NUL": lab.replace("lab.", "lab\0."),
  "an escape character": lab.replace("lab.", "lab\u001b[31m."),
  "a line separator": lab.replace("lab.", "lab\u2028."),
  "deep brackets": "Remotes: " + "[".repeat(100_000),
  "deep braces": "Remotes: " + "{a: ".repeat(50_000),
  "deep dashes": "- ".repeat(100_000),
  "deep questions": "? ".repeat(100_000),
  "deep lines": Array.from({ length: 3_000 }, (_, i) => `${" ".repeat(i)}a:\n`).join(""),
  "a list": "- URI: h\n",
  "a string": "remotes\n",
  "remotes that are a list": "Remotes:\n- lab\n",
  "a remote that is a string": "Remotes:\n  lab: h\n",
  "an address that is a list": "Remotes:\n  lab:\n    URI: [h]\n",
  "an address that is a block": "Remotes:\n  lab:\n    URI:\n      h: 1\n",
  "a boolean that is neither yes nor no": "Remotes:\n  lab:\n    URI: h\n    System: maybe\n",
  "keyservers that are a map": "Remotes:\n  lab:\n    URI: h\n    Keyservers: { URI: k }\n",
  "two documents": `${lab}---\n${lab}`,
  "a directive": `%YAML 1.1\n---\n${lab}`,
  "a tag": `Remotes: !!map\n  lab: !!str h\n`,
  "a tag of another language": "Active: !!python/object/apply:os.system [id]\n",
  "an unterminated quote": lab.replace(CANARY, `"${CANARY}`),
  "an unterminated bracket": `Remotes: { lab: { URI: h, Token: ${CANARY}\n`,
  "an inconsistent indentation": lab.replace("    Token", "   Token"),
  "a truncated file": lab.slice(0, -40),
  "truncated JSON": `{ "Remotes": { "lab": { "URI": "h", "Token": "${CANARY}" `,
  "ten thousand mistakes": `${lab}${Array.from({ length: 10_000 }, (_, i) => `  r${i}: x\n`).join("")}`,
  "binary": Uint8Array.from({ length: 5_000 }, (_, i) => (i * 7919) % 256),
};

const COMMANDS: readonly (readonly string[])[] = [
  ["list"],
  ["plan", "--diff"],
  ["apply", "--yes", "--json"],
  ["add", "--no-login", "new", "new.example.com"],
  ["use", "lab"],
];

Deno.test("every command refuses a broken remote.yaml and leaves it unchanged", async (test) => {
  for (const [what, content] of Object.entries(BROKEN)) {
    await test.step(what, () => {
      using machine = new Machine();
      const file = machine.put("remote.yaml", content, 0o600);
      machine.put("remotes.json", '{ "remotes": { "a": { "uri": "a.example.com" } } }');
      const bytes = readFileSync(file);
      for (const command of COMMANDS) {
        const ran = machine.runSync([...command, "--remote-file", file]);
        const shown = `${command.join(" ")}: ${ran.status}\n${ran.stderr}`.slice(0, 2_000);
        assert.equal(ran.status, 65, shown);
        assert.match(ran.stderr, /^Error: cannot (?:read|use) .*remote\.yaml: .*\n[^]*Next: /, shown);
        assert.doesNotMatch(ran.stderr, /sremote has a bug|\n {4}at |\p{Cc}(?<!\n)/u, shown);
        assert.ok(!(ran.stdout + ran.stderr).includes(CANARY), shown);
        assert.ok(ran.stderr.split("\n").length < 250, "the error is too long");
        if (command.includes("--json")) {
          assert.equal(JSON.parse(ran.stdout).error.code, "remote-file-invalid");
        }
        assert.deepEqual(readFileSync(file), bytes);
      }
      assert.deepEqual(readdirSync(machine.work).sort(), ["remote.yaml", "remotes.json"]);
    });
  }
});
