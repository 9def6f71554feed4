/**
 * Scenarios: a story in one file, run by the real program on real files.
 *
 * Every command runs in the scenario's folder, which stands for `/` (`--root .`), with an almost empty environment,
 * without a terminal. A section is a line that begins with `===`, and what follows until the next one:
 *
 * - `=== file PATH`: the file is put there.
 * - `=== do symlink TARGET PATH | mkdir PATH | chmod MODE PATH | remove PATH`
 * - `=== env NAME=VALUE`: for the commands from here on.
 * - `=== sremote ARGUMENTS`: the command is run; the text is its standard output. `=== stderr` and `=== exit N` may
 *   follow; without them nothing may be on standard error, and the exit code is 0.
 * - `=== stdin`: what the next command reads on standard input.
 * - `=== endpoint N [FLAGS]`: an endpoint (`sremote endpoint serve`) runs from here on, at PORTN, where alice's token is
 *   CANARY and bob's is CANARY2; again, it is another one at the same port. `--tls` serves https (`tests/tls/`, whose
 *   authority `=== do ca PATH [other-ca.pem]` puts somewhere). `=== stop N` ends it.
 * - `=== proxy N TO [STATUS]`: a proxy runs at PORTN, that connects to endpoint TO; `=== proxied N`: what it was asked.
 * - `=== then PATH [MODE]`: the file now has this content, and this mode.
 * - `=== absent PATH`: nothing is there.
 *
 * After each apply that ends well the same apply is run again, and may not touch a file. In the end, the token
 * {@link CANARY} may stand in the user's `remote.yaml` and its backup alone, and no lock or temporary file may be left.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type RunningEndpoint, type RunningProxy, startEndpoint, startProxy, TLS } from "./servers.ts";

/** A token that must not show up anywhere. */
export const CANARY = "CANARY-eyJhbGciOiJIUzI1NiJ9.c2VjcmV0";

/** What an sremote that was killed leaves, and no other. */
export const LITTER = /\.lock$|\.sremote-[0-9a-f]{8}$/;

/** Whom a file belongs to that sremote may not make its own: another user, where the tests may give it away. */
export const OWNER = process.getuid?.() === 0 ? { uid: 1234, gid: 1235 } : null;

/** A file's permission bits and whose it is: `0600 1234:1235`. */
export function modeAndOwner(file: string): string {
  const { mode, uid, gid } = lstatSync(file);
  return `${(mode & 0o7777).toString(8).padStart(4, "0")} ${uid}:${gid}`;
}

/** How the program is started. */
export interface Program {
  readonly name: "deno" | "binary";
  readonly command: readonly string[];
}

const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** From source, and as compiled; `SREMOTE_UNDER_TEST=binary` takes the latter alone. */
export const PROGRAMS: readonly Program[] = [
  {
    name: "deno" as const,
    command: [
      process.execPath,
      ...[
        "run",
        "--quiet",
        "--frozen",
        "--no-prompt",
        "--allow-read",
        "--allow-write",
        "--allow-env",
        "--allow-sys",
        "--allow-net",
        "--allow-run",
      ],
      join(ROOT, "main.ts"),
    ],
  },
  { name: "binary" as const, command: [join(ROOT, "dist/sremote")] },
].filter(({ name }) => (process.env.SREMOTE_UNDER_TEST ?? name) === name);

interface Section {
  readonly heading: string;
  readonly body: string;
}

/** What a program did. */
export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end. */
export function runProgram(
  program: Program,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>>; readonly stdin?: string },
): Promise<Ran> {
  const [first, ...before] = program.command as [string, ...string[]];
  const { cwd, env, stdin } = options;
  return new Promise((done, fail) => {
    const child = spawn(first, [...before, ...args], {
      cwd,
      env: { ...env, ...DENO_ENVIRONMENT },
      stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
    });
    const texts = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      const decoder = new TextDecoder();
      child[stream]!.on("data", (part: Uint8Array) => {
        texts[stream] += decoder.decode(part, { stream: true });
      });
    }
    // A program that does not read what is given to it is no mistake.
    child.stdin?.on("error", () => {}).end(stdin);
    child.once("error", fail);
    child.once("close", (status) => done({ status, ...texts }));
  });
}

/** Runs a scenario's text; gives the text with what was really seen in place of what was expected. */
export async function runScenario(text: string, program: Program): Promise<string> {
  const work = realpathSync(mkdtempSync(join(tmpdir(), "sremote-scenario-")));
  const [told, ...sections] = text.split(/^(?==== )/m);
  const story = new Story(work, program);
  try {
    const seen = await story.tell(sections.map(parseSection));
    return told + seen.map(({ heading, body }) => `=== ${heading}\n${body}`).join("");
  } finally {
    await story.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

function parseSection(text: string): Section {
  const end = text.indexOf("\n");
  return { heading: text.slice(4, end).trim(), body: text.slice(end + 1) };
}

class Story {
  private readonly environment: Record<string, string> = {
    HOME: "/home/me",
    SINGULARITY_CONFIGDIR: "/home/me/.singularity",
    PATH: "/nowhere",
  };
  private printed = "";
  private stdin: string | undefined;
  private readonly endpoints = new Map<string, RunningEndpoint>();
  private readonly proxies = new Map<string, RunningProxy>();
  /** By their numbers; an endpoint that is stopped keeps its own. */
  private readonly ports = new Map<string, number>();
  /** What the scenario itself put there, and may hold the token. */
  private readonly given = new Set<string>();

  constructor(private readonly work: string, private readonly program: Program) {}

  async tell(sections: readonly Section[]): Promise<Section[]> {
    const told: Section[] = [];
    for (let i = 0; i < sections.length; i++) {
      const section = sections[i]!;
      const [word, ...rest] = words(section.heading);
      switch (word) {
        case "sremote": {
          const ran = await this.run(rest.map((one) => this.withPorts(one)));
          told.push({ heading: section.heading, body: padded(ran.stdout) });
          if (ran.stderr !== "") told.push({ heading: "stderr", body: padded(ran.stderr) });
          if (ran.status !== 0) told.push({ heading: `exit ${ran.status}`, body: "\n" });
          while (/^(?:stderr|exit \d+)$/.test(sections[i + 1]?.heading ?? "")) i++;
          if (rest[0] === "apply" && ran.status === 0) await this.applyAgain(rest);
          break;
        }
        case "then": {
          const [path, mode] = rest as [string, string | undefined];
          const body = existsSync(this.at(path))
            ? padded(this.shown(readFileSync(this.at(path), "utf8")))
            : "(nothing)\n\n";
          const shown = mode === undefined || body === "(nothing)\n\n" ? "" : ` ${this.mode(path)}`;
          told.push({ heading: `then ${path}${shown}`, body });
          break;
        }
        case "absent":
          // Never rewritten: what may not be there is not among the texts that change.
          assert.ok(!existsSync(this.at(rest[0]!)), `${rest[0]} is there`);
          told.push(section);
          break;
        case "proxied": {
          const log = this.proxies.get(rest[0]!)!.log.splice(0).map((line) => `${line}\n`).join("");
          told.push({ heading: section.heading, body: padded(this.shown(log)) });
          break;
        }
        case "endpoint":
        case "proxy":
        case "stop":
          await this.serve(word, rest);
          told.push(section);
          break;
        default:
          this.prepare(word, rest, section.body);
          told.push(section);
      }
    }
    this.findLeaks();
    return told;
  }

  /** Ends what still runs. */
  async stop(): Promise<void> {
    await Promise.all([...this.endpoints.values(), ...this.proxies.values()].map((one) => one.stop()));
  }

  private async serve(word: string, [name = "", ...rest]: readonly string[]): Promise<void> {
    if (word === "proxy") {
      const proxy = await startProxy(this.ports.get(rest[0]!)!, Number(rest[1] ?? 200));
      this.proxies.set(name, proxy);
      this.ports.set(name, proxy.port);
      return;
    }
    await this.endpoints.get(name)?.stop();
    this.endpoints.delete(name);
    if (word === "stop") return;
    const outside = mkdtempSync(join(tmpdir(), "sremote-endpoint-"));
    try {
      writeFileSync(join(outside, "tokens"), `alice ${CANARY}\nbob ${CANARY}2\n`);
      const flags = rest.flatMap((one) => one === "--tls" ? TLS : [one]);
      const port = ["--port", String(this.ports.get(name) ?? 0), "--tokens", join(outside, "tokens")];
      const endpoint = await startEndpoint(this.program, [...flags, ...port], outside);
      this.endpoints.set(name, endpoint);
      this.ports.set(name, endpoint.port);
    } finally {
      rmSync(outside, { recursive: true });
    }
  }

  private withPorts(text: string): string {
    return text.replace(/PORT(\d)/g, (all, name) => String(this.ports.get(name) ?? all));
  }

  private prepare(word: string | undefined, rest: readonly string[], body: string): void {
    const [first = "", second = "", third = ""] = rest;
    if (word === "env") {
      const [name, value] = first.split(/=(.*)/s) as [string, string];
      this.environment[name] = this.withPorts(value).replaceAll("CANARY", CANARY);
    } else if (word === "file") {
      this.given.add(first);
      mkdirSync(dirname(this.at(first)), { recursive: true });
      // The blank line before the next section is the scenario's.
      writeFileSync(
        this.at(first),
        this.withPorts(body.replace(/\n\n$/, "\n").replaceAll("CANARY", CANARY)),
        {
          mode: 0o644,
        },
      );
    } else if (word === "stdin") this.stdin = body.replace(/\n\n$/, "\n").replaceAll("CANARY", CANARY);
    else if (word === "do" && first === "ca") {
      writeFileSync(this.at(second), readFileSync(join(ROOT, "tests/tls", third || "ca.pem")));
    } else if (word === "do" && first === "symlink") symlinkSync(second, this.at(third));
    else if (word === "do" && first === "mkdir") mkdirSync(this.at(second), { recursive: true });
    else if (word === "do" && first === "chmod") chmodSync(this.at(third), parseInt(second, 8));
    else if (word === "do" && first === "remove") rmSync(this.at(second), { recursive: true });
    else throw new Error(`not a section: === ${word} ${rest.join(" ")}`);
  }

  private async run(args: readonly string[]): Promise<Ran> {
    const stdin = this.stdin === undefined ? {} : { stdin: this.stdin };
    this.stdin = undefined;
    const options = { cwd: this.work, env: this.environment, ...stdin };
    const ran = await runProgram(this.program, [...args, "--root", "."], options);
    this.printed += ran.stdout + ran.stderr;
    return { status: ran.status, stdout: this.shown(ran.stdout), stderr: this.shown(ran.stderr) };
  }

  /** As it would be in a real root, at a port with a name, and in no time; a digest of a text with such a path differs. */
  private shown(text: string): string {
    const named = [...this.ports].reduce(
      (left, [name, port]) => left.replaceAll(new RegExp(`:${port}\\b`, "g"), `:PORT${name}`),
      text,
    );
    return named.replaceAll(/\((?:commit \S+|from source), \w+ [\d.]+\)/g, "(commit …)")
      .replaceAll(this.work, "").replaceAll(/sha256:[0-9a-f]{64}/g, "sha256:…")
      .replaceAll(/"milliseconds": \d+/g, '"milliseconds": 0').replaceAll(/ time="[\d.]+"/g, ' time="0.000"')
      .replaceAll(/(_seconds\{.*\}) [\d.e-]+/g, "$1 0");
  }

  private async applyAgain(args: readonly string[]): Promise<void> {
    const saved = args[1] !== undefined && !args[1].startsWith("-");
    if (saved) return;
    if (args.includes("--json-into")) return;
    const before = this.traces();
    const again = await this.run(args.map((one) => this.withPorts(one)));
    assert.equal(again.status, 0, `the second apply failed: ${again.stderr}`);
    assert.equal(this.traces(), before, "the second apply touched a file");
  }

  private findLeaks(): void {
    assert.ok(!this.printed.includes(CANARY), "the token was printed");
    for (const path of this.paths()) {
      assert.ok(!LITTER.test(path), `${path} was left behind`);
      const mine = /(?:^|\/)(?:remote\.yaml|remote\.yaml\.sremote-backup)$/.test(path);
      if (mine || this.given.has(path) || !lstatSync(this.at(path)).isFile()) continue;
      assert.ok(!readFileSync(this.at(path), "utf8").includes(CANARY), `the token is in ${path}`);
    }
  }

  private traces(): string {
    return this.paths().map((path) => {
      const { ino, mtimeMs, mode, size } = lstatSync(this.at(path));
      return `${path} ${ino} ${mtimeMs} ${mode} ${size}`;
    }).join("\n");
  }

  private paths(): string[] {
    return readdirSync(this.work, { recursive: true, encoding: "utf8" }).sort();
  }

  private mode(path: string): string {
    return (lstatSync(this.at(path)).mode & 0o7777).toString(8).padStart(4, "0");
  }

  private at(path: string): string {
    return join(this.work, path);
  }
}

/** Deno keeps its cache where the environment says, and would ask for a newer version; sremote reads none of it. */
export const DENO_ENVIRONMENT: Readonly<Record<string, string>> = {
  DENO_DIR: process.env.DENO_DIR ??
    join(process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? "/", ".cache"), "deno"),
  DENO_NO_UPDATE_CHECK: "1",
};

/** A body ends with a blank line, so that sections stand apart; a text without a last line break is marked. */
function padded(text: string): string {
  const shown = text.replaceAll(CANARY, "CANARY");
  if (shown === "") return "\n";
  return shown.endsWith("\n") ? `${shown}\n` : `${shown}(no line break)\n\n`;
}

/** Words with double quotes: `add "a b" host`. */
function words(line: string): string[] {
  return Array.from(line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g), (found) => {
    return found[2] ?? JSON.parse(`"${found[1]}"`) as string;
  });
}
