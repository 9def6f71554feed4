/** A result that cannot be written is an error with its words, and no stack trace; a reader that goes away is none. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DENO_ENVIRONMENT, PROGRAMS } from "./scenario.ts";

for (const program of PROGRAMS) {
  Deno.test(`standard output on a full disk (${program.name})`, () => {
    const folder = mkdtempSync(join(tmpdir(), "sremote-output-"));
    const full = openSync("/dev/full", "w");
    try {
      const [first, ...before] = program.command as [string, ...string[]];
      for (
        const args of [["list"], ["list", "--json"], ["--help"], ["schema", "plan"], ["status", "--all"]]
      ) {
        const run = (stderr: "pipe" | number) =>
          spawnSync(first, [...before, ...args], {
            cwd: folder,
            env: { SINGULARITY_CONFIGDIR: folder, ...DENO_ENVIRONMENT },
            encoding: "utf8",
            stdio: ["ignore", full, stderr],
          });
        const told = run("pipe");
        assert.equal(
          told.stderr,
          "Error: cannot write to standard output: the disk is full\nNext: what was to be written to files was written whole\n",
          args.join(" "),
        );
        assert.equal(told.status, 1);
        // And where not even that can be said.
        assert.equal(run(full).status, 1);
      }
    } finally {
      closeSync(full);
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
