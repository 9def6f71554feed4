/** Two compiles of the same source, in two directories, give the same binary byte for byte. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { DENO_ENVIRONMENT, ROOT } from "./machine.ts";

/** Not source. */
const OTHER = ["dist", "node_modules"];

Deno.test("two compiles of the same source are equal byte for byte", () => {
  const digests = ["sremote-one-", "another-sremote-directory-"].map((prefix) => {
    const directory = mkdtempSync(join(tmpdir(), prefix));
    try {
      for (const name of readdirSync(ROOT)) {
        if (!OTHER.includes(name)) cpSync(join(ROOT, name), join(directory, name), { recursive: true });
      }
      const env = { ...process.env, ...DENO_ENVIRONMENT };
      for (const args of [["install", "--frozen", "--quiet"], ["task", "compile"]]) {
        const ran = spawnSync(process.execPath, args, { cwd: directory, encoding: "utf8", env });
        assert.equal(ran.status, 0, ran.stderr);
      }
      return createHash("sha256").update(readFileSync(join(directory, "dist/sremote"))).digest("hex");
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
  assert.equal(digests[0], digests[1]);
  const here = join(ROOT, "dist/sremote");
  if (!existsSync(here)) return;
  assert.equal(
    createHash("sha256").update(readFileSync(here)).digest("hex"),
    digests[0],
    "dist/sremote differs: compile it again",
  );
});
