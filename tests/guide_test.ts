/**
 * Every command of the guide in docs/ is run, with the compiled binary, and prints what the page shows. A page is one
 * session in one folder: a block such as "ts remotes.ts" is written to that file, a console block is typed. The binary
 * and its `--root` stand behind `sremote`; `enterprise.example.com` is an endpoint on loopback.
 * `UPDATE_GOLDEN=1` writes what was printed into the pages: read its diff as code.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { configSchema } from "../schema/config.ts";
import { toReference } from "../tools/reference.ts";
import { PROGRAMS } from "./scenario.ts";
import { certificate, startEndpoint, startProxy, TLS } from "./servers.ts";

const DOCS = new URL("../docs/", import.meta.url);
const PAGES = readdirSync(DOCS).filter((name) => name.endsWith(".md"));
const HOME = "home/you";

const binary = PROGRAMS.find((one) => one.name === "binary");

/** The pages' code, in their order; a kind without a file is not code that is run. */
const BLOCK = /^```(\w+)(?: (\S+))?\n([\s\S]*?)^```$/gm;

/** Runs a line in a shell, and gives all that it printed. */
function type(line: string, folder: string, env: Record<string, string>): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn("/bin/bash", ["-c", line], { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (part: string) => text += part);
    }
    child.once("error", fail);
    child.once("close", () => done(text));
  });
}

for (const page of PAGES) {
  Deno.test({ name: `the guide: ${page}`, ignore: binary === undefined, fn: () => follow(page) });
}

async function follow(page: string): Promise<void> {
  const text = readFileSync(new URL(page, DOCS), "utf8");
  const root = realpathSync(mkdtempSync(join(tmpdir(), "sremote-guide-")));
  const folder = join(root, HOME, "remotes");
  const tools = join(root, "bin");
  for (const one of [folder, tools]) mkdirSync(one, { recursive: true });
  const program = `#!/bin/sh\nexec '${binary!.command[0]}' "$@" --root '${root}'\n`;
  writeFileSync(join(tools, "sremote"), program, { mode: 0o755 });
  writeFileSync(join(tools, "sudo"), '#!/bin/sh\nexec "$@"\n', { mode: 0o755 });
  mkdirSync(join(root, "etc/singularity"), { recursive: true });
  writeFileSync(join(root, "tokens"), "alice token-of-alice\n");
  const endpoint = await startEndpoint(binary!, [...TLS, "--tokens", join(root, "tokens")], root);
  const proxy = await startProxy(endpoint.port);
  const env = {
    PATH: `${tools}:/usr/bin:/bin`,
    HOME: `/${HOME}`,
    ROOT: root,
    SINGULARITY_CONFIGDIR: `/${HOME}/.singularity`,
    APPTAINER_CONFIGDIR: `/${HOME}/.apptainer`,
    HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
    SSL_CERT_FILE: certificate("ca.pem"),
  };
  try {
    let made = "";
    let at = 0;
    for (const { index, 0: whole, 1: kind, 2: file, 3: code } of text.matchAll(BLOCK)) {
      made += text.slice(at, index);
      at = index + whole.length;
      if (file !== undefined) {
        writeFileSync(join(folder, file), code!);
        made += whole;
        continue;
      }
      assert.equal(kind, "console", `${page} has a block that nothing runs:\n${whole}`);
      let session = "";
      for (const part of code!.split(/^\$ /m).slice(1)) {
        const line = part.split("\n")[0]!;
        const printed = (await type(line, folder, env)).replaceAll(root, "").trimEnd();
        session += `${session === "" ? "" : "\n"}$ ${line}\n${printed === "" ? "" : `${printed}\n`}`;
      }
      made += `\`\`\`console\n${session}\`\`\``;
    }
    made += text.slice(at);
    if (process.env.UPDATE_GOLDEN === "1") writeFileSync(new URL(page, DOCS), made);
    else assert.equal(made, text);
  } finally {
    await endpoint.stop();
    await proxy.stop();
    rmSync(root, { recursive: true, force: true });
  }
}

Deno.test("the config reference is what the schema says", () => {
  assert.equal(readFileSync(new URL("config.md", DOCS), "utf8"), toReference(configSchema));
});
