/** What a person at a terminal sees and answers, through a pseudo-terminal made by `script` (Debian's bsdutils). */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DENO_ENVIRONMENT, type Program, PROGRAMS } from "./scenario.ts";

interface Answer {
  readonly story: string;
  readonly keys: string;
  readonly exit: number;
  readonly says: RegExp;
  readonly applied: boolean;
}

const ANSWERS: readonly Answer[] = [
  { story: "yes applies", keys: "y\r", exit: 0, says: /Applied.* to /, applied: true },
  { story: "no declines", keys: "n\r", exit: 6, says: /declined: nothing was written/, applied: false },
  {
    story: "Enter alone is a no",
    keys: "\r",
    exit: 6,
    says: /declined: nothing was written/,
    applied: false,
  },
  {
    story: "Ctrl-C interrupts",
    keys: "\x03",
    exit: 130,
    says: /interrupted: nothing was written/,
    applied: false,
  },
  {
    story: "Ctrl-D interrupts",
    keys: "\x04",
    exit: 130,
    says: /interrupted: nothing was written/,
    applied: false,
  },
];

/** Runs a command on a pseudo-terminal, and types once the question is there. */
function dialogue(program: Program, args: readonly string[], cwd: string, keys: string) {
  const quoted = [...program.command, ...args].map((one) => `'${one}'`).join(" ");
  const child = spawn("script", ["--quiet", "--return", "--command", quoted, "/dev/null"], {
    cwd,
    env: { PATH: "/usr/bin:/bin", SHELL: "/bin/sh", TERM: "xterm", ...DENO_ENVIRONMENT },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let screen = "";
  let typed = false;
  return new Promise<{ exit: number | null; screen: string }>((resolve, reject) => {
    const see = (part: Uint8Array) => {
      screen += new TextDecoder().decode(part);
      if (typed || !screen.includes("(y/N)")) return;
      typed = true;
      child.stdin.write(keys);
    };
    child.stdout.on("data", see);
    child.stderr.on("data", see);
    child.on("error", reject);
    child.on("close", (exit) => resolve({ exit, screen }));
  });
}

for (const program of PROGRAMS) {
  for (const { story, keys, exit, says, applied } of ANSWERS) {
    Deno.test(`on a terminal, ${story} (${program.name})`, async () => {
      const work = mkdtempSync(join(tmpdir(), "sremote-terminal-"));
      try {
        writeFileSync(join(work, "remotes.json"), '{ "remotes": { "lab": { "uri": "lab.example.com" } } }');
        const seen = await dialogue(program, ["apply", "--remote-file", "made/remote.yaml"], work, keys);
        assert.match(seen.screen, /Plan: 1 to add/);
        assert.ok(seen.screen.includes("\u001b[32m+"), "a terminal gets colour");
        assert.match(seen.screen, says);
        assert.equal(seen.exit, exit, seen.screen);
        assert.equal(existsSync(join(work, "made")), applied);
        if (applied) {
          assert.match(readFileSync(join(work, "made/remote.yaml"), "utf8"), /URI: lab\.example\.com/);
        }
      } finally {
        rmSync(work, { recursive: true, force: true });
      }
    });
  }
}
