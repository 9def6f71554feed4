import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refuses } from "../../tests/refuses.ts";
import { readStored } from "../remotefile/store.ts";
import type { Outcome, Plan } from "../model.ts";
import type { World } from "../world.ts";
import { realWorld } from "../world/real.ts";
import { applyPlans } from "./apply.ts";
import { diff } from "./diff.ts";
import { config, found, wanted } from "./testing.ts";

const links = { root: null, refuse: null };

/** Applies one plan. */
async function applyPlan(world: World, plan: Plan): Promise<Outcome> {
  const options = { lockTimeout: 1_000, tokens: new Map(), done: () => {} };
  return (await applyPlans(world, [{ plan, links, global: new Map() }], options))[0]!;
}

/** Runs a test with a file in a directory of its own. */
async function withFile(test: (world: World, file: string) => Promise<void>): Promise<void> {
  const directory = fs.mkdtempSync(join(tmpdir(), "sremote-apply-"));
  try {
    await test(realWorld(), join(directory, "remote.yaml"));
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** The plan for a config of one remote, made with this ledger. */
async function planFor(world: World, file: string, name: string, ledger: readonly string[]) {
  const { digest, document } = await readStored(world, file);
  const observed = found(document.content, { ours: ledger });
  return diff(config({ user: [wanted(name)] }), {
    ...observed,
    target: { ...observed.target, file },
    file: { ...observed.file, digest },
  });
}

Deno.test("apply: a plan made while another apply was between its file and its ledger is stale", () =>
  withFile(async (world, file) => {
    const first = await planFor(world, file, "a", []);
    assert.equal((await applyPlan(world, first)).changed, true);
    // It saw the file with "a" in it, and the ledger without.
    const second = await planFor(world, file, "b", []);
    await refuses("stale", () => applyPlan(world, second));
    assert.ok(!fs.readFileSync(file, "utf8").includes("b.example.com"));
    await applyPlan(world, await planFor(world, file, "b", ["a"]));
    assert.ok(fs.readFileSync(file, "utf8").includes("b.example.com"));
  }));

Deno.test("apply: the ledger afterwards is what the plan's step says, also if only the ledger is written", () =>
  withFile(async (world, file) => {
    const text = "Remotes:\n  a:\n    URI: a.example.com\n";
    fs.writeFileSync(file, text, { mode: 0o600 });
    const plan = await planFor(world, file, "a", []);
    assert.deepEqual(plan.steps, [{ kind: "update-ledger", basis: plan.seen.digest, managed: ["a"] }]);
    assert.equal((await applyPlan(world, plan)).changed, false);
    assert.equal(fs.readFileSync(file, "utf8"), text);
    assert.deepEqual([...(await readStored(world, file)).ledger.remotes], ["a"]);
    assert.deepEqual((await planFor(world, file, "a", ["a"])).steps, []);
    // A plan whose step names other remotes has those in the ledger: apply does not decide.
    const step = { kind: "update-ledger", basis: plan.seen.digest, managed: ["x", "y"] } as const;
    await applyPlan(world, { ...plan, steps: [step] });
    assert.deepEqual([...(await readStored(world, file)).ledger.remotes], ["x", "y"]);
  }));
