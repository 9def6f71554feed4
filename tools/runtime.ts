/** Fetches the runtime of another system from npm, compares it with the digest in the lock file, and unpacks it. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The package and version that contain `bun-linux-arm64`. */
function packageOf(
  target: string,
): { readonly name: string; readonly version: string; readonly integrity: string } {
  const wanted = `@oven/${target.replace("arm64", "aarch64")}@`;
  const lock = JSON.parse(readFileSync(new URL("../deno.lock", import.meta.url), "utf8"));
  const packages = lock.npm as Readonly<Record<string, { integrity: string }>>;
  const key = Object.keys(packages).find((one) => one.startsWith(wanted));
  if (key === undefined) throw new Error(`deno.lock has no runtime for ${target}.`);
  return { name: key.slice(0, wanted.length - 1), version: key.slice(wanted.length), ...packages[key]! };
}

/** Fetches the runtime of a target into a directory; returns the path of its executable. */
export function fetchRuntime(target: string, directory: string): string {
  const { name, version, integrity } = packageOf(target);
  const run = (command: string, args: readonly string[]) => {
    const ran = spawnSync(command, args, { cwd: directory, encoding: "utf8" });
    if (ran.status !== 0) {
      throw new Error(`${command} failed for ${name}: ${ran.error?.message ?? ran.stderr}`);
    }
    return ran.stdout.trim();
  };
  const file = join(directory, run("npm", ["pack", "--silent", `${name}@${version}`]).split("\n").at(-1)!);
  const digest = `sha512-${createHash("sha512").update(readFileSync(file)).digest("base64")}`;
  if (digest !== integrity) throw new Error(`${name}@${version} differs from deno.lock: ${digest}`);
  run("tar", ["-xzf", file]);
  return join(directory, "package/bin/bun");
}
