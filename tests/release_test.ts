/** A release: its archives and checksums, the signature for macOS, and the Debian package, installed, run and removed. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { release } from "../tools/release.ts";
import { VERSION } from "../src/base/version.ts";
import { Machine } from "./machine.ts";

const debian = spawnSync("dpkg-deb", ["--version"]).status === 0;
const linux = process.platform === "linux" && process.arch === "x64";
const asRoot = process.getuid?.() === 0;

function run(command: string, args: readonly string[], cwd: string): string {
  const ran = spawnSync(command, args, { cwd, encoding: "utf8", env: { PATH: process.env.PATH } });
  assert.equal(ran.status, 0, `${command} ${args.join(" ")}: ${ran.stderr}`);
  return ran.stdout;
}

function versionOf(machine: Machine, program: string): string {
  return machine.runSync(["--version"], { program: { name: "binary", command: [program] } }).stdout;
}

/** The number of pages of a Mach-O program that differ from its code directory (Apple's cs_blobs.h); null if unsigned. */
function brokenPages(program: Uint8Array<ArrayBuffer>): number | null {
  const view = new DataView(program.buffer, program.byteOffset, program.byteLength);
  let command = 32;
  for (let i = 0; i < view.getUint32(16, true); i++, command += view.getUint32(command + 4, true)) {
    if (view.getUint32(command, true) !== 0x1d) continue; // LC_CODE_SIGNATURE
    const signature = view.getUint32(command + 8, true);
    for (let blob = 0; blob < view.getUint32(signature + 8); blob++) {
      if (view.getUint32(signature + 12 + 8 * blob) !== 0) continue; // CSSLOT_CODEDIRECTORY
      const directory = signature + view.getUint32(signature + 16 + 8 * blob);
      const [hashes, slots, limit] = [16, 28, 32].map((at) => view.getUint32(directory + at)) as [
        number,
        number,
        number,
      ];
      const [size, page] = [view.getUint8(directory + 36), 2 ** view.getUint8(directory + 39)];
      let broken = 0;
      for (let slot = 0; slot < slots; slot++) {
        const code = program.subarray(slot * page, Math.min((slot + 1) * page, limit));
        const said = program.subarray(
          directory + hashes + slot * size,
          directory + hashes + (slot + 1) * size,
        );
        if (!createHash("sha256").update(code).digest().equals(said)) broken++;
      }
      return broken;
    }
  }
  return null;
}

Deno.test({
  name: "release: archives, checksums, signatures and the Debian package are valid",
  ignore: !linux,
  fn: () => {
    using machine = new Machine();
    const out = machine.work;
    const made = release(out, ["linux-x64", "macos-arm64"], 1);
    const archives = made.filter((one) => one.endsWith(".tar.gz"));
    assert.deepEqual(archives, [
      `sremote-${VERSION}-linux-x64.tar.gz`,
      `sremote-${VERSION}-macos-arm64.tar.gz`,
    ]);
    assert.equal(run("sha256sum", ["--check", "--quiet", "SHA256SUMS"], out), "");
    assert.equal(readFileSync(join(out, "SHA256SUMS"), "utf8").split("\n").length, made.length);
    for (const one of archives) {
      run("tar", ["-xzf", one], out);
      const directory = join(out, one.replace(/\.tar\.gz$/, ""));
      const papers = [
        "LICENSE",
        "README.md",
        "sbom.cdx.json",
        "completions/_sremote",
        "man/man1/sremote-plan.1",
      ];
      for (const paper of papers) assert.ok(existsSync(join(directory, paper)), `${one}: ${paper}`);
      const program = readFileSync(join(directory, "sremote"));
      for (const name of ["BUN_OPTIONS", "BUN_BE_BUN", "BUN_INSPECT"]) {
        assert.ok(!program.includes(name), name);
      }
      if (one.includes("macos")) assert.equal(brokenPages(new Uint8Array(program)), 0);
      else {
        assert.match(
          versionOf(machine, join(directory, "sremote")),
          /^sremote [\d.]+ \(commit \S+, bun [\d.]+\)\n$/,
        );
      }
    }
    if (debian) tryPackage(machine);
  },
});

/** Installs, runs and removes the package, unless sremote is installed already. */
function tryPackage(machine: Machine): void {
  const out = machine.work;
  const file = `sremote_${VERSION}_amd64.deb`;
  const listed = run("dpkg-deb", ["--contents", file], out);
  for (
    const path of ["bin/sremote", "share/man/man1/sremote-plan.1.gz", "share/zsh/vendor-completions/_sremote"]
  ) {
    assert.match(listed, new RegExp(`^-rw.r-.r-. root/root .*\\./usr/${path}$`, "m"));
  }
  if (!asRoot || existsSync("/usr/bin/sremote")) return;
  run("dpkg", ["--install", file], out);
  try {
    assert.match(versionOf(machine, "/usr/bin/sremote"), /^sremote /);
    assert.equal(run("dpkg", ["--verify", "sremote"], out), "");
  } finally {
    run("dpkg", ["--purge", "sremote"], out);
  }
  assert.ok(!existsSync("/usr/bin/sremote"));
}
