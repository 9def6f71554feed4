/**
 * Builds a release on one machine: `deno task release [--only linux-x64]`. For each system, an archive of the binary with
 * completions, manual pages, SBOM and documents; for each Debian architecture, a package; and their checksums.
 * The same commit gives the same bytes.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { gzipSync } from "node:zlib";
import { parseArgs } from "node:util";
import { completions, type Shell } from "../src/commands/completions.ts";
import { VERSION } from "../src/base/version.ts";
import { compile, ROOT } from "./compile.ts";
import { writeManual } from "./man.ts";
import { makeSbom } from "./sbom.ts";

/** By the name in the archive: Bun's name of the target and Debian's name of the architecture. */
const TARGETS: Readonly<Record<string, { readonly bun: string; readonly debian: string | null }>> = {
  "linux-x64": { bun: "bun-linux-x64", debian: "amd64" },
  "linux-arm64": { bun: "bun-linux-arm64", debian: "arm64" },
  "linux-x64-musl": { bun: "bun-linux-x64-musl", debian: null },
  "macos-x64": { bun: "bun-darwin-x64", debian: null },
  "macos-arm64": { bun: "bun-darwin-arm64", debian: null },
};

const DOCUMENTS = ["LICENSE", "README.md", "CHANGELOG.md", "SECURITY.md"];
/** The path of each completion script below `/usr/share`. */
const COMPLETIONS: Readonly<Record<Shell, string>> = {
  bash: "bash-completion/completions/sremote",
  zsh: "zsh/vendor-completions/_sremote",
  fish: "fish/vendor_completions.d/sremote.fish",
};

function run(command: string, args: readonly string[], cwd: string): string {
  const ran = spawnSync(command, args, { cwd, encoding: "utf8", env: { ...process.env, TZ: "UTC" } });
  if (ran.status !== 0) throw new Error(`${command} ${args.join(" ")}: ${ran.error?.message ?? ran.stderr}`);
  return ran.stdout.trim();
}

/** The time of the commit, in seconds since the epoch: the time of all files in the archives. */
function commitTime(): string {
  const git = spawnSync("git", ["log", "-1", "--format=%ct"], { cwd: ROOT, encoding: "utf8" });
  return git.status === 0 ? git.stdout.trim() : "0";
}

function write(directory: string, path: string, text: string | Uint8Array): void {
  mkdirSync(join(directory, path, ".."), { recursive: true });
  writeFileSync(join(directory, path), text);
  chmodSync(join(directory, path), 0o644);
}

/** Makes `sremote-0.1.0-linux-x64.tar.gz`, from a directory of that name. */
function archive(out: string, name: string, binary: string, time: string, level: number): string {
  const directory = join(out, name);
  mkdirSync(directory);
  copyFileSync(binary, join(directory, "sremote"));
  for (const one of DOCUMENTS) write(directory, one, readFileSync(join(ROOT, one)));
  for (const shell of Object.keys(COMPLETIONS) as Shell[]) {
    write(directory, `completions/${COMPLETIONS[shell].split("/").at(-1)}`, `${completions(shell).text}\n`);
  }
  writeManual(join(directory, "man/man1"));
  write(directory, "sbom.cdx.json", `${JSON.stringify(makeSbom(), null, 2)}\n`);
  const tar = [
    "--sort=name",
    "--owner=0",
    "--group=0",
    "--numeric-owner",
    "--mode=u=rwX,go=rX",
    `--mtime=@${time}`,
  ];
  run("tar", [...tar, "-cf", `${name}.tar`, name], out);
  write(out, `${name}.tar.gz`, gzipSync(readFileSync(join(out, `${name}.tar`)), { level }));
  rmSync(join(out, `${name}.tar`));
  rmSync(directory, { recursive: true });
  return `${name}.tar.gz`;
}

/** Makes `sremote_0.1.0_amd64.deb`. */
function debianPackage(
  out: string,
  architecture: string,
  binary: string,
  time: string,
  level: number,
): string {
  const name = `sremote_${VERSION}_${architecture}`;
  const directory = join(out, name);
  mkdirSync(join(directory, "usr/bin"), { recursive: true });
  copyFileSync(binary, join(directory, "usr/bin/sremote"));
  for (const shell of Object.keys(COMPLETIONS) as Shell[]) {
    write(directory, `usr/share/${COMPLETIONS[shell]}`, `${completions(shell).text}\n`);
  }
  const man = join(directory, "usr/share/man/man1");
  for (const page of writeManual(man)) {
    write(man, `${page}.gz`, gzipSync(readFileSync(join(man, page)), { level: 9 }));
    rmSync(join(man, page));
  }
  for (const one of [...DOCUMENTS.slice(1), "LICENSE"]) {
    write(
      directory,
      `usr/share/doc/sremote/${one === "LICENSE" ? "copyright" : one}`,
      readFileSync(join(ROOT, one)),
    );
  }
  write(directory, "usr/share/doc/sremote/sbom.cdx.json", `${JSON.stringify(makeSbom(), null, 2)}\n`);
  const size = Math.ceil(Number(run("du", ["-sk", "usr"], directory).split(/\s/)[0]));
  write(
    directory,
    "DEBIAN/control",
    `Package: sremote
Version: ${VERSION}
Architecture: ${architecture}
Maintainer: The sremote authors <sremote@localhost>
Installed-Size: ${size}
Depends: libc6
Section: admin
Priority: optional
Description: remote endpoints of Singularity and Apptainer, kept in git
 A typed config lists the remotes of a user or of the whole system; plan shows
 what would change, apply updates remote.yaml to match.
`,
  );
  run("chmod", ["-R", "u=rwX,go=rX", "."], directory);
  process.env.SOURCE_DATE_EPOCH = time;
  run("dpkg-deb", ["--root-owner-group", "-Zxz", `-z${level}`, "--build", name, `${name}.deb`], out);
  rmSync(directory, { recursive: true });
  return `${name}.deb`;
}

/**
 * Builds the release of the targets in a directory, which is emptied first; returns the names of the files.
 * @param level compression level, from 1 to 9
 */
export function release(out: string, targets: readonly string[], level = 9): readonly string[] {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const time = commitTime();
  const made: string[] = [];
  for (const name of targets) {
    const target = TARGETS[name];
    if (target === undefined) {
      throw new Error(`Unknown target ${name}: give ${Object.keys(TARGETS).join(", ")}`);
    }
    const binary = join(out, "sremote");
    compile(join(ROOT, "main.ts"), binary, target.bun);
    chmodSync(binary, 0o755);
    made.push(archive(out, `sremote-${VERSION}-${name}`, binary, time, level));
    if (target.debian !== null && spawnSync("dpkg-deb", ["--version"]).status === 0) {
      made.push(debianPackage(out, target.debian, binary, time, level));
    }
    rmSync(binary);
  }
  const sums = readdirSync(out).sort().map((name) =>
    `${createHash("sha256").update(readFileSync(join(out, name))).digest("hex")}  ${name}\n`
  );
  write(out, "SHA256SUMS", sums.join(""));
  return [...made, "SHA256SUMS"];
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { only: { type: "string", multiple: true } } });
  try {
    const made = release(join(ROOT, "dist/release"), values.only ?? Object.keys(TARGETS));
    for (const one of made) console.log(`dist/release/${one}`);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  }
}
