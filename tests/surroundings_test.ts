/** The current folder and the environment do not change what code runs. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROGRAMS, runProgram } from "./scenario.ts";

const CONFIG = 'import { defineConfig } from "sremote";\nexport default defineConfig({ remotes: {} });\n';
/** Each says so when it runs. */
const EVIL = 'console.log("EVIL"); console.error("EVIL"); export {};\n';

const FOLDER: Readonly<Record<string, string>> = {
  "evil.ts": EVIL,
  "evil.cjs": 'console.log("EVIL");\n',
  "bunfig.toml": 'preload = ["./evil.ts"]\n[run]\nshell = "./evil.ts"\n',
  ".env": "SINGULARITY_CONFIGDIR=/evil\nBUN_OPTIONS=--preload ./evil.ts\n",
  ".env.local": "SINGULARITY_CONFIGDIR=/evil\n",
  "package.json":
    '{ "name": "evil", "type": "commonjs", "main": "evil.cjs", "imports": { "yaml": "./evil.cjs" } }\n',
  "tsconfig.json": '{ "compilerOptions": { "paths": { "*": ["./evil.ts"] } } }\n',
  "deno.json": '{ "imports": { "sremote": "./evil.ts", "commander": "./evil.ts" } }\n',
  "node_modules/sremote/index.js": EVIL,
  "node_modules/commander/index.js": EVIL,
  "node_modules/yaml/index.js": EVIL,
};

const ENVIRONMENT: readonly Readonly<Record<string, string>>[] = [
  {},
  { BUN_OPTIONS: "--preload ./evil.ts" },
  { BUN_INSPECT_PRELOAD: "./evil.ts" },
  { BUN_BE_BUN: "1" },
  { BUN_CONFIG_PRELOAD: "./evil.ts" },
  { NODE_OPTIONS: "--require ./evil.cjs --import ./evil.ts" },
  { NODE_PATH: "./node_modules" },
  { PATH: "." },
  { TMPDIR: "/nowhere" },
  { HOME: "." },
];

const binary = PROGRAMS.find((one) => one.name === "binary");

Deno.test("the current folder and the environment do not change what code the binary runs", async () => {
  if (binary === undefined) throw new Error("there is no binary to test");
  const work = mkdtempSync(join(tmpdir(), "sremote-surroundings-"));
  try {
    for (const [name, text] of Object.entries(FOLDER)) {
      mkdirSync(join(work, name, ".."), { recursive: true });
      writeFileSync(join(work, name), text);
    }
    writeFileSync(join(work, "remotes.ts"), CONFIG);
    for (const variables of ENVIRONMENT) {
      const run = await runProgram(binary, ["plan", "--remote-file", "remote.yaml"], {
        cwd: work,
        env: variables,
      });
      const shown = JSON.stringify(variables);
      assert.equal(run.stderr, "", shown);
      assert.equal(run.status, 0, shown);
      assert.equal(
        run.stdout,
        `User remotes of Singularity, in ${work}/remote.yaml\nNo changes: ${work}/remote.yaml is as the config says.\n`,
        shown,
      );
    }
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
});
