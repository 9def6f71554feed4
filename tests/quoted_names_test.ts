/** A name from a file that tries to control the terminal: no command that is given it prints it raw. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { printable } from "../src/base/text.ts";
import { runInProcess } from "./in_process.ts";
import { Machine } from "./machine.ts";

const NAMES = ["a\u009b31mb", "a\u202eb", "a\u200bb", "a\u2028b", "a\u{e0041}b"];

/** As an editor of YAML escapes it. */
const escaped = (name: string) =>
  `"${name.replace(/[^ -~]/gu, (one) => `\\U${one.codePointAt(0)!.toString(16).padStart(8, "0")}`)}"`;

const COMMANDS: readonly (readonly string[])[] = [
  ["add", "--no-login", "NAME", "lab.invalid"],
  ["add", "--global", "NAME", "lab.invalid"],
  ["use", "NAME"],
  ["use", "--global", "NAME"],
  ["use", "--exclusive", "NAME"],
  ["use", "other"],
  ["list"],
  ["doctor"],
  ["plan", "--offline", "-c", "remotes.json"],
  ["remove", "NAME"],
  ["remove", "--global", "NAME"],
  ["remove", "NAME"],
  ["use", "NAME"],
];

for (const runtime of ["singularity", "apptainer"] as const) {
  for (const name of NAMES) {
    Deno.test(`quoted names: ${runtime}, ${JSON.stringify(printable(name))}`, async () => {
      using machine = new Machine();
      const remotes = `Remotes:\n  ${escaped(name)}:\n    URI: lab.invalid\n`;
      for (const directory of [join(machine.home, `.${runtime}`), join(machine.etc, runtime)]) {
        mkdirSync(directory, { recursive: true });
        const exclusive = directory.startsWith(machine.etc) ? "    Exclusive: true\n" : "";
        writeFileSync(
          join(directory, "remote.yaml"),
          `${remotes}${exclusive}  other:\n    URI: o.invalid\n`,
        );
      }
      machine.put("remotes.json", '{"remotes":{"other":{"uri":"o.invalid"}},"default":"other"}');
      let shown = 0;
      for (const command of COMMANDS) {
        const args = command.map((one) => one === "NAME" ? name : one);
        const { out, err } = await runInProcess([...args, "--runtime", runtime], machine);
        for (const line of `${out}${err}`.split("\n")) {
          assert.equal(line, printable(line), command.join(" "));
          if (line.includes(printable(name))) shown++;
        }
      }
      assert.ok(shown >= 10, `the name is shown, spelled out: ${shown} times`);
    });
  }
}
