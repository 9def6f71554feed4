/** Golden files: `golden/NAME` is what is wanted. `UPDATE_GOLDEN=1` writes what was made: read its diff as code. */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";

const folder = new URL("./golden/", import.meta.url);

/** Fails where `actual` is not the text of `tests/golden/NAME`, less its last line break. */
export function golden(name: string, actual: string): void {
  const file = new URL(name, folder);
  if (process.env.UPDATE_GOLDEN === "1") {
    mkdirSync(new URL(".", file), { recursive: true });
    writeFileSync(file, `${actual}\n`);
    return;
  }
  assert(existsSync(file), `${file.pathname} is missing: make it with UPDATE_GOLDEN=1`);
  assert.equal(`${actual}\n`, readFileSync(file, "utf8"));
}
