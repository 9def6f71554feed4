/**
 * The main workflow with real files in a temporary root: a config, its plan, the apply, a second apply that changes
 * nothing, drift and its plan; then, with endpoints on loopback, a login, a failed check that keeps the old default, and the
 * same apply once the service is back. `deno task demo` runs it from source and needs only Deno.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

/** Arguments of Deno that run sremote from source. */
const PROGRAM = [
  ...["run", "--quiet", "--no-prompt"],
  ...["--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-net"],
  fileURLToPath(new URL("../main.ts", import.meta.url)),
];
const EXAMPLE = fileURLToPath(new URL("../remotes.example.ts", import.meta.url));

const root = mkdtempSync(join(tmpdir(), "sremote-demo-"));
const config = join(root, "remotes.ts");
const remoteYaml = join(root, "etc/singularity/remote.yaml");

/** Runs sremote, shows the command and its output, and stops the demo if the exit code is not the expected one. */
function sremote(args: readonly string[], expected = 0, environment: Record<string, string> = {}): void {
  console.log(`\n$ sremote ${args.join(" ")}`);
  const run = spawnSync(process.execPath, [...PROGRAM, ...args, "--root", root], {
    cwd: root,
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", SINGULARITY_CONFIGDIR: "/home/me/.singularity", ...environment },
  });
  process.stdout.write(shown(run.stdout));
  process.stderr.write(shown(run.stderr));
  if (run.status !== expected) {
    throw new Error(`sremote ${args.join(" ")} ended with exit code ${run.status} instead of ${expected}`);
  }
}

/** The text as it would be with `/` as the root. */
function shown(text: string): string {
  return text.replaceAll(root, "");
}

function show(title: string, text: string): void {
  console.log(`\n── ${title}\n${text.trimEnd()}`);
}

/** A running endpoint: `sremote endpoint serve`. */
interface Endpoint {
  readonly port: number;
  readonly process: ChildProcess;
}

/** Starts an endpoint that accepts the tokens of the demo. */
async function serve(flags: readonly string[]): Promise<Endpoint> {
  const child = spawn(process.execPath, [
    ...PROGRAM,
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

/** Login and checks, with local endpoints. */
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
    show("With endpoints on this machine: a user remote, with a token from the environment", "");
    write(text([labRemote], "lab"));
    sremote(["apply", "--yes"], 0, secrets);
    sremote(["status"]);
    show("Another site becomes the default, but its library is down: nothing changes", "");
    write(text([labRemote, siteRemote], "site"));
    sremote(["apply", "--yes"], 3, secrets);
    sremote(["list"]);
    show("The library is back: the same apply", "");
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
  show("/etc/singularity/remote.yaml, as shipped with Singularity", shipped);

  show("Show what would change", "");
  // The company of the example does not exist: its services are not checked.
  sremote(["plan", "--global", "--offline"]);
  show("Apply the plan", "");
  sremote(["apply", "--global", "--yes", "--skip-check"]);
  show("/etc/singularity/remote.yaml now", readFileSync(remoteYaml, "utf8"));
  show("Apply again: nothing to do", "");
  sremote(["apply", "--global", "--yes", "--skip-check"]);

  const drifted = readFileSync(remoteYaml, "utf8").replace("enterprise.example.com", "elsewhere.example.net");
  writeFileSync(remoteYaml, drifted);
  show("Someone edits the file by hand: drift", "");
  sremote(["plan", "--global", "--diff", "--detailed-exitcode", "--offline"], 2);
  sremote(["apply", "--global", "--yes", "--skip-check"]);
  sremote(["list"]);
  // The names in the global file would conflict with those of the next config.
  rmSync(remoteYaml);
  await endpoints();
} finally {
  rmSync(root, { recursive: true, force: true });
}
