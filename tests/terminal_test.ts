/** What a person at a terminal sees and answers. */
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CANARY, PROGRAMS } from "./scenario.ts";
import { startEndpoint } from "./servers.ts";
import { dialogue, type Typed } from "./dialogue.ts";

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

for (const program of PROGRAMS) {
  for (const { story, keys, exit, says, applied } of ANSWERS) {
    Deno.test(`on a terminal, ${story} (${program.name})`, async () => {
      const work = mkdtempSync(join(tmpdir(), "sremote-terminal-"));
      try {
        writeFileSync(join(work, "remotes.json"), '{ "remotes": { "lab": { "uri": "lab.example.com" } } }');
        const seen = await dialogue(program, ["apply", "--remote-file", "made/remote.yaml"], work, [[
          "(y/N)",
          keys,
        ]]);
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

// ---------------------------------------------------------------- logging in

const BEFORE = "Active: lab\nRemotes:\n    lab:\n        URI: localhost:PORT\n        Insecure: true\n";
const WITH = (token: string) =>
  BEFORE.replace("        Insecure", `        Token: ${token}\n        Insecure`);
const REPLACE = "An API key is already set for this remote. Replace it?";

interface LoginStory {
  readonly story: string;
  readonly before: string;
  readonly typing: readonly Typed[];
  readonly exit: number;
  readonly says: RegExp;
  readonly after: string;
}

const LOGINS: readonly LoginStory[] = [
  {
    story: "a token is asked for, without an echo",
    before: BEFORE,
    typing: [["API Key:", `${CANARY}\r`]],
    exit: 0,
    says: /API Key Verified!/,
    after: WITH(CANARY),
  },
  {
    story: "a token that is not valid changes nothing",
    before: BEFORE,
    typing: [["API Key:", `${CANARY}-mistyped\r`]],
    exit: 3,
    says: /the token is not valid/,
    after: BEFORE,
  },
  {
    story: "nothing entered changes nothing",
    before: BEFORE,
    typing: [["API Key:", "\r"]],
    exit: 3,
    says: /the input is empty/,
    after: BEFORE,
  },
  {
    story: "Ctrl-C at the token changes nothing",
    before: BEFORE,
    typing: [["API Key:", "\x03"]],
    exit: 130,
    says: /interrupted: nothing was written/,
    after: BEFORE,
  },
  {
    story: "Ctrl-D at the token changes nothing",
    before: BEFORE,
    typing: [["API Key:", "\x04"]],
    exit: 130,
    says: /interrupted: nothing was written/,
    after: BEFORE,
  },
  {
    story: "a valid token is replaced after a yes",
    before: WITH(CANARY),
    typing: [[REPLACE, "y\r"], ["API Key:", `${CANARY}2\r`]],
    exit: 0,
    says: /API Key Verified!/,
    after: WITH(`${CANARY}2`),
  },
  {
    story: "and stays after a no",
    before: WITH(CANARY),
    typing: [[REPLACE, "n\r"]],
    exit: 6,
    says: /declined: nothing was written/,
    after: WITH(CANARY),
  },
  {
    story: "and after Ctrl-C",
    before: WITH(CANARY),
    typing: [[REPLACE, "\x03"]],
    exit: 130,
    says: /interrupted: nothing was written/,
    after: WITH(CANARY),
  },
  {
    story: "of a token that is no longer valid it is said that it is, and nothing is asked",
    before: WITH(`${CANARY}-of-yesterday`),
    typing: [["API Key:", `${CANARY}\r`]],
    exit: 0,
    says: /The stored API key of "lab" is no longer valid\.[^]*API Key Verified!/,
    after: WITH(CANARY),
  },
];

Deno.test("on a terminal, what takes longer than a second is told, in a line that goes away", async () => {
  const program = PROGRAMS.at(-1)!;
  const work = mkdtempSync(join(tmpdir(), "sremote-terminal-"));
  const endpoint = await startEndpoint(program, ["--slow", "discovery=2500"], work);
  try {
    writeFileSync(join(work, "remote.yaml"), BEFORE.replace("PORT", String(endpoint.port)), { mode: 0o600 });
    const slow = await dialogue(program, ["status", "--remote-file", "remote.yaml"], work, []);
    assert.ok(slow.screen.startsWith("\r\u001b[K0 of 1 remote has answered …"), slow.screen);
    assert.ok(slow.screen.includes("answered …\r\u001b[KSERVICE "), slow.screen);
    const quick = await dialogue(program, ["list", "--remote-file", "remote.yaml"], work, []);
    assert.ok(!quick.screen.includes("…"), quick.screen);
  } finally {
    await endpoint.stop();
    rmSync(work, { recursive: true, force: true });
  }
});

for (const program of PROGRAMS) {
  Deno.test(`on a terminal, logging in (${program.name})`, async (test) => {
    const work = mkdtempSync(join(tmpdir(), "sremote-terminal-"));
    writeFileSync(join(work, "tokens"), `alice ${CANARY}\nbob ${CANARY}2\n`);
    const endpoint = await startEndpoint(program, ["--tokens", join(work, "tokens")], work);
    const file = join(work, "remote.yaml");
    const withPort = (text: string) => text.replace("PORT", String(endpoint.port));
    try {
      for (const { story, before, typing, exit, says, after } of LOGINS) {
        await test.step(story, async () => {
          writeFileSync(file, withPort(before), { mode: 0o600 });
          const seen = await dialogue(program, ["login"], work, typing, { SINGULARITY_CONFIGDIR: work });
          assert.match(seen.screen, says);
          assert.equal(seen.exit, exit, seen.screen);
          assert.ok(!seen.screen.includes(CANARY), "the token was echoed");
          if (typing.some(([asked]) => asked === "API Key:")) {
            assert.match(
              seen.screen,
              /Generate an API Key at http:\/\/localhost:\d+\/auth\/tokens, and paste here:/,
            );
          }
          assert.equal(readFileSync(file, "utf8"), withPort(after));
        });
      }
      await test.step("a prompt of the config is asked by apply", async () => {
        const made = join(work, "made/remote.yaml");
        const config =
          `{"remotes":{"lab":{"uri":"http://localhost:${endpoint.port}","login":{"prompt":true}}}}`;
        writeFileSync(join(work, "remotes.json"), config);
        const typing: Typed[] = [["(y/N)", "y\r"], ["API Key of lab:", `${CANARY}\r`]];
        const seen = await dialogue(program, ["apply", "--remote-file", made], work, typing);
        assert.equal(seen.exit, 0, seen.screen);
        assert.ok(!seen.screen.includes(CANARY), "the token was echoed");
        assert.ok(readFileSync(made, "utf8").includes(`Token: ${CANARY}\n`));
      });
    } finally {
      await endpoint.stop();
      rmSync(work, { recursive: true, force: true });
    }
  });
}
