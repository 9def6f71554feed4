/** What a person at a terminal sees and answers. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { BINARY, CANARY, Machine, PROGRAMS } from "./machine.ts";
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
  { story: "no declines", keys: "n\r", exit: 6, says: /cancelled: nothing was written/, applied: false },
  {
    story: "Enter alone cancels",
    keys: "\r",
    exit: 6,
    says: /cancelled: nothing was written/,
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
      using machine = new Machine();
      machine.put("remotes.json", '{ "remotes": { "lab": { "uri": "lab.example.com" } } }');
      const apply = ["apply", "--remote-file", "made/remote.yaml"];
      const seen = await dialogue(machine, program, apply, [["(y/N)", keys]]);
      assert.match(seen.screen, /Plan: 1 to add/);
      assert.ok(seen.screen.includes("\u001b[32m+"), "a terminal gets no colour");
      assert.match(seen.screen, says);
      assert.equal(seen.exit, exit, seen.screen);
      assert.equal(existsSync(machine.at("made")), applied);
      if (applied) {
        assert.match(machine.read("made/remote.yaml"), /URI: lab\.example\.com/);
      }
    });
  }
}

// ---------------------------------------------------------------- logging in

const BEFORE =
  "Active: lab\nRemotes:\n    lab:\n        URI: http://localhost:PORT\n        Insecure: true\n";
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
    story: "login asks for a token without echo",
    before: BEFORE,
    typing: [["API Key:", `${CANARY}\r`]],
    exit: 0,
    says: /API Key Verified!/,
    after: WITH(CANARY),
  },
  {
    story: "an invalid token changes nothing",
    before: BEFORE,
    typing: [["API Key:", `${CANARY}-mistyped\r`]],
    exit: 3,
    says: /the token is not valid/,
    after: BEFORE,
  },
  {
    story: "an empty token changes nothing",
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
    story: "login replaces a valid token after confirmation",
    before: WITH(CANARY),
    typing: [[REPLACE, "y\r"], ["API Key:", `${CANARY}2\r`]],
    exit: 0,
    says: /API Key Verified!/,
    after: WITH(`${CANARY}2`),
  },
  {
    story: "login keeps a valid token without confirmation",
    before: WITH(CANARY),
    typing: [[REPLACE, "n\r"]],
    exit: 6,
    says: /cancelled: nothing was written/,
    after: WITH(CANARY),
  },
  {
    story: "login keeps a valid token after Ctrl-C",
    before: WITH(CANARY),
    typing: [[REPLACE, "\x03"]],
    exit: 130,
    says: /interrupted: nothing was written/,
    after: WITH(CANARY),
  },
  {
    story: "login says that a token is no longer valid, and replaces it without confirmation",
    before: WITH(`${CANARY}-of-yesterday`),
    typing: [["API Key:", `${CANARY}\r`]],
    exit: 0,
    says: /The stored API key of "lab" is no longer valid\.[^]*API Key Verified!/,
    after: WITH(CANARY),
  },
];

Deno.test("on a terminal, a temporary line shows the progress of what takes longer than a second", async () => {
  using machine = new Machine();
  await using endpoint = await startEndpoint(machine, BINARY, ["--slow", "discovery=2500"]);
  machine.put("remote.yaml", BEFORE.replace("PORT", String(endpoint.port)), 0o600);
  const slow = await dialogue(machine, BINARY, ["status", "--remote-file", "remote.yaml"], []);
  assert.ok(
    slow.screen.startsWith(
      "INFO:    Checking status of default remote: lab\r\n\r\u001b[K0 of 1 remote has answered …",
    ),
    slow.screen,
  );
  assert.ok(slow.screen.includes("answered …\r\u001b[KSERVICE "), slow.screen);
  const quick = await dialogue(machine, BINARY, ["list", "--remote-file", "remote.yaml"], []);
  assert.ok(!quick.screen.includes("…"), quick.screen);
});

/** Everything that a keyboard sends besides text, Enter, Ctrl-C and Ctrl-D (which end the prompt). */
const CONTROL_KEYS = [
  ...Array.from({ length: 32 }, (_, code) => String.fromCharCode(code)).filter((one) =>
    !["\x03", "\x04", "\n", "\r"].includes(one)
  ),
  ...[
    "\x7f",
    "\x9b",
    "\x1b[A",
    "\x1b[B",
    "\x1b[C",
    "\x1b[D",
    "\x1b[H",
    "\x1b[F",
    "\x1b[3~",
    "\x1b[Z",
    "\x1bOP",
  ],
  ...["\x1bb", "\x1bt", "\x1b[1;5D", "\x1b[200~", "\x1b[20~"],
];

for (const program of PROGRAMS) {
  Deno.test(`on a terminal, no key shows what is typed at a hidden prompt (${program.name})`, async () => {
    using machine = new Machine();
    await using endpoint = await startEndpoint(machine, program, []);
    machine.put("remote.yaml", BEFORE.replace("PORT", String(endpoint.port)), 0o600);
    const login = ["login", "--remote-file", "remote.yaml"];
    for (const keys of [CONTROL_KEYS.join(""), ...program === BINARY ? CONTROL_KEYS : ["\x14"]]) {
      const typing: Typed[] = [["API Key:", `${CANARY}${keys}`], ["API Key:", `${CANARY}\x14`], [
        "API Key:",
        "\x03",
      ]];
      const seen = await dialogue(machine, program, login, typing);
      assert.equal(seen.exit, 130, `${JSON.stringify(keys)}: ${seen.screen}`);
      assert.ok(!seen.screen.includes(CANARY), JSON.stringify(keys));
    }
  });

  Deno.test(`on a terminal, add says what it has done before it asks, and when it is interrupted (${program.name})`, async () => {
    for (const [keys, exit] of [["\x03", 130], ["\x04", 130], ["\r", 3]] as const) {
      using machine = new Machine();
      await using endpoint = await startEndpoint(machine, program, []);
      const add = ["add", "lab", `http://localhost:${endpoint.port}`, "--remote-file", "remote.yaml"];
      const seen = await dialogue(machine, program, add, [["API Key:", keys]]);
      assert.equal(seen.exit, exit, seen.screen);
      const added = seen.screen.indexOf('Remote "lab" added.');
      assert.ok(added >= 0 && added < seen.screen.indexOf("Authenticating with remote: lab"), seen.screen);
      if (exit === 130) {
        assert.match(seen.screen, /interrupted: "lab" was added, but you are not logged in to it/);
      }
      assert.match(
        seen.screen,
        /Next:\S* Run sremote (?:--sysconfdir \S+ )?--remote-file remote\.yaml login lab\r?\n/,
      );
      assert.match(machine.read("remote.yaml"), /lab:/);
    }
  });

  Deno.test(`on a terminal, a signal ends a login like Ctrl-C, and leaves the terminal as it was (${program.name})`, async () => {
    for (const [signal, exit] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
      for (const waits of ["key", "endpoint", "input"] as const) {
        using machine = new Machine();
        const slow = waits === "endpoint" ? ["--slow", "status=60000"] : [];
        await using endpoint = await startEndpoint(machine, program, slow);
        const add = ["add", "lab", `http://localhost:${endpoint.port}`, "--remote-file", "remote.yaml"];
        if (waits === "input") add.push("--password-stdin");
        const typing: Typed[] = waits === "input"
          ? [["Authenticating with", { signal }]]
          : waits === "key"
          ? [["API Key:", { signal }]]
          // The line that tells that it takes longer.
          : [["API Key:", `${CANARY}\r`], ["Asking", { signal }]];
        const { screen, exit: ended, stty } = await dialogue(machine, program, add, typing);
        const about = `${signal}, ${waits}: ${screen}`;
        assert.equal(ended, exit, about);
        assert.match(screen, /interrupted: "lab" was added, but you are not logged in to it/, about);
        assert.match(
          screen,
          /Next:\S* Run sremote (?:--sysconfdir \S+ )?--remote-file remote\.yaml login lab\r?\n$/,
          about,
        );
        assert.match(stty, /(?<!-)icanon[^]*(?<!-)echo\b/, about);
        assert.ok(screen.lastIndexOf("\u001b[?25h") >= screen.lastIndexOf("\u001b[?25l"), about);
        assert.doesNotMatch(machine.read("remote.yaml"), /Token/);
      }
    }
  });

  Deno.test(`on a terminal, remote add asks for the key as the programs do (${program.name})`, async () => {
    using machine = new Machine();
    const tokens = machine.put("tokens", `alice ${CANARY}\n`);
    await using endpoint = await startEndpoint(machine, program, ["--tokens", tokens]);
    const args = ["remote", "-c", "remote.yaml", "add", "lab", `http://localhost:${endpoint.port}`];
    const { screen, exit } = await dialogue(machine, program, args, [["API Key:", `${CANARY}\r`]]);
    assert.equal(exit, 0, screen);
    assert.match(
      screen,
      /Remote "lab" added\.[^]*Authenticating with remote: lab[^]*Generate an API Key at http:\S+, and paste here:[^]*API Key Verified!/,
    );
    assert.ok(!screen.includes(CANARY));
    assert.ok(machine.read("remote.yaml").includes(`Token: ${CANARY}\n`));
  });

  Deno.test(`on a terminal, --no-color has questions without color (${program.name})`, async () => {
    using machine = new Machine();
    await using endpoint = await startEndpoint(machine, program, []);
    machine.put("remote.yaml", BEFORE.replace("PORT", String(endpoint.port)), 0o600);
    // deno-lint-ignore no-control-regex -- the escape character is what it looks for
    const colored = /\u001b\[(?:1|2|3\d|9\d)m/;
    const login = ["login", "--remote-file", "remote.yaml"];
    const typing: Typed[] = [["API Key:", "\x03"]];
    assert.match((await dialogue(machine, program, login, typing)).screen, colored);
    for (const flag of ["--no-color", "--no-color=true"]) {
      assert.doesNotMatch((await dialogue(machine, program, [...login, flag], typing)).screen, colored, flag);
    }
  });

  Deno.test(`on a terminal, login asks and answers (${program.name})`, async (test) => {
    using machine = new Machine();
    const tokens = machine.put("tokens", `alice ${CANARY}\nbob ${CANARY}2\n`);
    await using endpoint = await startEndpoint(machine, program, ["--tokens", tokens]);
    const env = { SINGULARITY_CONFIGDIR: machine.work };
    const withPort = (text: string) => text.replace("PORT", String(endpoint.port));
    for (const { story, before, typing, exit, says, after } of LOGINS) {
      await test.step(story, async () => {
        machine.put("remote.yaml", withPort(before), 0o600);
        const seen = await dialogue(machine, program, ["login"], typing, env);
        assert.match(seen.screen, says);
        assert.equal(seen.exit, exit, seen.screen);
        assert.ok(!seen.screen.includes(CANARY), "the token was echoed");
        if (typing.some(([asked]) => asked === "API Key:")) {
          assert.match(
            seen.screen,
            /Generate an API Key at http:\/\/localhost:\d+\/auth\/tokens, and paste here:/,
          );
        }
        assert.equal(machine.read("remote.yaml"), withPort(after));
      });
    }
    await test.step("apply asks for the token of a remote with a prompt", async () => {
      const config =
        `{"remotes":{"lab":{"uri":"http://localhost:${endpoint.port}","login":{"prompt":true}}}}`;
      machine.put("remotes.json", config);
      const typing: Typed[] = [["(y/N)", "y\r"], ["API Key of lab:", `${CANARY}\r`]];
      const seen = await dialogue(machine, program, ["apply", "--remote-file", "made/remote.yaml"], typing);
      assert.equal(seen.exit, 0, seen.screen);
      assert.ok(!seen.screen.includes(CANARY), "the token was echoed");
      assert.ok(machine.read("made/remote.yaml").includes(`Token: ${CANARY}\n`));
    });
  });
}
