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
 * - `=== then PATH [MODE]`: the file now has this content, and this mode.
 * - `=== absent PATH`: nothing is there.
 *
 * After each apply that ends well the same apply is run again, and may not touch a file. In the end, the token
 * {@link CANARY} may stand in the user's `remote.yaml` and its backup alone, and no lock or temporary file may be left.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
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

/** A token that must not show up anywhere. */
export const CANARY = "CANARY-eyJhbGciOiJIUzI1NiJ9.c2VjcmV0";

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

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a scenario's text; gives the text with what was really seen in place of what was expected. */
export function runScenario(text: string, program: Program): string {
  const work = realpathSync(mkdtempSync(join(tmpdir(), "sremote-scenario-")));
  try {
    const [story, ...sections] = text.split(/^(?==== )/m);
    const seen = new Story(work, program).tell(sections.map(parseSection));
    return story + seen.map(({ heading, body }) => `=== ${heading}\n${body}`).join("");
  } finally {
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
  /** What the scenario itself put there, and may hold the token. */
  private readonly given = new Set<string>();

  constructor(private readonly work: string, private readonly program: Program) {}

  tell(sections: readonly Section[]): Section[] {
    const told: Section[] = [];
    for (let i = 0; i < sections.length; i++) {
      const section = sections[i]!;
      const [word, ...rest] = words(section.heading);
      switch (word) {
        case "sremote": {
          const ran = this.run(rest);
          told.push({ heading: section.heading, body: padded(ran.stdout) });
          if (ran.stderr !== "") told.push({ heading: "stderr", body: padded(ran.stderr) });
          if (ran.status !== 0) told.push({ heading: `exit ${ran.status}`, body: "\n" });
          while (/^(?:stderr|exit \d+)$/.test(sections[i + 1]?.heading ?? "")) i++;
          if (rest[0] === "apply" && ran.status === 0) this.applyAgain(rest);
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
          told.push(existsSync(this.at(rest[0]!)) ? { ...section, body: "(there)\n\n" } : section);
          break;
        default:
          this.prepare(word, rest, section.body);
          told.push(section);
      }
    }
    this.findLeaks();
    return told;
  }

  private prepare(word: string | undefined, rest: readonly string[], body: string): void {
    const [first = "", second = "", third = ""] = rest;
    if (word === "env") {
      const [name, value] = first.split(/=(.*)/s) as [string, string];
      this.environment[name] = value;
    } else if (word === "file") {
      this.given.add(first);
      mkdirSync(dirname(this.at(first)), { recursive: true });
      // The blank line before the next section is the scenario's.
      writeFileSync(this.at(first), body.replace(/\n\n$/, "\n").replaceAll("CANARY", CANARY), {
        mode: 0o644,
      });
    } else if (word === "do" && first === "symlink") symlinkSync(second, this.at(third));
    else if (word === "do" && first === "mkdir") mkdirSync(this.at(second), { recursive: true });
    else if (word === "do" && first === "chmod") chmodSync(this.at(third), parseInt(second, 8));
    else if (word === "do" && first === "remove") rmSync(this.at(second), { recursive: true });
    else throw new Error(`not a section: === ${word} ${rest.join(" ")}`);
  }

  private run(args: readonly string[]): Ran {
    const [program, ...before] = this.program.command as [string, ...string[]];
    const ran = spawnSync(program, [...before, ...args, "--root", "."], {
      cwd: this.work,
      env: { ...this.environment, ...DENO_ENVIRONMENT },
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
      maxBuffer: 64 * 1024 * 1024,
    });
    if (ran.error !== undefined) throw ran.error;
    this.printed += ran.stdout + ran.stderr;
    return { status: ran.status, stdout: this.shown(ran.stdout), stderr: this.shown(ran.stderr) };
  }

  /** As it would be in a real root; a digest of a text with such a path in it differs from run to run. */
  private shown(text: string): string {
    return text.replaceAll(this.work, "").replaceAll(/sha256:[0-9a-f]{64}/g, "sha256:…");
  }

  private applyAgain(args: readonly string[]): void {
    const saved = args[1] !== undefined && !args[1].startsWith("-");
    if (saved) return;
    if (args.includes("--json-into")) return;
    const before = this.traces();
    const again = this.run(args);
    assert.equal(again.status, 0, `the second apply failed: ${again.stderr}`);
    assert.equal(this.traces(), before, "the second apply touched a file");
  }

  private findLeaks(): void {
    assert.ok(!this.printed.includes(CANARY), "the token was printed");
    for (const path of this.paths()) {
      assert.ok(!/\.lock$|\.sremote-[0-9a-f]{8}$/.test(path), `${path} was left behind`);
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
