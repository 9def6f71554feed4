/**
 * Time and memory of `dist/sremote`, against an empty program made by the same compiler: `deno task bench`.
 *
 * Times are medians of whole runs, from spawn to exit; the cases take turns, so that a busy moment affects all of them.
 * Memory is the median of the peaks that the kernel counts. Fails if a limit is exceeded.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import os from "node:os";
import { join } from "node:path";
import process from "node:process";
import { compile, findBun, ROOT } from "./compile.ts";

const BINARY = join(ROOT, "dist/sremote");
const RUNS = 21;
const RUNS_OF_10_000 = 7;
const SIZES = [1_000, 3_000, 10_000] as const;
const LIMIT_MS = 1_500;
const LIMIT_MIB = 400;
/** Linear growth: the cost of a remote between 3,000 and 10,000, relative to its cost between 1,000 and 3,000, with some noise. */
const LIMIT_GROWTH = 1.5;

/** A program to run, and its limits. */
interface Case {
  readonly name: string;
  readonly command: readonly string[];
  /** {@link RUNS} where it is absent. */
  readonly runs?: number;
  /** Times the empty program's median. */
  readonly ratio?: number;
  readonly milliseconds?: number;
  readonly mebibytes?: number;
}

/** The measured cost. */
interface Cost {
  readonly milliseconds: number;
  readonly mebibytes: number;
}

const work = mkdtempSync(join(os.tmpdir(), "sremote-bench-"));
const environment = {
  PATH: "/usr/bin:/bin",
  HOME: work,
  SINGULARITY_CONFIGDIR: join(work, ".singularity"),
};

/**
 * The measuring program. It runs under Bun, whose spawn takes less time than most of what is measured, and which reads the
 * peak of a child's memory from the kernel. That peak is never below the measuring program's own, which is less than that
 * of an empty program. `true` runs first, so that the one-time cost of the first spawn is not measured.
 */
const METER = `
  Bun.spawnSync(["true"]);
  const from = performance.now();
  const run = Bun.spawnSync(process.argv.slice(1), { stdio: ["ignore", "ignore", "pipe"] });
  const milliseconds = performance.now() - from;
  const mebibytes = run.resourceUsage.maxRSS / 1024 / 1024;
  const status = run.exitCode ?? run.signalCode;
  console.log(JSON.stringify({ milliseconds, mebibytes, status, stderr: run.stderr.toString() }));
`;

const bun = findBun();

/** Runs a program to its end. Throws if it fails. */
function measure(command: readonly string[]): Cost {
  const meter = spawnSync(bun, ["-e", METER, ...command], { cwd: work, env: environment, encoding: "utf8" });
  if (meter.status !== 0) {
    throw new Error(`Cannot measure ${command.join(" ")}: ${meter.error ?? meter.stderr}`);
  }
  const { status, stderr, ...cost } = JSON.parse(meter.stdout) as Cost & { status: unknown; stderr: string };
  if (status !== 0) throw new Error(`${command.join(" ")} failed with exit code ${status}:\n${stderr}`);
  return cost;
}

function median(of: readonly number[]): number {
  const sorted = of.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

// ---------------------------------------------------------------- what is measured

type Remotes = Record<string, { uri: string; scope?: "global" }>;

/** `count` remotes of a scope. */
function remotes(count: number, scope: "user" | "global"): Remotes {
  const entry = (index: number) => ({
    uri: `enterprise-${index}.example.com`,
    ...(scope === "global" ? { scope } : {}),
  });
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`remote-${index}`, entry(index)]));
}

function file(name: string, text: string): string {
  const path = join(work, name);
  writeFileSync(path, text);
  return path;
}

/** An empty program, compiled as sremote is. */
function emptyProgram(): string {
  const program = join(work, "empty");
  compile(file("empty.ts", "export {};\n"), program);
  return program;
}

/** The delay of each answer of the endpoints. */
const LATE_MS = 100;
const ENDPOINTS = 200;

/**
 * Endpoints on loopback, one per address, each with five services and a token service; every answer takes {@link LATE_MS}.
 * A separate program, because the benchmark blocks while it measures. It prints its port.
 */
const SERVER = `
  import { createServer } from "node:http";
  const names = ["library", "builder", "keystore", "token", "consent"];
  const answer = (request, response) => setTimeout(() => {
    const base = "http://" + request.headers.host;
    const document = request.url.endsWith("config.prod.json")
      ? Object.fromEntries(names.map((one) => [one + "API", { uri: base + "/" + one }]))
      : request.url.endsWith("/version") ? { data: { version: "v1.0.0" } } : { username: "me" };
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(document));
  }, ${LATE_MS});
  const listen = (address, port) => new Promise((done) => {
    const server = createServer(answer);
    server.keepAliveTimeout = 60_000;
    server.listen(port, address, () => done(server.address().port));
  });
  const port = await listen("127.0.1.1", 0);
  for (let i = 2; i <= ${ENDPOINTS}; i++) await listen("127.0.1." + i, port);
  console.log(port);
`;

/** Starts the endpoints; returns their port and a function that stops them. */
async function startEndpoints(): Promise<{ readonly port: number; stop(): void }> {
  const child = spawn(bun, ["-e", SERVER], {
    cwd: work,
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const port = await new Promise<number>((done, fail) => {
    child.stdout.once("data", (part: Uint8Array) => done(Number(new TextDecoder().decode(part))));
    child.once("close", () => fail(new Error("the endpoints ended before they listened")));
  });
  return { port, stop: () => child.kill("SIGKILL") };
}

/** The user file of a user who is logged in to all endpoints. */
function loggedIn(port: number): string {
  const entry = (i: number) =>
    `  endpoint-${i}:\n    URI: 127.0.1.${i}:${port}\n    Token: token-${i}\n    Insecure: true\n`;
  const entries = Array.from({ length: ENDPOINTS }, (_, i) => entry(i + 1)).join("");
  return file("endpoints.yaml", `Active: endpoint-1\nRemotes:\n${entries}`);
}

interface BigRoot {
  readonly size: number;
  readonly plan: readonly string[];
  readonly apply: readonly string[];
  readonly directory: string;
}

/** A root whose global file holds `count` remotes, written by sremote, and a config that changes one of them. */
function bigRoot(count: number): BigRoot {
  const root = join(work, `root-${count}`);
  mkdirSync(root);
  const wanted = remotes(count, "global");
  const config = file(`big-${count}.json`, JSON.stringify({ remotes: wanted }));
  const apply = [BINARY, "apply", "--yes", "--global", "--root", root, "-c", config];
  measure(apply);
  const directory = join(root, "etc/singularity");
  if (!existsSync(join(directory, "remote.yaml"))) {
    throw new Error(`apply wrote no remote.yaml into ${directory}`);
  }
  const changed = { ...wanted, [`remote-${count >> 1}`]: { uri: "moved.example.com", scope: "global" } };
  const drifted = file(`big-${count}-changed.json`, JSON.stringify({ remotes: changed }));
  return { size: count, plan: [BINARY, "plan", "--global", "--root", root, "-c", drifted], apply, directory };
}

/** What a write would change: the name, inode and time of every file and of the directory. */
function traces(directory: string): string {
  const trace = (path: string) => {
    const { ino, mtimeNs, size } = statSync(path, { bigint: true });
    return `${path} ${ino} ${mtimeNs} ${size}`;
  };
  return [directory, ...readdirSync(directory).sort().map((name) => join(directory, name))].map(trace).join(
    "\n",
  );
}

// ---------------------------------------------------------------- what is printed

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, column) => column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!))
      .join("  ").trimEnd()
  ).join("\n");
}

const limits = new Intl.NumberFormat("en");
let over = 0;

/** A row's last cell. */
function verdict(holds: boolean): string {
  if (!holds) over++;
  return holds ? "ok" : "OVER";
}

function row(one: Case, cost: Cost, empty: number): string[] {
  const { ratio, milliseconds, mebibytes } = one;
  const limit = [
    ratio === undefined ? [] : `${ratio}×`,
    milliseconds === undefined ? [] : `${limits.format(milliseconds)} ms`,
    mebibytes === undefined ? [] : `${mebibytes} MiB`,
  ].flat();
  const holds = cost.milliseconds <= (ratio ?? Infinity) * empty &&
    cost.milliseconds <= (milliseconds ?? Infinity) && cost.mebibytes <= (mebibytes ?? Infinity);
  return [
    one.name,
    `${cost.milliseconds.toFixed(1)} ms`,
    `${(cost.milliseconds / empty).toFixed(2)}×`,
    `${cost.mebibytes.toFixed(0)} MiB`,
    limit.join(", ") || "–",
    limit.length === 0 ? "" : verdict(holds),
  ];
}

/** A plan of a config, in a root without files. */
function planOf(config: string): string[] {
  return [BINARY, "plan", "--root", join(work, "root-10"), "-c", config];
}

/** Cases without a network. */
function localCases(big: readonly BigRoot[]): Case[] {
  const config = JSON.stringify({ remotes: remotes(10, "user") }, null, 2);
  const typed = (name: string, annotation: string) =>
    file(
      name,
      `import { ${annotation === "" ? "" : "type Config, "}defineConfig } from "sremote";\n\n` +
        `const config${annotation} = ${config};\nexport default defineConfig(config);\n`,
    );
  return [
    { name: "empty program", command: [emptyProgram()] },
    { name: "--version", command: [BINARY, "--version"], ratio: 1.5 },
    { name: "plan, 10 remotes, JSON", command: planOf(file("remotes.json", config)), ratio: 4 },
    { name: "plan, 10 remotes, TypeScript", command: planOf(typed("plain.ts", "")), ratio: 9 },
    { name: "the same with type annotations", command: planOf(typed("remotes.ts", ": Config")) },
    ...big.map(({ size, plan }): Case => ({
      name: `plan, ${limits.format(size)} remotes`,
      command: plan,
      ...(size === 10_000 ? { runs: RUNS_OF_10_000, milliseconds: LIMIT_MS, mebibytes: LIMIT_MIB } : {}),
    })),
  ];
}

/** Cases that wait for the endpoints at a port. */
function networkCases(port: number): Case[] {
  const places = ["--remote-file", loggedIn(port), "--sysconfdir", join(work, "etc")];
  const status = [BINARY, "status", "--all", ...places];
  const ran = spawnSync(BINARY, [...status.slice(1), "--json"], { encoding: "utf8", env: environment });
  const asked = JSON.parse(ran.stdout);
  if (asked.remotes.length !== ENDPOINTS || !asked.ok) throw new Error("not every endpoint was checked");
  const one = { uri: `http://127.0.1.1:${port}`, check: ["library", "keystore"] };
  const plan = planOf(file("checked.json", JSON.stringify({ remotes: { one } })));
  return [
    { name: "plan, 1 remote, offline", command: [...plan, "--offline"] },
    { name: "the same with its checks", command: plan },
    {
      name: `status of ${ENDPOINTS} endpoints`,
      command: status,
      runs: 3,
      milliseconds: 5_000,
      mebibytes: 200,
    },
    {
      name: "the same, --parallel 256",
      command: [...status, "--parallel", "256"],
      runs: 5,
      milliseconds: 1_300,
      mebibytes: 200,
    },
  ];
}

async function bench(): Promise<void> {
  if (!existsSync(BINARY)) throw new Error("dist/sremote does not exist. Run `deno task compile`.");
  mkdirSync(join(work, "root-10"));
  const big = SIZES.map(bigRoot);
  const local = localCases(big);
  const endpoints = await startEndpoints();
  try {
    const network = networkCases(endpoints.port);
    compare([...local, ...network], big, network.length);
  } finally {
    endpoints.stop();
  }
}

/** Measures the cases in turns and prints their costs; the last `network` cases wait for endpoints. */
function compare(cases: readonly Case[], big: readonly BigRoot[], network: number): void {
  const runs = cases.map((): Cost[] => []);
  for (const one of cases) measure(one.command); // fills the page cache
  for (let turn = 0; turn < RUNS; turn++) {
    cases.forEach((one, index) => {
      if (turn < (one.runs ?? RUNS)) runs[index]!.push(measure(one.command));
    });
  }
  const costs = runs.map((of): Cost => ({
    milliseconds: median(of.map((cost) => cost.milliseconds)),
    mebibytes: median(of.map((cost) => cost.mebibytes)),
  }));

  const empty = costs[0]!.milliseconds;
  const cpus = os.cpus();
  console.log(
    `${
      cpus[0]?.model.trim() ?? "unknown CPU"
    }, ${cpus.length} cores, ${os.type()} ${os.release()} ${os.arch()}`,
  );
  console.log(`Medians of ${RUNS} runs (${RUNS_OF_10_000} of 10,000 remotes).\n`);
  console.log(table([
    ["", "time", "to empty", "peak RSS", "limit", ""],
    ...cases.map((one, index) => row(one, costs[index]!, empty)),
  ]));

  const [offline, withChecks] = costs.slice(-network).map((cost) => cost.milliseconds) as [number, number];
  const least = offline + 2 * LATE_MS;
  console.log(
    `\nPlan with checks: ${withChecks.toFixed(0)} ms; the offline plan and two round trips take ${
      least.toFixed(0)
    } ms; limit 1.2×: ${verdict(withChecks <= 1.2 * least)}`,
  );

  const [at1000, at3000, at10000] = costs.slice(-network - 3, -network).map((cost) => cost.milliseconds) as [
    number,
    number,
    number,
  ];
  const early = (at3000 - at1000) / 2_000;
  const late = (at10000 - at3000) / 7_000;
  const perRemote = `${(late * 1_000).toFixed(1)} µs per remote from 3,000 to 10,000, ${
    (early * 1_000).toFixed(1)
  } µs from 1,000 to 3,000`;
  console.log(`\nGrowth: ${perRemote}; limit ${LIMIT_GROWTH}×: ${verdict(late <= early * LIMIT_GROWTH)}`);

  const last = big.at(-1)!;
  const before = traces(last.directory);
  measure(last.apply);
  const untouched = before === traces(last.directory);
  console.log(`Second apply of 10,000 remotes writes nothing: ${verdict(untouched)}`);
}

try {
  await bench();
} finally {
  rmSync(work, { recursive: true, force: true });
}
if (over > 0) {
  console.error(`\n${over} over the limit.`);
  process.exit(1);
}
