/** Golden files: `golden/NAME` is the expected text. `UPDATE_GOLDEN=1` writes the actual one: read the diff as code. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";

const directory = new URL("./golden/", import.meta.url);

/** Fails unless `actual` is the text of `tests/golden/NAME` without its last line break. */
export function golden(name: string, actual: string): void {
  const file = new URL(name, directory);
  if (process.env.UPDATE_GOLDEN === "1") {
    mkdirSync(new URL(".", file), { recursive: true });
    writeFileSync(file, `${actual}\n`);
    return;
  }
  assert(existsSync(file), `${file.pathname} is missing: create it with UPDATE_GOLDEN=1`);
  assert.equal(`${actual}\n`, readFileSync(file, "utf8"));
}
