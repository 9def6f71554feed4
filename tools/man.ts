/** Makes the manual pages of all commands, from the same words as their help: `dist/man/man1/`. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { manualOf } from "../src/arguments/manual.ts";
import { wholeProgram } from "../src/arguments/parse.ts";
import { manualPages } from "../src/report/man.ts";
import { VERSION } from "../src/base/version.ts";
import { realWorld } from "../src/world/real.ts";
import { ROOT } from "./compile.ts";

/** Writes the pages into a folder; gives their names. */
export function writeManual(folder: string): readonly string[] {
  const pages = manualPages(manualOf(wholeProgram(realWorld())), VERSION);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, text } of pages) writeFileSync(join(folder, name), text);
  return pages.map((one) => one.name);
}

if (import.meta.main) {
  const folder = join(ROOT, "dist/man/man1");
  console.log(`${writeManual(folder).length} pages in ${folder}`);
}
