/** Fifty processes change one file at the same time: no change is lost, and every reader sees a whole file at each moment. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseRemoteFile } from "../src/remotefile/parse.ts";
import { PROGRAMS, runProgram } from "./scenario.ts";

const ADDS = 25;
const REMOVES = 10;
const USES = 10;
const APPLIES = 5;

Deno.test(`${ADDS + REMOVES + USES + APPLIES} processes at once`, async () => {
  const program = PROGRAMS.find((one) => one.name === "binary");
  if (program === undefined) throw new Error("there is no binary to test");
  const folder = mkdtempSync(join(tmpdir(), "sremote-at-once-"));
  const file = join(folder, "remote.yaml");
  const run = (args: readonly string[]) =>
    runProgram(program, [...args, "--remote-file", file, "--lock-timeout", "60"], { cwd: folder, env: {} });
  const names = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  const [added, removed, used, applied] = [
    names(ADDS, "added"),
    names(REMOVES, "removed"),
    names(USES, "used"),
    names(APPLIES, "applied"),
  ];
  try {
    const before = [...removed, ...used].map((name) =>
      `  ${name}: # a comment of ${name}\n    URI: ${name}.example.com\n`
    );
    writeFileSync(file, `Remotes:\n${before.join("")}`, { mode: 0o600 });
    applied.forEach((name) => {
      const config = { remotes: { [name]: { uri: `${name}.example.com` } }, unmanaged: "keep" };
      writeFileSync(join(folder, `${name}.json`), JSON.stringify(config));
    });
    const apply = async (name: string) => {
      // Stale is what an apply is to be while others write: it is planned again.
      for (;;) {
        const ran = await run(["apply", "--yes", "-c", `${name}.json`]);
        if (ran.status !== 4) return ran;
        assert.match(ran.stderr, /nothing was written/);
      }
    };
    let working = true;
    let reads = 0;
    const reader = (async () => {
      while (working) {
        const { content } = await parseRemoteFile(readFileSync(file, "utf8"), file);
        for (const name of used) assert.ok(content.remotes.has(name), `${name} was gone for a moment`);
        reads++;
        await new Promise((done) => setTimeout(done, 1));
      }
    })();
    const runs = await Promise.all([
      ...added.map((name) => run(["add", "--no-login", name, `${name}.example.com`])),
      ...removed.map((name) => run(["remove", name])),
      ...used.map((name) => run(["use", name])),
      ...applied.map(apply),
    ]);
    working = false;
    await reader;
    for (const { status, stderr } of runs) assert.equal(status, 0, stderr);
    const text = readFileSync(file, "utf8");
    const { content } = await parseRemoteFile(text, file);
    // Each config names one remote, and takes back what another apply had put there.
    const kept = applied.filter((name) => content.remotes.has(name));
    assert.equal(kept.length, 1);
    assert.deepEqual([...content.remotes.keys()].sort(), [...added, ...used, ...kept].sort());
    assert.ok(content.default !== null && used.includes(content.default));
    for (const name of used) assert.ok(text.includes(`  ${name}: # a comment of ${name}\n`));
    assert.ok(reads > 10, `${reads} reads`);
    assert.deepEqual(readdirSync(folder).filter((one) => /\.lock|\.sremote-[0-9a-f]{8}$/.test(one)), []);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
