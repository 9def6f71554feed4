/** What a message says to type: a shell reads it back as it is meant, for the same files. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { shellWord, sremoteCommand } from "../src/base/text.ts";
import { runInProcess } from "./in_process.ts";
import { Machine, ROOT } from "./machine.ts";

/** Names that a shell, a terminal or the command line could read as something else. */
const NAMES = [
  ...[
    "lab",
    "my lab",
    "it's",
    'a"b',
    "a\\b",
    "a\\x41b",
    "!!",
    "~",
    "~root",
    "=x",
    "#x",
    "-x",
    "--global",
    "-",
  ],
  ...[
    "x$(touch P)y",
    "x`touch P`y",
    "a;touch P",
    "a|b",
    "a&b",
    "$HOME",
    "${x}",
    "*",
    "{a,b}",
    "a>P",
    "%1",
    "[a]",
  ],
  ...[
    "ä",
    "🙂 a.b",
    "❤️",
    "a\u200bb",
    "a\u202eb",
    "a\u2028b",
    "\u{e0041}'",
    "a\u009b31mb",
    "a\u00a0b",
    "日本",
  ],
];

/** The arguments that bash gives to `sremote` for each command, in an empty directory that has to stay empty. */
function readByBash(commands: readonly string[]): readonly (readonly string[])[] {
  using machine = new Machine();
  const script = `sremote() { for one; do printf '%s\\0' "$one"; done; printf '<end>\\0'; }
sudo() { "$@"; }
${commands.join("\n")}\n`;
  const { stdout, stderr } = spawnSync("bash", ["--norc", "-s"], {
    cwd: machine.work,
    input: script,
    encoding: "utf8",
  });
  assert.equal(stderr, "");
  assert.ok(!existsSync(machine.at("P")), "a name was run as a command");
  return stdout.split("<end>\0").slice(0, -1).map((one) => one.split("\0").slice(0, -1));
}

Deno.test("hints: a command is read back by bash as the same words, whatever they are", () => {
  const random = Array.from({ length: 300 }, (_, i) => {
    const codes = Array.from(
      { length: 1 + i % 7 },
      (_, j) => 1 + (i * 7919 + j * 104_729) % (i < 150 ? 126 : 0xd7ff),
    );
    return String.fromCodePoint(...codes);
  });
  const names = [...NAMES, ...random];
  const commands = names.map((one) => sremoteCommand(["use", "--global"], [one]));
  const read = readByBash(commands);
  assert.equal(read.length, names.length);
  names.forEach((name, i) => {
    const end = name.startsWith("-") ? ["--"] : [];
    assert.deepEqual(read[i], ["use", "--global", ...end, name], commands[i]);
    // Nothing invisible is pasted.
    assert.match(shellWord(name), /^[^\p{Cc}\p{Cf}]*$/u);
  });
});

Deno.test("hints: no other code puts a name into a command of sremote", () => {
  const files = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  const sources = files.filter((one) => one.endsWith(".ts") && !one.endsWith("_test.ts"));
  assert.ok(sources.length > 100);
  for (const one of sources) {
    const text = readFileSync(join(ROOT, "src", one), "utf8");
    assert.doesNotMatch(
      text,
      /sremote (?:keyserver|login|logout|plan|apply|remove|rollback|use) [^`"\n]*\$\{/,
      one,
    );
  }
});

/** Command lines that are answered with a command to type about the remote NAME. */
const HINTING: readonly (readonly string[])[] = [
  ["add", "--no-login", "--", "NAME", "new.example.com"],
  ["add", "--global", "--", "NAME", "new.example.com"],
  ["add", "--", "NAME", "new.invalid"],
  ["remove", "--", "NAME"],
  ["use", "--", "other"],
  ["use", "--global", "--", "NAME"],
  ["use", "--exclusive", "--", "NAME"],
  ["remove", "--global", "--", "NAME"],
  ["get-login-password"],
  ["doctor", "--offline"],
  ["login", "--", "missing"],
  ["logout"],
];

/** The commands of sremote in what is printed. */
function suggested(text: string): readonly string[] {
  return text.split("\n").flatMap((line) => {
    const command =
      /(?:^|\s)((?:sudo )?sremote (?:--\S+ (?:'[^']*'|\S+) )*(?:use|login|remove|add|list|keyserver|logout)\b.*)$/
        .exec(
          line,
        );
    return command === null ? [] : [command[1]!];
  });
}

for (const scope of ["global", "user", "none"] as const) {
  Deno.test(`hints: every suggested command has the options that choose the file, and the name: a ${scope} remote`, async () => {
    let seen = 0;
    for (const name of NAMES) {
      const key = JSON.stringify(name).replace(
        /[^ -~]/g,
        (one) => `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`,
      );
      for (const args of HINTING) {
        using machine = new Machine();
        const file = `Active: ${key}\nRemotes:\n  ${key}:\n    URI: lab.example.com\n`;
        machine.put("etc2/apptainer/remote.yaml", scope === "global" ? `${file}    System: true\n` : "");
        machine.put("user file.yaml", scope === "user" ? `${file}    Exclusive: true\n` : "", 0o600);
        const options = [
          ...["--runtime", "apptainer", "--sysconfdir", "etc2", "--remote-file", "user file.yaml"],
        ];
        const words = args.map((one) => one === "NAME" ? name : one);
        const end = words.indexOf("--");
        const given = end < 0 ? [...words, ...options] : words.toSpliced(end, 0, ...options);
        const { out, err } = await runInProcess(given, machine, (world) => ({
          ...world,
          here: { ...world.here, args: given },
        }));
        for (const command of suggested(`${out}${err}`)) {
          const [read] = readByBash([command]);
          const about = `${given.join(" ")}: ${command}`;
          assert.ok(read !== undefined, about);
          const text = read.join("\0");
          assert.ok(text.startsWith("--runtime\0apptainer\0--sysconfdir\0etc2\0"), about);
          // What is said about global remotes to somebody who changes user remotes is about another file.
          const options = read.slice(0, read.includes("--") ? read.indexOf("--") : read.length);
          const isOther = options.includes("--global") && !args.includes("--global") &&
            !args.includes("--exclusive");
          assert.equal(text.includes("\0--remote-file\0user file.yaml\0"), !isOther, about);
          if (command.includes("list") || command.includes("NAME")) continue;
          assert.equal(read.at(-1), name, about);
          seen++;
        }
      }
    }
    assert.ok(seen >= NAMES.length * 2, String(seen));
  });
}
