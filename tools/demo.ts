/**
 * The main job for real, in a throw-away root: a config, its plan, the apply, a second apply that changes nothing, a
 * drift, its plan; then, with endpoints on loopback, a login, a check that fails and keeps the old default, and the same
 * apply once the service is back. `deno task demo` runs it from source and needs nothing but Deno.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
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
function sremote(args: readonly string[], expected = 0, environment: Record<string, string> = {}): void {
  console.log(`\n$ sremote ${args.join(" ")}`);
  const flags = [
    "run",
    "--quiet",
    "--no-prompt",
    "--allow-read",
    "--allow-write",
    "--allow-env",
    "--allow-sys",
    "--allow-net",
  ];
  const run = spawnSync(process.execPath, [...flags, PROGRAM, ...args, "--root", root], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", SINGULARITY_CONFIGDIR: "/home/me/.singularity", ...environment },
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

/** An endpoint that runs: `sremote endpoint serve`. */
interface Endpoint {
  readonly port: number;
  readonly process: ChildProcess;
}

/** Starts one, which knows the tokens of the demo. */
async function serve(flags: readonly string[]): Promise<Endpoint> {
  const child = spawn(process.execPath, [
    ...[
      "run",
      "--quiet",
      "--no-prompt",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      "--allow-net",
      PROGRAM,
    ],
    ...["endpoint", "serve", "--json", "--tokens", join(root, "tokens"), ...flags],
  ], { stdio: ["ignore", "pipe", "inherit"] });
  const line = await new Promise<string>((done, fail) => {
    child.stdout.once("data", (part: Uint8Array) => done(new TextDecoder().decode(part)));
    child.once("close", () => fail(new Error("the endpoint did not start")));
  });
  return { port: (JSON.parse(line) as { port: number }).port, process: child };
}

async function stop({ process: child }: Endpoint): Promise<void> {
  const ended = new Promise((done) => child.once("close", done));
  child.kill("SIGTERM");
  await ended;
}

/** Login and checks, with endpoints of our own. */
async function endpoints(): Promise<void> {
  writeFileSync(join(root, "tokens"), "alice token-of-alice\n", { mode: 0o600 });
  const running = [await serve([]), await serve(["--down", "library"])];
  const [lab, site] = running.map((one) => `http://localhost:${one.port}`);
  const write = (text: string) => {
    writeFileSync(config, text);
    show("remotes.ts", text);
  };
  const secrets = { LAB_TOKEN: "token-of-alice", SITE_TOKEN: "token-of-alice" };
  const labRemote = `lab: { uri: "${lab}", login: env("LAB_TOKEN"), check: ["library", "token"] },`;
  const siteRemote = `site: { uri: "${site}", login: env("SITE_TOKEN"), check: ["library", "keystore"] },`;
  const text = (remotes: string[], used: string) =>
    `import { defineConfig, env } from "sremote";\n\nexport default defineConfig({\n  remotes: {\n    ${
      remotes.join("\n    ")
    }\n  },\n  default: "${used}",\n});\n`;
  try {
    show("now with endpoints on this machine: a user's own remote, with a token from the environment", "");
    write(text([labRemote], "lab"));
    sremote(["apply", "--yes"], 0, secrets);
    sremote(["status"]);
    show("another site is to be the default, and its library is down: nothing changes", "");
    write(text([labRemote, siteRemote], "site"));
    sremote(["apply", "--yes"], 3, secrets);
    sremote(["list"]);
    show("the library is back: the same apply", "");
    await stop(running[1]!);
    running[1] = await serve(["--port", String(running[1]!.port)]);
    sremote(["apply", "--yes"], 0, secrets);
    sremote(["list"]);
  } finally {
    await Promise.all(running.map(stop));
  }
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
  // The example's company is nowhere: its services are not asked.
  sremote(["plan", "--global", "--offline"]);
  show("make it so", "");
  sremote(["apply", "--global", "--yes", "--skip-check"]);
  show("/etc/singularity/remote.yaml now", readFileSync(remoteYaml, "utf8"));
  show("once more: nothing to do", "");
  sremote(["apply", "--global", "--yes", "--skip-check"]);

  const drifted = readFileSync(remoteYaml, "utf8").replace("enterprise.example.com", "elsewhere.example.net");
  writeFileSync(remoteYaml, drifted);
  show("somebody edits the file by hand: drift", "");
  sremote(["plan", "--global", "--diff", "--detailed-exitcode", "--offline"], 2);
  sremote(["apply", "--global", "--yes", "--skip-check"]);
  sremote(["list"]);
  // Its global file would be in the way of the next config's names.
  rmSync(remoteYaml);
  await endpoints();
} finally {
  rmSync(root, { recursive: true, force: true });
}
