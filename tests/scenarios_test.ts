/**
 * `tests/scenarios/*.txt`, each from source and with the binary. `UPDATE_GOLDEN=1` runs the binary alone and writes what
 * it did into the scenarios: read the diff as code.
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { PROGRAMS } from "./machine.ts";
import { runScenario } from "./scenario.ts";

const directory = new URL("./scenarios/", import.meta.url);
const update = process.env.UPDATE_GOLDEN === "1";

for (const name of readdirSync(directory).sort()) {
  for (const program of PROGRAMS.filter((one) => !update || one.name === "binary")) {
    Deno.test(`${name.replace(/\.txt$/, "")} (${program.name})`, async () => {
      const expected = readFileSync(new URL(name, directory), "utf8");
      const seen = await runScenario(expected, program);
      if (update && seen !== expected) writeFileSync(new URL(name, directory), seen);
      else assert.equal(seen, expected);
    });
  }
}
