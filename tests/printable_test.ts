/** Nothing from a file or the command line reaches a terminal or a log raw: no control, bidi or invisible character. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runInProcess } from "./in_process.ts";
import { Machine } from "./machine.ts";

/** Escape sequences, C1 controls, a bell, a line break, bidi overrides, an invisible letter, and a CI runner's command. */
const HOSTILE = "a\u001b[2J\u001b]0;x\u0007\u009b31m\u202eb\u200b\n::add-mask::x\r";
/** Text in double quotes, of ASCII alone. */
const quoted = (text: string) =>
  JSON.stringify(text).replace(/[^ -~]/g, (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`);
const NAME = quoted(HOSTILE);
// The YAML library and the programs refuse a raw control character; an escaped one is a name like any other.
const FILE = `Active: ${NAME}
Remotes:
  ${NAME}:
    URI: ${quoted(`h\u001b[31m\u009b\u202e.example.com`)}
    Keyservers:
    - URI: ${quoted("https://k\u001b[2J\u202e.example.com")}
      External: true
  other:
    URI: other.example.com
    Token: "tok\\u001b[2J"
`;

// deno-lint-ignore no-control-regex -- control characters are what it looks for
const RAW = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|^::/mu;

/** Each by-hand command with the hostile name, or the hostile file, in every place that it takes. */
const COMMANDS: readonly (readonly string[])[] = [
  ["list"],
  ["list", "--verbose"],
  ["status"],
  ["status", HOSTILE],
  ["status", "--format", "junit"],
  ["status", "--format", "prometheus"],
  ["status", "--all"],
  ["add", HOSTILE, "a.example.com", "--no-login"],
  ["add", "new", HOSTILE, "--no-login"],
  ["use", HOSTILE],
  ["use", `${HOSTILE}x`],
  ["remove", HOSTILE],
  ["remove", `${HOSTILE}x`],
  ["login", HOSTILE, "--tokenfile", HOSTILE],
  ["login", `${HOSTILE}x`],
  ["logout", HOSTILE],
  ["logout", `${HOSTILE}x`],
  ["get-login-password"],
  ["keyserver", "list"],
  ["keyserver", "add", HOSTILE, "https://keys.example.com"],
  ["keyserver", "add", "other", HOSTILE],
  ["keyserver", "remove", "other", HOSTILE],
  ["resolve", "keystore"],
  ["resolve", "library"],
  ["resolve", HOSTILE],
  ["resolve", "library", "--library", HOSTILE],
  ["doctor"],
  ["import"],
  ["plan", "-c", "remotes.json"],
  ["plan", "-c", "remotes.json", "--diff"],
  ["plan", "-c", "remotes.json", "--format", "markdown", "--diff"],
  ["plan", "-c", HOSTILE],
  ["plan", "-c", "remotes.json", "--var", `${HOSTILE}=x`],
  ["apply", "-c", "remotes.json", "--yes"],
  ["rollback", "--yes"],
  ["validate", "-c", "bad.json"],
  ["fleet", "report", HOSTILE],
  [HOSTILE],
  ["plan", HOSTILE],
];

for (const command of COMMANDS) {
  Deno.test(`nothing raw is printed by: ${command.join(" ").replaceAll(HOSTILE, "HOSTILE")}`, async () => {
    using machine = new Machine();
    mkdirSync(join(machine.home, ".singularity"), { mode: 0o700 });
    writeFileSync(join(machine.home, ".singularity/remote.yaml"), FILE, { mode: 0o600 });
    machine.put("remotes.json", '{"remotes":{"other":{"uri":"new.example.com"}},"unmanaged":"remove"}');
    machine.put("bad.json", JSON.stringify({ remotes: { [HOSTILE]: { uri: HOSTILE } }, [HOSTILE]: 1 }));
    const seen = await runInProcess([...command, "--timeout", "1"], machine, (world) => ({
      ...world,
      network: { ...world.network, get: () => Promise.reject(new Error(`refused ${HOSTILE}`)) },
    }));
    assert.ok(seen.out + seen.err !== "", "it says something");
    // The hostile file was read, and is shown.
    if (command[0] === "list" || command[1] === "keystore") {
      assert.equal(seen.exit, 0, seen.err);
      assert.match(seen.out, /\\u\{1b\}/);
    }
    for (const text of [seen.out, seen.err]) assert.doesNotMatch(text, RAW, JSON.stringify(text));
  });
}
