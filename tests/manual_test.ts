/** The manual pages: one for each command, with the same text as its help, which groff accepts without warnings. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { manualOf } from "../src/arguments/manual.ts";
import { PROGRAM, wholeProgram } from "../src/arguments/parse.ts";
import type { ManualCommand } from "../src/report/man.ts";
import { realWorld } from "../src/world/real.ts";
import { writeManual } from "../tools/man.ts";

const groff = spawnSync("groff", ["--version"]).status === 0;

/** The command and those below it, but for other names of one. */
function all(command: ManualCommand): ManualCommand[] {
  return [command, ...command.commands.filter((one) => one.aliasOf === null).flatMap(all)];
}

Deno.test("manual: every command has a page with its options and examples; sremote(1) has the global options", () => {
  const directory = mkdtempSync(join(tmpdir(), "sremote-manual-"));
  try {
    const names = writeManual(directory);
    const commands = all(manualOf(wholeProgram(realWorld()), PROGRAM));
    assert.deepEqual(names, commands.map((one) => `${one.words.join("-")}.1`));
    assert.ok(names.includes("sremote-keyserver-add.1") && names.length > 25, names.join());
    // The group of aliases has one page, which names each and refers to the commands' own pages.
    const group = readFileSync(join(directory, "sremote-remote.1"), "utf8");
    assert.ok(group.includes("\n.B sremote remote add\\-keyserver\n"), group);
    const referred = Array.from(
      group.matchAll(/\\fB(\S+?)\\fR\(1\)/g),
      (one) => one[1]!.replaceAll("\\", ""),
    );
    assert.ok(referred.includes("sremote-keyserver-add"), referred.join());
    for (const one of referred) assert.ok(names.includes(`${one}.1`), one);
    const global = commands[0]!.options;
    assert.ok(global.length > 15);
    for (const { words, options, examples } of commands) {
      const file = join(directory, `${words.join("-")}.1`);
      const text = readFileSync(file, "utf8");
      assert.ok(examples.length > 0, `${words.join(" ")} has no example`);
      for (const { term } of options) {
        assert.ok(text.includes(term.replaceAll("-", "\\-")), `${words}: ${term}`);
      }
      const isProgram = words.length === 1;
      assert.equal(
        text.includes("\n.SH GLOBAL OPTIONS\nSee \\fBsremote\\fR(1).\n"),
        !isProgram,
        words.join(" "),
      );
      for (const { term } of global.filter((one) => !one.term.endsWith("--help"))) {
        const listed = text.includes(`\n.TP\n.B ${term.replaceAll("-", "\\-")}\n`);
        assert.equal(listed, isProgram, `${words}: ${term}`);
      }
      // groff takes no line of the text for a request.
      const requests = text.split("\n").filter((one) =>
        /^[.']/.test(one) && !/^\.(?:TH|SH|TP|B|nf|fi)\b/.test(one)
      );
      assert.deepEqual(requests, []);
      if (!groff) continue;
      const ran = spawnSync("groff", ["-man", "-Tutf8", "-ww", "-z", file], { encoding: "utf8" });
      assert.deepEqual([ran.status, ran.stderr], [0, ""], words.join(" "));
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
