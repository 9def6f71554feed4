import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refuses } from "../../tests/refuses.ts";
import { readStored } from "../remotefile/store.ts";
import { realWorld } from "../world/real.ts";
import { applyPlan } from "./apply.ts";
import { diff } from "./diff.ts";
import { config, found, wanted } from "./testing.ts";

Deno.test("apply: a plan that was made beside another apply, between its file and its ledger, is stale", async () => {
  const folder = fs.mkdtempSync(join(tmpdir(), "sremote-apply-"));
  const world = realWorld();
  const file = join(folder, "remote.yaml");
  const plan = async (name: string) => {
    const { digest, document } = await readStored(world, file);
    const observed = found(document.content);
    const made = diff(config({ user: [wanted(name)] }), {
      ...observed,
      target: { ...observed.target, file },
      file: { ...observed.file, digest },
    });
    const options = { wanted: new Set([name]), lockTimeout: 1_000, tokens: new Map(), machine: new Map() };
    return { plan: made, options };
  };
  try {
    const first = await plan("a");
    assert.equal((await applyPlan(world, first.plan, { ...first.options, ledger: new Set() })).changed, true);
    // It saw the file with "a" in it, and the ledger without.
    const second = await plan("b");
    await refuses("stale", () => applyPlan(world, second.plan, { ...second.options, ledger: new Set() }));
    assert.ok(!fs.readFileSync(file, "utf8").includes("b.example.com"));
    await applyPlan(world, second.plan, { ...second.options, ledger: new Set(["a"]) });
    assert.ok(fs.readFileSync(file, "utf8").includes("b.example.com"));
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
