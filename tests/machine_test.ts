/**
 * The tests' machine keeps every command away from the files of the real machine: by strace (Debian's package), else
 * against decoys (`.ci/decoys`), and in process by what the program asks of the file system.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import type { Files, World } from "../src/world.ts";
import { runInProcess } from "./in_process.ts";
import { commandsOf, Machine, passwordHome, type Ran, ROOT, STRACE } from "./machine.ts";

const DECOYS = join(ROOT, ".ci/decoys");

/** Where the real machine has its files, and those of the user who runs the tests. */
const REAL = [
  "/etc/singularity",
  "/etc/apptainer",
  "/usr/local/etc",
  process.env.HOME,
  passwordHome(),
].filter((one) => one !== undefined && one !== "" && one !== "/");

/** One run or more of each command, by its words. */
const SAMPLES: Readonly<Record<string, readonly (readonly string[])[]>> = {
  "plan": [[], ["--global"]],
  "apply": [["--yes"], ["--global", "--yes"]],
  "rollback": [["--yes"]],
  "validate": [[]],
  "import": [[], ["--global"]],
  "init": [["--editor"]],
  "schema": [[]],
  "completions": [["bash"]],
  "list": [[]],
  "add": [["--no-login", "new", "new.example.com"], ["--global", "new", "new.example.com"]],
  "remove": [["lab"], ["--global", "site"]],
  "use": [["lab"], ["--global", "site"], ["--exclusive", "site"]],
  "login": [["--password-stdin", "lab"]],
  "logout": [["lab"]],
  "get-login-password": [[]],
  "keyserver add": [["https://keys.example.com"]],
  "keyserver remove": [["https://keys.example.com"]],
  "keyserver list": [[]],
  "keyserver login": [["--password-stdin", "http://127.0.0.1:9"]],
  "keyserver logout": [["http://127.0.0.1:9"]],
  "status": [["--all"]],
  "resolve": [["library"]],
  "doctor": [[]],
  "fleet report": [["."]],
  "endpoint serve": [[]],
  "remote list": [[]],
  "remote add": [["--no-login", "new", "new.example.com"]],
  "remote remove": [["-g", "site"]],
  "remote use": [["-e", "site"]],
  "remote login": [["--password-stdin", "lab"]],
  "remote logout": [["http://127.0.0.1:9"]],
  "remote get-login-password": [[]],
  "remote status": [[]],
  "remote add-keyserver": [["https://keys.example.com"]],
  "remote remove-keyserver": [["https://keys.example.com"]],
  // What the shells call; no help names it.
  "__complete": [["use", ""]],
};

/** Flags that say which files a command works on. */
const FLAGS: readonly (readonly string[])[] = [
  [],
  ["--runtime", "apptainer"],
  ["--remote-file", "other/remote.yaml"],
  ["--root", "."],
];

const LAB = "Active: lab\nRemotes:\n  lab:\n    URI: http://127.0.0.1:9\n    Insecure: true\n    Token: t\n";
const SITE =
  "Active: site\nRemotes:\n  site:\n    URI: http://127.0.0.1:9\n    Insecure: true\n    System: true\n";

/** A machine with files in all the places where the flags look. */
function configured(): Machine {
  const machine = new Machine();
  machine.put("remotes.json", '{ "remotes": { "a": { "uri": "a.example.com" } } }');
  for (const file of ["../home/.singularity", "home/me/.singularity", "other"]) {
    machine.put(`${file}/remote.yaml`, LAB, 0o600);
  }
  for (const etc of ["../etc", "etc"]) {
    for (const program of ["singularity", "apptainer"]) machine.put(`${etc}/${program}/remote.yaml`, SITE);
  }
  return machine;
}

/** Every sample with all the flags. */
function* samples(): Iterable<string[]> {
  for (const [words, runs] of Object.entries(SAMPLES)) {
    for (const run of runs) {
      for (const flags of FLAGS) {
        yield words === "__complete" ? [words, ...flags, ...run] : [...words.split(" "), ...run, ...flags];
      }
    }
  }
}

/** Those of these paths that belong to the real machine. */
function trespasses(paths: Iterable<string>, machine: Machine): string[] {
  const within = (path: string, directory: string) => `${path}/`.startsWith(`${resolve(directory)}/`);
  return [...new Set(paths)].map((path) => resolve(machine.work, path)).filter((path) =>
    REAL.some((one) => within(path, one!)) &&
    ![ROOT, machine.root].some((own) => within(path, own) || within(own, path))
  );
}

/** The paths in what strace or a command wrote. */
function pathsIn(text: string): string[] {
  return Array.from(text.matchAll(/"((?:[^"\\]|\\.)+)"|((?:\.*\/[\w.-]+)+)/g), (one) => one[1] ?? one[2]!);
}

function run(machine: Machine, args: readonly string[], under: readonly string[] = []): Ran {
  // It serves until it is stopped.
  const stopped = args[0] === "endpoint" ? ["timeout", "0.5"] : [];
  return machine.runSync(args, {
    under: [...under, ...stopped],
    env: { PATH: "/usr/bin:/bin" },
    stdin: "token\n",
  });
}

Deno.test("machine: every command has a sample", () => {
  using machine = new Machine();
  const leaves = (words: readonly string[]): string[] => {
    const { stdout } = machine.runSync([...words, "--help"]);
    if (!stdout.includes("\nCommands:\n")) return [words.join(" ")];
    return commandsOf(stdout).flatMap((one) => leaves([...words, one]));
  };
  assert.deepEqual([...leaves([]), "__complete"].sort(), Object.keys(SAMPLES).sort());
});

Deno.test("machine: what belongs to the real machine is recognized", () => {
  using machine = new Machine();
  const line = (path: string) => `12 openat(AT_FDCWD, "${path}", O_RDONLY|O_CLOEXEC) = -1 ENOENT (…)`;
  for (const path of [...REAL.map((one) => `${one}/remote.yaml`), "/etc/singularity", "/usr/local/etc"]) {
    assert.deepEqual(trespasses(pathsIn(line(path!)), machine), [path]);
  }
  for (const path of ["/etc/passwd", machine.etc, machine.work, join(ROOT, "dist/sremote"), "remote.yaml"]) {
    assert.deepEqual(trespasses(pathsIn(line(path)), machine), []);
  }
});

Deno.test({
  name: "machine: no command reads or writes a file of the real machine, as strace sees it",
  ignore: !STRACE,
  fn: () => {
    for (const args of samples()) {
      using machine = configured();
      const trace = join(machine.root, "trace");
      const ran = run(machine, args, [
        "strace",
        "-f",
        "-qq",
        "-s",
        "4096",
        "-o",
        trace,
        "-e",
        "trace=%file",
      ]);
      const shown = `${args.join(" ")}: ${ran.status}\n${ran.stderr}`;
      assert.notEqual(ran.status, 64, shown);
      const paths = pathsIn(readFileSync(trace, "utf8"));
      assert.ok(paths.length > 5, `strace saw nothing of ${shown}`);
      assert.deepEqual(trespasses(paths, machine), [], shown);
    }
  },
});

Deno.test({
  name: "machine: no command reads or writes a decoy in the place of a file of the real machine",
  ignore: STRACE || spawnSync(DECOYS, ["true"]).status !== 0,
  fn: () => {
    for (const args of samples()) {
      using plain = configured();
      using machine = configured();
      // It is the decoys' script that fails where one of them was changed.
      const ran = run(machine, args, [DECOYS]);
      const shown = `${args.join(" ")}: ${ran.status}\n${ran.stdout}${ran.stderr}`;
      assert.equal(ran.status, run(plain, args).status, shown);
      assert.deepEqual(trespasses(pathsIn(ran.stdout + ran.stderr), machine), [], shown);
      if (args[0] === "__complete") assert.notEqual(ran.stdout, "", shown);
    }
  },
});

Deno.test("machine: no command asks for a file of the real machine in process", async () => {
  let asked = 0;
  for (const args of samples()) {
    if (args[0] === "endpoint") continue; // it would serve for as long as the tests run
    using machine = configured();
    const paths: string[] = [];
    const watched = (files: Files) =>
      Object.fromEntries(
        Object.entries(files).map(([name, ask]) => [name, (...given: unknown[]) => {
          paths.push(...given.flat().filter((one) => typeof one === "string"));
          return ask(...given);
        }]),
      ) as unknown as Files;
    const outside = (world: World): World => ({ ...world, files: watched(world.files) });
    const seen = await runInProcess(args, machine, outside);
    asked += paths.length;
    assert.deepEqual(trespasses(paths, machine), [], `${args.join(" ")}: ${seen.exit}\n${seen.err}`);
  }
  assert.ok(asked > 500, `${asked} paths`);
});
