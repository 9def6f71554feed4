/** Writes the manual pages of all commands, made from the same definitions as their help, to `dist/man/man1/`. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { manualOf } from "../src/arguments/manual.ts";
import { PROGRAM, wholeProgram } from "../src/arguments/parse.ts";
import { manualPages } from "../src/report/man.ts";
import { VERSION } from "../src/base/version.ts";
import { realWorld } from "../src/world/real.ts";
import { ROOT } from "./compile.ts";

/** Writes the pages to a directory; returns their names. */
export function writeManual(directory: string): readonly string[] {
  const pages = manualPages(manualOf(wholeProgram(realWorld()), PROGRAM), VERSION);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  for (const { name, text } of pages) writeFileSync(join(directory, name), text);
  return pages.map((one) => one.name);
}

if (import.meta.main) {
  const directory = join(ROOT, "dist/man/man1");
  console.log(`${writeManual(directory).length} pages in ${directory}`);
}
