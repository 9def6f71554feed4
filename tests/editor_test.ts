/** With the files of `sremote init`, TypeScript and Deno check a config offline: good ones pass, and mistakes are found. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Ajv2020 } from "ajv/dist/2020.js";
import { Machine, ROOT } from "./machine.ts";

const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

const GOOD: Readonly<Record<string, string>> = {
  "an object": `import { defineConfig, env } from "sremote";
export default defineConfig({
  remotes: { company: { uri: "c.example.com", scope: "global", check: ["library"], login: env("T") } },
  default: { user: null, global: "company" },
});
`,
  "a function": `import { defineConfig, type Remote } from "sremote";
const remotes: Record<string, Remote> = { a: { uri: "h", keyservers: [{ uri: "https://k" }] } };
export default defineConfig(({ vars, host }) => ({ remotes, default: vars.default ?? host.name }));
`,
};

const BAD: Readonly<Record<string, readonly [source: string, found: RegExp]>> = {
  "an unknown field": [
    'import { defineConfig } from "sremote";\nexport default defineConfig({ remotes: { a: { url: "h" } } });\n',
    /'url' does not exist in type 'Remote/,
  ],
  "an unknown scope": [
    'import { defineConfig } from "sremote";\nexport default defineConfig({ remotes: { a: { uri: "h", scope: "system" } } });\n',
    /"system".* is not assignable to type '"user" \| "global"/,
  ],
  "a token": [
    'import { defineConfig } from "sremote";\nexport default defineConfig({ remotes: { a: { uri: "h", login: "t" } } });\n',
    /string.* is not assignable/,
  ],
  "an unknown export": [
    'import { evn } from "sremote";\nexport default evn("a");\n',
    /no exported member (?:named )?'evn'/,
  ],
};

interface Checker {
  readonly command: readonly string[];
  readonly ignore: boolean;
}

const CHECKERS: Readonly<Record<string, Checker>> = {
  "tsc": {
    command: [process.execPath, "run", "-A", "--quiet", TSC, "--pretty", "false"],
    ignore: !existsSync(TSC),
  },
  "deno check": { command: [process.execPath, "check", "--no-remote", "remotes.ts"], ignore: false },
};

/** A machine after `sremote init`. */
function initialized(): Machine {
  const machine = new Machine();
  const ran = machine.runSync(["init"]);
  assert.deepEqual([ran.status, ran.stderr], [0, ""]);
  return machine;
}

for (const [name, { command, ignore }] of Object.entries(CHECKERS)) {
  Deno.test({
    name: `editors: ${name} passes good configs and finds mistakes, offline`,
    ignore,
    fn: () => {
      using machine = initialized();
      const check = (source: string) => {
        machine.put("remotes.ts", source);
        const [first, ...rest] = command;
        const env = { ...machine.env(), PATH: "/usr/bin:/bin", NO_COLOR: "1" };
        const { status, stdout, stderr } = spawnSync(first!, rest, {
          cwd: machine.work,
          env,
          encoding: "utf8",
        });
        return { status, output: stdout + stderr };
      };
      const first = check(machine.read("remotes.ts"));
      assert.equal(first.status, 0, first.output);
      for (const [what, source] of Object.entries(GOOD)) {
        const { status, output } = check(source);
        assert.equal(status, 0, `${what}: ${output}`);
      }
      for (const [what, [source, found]] of Object.entries(BAD)) {
        const { status, output } = check(source);
        assert.notEqual(status, 0, what);
        assert.match(output, found, what);
      }
    },
  });
}

Deno.test("editors: every field has documentation on hover, and the schema checks a config in JSON", () => {
  using machine = initialized();
  const types = machine.read(".sremote/sremote.ts").split("\n");
  const bare = types.filter((line, i) => /^ +readonly \S+:/.test(line) && !/\*\/$/.test(types[i - 1]!));
  assert.deepEqual(bare, []);
  const schema = JSON.parse(machine.read(".sremote/config.schema.json"));
  const validate = new Ajv2020({ strict: true, strictRequired: false }).compile(schema);
  assert.ok(validate({ $schema: "./.sremote/config.schema.json", remotes: { a: { uri: "h" } } }));
  assert.ok(!validate({ remotes: { a: { url: "h" } } }));
});

Deno.test("editors: init --editor updates only the files that belong to sremote", async () => {
  using machine = initialized();
  const names = [
    "remotes.ts",
    "tsconfig.json",
    "deno.json",
    ".sremote/sremote.ts",
    ".sremote/config.schema.json",
  ];
  for (const name of names) machine.put(name, "mine\n");
  const ran = await machine.run(["init", "--editor", "--json"]);
  assert.equal(ran.status, 0, ran.stderr);
  assert.equal(JSON.parse(ran.stdout).files.length, 2);
  const kept = names.filter((name) => machine.read(name) === "mine\n");
  assert.deepEqual(kept, ["remotes.ts", "tsconfig.json", "deno.json"]);
});
