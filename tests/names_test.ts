/** Names in messages: whatever a file or the command line puts into them, no control character reaches the terminal. */
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInProcess } from "./in_process.ts";

/** Escapes, C1 controls, direction marks, separators, tags, a line break. */
const NAMES = [
  "a\u001b[31mb",
  "a\u009b31mb",
  "a\u202eb",
  "a\u2028b",
  "a\u{e0041}b",
  "a\nError: b",
  "a\u007fb",
  "a\u200bb",
];

/** JSON in ASCII, which is YAML. */
function yamlOf(value: object): string {
  const escaped = (one: string) => `\\U${one.codePointAt(0)!.toString(16).padStart(8, "0")}`;
  return JSON.stringify(value).replace(/[^\x20-\x7e]/gu, escaped);
}

/** What a terminal would obey or not show; a line break ends each line of a message. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** Commands about a remote, and what each one says about it. */
const COMMANDS: readonly (readonly [args: (name: string) => readonly string[], said: RegExp])[] = [
  [(name) => ["logout", name], /^Logged out of "a.*b"\.$/m],
  [
    (name) => ["resolve", "library", "--remote", name, "--library", "other.example.com"],
    /"a.*b" is exclusive/,
  ],
  [(name) => ["resolve", "builder", "--remote", name], /"a.*b"/],
  [(name) => ["resolve", name], /^Error: unknown service "a.*b"$/m],
  [(name) => ["resolve", `docker://${name}`], /^Remote endpoints do not serve docker:\/\/a.*b\.$/m],
  [
    (name) => ["resolve", "library", "--library", `ftp://${name}`],
    /^Error: --library "ftp:\/\/a.*b" is not an/m,
  ],
  [(name) => ["login", `docker://${name}`], /^Error: cannot log in to "docker:\/\/a.*b": a registry/m],
  [(name) => ["login", name, "--tokenfile", "token"], /^Error: cannot log in to "a.*b": /m],
  [() => ["get-login-password"], /^Error: cannot get the registry password of "a.*b"/m],
  [(name) => ["keyserver", "login", name], /^Error: cannot log in to the keyserver "a.*b": /m],
  [(name) => ["status", name], /N\/A/],
  [(name) => ["list", "--timeout", name], /^Error: --timeout "a.*b": not a number of seconds$/m],
  [(name) => ["list", "--var", name], /^Error: --var "a.*b": the value is missing$/m],
  [(name) => ["endpoint", "serve", "--slow", name], /^Error: --slow "a.*b": the milliseconds are missing$/m],
];

Deno.test("names: no command prints a control character of a name", async () => {
  const directory = mkdtempSync(join(tmpdir(), "sremote-names-"));
  try {
    writeFileSync(join(directory, "token"), "token\n", { mode: 0o600 });
    for (const name of NAMES) {
      for (const [args, said] of COMMANDS) {
        const entry = { URI: "localhost:1", Insecure: true, Exclusive: true, System: true, Token: "stored" };
        const file = { Active: name, Remotes: { [name]: entry } };
        writeFileSync(join(directory, "remote.yaml"), yamlOf(file));
        const flags = ["--remote-file", "remote.yaml", "--sysconfdir", "etc"];
        const { out, err } = await runInProcess([...args(name), ...flags], directory);
        const shown = `${args("NAME").join(" ")} of ${JSON.stringify(name)}: ${JSON.stringify(out + err)}`;
        assert.match(out + err, said, shown);
        for (const line of (out + err).split("\n")) assert.doesNotMatch(line, UNSAFE, shown);
        assert.doesNotMatch(out + err, /^Error: b/m, shown);
      }
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
