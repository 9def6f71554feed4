/**
 * Compiles `dist/sremote`, a single binary, with Bun's compiler from `node_modules`.
 *
 * `deno task compile [--target bun-linux-arm64]`: with a target, fetches the runtime of that system from npm and
 * compiles `dist/sremote-TARGET`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { startConfined } from "./confined.ts";
import { fetchRuntime } from "./runtime.ts";

/** The directory of the repository. */
export const ROOT = fileURLToPath(new URL("../", import.meta.url));

/** The environment variables that the compiler gets. */
function cleanEnvironment(): Record<string, string> {
  const { PATH, HOME, TMPDIR } = process.env;
  const kept = Object.entries({ PATH, HOME, TMPDIR });
  return Object.fromEntries(kept.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/**
 * The bun executable: where bun's install script puts it, or, if the script did not run, in the package that npm
 * selected for this system. Until that script has run, Bun's package has a text file in its place, so each one is run.
 */
export function findBun(): string {
  const places = [join(ROOT, "node_modules/bun/bin/bun.exe")];
  const store = join(ROOT, "node_modules/.deno");
  const { platform, arch } = process;
  const ours = `@oven+bun-${platform}-${arch === "arm64" ? "aarch64" : arch}`;
  for (const entry of existsSync(store) ? readdirSync(store).sort() : []) {
    if (!entry.startsWith(ours)) continue;
    const name = entry.slice("@oven+".length, entry.lastIndexOf("@"));
    places.push(join(store, entry, "node_modules/@oven", name, "bin/bun"));
  }
  const tried: string[] = [];
  for (const place of places) {
    if (!existsSync(place)) {
      tried.push(`${place}: does not exist`);
      continue;
    }
    const asked = spawnSync(place, ["--version"], {
      encoding: "utf8",
      env: cleanEnvironment(),
      cwd: tmpdir(),
    });
    if (asked.status === 0 && /^\d+\.\d+\.\d+/.test(asked.stdout)) return place;
    tried.push(
      `${place}: does not run (${(asked.error?.message ?? asked.stderr.trim()) || `exit ${asked.status}`})`,
    );
  }
  throw new Error(
    `No bun executable in node_modules. Run \`deno install\` with "allowScripts" in deno.json.\n  ${
      tried.join("\n  ")
    }`,
  );
}

/** The commit that is compiled, with a `+` if files differ from it; `unknown` outside git. */
export function commit(): string {
  const git = (...args: string[]) => spawnSync("git", args, { cwd: ROOT, encoding: "utf8" });
  const head = git("rev-parse", "--short=12", "HEAD");
  if (head.status !== 0) return "unknown";
  return head.stdout.trim() + (git("status", "--porcelain").stdout.trim() === "" ? "" : "+");
}

/** Compiles the program at `entry` into one binary at `outfile`. */
export function compile(entry: string, outfile: string, target?: string): void {
  if (!existsSync(entry)) throw new Error(`${entry} does not exist.`);
  const bun = findBun();
  mkdirSync(dirname(outfile), { recursive: true });
  // An empty config, because Bun reads bunfig.toml from its working directory and from the home directory. It runs where
  // the program is, because chunks are named by their paths from there: two clones compile to the same bytes.
  const work = mkdtempSync(join(tmpdir(), "sremote-compile-"));
  const fresh = mkdtempSync(join(dirname(outfile), ".compile-"));
  const made = join(fresh, basename(outfile));
  try {
    const bunfig = join(work, "empty.toml");
    writeFileSync(bunfig, "");
    const run = spawnSync(bun, [
      `--config=${bunfig}`,
      join(ROOT, "tools/bundle.mjs"),
      resolve(entry),
      made,
      commit(),
      ...(target === undefined ? [] : [target, fetchRuntime(target, work)]),
    ], { cwd: dirname(resolve(entry)), env: cleanEnvironment(), encoding: "utf8" });
    if (run.status !== 0 || !existsSync(made)) {
      const why = run.error?.message ?? `${run.stdout}${run.stderr}`.trim();
      throw new Error(`bun build failed (${run.signal ?? `exit ${run.status}`}):\n${why}`);
    }
    startConfined(made);
    // One rename, so that a running binary stays intact.
    renameSync(made, outfile);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
    rmSync(work, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { target: { type: "string" } } });
  const name = values.target === undefined ? "sremote" : `sremote-${values.target.replace(/^bun-/, "")}`;
  const outfile = join("dist", name);
  try {
    compile(join(ROOT, "main.ts"), join(ROOT, outfile), values.target);
    console.log(`Compiled ${outfile}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
