/**
 * The binary is killed (SIGKILL) at random moments of an apply. Afterwards the file is completely the old or completely the
 * new one, with its mode and owner; the next apply succeeds at once and leaves neither a lock nor a temporary file.
 * `SREMOTE_KILLS` is the number of kills (`deno task torture`).
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chownSync, readdirSync } from "node:fs";
import process from "node:process";
import { CANARY, LITTER, Machine, modeAndOwner, OWNER } from "./machine.ts";

const KILLS = Number(process.env.SREMOTE_KILLS ?? 20);

const config = (uri: string, scope: string) =>
  JSON.stringify({
    remotes: Object.fromEntries(
      Array.from({ length: 50 }, (_, i) => [`remote-${i}`, { uri: `${uri}-${i}.example.com`, scope }]),
    ),
  });

for (const scope of ["user", "global"] as const) {
  const kills = Math.ceil(KILLS / 2);
  Deno.test(`${kills} kills at random moments leave the old or the new ${scope} file`, () =>
    kill(scope, kills));
}

/** Kills a run of the binary after some milliseconds. */
async function runAndKill(machine: Machine, args: readonly string[], milliseconds: number): Promise<void> {
  const { command, options } = machine.start(args);
  const child = spawn(command[0], command.slice(1), { ...options, stdio: "ignore" });
  const ended = new Promise((done) => child.once("close", done));
  await new Promise((done) => setTimeout(done, milliseconds));
  child.kill("SIGKILL");
  await ended;
}

async function kill(scope: "user" | "global", kills: number): Promise<void> {
  using machine = new Machine();
  const file = machine.at("remote.yaml");
  const apply = [
    "apply",
    "--yes",
    "--quiet",
    "--remote-file",
    file,
    ...scope === "global" ? ["--global"] : [],
  ];
  const run = (args: readonly string[] = []) => machine.run([...apply, ...args]);
  const wanted = (uri: string) => {
    machine.put("remotes.json", config(uri, scope));
    return run();
  };
  const token = scope === "user" ? `    Token: ${CANARY}\n` : "";
  const mode = scope === "user" ? 0o600 : 0o644;
  machine.put("remote.yaml", `Remotes:\n  mine:\n    URI: mine.example.com\n${token}`, mode);
  if (OWNER !== null) chownSync(file, OWNER.uid, OWNER.gid);
  const ownedAs = modeAndOwner(file);
  const texts: Record<string, string> = {};
  const times: number[] = [];
  for (const uri of ["old", "new", "old", "new"]) {
    const from = performance.now();
    assert.equal((await wanted(uri)).status, 0);
    times.push(performance.now() - from);
    texts[uri] = machine.read("remote.yaml");
  }
  assert.notEqual(texts.old, texts.new);
  const longest = Math.max(...times);
  const seen = { old: 0, new: 0, locks: 0, temporary: 0 };
  for (let i = 0; i < kills; i++) {
    const [before, after] = i % 2 === 0 ? ["new", "old"] as const : ["old", "new"] as const;
    machine.put("remotes.json", config(after, scope));
    await runAndKill(machine, apply, Math.random() * longest);
    const text = machine.read("remote.yaml");
    const now = text === texts[before] ? "old" : text === texts[after] ? "new" : null;
    assert.ok(now !== null, `neither the old nor the new file:\n${text}`);
    seen[now]++;
    assert.equal(modeAndOwner(file), ownedAs);
    const left = readdirSync(machine.work);
    if (left.includes("remote.yaml.lock")) seen.locks++;
    if (left.some((one) => /\.sremote-[0-9a-f]{8}$/.test(one))) seen.temporary++;

    const next = await run(["--lock-timeout", "3"]);
    assert.equal(next.status, 0, next.stderr);
    assert.equal(machine.read("remote.yaml"), texts[after]);
    assert.equal(modeAndOwner(file), ownedAs);
    // No leftover of a lock blocks the next apply.
    assert.deepEqual(readdirSync(machine.work).filter((one) => LITTER.test(one)), []);
  }
  console.log(
    `${kills} kills, ${scope} file: ${seen.old} times the old file, ${seen.new} times the new one; ` +
      `${seen.locks} locks and ${seen.temporary} temporary files were left, and gone with the next apply`,
  );
}
