/**
 * Every command of the guide in docs/, run with the compiled binary, prints what the page shows. A page is one session in one
 * directory: a block such as "ts remotes.ts" is written to that file, a console block is typed. `sremote` is the binary with
 * a `--root`; `enterprise.example.com` is an endpoint on loopback.
 * `UPDATE_GOLDEN=1` writes the output into the pages: read the diff as code.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { configSchema } from "../schema/config.ts";
import { toProgramsPage } from "../tools/programs_page.ts";
import { toReference } from "../tools/reference.ts";
import { readLists } from "./recordings/differences.ts";
import { BINARY, Machine } from "./machine.ts";
import { certificate, startEndpoint, startProxy, TLS } from "./servers.ts";

const DOCS = new URL("../docs/", import.meta.url);
const PAGES = readdirSync(DOCS).filter((name) => name.endsWith(".md"));
const HOME = "home/you";

/** The code blocks of a page: their kind, file and text. */
const BLOCK = /^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm;

/** Runs a line in a shell; returns everything that it printed. */
function type(line: string, cwd: string, env: Record<string, string>): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn("/bin/bash", ["-c", line], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (part: string) => text += part);
    }
    child.once("error", fail);
    child.once("close", () => done(text));
  });
}

for (const page of PAGES) {
  Deno.test(`the guide: the commands of ${page} print what it shows`, () => follow(page));
}

async function follow(page: string): Promise<void> {
  const text = readFileSync(new URL(page, DOCS), "utf8");
  using machine = new Machine();
  const root = machine.work;
  const directory = machine.at(`${HOME}/remotes`);
  for (const one of [directory, machine.at("etc/singularity")]) mkdirSync(one, { recursive: true });
  const tools = machine.bin({ sudo: 'exec "$@"' }, ["--root", root]);
  const tokens = machine.put("tokens", "alice token-of-alice\n");
  await using endpoint = await startEndpoint(machine, BINARY, [...TLS, "--tokens", tokens]);
  await using proxy = await startProxy(endpoint.port);
  const env = {
    PATH: `${tools}:/usr/bin:/bin`,
    HOME: `/${HOME}`,
    ROOT: root,
    SINGULARITY_CONFIGDIR: `/${HOME}/.singularity`,
    APPTAINER_CONFIGDIR: `/${HOME}/.apptainer`,
    HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
    SSL_CERT_FILE: certificate("ca.pem"),
  };
  let made = "";
  let at = 0;
  for (const { index, 0: whole, 1: kind, 2: file, 3: code } of text.matchAll(BLOCK)) {
    made += text.slice(at, index);
    at = index + whole.length;
    if (file !== undefined) {
      machine.put(`${HOME}/remotes/${file}`, code!);
      made += whole;
      continue;
    }
    assert.equal(kind, "console", `${page} has a block that is not run:\n${whole}`);
    let session = "";
    for (const part of code!.split(/^\$ /m).slice(1)) {
      const line = part.split("\n")[0]!;
      const printed = (await type(line, directory, env)).replaceAll(` --root ${root}`, "").replaceAll(
        root,
        "",
      ).trimEnd();
      session += `${session === "" ? "" : "\n"}$ ${line}\n${printed === "" ? "" : `${printed}\n`}`;
    }
    made += `\`\`\`console\n${session}\`\`\``;
  }
  made += text.slice(at);
  if (process.env.UPDATE_GOLDEN === "1") writeFileSync(new URL(page, DOCS), made);
  else assert.equal(made, text);
}

Deno.test("the page about the programs matches their table and the listed differences", () => {
  assert.equal(readFileSync(new URL("programs.md", DOCS), "utf8"), toProgramsPage(readLists().stay));
});

Deno.test("the config reference matches the schema", () => {
  assert.equal(readFileSync(new URL("config.md", DOCS), "utf8"), toReference(configSchema));
});
