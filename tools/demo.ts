/**
 * The main job for real, in a throw-away root: a config, its plan, the apply, a second apply that changes nothing, a
 * drift, its plan. `deno task demo` runs it from source and needs nothing but Deno.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("../main.ts", import.meta.url));
const EXAMPLE = fileURLToPath(new URL("../remotes.example.ts", import.meta.url));

const root = mkdtempSync(join(tmpdir(), "sremote-demo-"));
const config = join(root, "remotes.ts");
const remoteYaml = join(root, "etc/singularity/remote.yaml");

/** Runs sremote, shows the command and what it says, and stops the demo where it ends otherwise than it should. */
function sremote(args: readonly string[], expected = 0): void {
  console.log(`\n$ sremote ${args.join(" ")}`);
  const flags = [
    "run",
    "--quiet",
    "--no-prompt",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-sys",
  ];
  const run = spawnSync(process.execPath, [...flags, PROGRAM, ...args, "--root", root], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1" },
  });
  process.stdout.write(shown(run.stdout));
  process.stderr.write(shown(run.stderr));
  if (run.status !== expected) {
    throw new Error(`sremote ${args.join(" ")} ended with ${run.status}, not with ${expected}`);
  }
}

/** As it would look in a real root. */
function shown(text: string): string {
  return text.replaceAll(root, "");
}

function show(title: string, text: string): void {
  console.log(`\n── ${title}\n${text.trimEnd()}`);
}

try {
  const example = readFileSync(EXAMPLE, "utf8");
  writeFileSync(config, example);
  mkdirSync(join(root, "etc/singularity"), { recursive: true });
  const shipped =
    "Active: SylabsCloud\nRemotes:\n  SylabsCloud:\n    URI: cloud.sylabs.io\n    System: true\n    Exclusive: false\n";
  writeFileSync(remoteYaml, shipped);
  show("remotes.ts, from git", example);
  show("/etc/singularity/remote.yaml, as Singularity ships it", shipped);

  show("what would change", "");
  sremote(["plan", "--global"]);
  show("make it so", "");
  sremote(["apply", "--global", "--yes"]);
  show("/etc/singularity/remote.yaml now", readFileSync(remoteYaml, "utf8"));
  show("once more: nothing to do", "");
  sremote(["apply", "--global", "--yes"]);

  const drifted = readFileSync(remoteYaml, "utf8").replace("enterprise.example.com", "elsewhere.example.net");
  writeFileSync(remoteYaml, drifted);
  show("somebody edits the file by hand: drift", "");
  sremote(["plan", "--global", "--diff", "--detailed-exitcode"], 2);
  sremote(["apply", "--global", "--yes"]);
  sremote(["list"]);
} finally {
  rmSync(root, { recursive: true, force: true });
}
