/** Fifty processes change one file at the same time: no change is lost, and every reader always sees a complete file. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { parseRemoteFile } from "../src/remotefile/parse.ts";
import { LITTER, Machine } from "./machine.ts";

const ADDS = 25;
const REMOVES = 10;
const USES = 10;
const APPLIES = 5;

Deno.test(`${ADDS + REMOVES + USES + APPLIES} processes at once lose no change`, async () => {
  using machine = new Machine();
  const file = machine.at("remote.yaml");
  const run = (args: readonly string[]) =>
    machine.run([...args, "--remote-file", file, "--lock-timeout", "60"]);
  const names = (count: number, prefix: string) => Array.from({ length: count }, (_, i) => `${prefix}-${i}`);
  const [added, removed, used, applied] = [
    names(ADDS, "added"),
    names(REMOVES, "removed"),
    names(USES, "used"),
    names(APPLIES, "applied"),
  ];
  const before = [...removed, ...used].map((name) =>
    `  ${name}: # a comment of ${name}\n    URI: ${name}.example.com\n`
  );
  machine.put("remote.yaml", `Remotes:\n${before.join("")}`, 0o600);
  applied.forEach((name) => {
    const config = { remotes: { [name]: { uri: `${name}.example.com` } }, unmanaged: "keep" };
    machine.put(`${name}.json`, JSON.stringify(config));
  });
  const apply = async (name: string) => {
    // A plan becomes stale while others write: plan again.
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
      const { content } = await parseRemoteFile(machine.read("remote.yaml"), file);
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
  const text = machine.read("remote.yaml");
  const { content } = await parseRemoteFile(text, file);
  // Each config names one remote, and removes the remote of another apply.
  const kept = applied.filter((name) => content.remotes.has(name));
  assert.equal(kept.length, 1);
  assert.deepEqual([...content.remotes.keys()].sort(), [...added, ...used, ...kept].sort());
  assert.ok(content.default !== null && used.includes(content.default));
  for (const name of used) assert.ok(text.includes(`  ${name}: # a comment of ${name}\n`));
  assert.ok(reads > 10, `${reads} reads`);
  assert.deepEqual(readdirSync(machine.work).filter((one) => LITTER.test(one)), []);
});
