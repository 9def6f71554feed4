/** `tests/scenarios/*.txt`, each under Deno and with the binary. `UPDATE_GOLDEN=1` writes what was seen: read it like code. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { PROGRAMS, runScenario } from "./scenario.ts";

const folder = new URL("./scenarios/", import.meta.url);

for (const name of readdirSync(folder).sort()) {
  for (const program of PROGRAMS) {
    Deno.test(`${name.replace(/\.txt$/, "")} (${program.name})`, async () => {
      const expected = readFileSync(new URL(name, folder), "utf8");
      const seen = await runScenario(expected, program);
      if (process.env.UPDATE_GOLDEN === "1") writeFileSync(new URL(name, folder), seen);
      else assert.equal(seen, expected);
    });
  }
}
