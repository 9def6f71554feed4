/** The runtime of another system, as npm has it: fetched, held against the lock's digest, unpacked. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** `bun-linux-arm64` → the package that has it, and its version. */
function packageOf(
  target: string,
): { readonly name: string; readonly version: string; readonly integrity: string } {
  const wanted = `@oven/${target.replace("arm64", "aarch64")}@`;
  const lock = JSON.parse(readFileSync(new URL("../deno.lock", import.meta.url), "utf8"));
  const packages = lock.npm as Readonly<Record<string, { integrity: string }>>;
  const key = Object.keys(packages).find((one) => one.startsWith(wanted));
  if (key === undefined) throw new Error(`There is no runtime for ${target} in deno.lock.`);
  return { name: key.slice(0, wanted.length - 1), version: key.slice(wanted.length), ...packages[key]! };
}

/** Puts the runtime of a target into a folder; gives the path of its executable. */
export function fetchRuntime(target: string, folder: string): string {
  const { name, version, integrity } = packageOf(target);
  const run = (command: string, args: readonly string[]) => {
    const ran = spawnSync(command, args, { cwd: folder, encoding: "utf8" });
    if (ran.status !== 0) {
      throw new Error(`${command} failed for ${name}: ${ran.error?.message ?? ran.stderr}`);
    }
    return ran.stdout.trim();
  };
  const file = join(folder, run("npm", ["pack", "--silent", `${name}@${version}`]).split("\n").at(-1)!);
  const digest = `sha512-${createHash("sha512").update(readFileSync(file)).digest("base64")}`;
  if (digest !== integrity) throw new Error(`${name}@${version} is not what deno.lock says: ${digest}`);
  run("tar", ["-xzf", file]);
  return join(folder, "package/bin/bun");
}
