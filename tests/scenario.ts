/**
 * Scenarios: a story in one file, run by the real program on real files.
 *
 * Every command runs in the directory of the scenario, which is also its root (`--root .`), with an almost empty environment
 * and without a terminal. A section is a line that begins with `===`, and the text until the next one:
 *
 * - `=== file PATH`: writes the file.
 * - `=== do symlink TARGET PATH | mkdir PATH | chmod MODE PATH | remove PATH`
 * - `=== env NAME=VALUE`: for all commands after it.
 * - `=== sremote ARGUMENTS`: runs the command; the text is its standard output. `=== stderr` and `=== exit N` may
 *   follow; without them standard error must be empty, and the exit code 0.
 * - `=== stdin`: the standard input of the next command.
 * - `=== endpoint N [FLAGS]`: starts an endpoint (`sremote endpoint serve`) at PORTN, where alice's token is CANARY and
 *   bob's is CANARY2; a second one with the same number replaces it at the same port. `--tls` serves https (`tests/tls/`,
 *   whose authority `=== do ca PATH [other-ca.pem]` writes to a file). `=== stop N` stops it.
 * - `=== proxy N TO [STATUS]`, `=== socks N TO`: starts a proxy at PORTN that connects to endpoint TO; `=== proxied N`: its
 *   requests.
 * - `=== then PATH [MODE]`: the file now has this content and this mode.
 * - `=== absent PATH`: the file does not exist.
 *
 * After each successful apply the same apply runs again, and may not touch a file. At the end, the token {@link CANARY} may
 * be only in the user's `remote.yaml` (and then in its backup), and no lock or temporary file may be left.
 */
import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { CANARY, LITTER, Machine, type Program, type Ran, ROOT } from "./machine.ts";
import {
  type RunningEndpoint,
  type RunningProxy,
  startEndpoint,
  startProxy,
  startSocks,
  TLS,
} from "./servers.ts";

interface Section {
  readonly heading: string;
  readonly body: string;
}

/** Runs the text of a scenario; returns it with the actual results in place of the expected ones. */
export async function runScenario(text: string, program: Program): Promise<string> {
  using machine = new Machine();
  const [told, ...sections] = text.split(/^(?==== )/m);
  await using story = new Story(machine, program);
  const seen = await story.tell(sections.map(parseSection));
  return told + seen.map(({ heading, body }) => `=== ${heading}\n${body}`).join("");
}

/** A ledger says when it was written, and what: ports are in it. */
function withoutTimes(text: string): string {
  return text.replace(/(?<="at": )\d{13}/g, "NOW").replace(/(?<="sha256:)[0-9a-f]{64}/g, "…");
}

function parseSection(text: string): Section {
  const end = text.indexOf("\n");
  return { heading: text.slice(4, end).trim(), body: text.slice(end + 1) };
}

class Story {
  private readonly environment: Record<string, string> = {};
  private printed = "";
  private stdin: string | undefined;
  private readonly endpoints = new Map<string, RunningEndpoint>();
  private readonly proxies = new Map<string, RunningProxy>();
  /** By number; a stopped endpoint keeps its port. */
  private readonly ports = new Map<string, number>();
  /** Files of the scenario itself, which may hold the token. */
  private readonly given = new Set<string>();

  constructor(private readonly machine: Machine, private readonly program: Program) {}

  async tell(sections: readonly Section[]): Promise<Section[]> {
    const told: Section[] = [];
    for (let i = 0; i < sections.length; i++) {
      const section = sections[i]!;
      const [word, ...rest] = words(section.heading);
      switch (word) {
        case "sremote": {
          const ran = await this.run(rest.map((one) => this.withPorts(one).replaceAll("CANARY", CANARY)));
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
            ? padded(withoutTimes(this.shown(readFileSync(this.at(path), "utf8"))))
            : "(nothing)\n\n";
          const shown = mode === undefined || body === "(nothing)\n\n" ? "" : ` ${this.mode(path)}`;
          told.push({ heading: `then ${path}${shown}`, body });
          break;
        }
        case "absent":
          // Always an assertion, even when the scenario is rewritten.
          assert.ok(!existsSync(this.at(rest[0]!)), `${rest[0]} exists`);
          told.push(section);
          break;
        case "proxied": {
          const log = this.proxies.get(rest[0]!)!.log.splice(0).map((line) => `${line}\n`).join("");
          told.push({ heading: section.heading, body: padded(this.shown(log)) });
          break;
        }
        case "endpoint":
        case "proxy":
        case "socks":
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

  /** Stops the endpoints and proxies. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.endpoints.values(), ...this.proxies.values()].map((one) => one.stop()));
  }

  private async serve(word: string, [name = "", ...rest]: readonly string[]): Promise<void> {
    if (word === "proxy" || word === "socks") {
      const to = this.ports.get(rest[0]!)!;
      const proxy = word === "proxy" ? await startProxy(to, Number(rest[1] ?? 200)) : await startSocks(to);
      this.proxies.set(name, proxy);
      this.ports.set(name, proxy.port);
      return;
    }
    await this.endpoints.get(name)?.stop();
    this.endpoints.delete(name);
    if (word === "stop") return;
    using outside = new Machine();
    const tokens = outside.put("tokens", `alice ${CANARY}\nbob ${CANARY}2\n`);
    const flags = rest.flatMap((one) => one === "--tls" ? TLS : [one]);
    const port = ["--port", String(this.ports.get(name) ?? 0), "--tokens", tokens];
    const endpoint = await startEndpoint(outside, this.program, [...flags, ...port]);
    this.endpoints.set(name, endpoint);
    this.ports.set(name, endpoint.port);
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
      this.machine.put(first, this.withPorts(given(body)));
    } else if (word === "stdin") this.stdin = given(body);
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
    const how = { program: this.program, env: this.environment, ...stdin };
    const ran = await this.machine.run([...args, "--root", "."], how);
    this.printed += ran.stdout + ran.stderr;
    return { status: ran.status, stdout: this.shown(ran.stdout), stderr: this.shown(ran.stderr) };
  }

  /** The text without what differs between runs: the root, ports, times, and digests of texts that hold them. */
  private shown(text: string): string {
    const named = [...this.ports].reduce(
      (left, [name, port]) => left.replaceAll(new RegExp(`:${port}\\b`, "g"), `:PORT${name}`),
      text,
    );
    return named.replaceAll(/\((?:commit \S+|from source), \w+ [\d.]+\)/g, "(commit …)")
      .replaceAll(` --root ${this.machine.work}`, "").replaceAll(this.machine.work, "").replaceAll(
        /sha256:[0-9a-f]{64}/g,
        "sha256:…",
      )
      .replaceAll(/"milliseconds": \d+/g, '"milliseconds": 0').replaceAll(/ time="[\d.]+"/g, ' time="0.000"')
      .replaceAll(/(_seconds\{.*\}) [\d.e-]+/g, "$1 0");
  }

  private async applyAgain(args: readonly string[]): Promise<void> {
    const saved = args[1] !== undefined && !args[1].startsWith("-");
    if (saved) return;
    if (args.includes("--json-into")) return;
    const before = this.traces();
    const again = await this.run(args.map((one) => this.withPorts(one)));
    assert.equal(again.status, 0, `the second apply fails: ${again.stderr}`);
    assert.equal(this.traces(), before, "the second apply touched a file");
  }

  private findLeaks(): void {
    assert.ok(!this.printed.includes(CANARY), "the token was printed");
    for (const path of this.paths()) {
      assert.ok(!LITTER.test(path), `${path} was left behind`);
      const file = path.replace(/\.sremote-backup$/, "");
      // A backup holds no token that the file itself does not hold.
      const mine = /(?:^|\/)remote\.yaml$/.test(file) &&
        (file === path || readFileSync(this.at(file), "utf8").includes(CANARY));
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
    return readdirSync(this.machine.work, { recursive: true, encoding: "utf8" }).sort();
  }

  private mode(path: string): string {
    return (lstatSync(this.at(path)).mode & 0o7777).toString(8).padStart(4, "0");
  }

  private at(path: string): string {
    return this.machine.at(path);
  }
}

/** The text of a section, without the blank line before the next one. */
function given(body: string): string {
  return body.replace(/\n\n$/, "\n").replaceAll("CANARY", CANARY);
}

/** A body ends with a blank line; a text without a last line break is marked. */
function padded(text: string): string {
  const shown = text.replaceAll(CANARY, "CANARY");
  if (shown === "") return "\n";
  return shown.endsWith("\n") ? `${shown}\n` : `${shown}(no line break)\n\n`;
}

/** The words of a line, with double quotes: `add "a b" host`. */
function words(line: string): string[] {
  return Array.from(line.matchAll(/"((?:[^"\\]|\\.)*)"|(\S+)/g), (found) => {
    return found[2] ?? JSON.parse(`"${found[1]}"`) as string;
  });
}
