/** The current directory and the environment do not change what code runs. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { BINARY, CANARY, Machine } from "./machine.ts";
import { certificate, startEndpoint, TLS } from "./servers.ts";

const CONFIG = 'import { defineConfig } from "sremote";\nexport default defineConfig({ remotes: {} });\n';
/** Prints a word if it runs. */
const EVIL = 'console.log("EVIL"); console.error("EVIL"); export {};\n';

const FILES: Readonly<Record<string, string>> = {
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
  { BUN_INSPECT: "127.0.0.1:0", BUN_INSPECT_CONNECT_TO: "127.0.0.1:9", BUN_INSPECT_NOTIFY: "unix://socket" },
  { BUN_RUNTIME_TRANSPILER_CACHE_PATH: "cache", BUN_INSTALL: "bun", BUN_TMPDIR: "tmp", BUN_DEBUG: "log" },
  { DENO_DIR: "deno", XDG_CONFIG_HOME: "xdg", XDG_CACHE_HOME: "xdg" },
  {
    SHELL: "./evil.cjs",
    EDITOR: "./evil.cjs",
    PAGER: "./evil.cjs",
    BASH_ENV: "./evil.cjs",
    ENV: "./evil.cjs",
  },
  { PATH: "." },
  { TMPDIR: "/nowhere" },
  { HOME: "." },
];

Deno.test("the current directory and the environment do not change what code the binary runs", async () => {
  using machine = new Machine();
  const { work } = machine;
  for (const [name, text] of Object.entries(FILES)) machine.put(name, text);
  machine.put("remotes.ts", CONFIG);
  const present = readdirSync(work).sort();
  for (const variables of ENVIRONMENT) {
    const run = await machine.run(["plan", "--remote-file", "remote.yaml"], { env: variables });
    const shown = JSON.stringify(variables);
    assert.equal(run.stderr, "", shown);
    assert.equal(run.status, 0, shown);
    assert.equal(
      run.stdout,
      `User remotes of Singularity, in ${work}/remote.yaml\nNo changes: ${work}/remote.yaml is up to date.\n`,
      shown,
    );
    assert.deepEqual(readdirSync(work).sort(), present, shown);
  }
});

/** Variables of runtimes that print requests, write keys to a file, skip the certificate check, or name a proxy. */
const NETWORK: readonly Readonly<Record<string, string>>[] = [
  { NODE_DEBUG: "http,https,http2,net,tls,stream", NODE_DEBUG_NATIVE: "http,tls" },
  { DEBUG: "*" },
  { BUN_CONFIG_VERBOSE_FETCH: "curl" },
  { NODE_TLS_REJECT_UNAUTHORIZED: "0" },
  { SSLKEYLOGFILE: "keys" },
  { NODE_EXTRA_CA_CERTS: "ca.pem" },
  { HTTPS_PROXY: "http://127.0.0.1:9", HTTP_PROXY: "http://127.0.0.1:9", ALL_PROXY: "http://127.0.0.1:9" },
];

Deno.test("the environment does not change what the binary's requests show, trust or go through", async () => {
  using machine = new Machine();
  machine.put("tokens", `alice ${CANARY}\n`);
  machine.put("ca.pem", readFileSync(certificate("ca.pem")));
  await using endpoint = await startEndpoint(machine, BINARY, [...TLS, "--tokens", "tokens"]);
  const remote =
    `Active: lab\nRemotes:\n  lab:\n    URI: https://localhost:${endpoint.port}\n    Token: ${CANARY}\n`;
  machine.put("remote.yaml", remote);
  const env = { SSL_CERT_FILE: certificate("other-ca.pem") };
  const ask = (args: readonly string[], variables: Readonly<Record<string, string>>) =>
    machine.run(["status", "--remote-file", "remote.yaml", ...args], { env: { ...env, ...variables } });
  const good = await ask(["--cacert", "ca.pem"], {});
  assert.match(good.stdout, /Logged in as alice/);
  for (const variables of NETWORK) {
    const shown = JSON.stringify(variables);
    assert.deepEqual(await ask(["--cacert", "ca.pem"], variables), good, shown);
    const untrusted = await ask([], variables);
    assert.match(untrusted.stdout, /the untrusted authority/, shown);
    assert.equal(untrusted.stderr, "INFO:    Checking status of default remote: lab\n", shown);
    assert.equal(untrusted.status, 3, shown);
    assert.ok(!existsSync(machine.at("keys")), shown);
  }
});
