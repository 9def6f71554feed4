/** The manual pages: one for each command, with the words of its help, that groff reads without a warning. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manualOf } from "../src/arguments/manual.ts";
import { wholeProgram } from "../src/arguments/parse.ts";
import type { ManualCommand } from "../src/report/man.ts";
import { realWorld } from "../src/world/real.ts";
import { writeManual } from "../tools/man.ts";

const groff = spawnSync("groff", ["--version"]).status === 0;

function all(command: ManualCommand): ManualCommand[] {
  return [command, ...command.commands.flatMap(all)];
}

Deno.test("manual: every command has a page with its flags, and examples", () => {
  const folder = mkdtempSync(join(tmpdir(), "sremote-manual-"));
  try {
    const names = writeManual(folder);
    const commands = all(manualOf(wholeProgram(realWorld())));
    assert.deepEqual(names, commands.map((one) => `${one.words.join("-")}.1`));
    assert.ok(names.includes("sremote-keyserver-add.1") && names.length > 25, names.join());
    for (const { words, options, examples } of commands) {
      const file = join(folder, `${words.join("-")}.1`);
      const text = readFileSync(file, "utf8");
      assert.ok(examples.length > 0, `${words.join(" ")} has no example`);
      for (const { term } of options) {
        assert.ok(text.includes(term.replaceAll("-", "\\-")), `${words}: ${term}`);
      }
      // No line of the text is taken for a request.
      const requests = text.split("\n").filter((one) =>
        /^[.']/.test(one) && !/^\.(?:TH|SH|TP|B|nf|fi)\b/.test(one)
      );
      assert.deepEqual(requests, []);
      if (!groff) continue;
      const ran = spawnSync("groff", ["-man", "-Tutf8", "-ww", "-z", file], { encoding: "utf8" });
      assert.deepEqual([ran.status, ran.stderr], [0, ""], words.join(" "));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
