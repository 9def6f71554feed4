/**
 * Lists the components of the binary as a CycloneDX 1.6 document, from `deno.lock` and the imports of `main.ts`.
 * `deno task sbom` prints it. The same lock file gives the same document.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import config from "../deno.json" with { type: "json" };
import { ROOT } from "./compile.ts";

interface Lock {
  readonly npm: Readonly<Record<string, { readonly integrity: string }>>;
}

interface Info {
  readonly modules: readonly { readonly kind: string; readonly npmPackage?: string }[];
  readonly npmPackages: Readonly<
    Record<
      string,
      { readonly name: string; readonly version: string; readonly dependencies: readonly string[] }
    >
  >;
}

/** A component of a CycloneDX document. */
export interface Component {
  readonly type: "library";
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  /** `excluded`: only tests and tools use it. */
  readonly scope: "required" | "excluded";
  readonly hashes: readonly { readonly alg: "SHA-512"; readonly content: string }[];
  readonly licenses?: readonly { readonly license: { readonly id: string } }[];
}

/** The whole document. */
export function makeSbom(): object {
  const lock = JSON.parse(readFileSync(join(ROOT, "deno.lock"), "utf8")) as Lock;
  const info = infoOf("main.ts");
  const direct = info.modules.flatMap((one) => one.npmPackage ?? []);
  const shipped = reachable(info, direct);
  // Bun's runtime is in the binary; its package is the compiler.
  for (const key of Object.keys(lock.npm)) if (/^bun@/.test(key)) shipped.add(key);
  const keys = Object.keys(lock.npm).sort();
  const components = keys.map((key): Component => {
    const [, name, version] = /^(@?[^@]+)@([^_]+)/.exec(key)!;
    const license = licenseOf(name!, version!);
    return {
      type: "library",
      "bom-ref": key,
      name: name!,
      version: version!,
      purl: `pkg:npm/${name!.replace("@", "%40")}@${version}`,
      scope: shipped.has(key) ? "required" : "excluded",
      hashes: [{ alg: "SHA-512", content: hexOf(lock.npm[key]!.integrity) }],
      ...(license === null ? {} : { licenses: [{ license: { id: license } }] }),
    };
  });
  return {
    bomFormat: "CycloneDX",
    specVersion: "1.6",
    version: 1,
    metadata: {
      component: {
        type: "application",
        "bom-ref": config.name,
        name: config.name,
        version: config.version,
        licenses: [{ license: { id: config.license } }],
      },
    },
    components,
    dependencies: [
      { ref: config.name, dependsOn: [...new Set(direct)].sort() },
      ...keys.filter((key) => info.npmPackages[key] !== undefined)
        .map((key) => ({ ref: key, dependsOn: [...info.npmPackages[key]!.dependencies].sort() })),
    ],
  };
}

function infoOf(entry: string): Info {
  const run = spawnSync(process.execPath, ["info", "--json", entry], {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (run.status !== 0) throw new Error(`deno info failed: ${run.stderr}`);
  return JSON.parse(run.stdout) as Info;
}

function reachable({ npmPackages }: Info, from: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const visit = (key: string) => {
    if (seen.has(key)) return;
    seen.add(key);
    npmPackages[key]?.dependencies.forEach(visit);
  };
  from.forEach(visit);
  return seen;
}

/** `sha512-BASE64` in hex. */
function hexOf(integrity: string): string {
  const [algorithm, digest] = integrity.split(/-(.*)/s) as [string, string];
  if (algorithm !== "sha512") throw new Error(`${integrity} is not a SHA-512 digest`);
  return Array.from(atob(digest), (one) => one.charCodeAt(0).toString(16).padStart(2, "0")).join("");
}

/** The SPDX license of an installed package; null: it is not installed on this system, or states none. */
function licenseOf(name: string, version: string): string | null {
  const directory = `${name.replace("/", "+")}@${version}`;
  const file = join(ROOT, "node_modules/.deno", directory, "node_modules", name, "package.json");
  if (!existsSync(file)) return null;
  const { license } = JSON.parse(readFileSync(file, "utf8")) as { license?: unknown };
  return typeof license === "string" && /^[A-Za-z0-9.+-]+$/.test(license) ? license : null;
}

if (import.meta.main) console.log(JSON.stringify(makeSbom(), null, 2));
