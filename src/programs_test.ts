import assert from "node:assert/strict";
import { type ByVersion, newest, PROGRAMS } from "./programs.ts";

const order = (version: string) =>
  version.split(".").map(Number).reduce((sum, one, i) => sum + one * 1000 ** (2 - i), 0);

Deno.test("programs: every fact by version starts at the same version and goes up", () => {
  for (const { title, configVariables, symlink, address } of Object.values(PROGRAMS)) {
    const facts: readonly ByVersion<unknown>[] = [configVariables, symlink, address];
    for (const fact of facts) {
      const versions = fact.map((one) => order(one.since));
      assert.deepEqual(versions, versions.toSorted((a, b) => a - b), title);
      assert.equal(fact[0].since, symlink[0].since, title);
    }
  }
});

Deno.test("programs: the newest value is the last one", () => {
  assert.deepEqual(newest(PROGRAMS.singularity.symlink), "refuse");
  assert.deepEqual(newest(PROGRAMS.apptainer.symlink), "follow");
});

Deno.test("programs: no two share a file, a directory or a shipped endpoint", () => {
  const rows = Object.values(PROGRAMS);
  for (const field of ["title", "sysconfDirectory", "homeDirectory"] as const) {
    assert.equal(new Set(rows.map((one) => one[field])).size, rows.length, field);
  }
  assert.equal(new Set(rows.map((one) => one.shipped.uri)).size, rows.length);
});
