/** What people type by hand, in the shapes that the programs take: passwords, pipes, variables and registries. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { spawnSync } from "node:child_process";
import { runInProcess } from "./in_process.ts";
import { CANARY, Machine, PROGRAMS } from "./machine.ts";
import { startEndpoint } from "./servers.ts";

/** The `Auth` that is stored for a keyserver. */
function storedAuth(machine: Machine): string | undefined {
  return /Auth: (.*)/.exec(machine.read("keys.yaml"))?.[1]?.replaceAll(/^['"]|['"]$/g, "");
}

const PASSWORDS = [
  "correct horse",
  " leading",
  "trailing ",
  "pässwörd",
  "密码",
  "🙂",
  "a:b",
  "x".repeat(600),
  "-x",
  "\u00a0",
];
const NO_PASSWORDS = ["", "two\nlines", "a\u0007b", "a\rb"];

/** Ways to give a password, each with its text as a variable, an argument, a file or standard input. */
const WAYS = ["option", "variable", "file", "stdin"] as const;

Deno.test("keyserver login: with a user name, any text on one line is a password, however it is given", async () => {
  using machine = new Machine();
  await using endpoint = await startEndpoint(machine, PROGRAMS[0]!, []);
  const uri = `http://localhost:${endpoint.port}/keystore`;
  for (const way of WAYS) {
    for (const password of [...PASSWORDS, ...NO_PASSWORDS]) {
      // A file's first line counts, and an empty variable is none.
      if (way === "file" && /\n/.test(password) || way === "variable" && password === "") continue;
      machine.put("keys.yaml", "", 0o600);
      machine.put("password", `${password}\n`, 0o600);
      const flags = {
        option: [`--password=${password}`],
        variable: [],
        file: ["--tokenfile", "password"],
        stdin: ["--password-stdin"],
      }[way];
      const args = ["--remote-file", "keys.yaml", "keyserver", "login", "-u", "me", ...flags, uri];
      const { exit, err } = await runInProcess(args, machine, (world) => ({
        ...world,
        here: {
          ...world.here,
          env: (name) => way === "variable" && name === "SINGULARITY_LOGIN_PASSWORD" ? password : undefined,
        },
        network: {
          ...world.network,
          // Whatever is sent is right.
          get: () => Promise.resolve({ status: 200, headers: {}, body: new Uint8Array() }),
        },
        terminal: { ...world.terminal, readInput: () => Promise.resolve(`${password}\n`) },
      }));
      const about = `${way} ${JSON.stringify(password)}: ${err}`;
      assert.doesNotMatch(err, /token/, about);
      if (NO_PASSWORDS.includes(password)) {
        assert.notEqual(exit, 0, about);
        continue;
      }
      assert.equal(exit, 0, about);
      const sent = Buffer.from(`me:${password}`).toString("base64");
      assert.equal(storedAuth(machine), `Basic ${sent}`, about);
    }
  }
});

Deno.test("keyserver login: with a user name, no error speaks of a token", async () => {
  using machine = new Machine();
  machine.put("large", "x".repeat(70_000), 0o600);
  for (const flags of [["--tokenfile", "missing"], ["--tokenfile", "large"], ["--tokenfile", "."], []]) {
    const args = ["--remote-file", "k.yaml", "keyserver", "login", "-u", "me", ...flags, "https://k.invalid"];
    const { exit, err } = await runInProcess(args, machine);
    assert.equal(exit, 3, err);
    assert.doesNotMatch(err, /\btokens?\b/, flags.join(" "));
  }
});

for (const program of PROGRAMS) {
  Deno.test(`--tokenfile reads the first line of a pipe, as the programs do (${program.name})`, async () => {
    using machine = new Machine();
    const tokens = machine.put("tokens", `alice ${CANARY}\n`);
    await using endpoint = await startEndpoint(machine, program, ["--tokens", tokens]);
    const before =
      `Active: lab\nRemotes:\n    lab:\n        URI: http://localhost:${endpoint.port}\n        Insecure: true\n`;
    const { command, options } = machine.start([
      "login",
      "--remote-file",
      "remote.yaml",
      "--tokenfile",
      "TOKENFILE",
    ], {
      program,
    });
    const words = command.map((one) => `'${one}'`).join(" ");
    for (
      const [script, exit, says] of [
        [words.replace("'TOKENFILE'", `<(printf '%s\\nmore\\n' '${CANARY}')`), 0, /API Key Verified!/],
        [words.replace("'TOKENFILE'", `<(sleep 0.3; printf '%s' '${CANARY}')`), 0, /API Key Verified!/],
        [`printf '%s\\n' '${CANARY}' | ${words.replace("TOKENFILE", "/dev/stdin")}`, 0, /API Key Verified!/],
        [`${words.replace("TOKENFILE", "/dev/stdin")} <<< '${CANARY}'`, 0, /API Key Verified!/],
        [words.replace("TOKENFILE", "/dev/null"), 3, /the first line of \/dev\/null is empty/],
        [words.replace("TOKENFILE", "/dev/zero"), 3, /cannot read \/dev\/zero: it is too large;/],
        [words.replace("TOKENFILE", "."), 3, /it is a directory/],
      ] as const
    ) {
      machine.put("remote.yaml", before, 0o600);
      const ran = spawnSync("bash", ["-c", script], {
        cwd: options.cwd,
        env: { ...options.env, PATH: "/usr/bin:/bin" },
        encoding: "utf8",
      });
      assert.equal(ran.status, exit, `${script}: ${ran.stderr}`);
      assert.match(ran.stdout + ran.stderr, says, script);
      assert.equal(machine.read("remote.yaml").includes(`Token: ${CANARY}\n`), exit === 0, script);
      assert.doesNotMatch(ran.stderr, /other users can read it/, script);
    }
  });
}

Deno.test("add: APPTAINER_ADD_INSECURE is a truth value of Go, and anything else is ignored with a note", async () => {
  const values: Readonly<Record<string, readonly string[]>> = {
    true: ["1", "t", "T", "TRUE", "true", "True"],
    false: ["0", "f", "F", "FALSE", "false", "False"],
    none: ["yes", "on", "tRUE", "2", " true", "no", "fAlse"],
  };
  for (const [meaning, texts] of Object.entries(values)) {
    for (const text of texts) {
      using machine = new Machine();
      const args = [
        "--runtime",
        "apptainer",
        "--remote-file",
        "r.yaml",
        "add",
        "--no-login",
        "x",
        "x.example.com",
      ];
      const { exit, err } = await runInProcess(args, machine, (world) => ({
        ...world,
        here: { ...world.here, env: (name) => name === "APPTAINER_ADD_INSECURE" ? text : undefined },
      }));
      assert.equal(exit, 0, err);
      assert.equal(/Insecure: true/.test(machine.read("r.yaml")), meaning === "true", text);
      const note = `Note: APPTAINER_ADD_INSECURE is ignored: ${
        JSON.stringify(text)
      } is neither true nor false.\n`;
      assert.equal(err.includes(note), meaning === "none", text);
    }
  }
});

Deno.test("login and logout: for a registry, the command of the program and version is named", async () => {
  for (
    const [runtime, group] of [
      ["singularity", "singularity registry"],
      ["singularity@4.0", "singularity registry"],
      ["singularity@3.11", "singularity remote"],
      ["singularity@3.7", "singularity remote"],
      ["apptainer", "apptainer registry"],
      ["apptainer@1.1", "apptainer remote"],
    ] as const
  ) {
    for (const command of ["login", "logout"]) {
      for (const uri of ["docker://registry.example.com", "oras://registry.example.com/a b"]) {
        using machine = new Machine();
        const user = command === "login" ? ["-u", "ian"] : [];
        const { exit, err } = await runInProcess(
          ["--runtime", runtime, "remote", command, ...user, uri],
          machine,
        );
        assert.equal(exit, 64, err);
        const shown = uri.includes(" ") ? `'${uri}'` : uri;
        const typed = [group, command, ...user.length > 0 ? ["--username", "ian"] : [], shown].join(" ");
        assert.ok(err.endsWith(`\nNext: Run ${typed}\n`), err);
      }
    }
  }
});

Deno.test("JSON: a command that fails has the error in its document, whatever else that has", async () => {
  for (
    const args of [
      ["add", "lab", "lab.invalid"],
      ["add", "lab", "lab.invalid", "--tokenfile", "missing"],
      ["login", "nobody"],
      ["use", "nobody"],
      ["resolve", "docker://x"],
      ["resolve", "library"],
      ["plan", "--offline", "-c", "twice.json"],
      ["apply", "--yes", "-c", "twice.json"],
      ["list", "--nothing"],
    ]
  ) {
    using machine = new Machine();
    machine.put("twice.json", '{"remotes":{"lab":{"uri":"lab.example.com"}},"default":"none"}');
    machine.put("r.yaml", "Remotes:\n  here:\n    URI: here.invalid\n", 0o600);
    const { exit, out } = await runInProcess([...args, "--json", "--remote-file", "r.yaml"], machine);
    assert.notEqual(exit, 0, args.join(" "));
    const { formatVersion, error } = JSON.parse(out) as {
      formatVersion: number;
      error?: { code: string; message: string };
    };
    assert.equal(formatVersion, 1);
    assert.ok(error !== undefined && error.code !== "" && error.message !== "", `${args.join(" ")}: ${out}`);
  }
});
