/** sremote against what Singularity and Apptainer were measured to do: `recordings/README.md`. */
import assert from "node:assert/strict";
import process from "node:process";
import { loadCases, recordedFor, TARGETS } from "./recordings/cases.ts";
import { compare } from "./recordings/compare.ts";
import { judge, readLists, replayAll, summary, updated, writeLists } from "./recordings/differences.ts";

Deno.test("recordings: every case does what the programs do, less the listed differences", async () => {
  const compared = await replayAll();
  if (process.env.UPDATE_GOLDEN === "1") writeLists(updated(readLists(), compared));
  const lists = readLists();
  const { unlisted, vanished, listedTwice } = judge(lists, compared);
  console.log(summary(lists, compared));
  assert.deepEqual(unlisted, [], `${unlisted.length} differences are not listed:\n${unlisted.join("\n")}`);
  assert.deepEqual(vanished, [], `${vanished.length} listed differences are gone (UPDATE_GOLDEN=1):\n${vanished.join("\n")}`);
  assert.deepEqual(listedTwice, []);
  for (const target of TARGETS) {
    assert(compared.filter((one) => one.target === target).length > 800, `too few cases for ${target.runtime}`);
  }
});
