/**
 * Hostile configs, read by the compiled binary: each ends with a plan or a refusal, within 3 s and 300 MB. As strace
 * (Debian's package) sees it, it opens no more files than a harmless config and those of its own directory, writes none,
 * creates no socket and starts no program. No output holds what the config may not know. `SREMOTE_STRIDE=1`
 * (`deno task torture`) includes every config that runs to a limit.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { HOSTILE, type Hostile } from "./hostile/configs.ts";
import { Machine, type Ran, STRACE } from "./machine.ts";

/** Of the groups whose configs run to a limit, one in this many is run. */
const STRIDE = Number(process.env.SREMOTE_STRIDE ?? 10);
const SLOW = ["exhausting", "data"];
const SECONDS = 3;
const MEGABYTES = 300;
/** A secret in the environment, and in a file outside the directory of the config. */
const CANARY = "canary-7Fq2";

interface Measured extends Ran {
  readonly seconds: number;
  readonly megabytes: number;
  /** Its system calls on files, sockets and processes, as strace prints them; null without strace. */
  readonly calls: readonly string[] | null;
}

/** Runs the binary to its end, and measures it. */
function measure(args: readonly string[], machine: Machine): Promise<Measured> {
  const trace = join(machine.root, "trace");
  // -D: the binary itself is the child, so that its memory can be measured.
  const strace = [
    "strace",
    "-D",
    "-f",
    "-qq",
    "-o",
    trace,
    "-s",
    "300",
    "-e",
    "trace=%file,%network,%process",
  ];
  const env = { PATH: "/usr/bin:/bin", SECRET: CANARY };
  const { command, options } = machine.start(args, { env, under: STRACE ? strace : [] });
  return new Promise((done, fail) => {
    const from = performance.now();
    const child = spawn(command[0], command.slice(1), { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const texts = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (part: string) => texts[stream] += part);
    }
    let kilobytes = 0;
    const poll = setInterval(() => {
      try {
        const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
        kilobytes = Math.max(kilobytes, Number(/^VmHWM:\s+(\d+)/m.exec(status)?.[1] ?? 0));
      } catch { /* it has ended */ }
    }, 5);
    const stuck = setTimeout(() => child.kill("SIGKILL"), 20_000);
    child.once("error", fail);
    child.once("close", (status) => {
      clearInterval(poll);
      clearTimeout(stuck);
      const seconds = (performance.now() - from) / 1000;
      const calls = STRACE ? readFileSync(trace, "utf8").split("\n") : null;
      done({ status, ...texts, seconds, megabytes: kilobytes / 1000, calls });
    });
  });
}

function put(machine: Machine, { files, links = {} }: Hostile): void {
  machine.put("../outside.ts", `export default "${CANARY}";\n`);
  for (const [name, text] of Object.entries(files)) machine.put(name, text);
  for (const [name, target] of Object.entries(links)) symlinkSync(target, machine.at(name));
}

/** A call and its first path, without what differs between runs. */
interface Call {
  readonly name: string;
  readonly path: string;
  readonly writes: boolean;
}

function parseCalls(lines: readonly string[]): Call[] {
  return lines.flatMap((line) => {
    const [, name, rest = ""] = /^(?:\d+ +)?(\w+)\((.*)/.exec(line) ?? [];
    if (name === undefined || /^(?:exit|exit_group|wait4|clone3?|kill|tgkill)$/.test(name)) return [];
    const path = /"((?:[^"\\]|\\.)*)"/.exec(rest)?.[1] ?? "";
    const writes = /O_WRONLY|O_RDWR|O_CREAT|O_TRUNC/.test(rest) ||
      /^(?:mkdir|rename|unlink|link|symlink|chmod|chown|fchmodat|fchownat|truncate|mknod|utime)/.test(name);
    return [{
      name,
      path: path.replace(/^\/proc\/(?:\d+|self)(\/fd\/\d+)?/, (_, fd) => `/proc/self${fd ? "/fd/N" : ""}`),
      writes,
    }];
  });
}

/** Calls that a run should not make, given those of harmless runs. */
function trespasses(calls: readonly Call[], harmless: ReadonlySet<string>, directory: string): string[] {
  return calls.filter(({ name, path, writes }) => {
    if (harmless.has(`${name} ${path}`)) return false;
    const own = path === directory || path.startsWith(`${directory}/`) || !/^[/.]/.test(path);
    const looks = /^(?:openat?|stat|lstat|newfstatat|statx|readlink|access|getcwd|faccessat2?)$/.test(name);
    return !(own && looks && !writes && path !== "");
  }).map(({ name, path }) => `${name} ${path}`);
}

const ENTRIES = ["remotes.ts", "remotes.yaml", "remotes.json"];

/** The calls of harmless configs of each kind. */
async function harmlessCalls(): Promise<(machine: Machine) => ReadonlySet<string>> {
  const seen = new Set<string>();
  const sources = [
    "export default { remotes: {} };",
    "const a: number = 1; export default { remotes: {} } as const;",
    "const a: number = ];",
    "throw 1;",
  ];
  for (const entry of ENTRIES) {
    for (const source of entry === "remotes.ts" ? sources : ['{ "remotes": {} }', "]["]) {
      using machine = new Machine();
      put(machine, { files: { [entry]: source } });
      const { calls } = await measure(planOf(entry), machine);
      for (const { name, path } of parseCalls(calls ?? [])) {
        seen.add(`${name} ${path.replaceAll(machine.root, "ROOT")}`);
      }
    }
  }
  return ({ root }) => new Set([...seen].map((one) => one.replaceAll("ROOT", root)));
}

function planOf(entry: string): readonly string[] {
  return ["plan", "--offline", "-c", entry, "--remote-file", "remote.yaml"];
}

Deno.test("a hostile config ends with a plan or a refusal, within its limits", async (test) => {
  const harmless = await harmlessCalls();
  const figures: { name: string; seconds: number; megabytes: number; status: number | null }[] = [];
  const cases = Object.entries(HOSTILE).flatMap(([group, all]) =>
    Object.entries(all).filter((_, i) => !SLOW.includes(group) || i % STRIDE === 0)
      .map(([name, hostile]) => ({ name: `${group}: ${name}`, hostile }))
  );
  for (const { name, hostile } of cases) {
    await test.step(name, async () => {
      using machine = new Machine();
      put(machine, hostile);
      const before = readdirSync(machine.work).sort();
      const plan = planOf(hostile.entry ?? "remotes.ts");
      let ran = await measure(plan, machine);
      // The machine may have been busy: measure once more.
      if (ran.seconds >= SECONDS) ran = await measure(plan, machine);
      figures.push({ name, ...ran });
      const shown = `${ran.status}\n${ran.stdout}${ran.stderr}`.slice(0, 2_000);
      // null: killed by its own watchdog, which prints an error.
      assert.ok(ran.status === 0 || ran.status === 65 || ran.status === null, shown);
      assert.doesNotMatch(ran.stderr, /sremote has a bug|\n {4}at /, shown);
      if (ran.status === 65) assert.match(ran.stderr, /^Error: .*\n/, shown);
      if (ran.status === null) {
        assert.match(
          ran.stderr,
          /^Error: cannot evaluate remotes\.ts: it ran longer than 2 s\nNext: /,
          shown,
        );
      }
      const output = ran.stdout + ran.stderr.replaceAll(/^ *(?:\d+|) \|.*$/gm, ""); // without the excerpts
      assert.ok(!output.includes(CANARY), shown);
      // Neither the plan nor the error shows a secret; excerpts of the source do not count.
      if (ran.status === 0) assert.doesNotMatch(output, /\+ stolen\n\s+uri +h\/(?!none|%22none%22)/, shown);
      assert.deepEqual(readdirSync(machine.work).sort(), before);
      if (ran.calls !== null) {
        assert.deepEqual(trespasses(parseCalls(ran.calls), harmless(machine), machine.work), [], name);
      }
      assert.ok(ran.seconds < SECONDS, `it took ${ran.seconds} s`);
      assert.ok(ran.megabytes < MEGABYTES, `it took ${ran.megabytes} MB`);
    });
  }
  const most = (key: "seconds" | "megabytes") =>
    figures.reduce((left, right) => right[key] > left[key] ? right : left);
  const [slowest, largest] = [most("seconds"), most("megabytes")];
  console.log(
    `${figures.length} hostile configs: ${figures.filter((one) => one.status === 65).length} refused, ` +
      `${figures.filter((one) => one.status === null).length} stopped by the watchdog, ` +
      `none took longer than ${slowest.seconds.toFixed(1)} s (${slowest.name}) ` +
      `or more than ${largest.megabytes.toFixed(0)} MB (${largest.name})` +
      (STRACE ? "" : "; without strace, their system calls were not checked"),
  );
});
