import assert from "node:assert/strict";
import type { Version } from "./base/reader.ts";
import { type ByVersion, newest, PROGRAMS, spanOf, valueFor } from "./programs.ts";

const order = (version: string) =>
  version.split(".").map(Number).reduce((sum, one, i) => sum + one * 1000 ** (2 - i), 0);

Deno.test("programs: every fact by version starts at the same version and goes up", () => {
  for (const program of Object.values(PROGRAMS)) {
    const facts = Object.values(program).filter((one): one is ByVersion<unknown> =>
      Array.isArray(one) && one[0]?.since !== undefined
    );
    assert(facts.length > 5);
    for (const fact of facts) {
      const versions = fact.map((one) => order(one.since));
      assert.deepEqual(versions, [...new Set(versions)].toSorted((a, b) => a - b), program.title);
      assert.equal(fact[0].since, program.symlink[0].since, program.title);
    }
  }
});

Deno.test("programs: the newest value is the last one", () => {
  assert.deepEqual(newest(PROGRAMS.singularity.symlink), "refuse");
  assert.deepEqual(newest(PROGRAMS.apptainer.symlink), "follow");
});

Deno.test("programs: a fact has a value from a version on, until the next", () => {
  const { address } = PROGRAMS.singularity;
  const at = (oldest: Version | null) => [
    valueFor(address, { oldest }),
    ...Object.values(spanOf(address, { oldest })),
  ];
  assert.deepEqual(at("3.4"), ["host", "3.5", "3.9"]);
  assert.deepEqual(at("3.8"), ["host", "3.5", "3.9"]);
  assert.deepEqual(at("3.8.9"), ["host", "3.5", "3.9"]);
  for (const oldest of ["3.9", "3.9.0", "3.10", "4.5.1", null] as const) {
    assert.deepEqual(at(oldest), ["url", "3.9", null], String(oldest));
  }
});

Deno.test("programs: no two share a file, a directory or a shipped endpoint", () => {
  const rows = Object.values(PROGRAMS);
  for (const field of ["title", "sysconfDirectory", "homeDirectory"] as const) {
    assert.equal(new Set(rows.map((one) => one[field])).size, rows.length, field);
  }
  assert.equal(new Set(rows.map((one) => one.shipped.uri)).size, rows.length);
});
