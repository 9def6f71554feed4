/** A result that cannot be written is an error with its words, and no stack trace; a reader that goes away is none. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { Machine, PROGRAMS } from "./machine.ts";

for (const program of PROGRAMS) {
  Deno.test(`an error says that standard output is on a full disk (${program.name})`, () => {
    using machine = new Machine();
    const full = openSync("/dev/full", "w");
    try {
      for (
        const args of [["list", "-q"], ["list", "-q", "--json"], ["--help"], ["schema", "plan"], [
          "status",
          "--all",
        ]]
      ) {
        const { command, options } = machine.start(args, { program });
        const run = (stderr: "pipe" | number) =>
          spawnSync(command[0], command.slice(1), {
            ...options,
            encoding: "utf8",
            stdio: ["ignore", full, stderr],
          });
        const told = run("pipe");
        assert.equal(
          told.stderr,
          "Error: cannot write to standard output: the disk is full\nNext: Check where standard output goes; files were written completely\n",
          args.join(" "),
        );
        assert.equal(told.status, 1);
        // The exit code is the same if standard error is full too.
        assert.equal(run(full).status, 1);
      }
    } finally {
      closeSync(full);
    }
  });
}
