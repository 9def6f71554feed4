import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import config from "../deno.json" with { type: "json" };
import { type Component, makeSbom } from "./sbom.ts";

const lock = JSON.parse(readFileSync(new URL("../deno.lock", import.meta.url), "utf8"));
const sbom = makeSbom() as {
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
};

Deno.test("sbom: every package of the lock file is listed with its hash", () => {
  assert.deepEqual(sbom.components.map((one) => one["bom-ref"]), Object.keys(lock.npm).sort());
  for (const { hashes, purl, name } of sbom.components) {
    assert.match(hashes[0]!.content, /^[0-9a-f]{128}$/, name);
    assert.match(purl, /^pkg:npm\/(?:%40[a-z0-9.-]+\/)?[A-Za-z0-9._-]+@\d+\.\d+\.\d+/, name);
  }
  const yaml = sbom.components.find((one) => one.name === "yaml");
  const { integrity } = lock.npm[`yaml@${yaml?.version}`];
  const bytes = Array.from(
    { length: 64 },
    (_, i) => parseInt(yaml!.hashes[0]!.content.slice(2 * i, 2 * i + 2), 16),
  );
  assert.equal(`sha512-${btoa(String.fromCharCode(...bytes))}`, integrity);
});

Deno.test("sbom: packages in the binary are required, those of tests and tools excluded", () => {
  const scope = new Map(sbom.components.map((one) => [one.name, one.scope]));
  for (const name of ["commander", "yaml", "@inquirer/core", "sucrase", "quickjs-emscripten-core", "bun"]) {
    assert.equal(scope.get(name), "required", name);
  }
  for (const name of ["fast-check", "ajv"]) assert.equal(scope.get(name), "excluded", name);
});

Deno.test("sbom: every dependency is listed", () => {
  const known = new Set(sbom.components.map((one) => one["bom-ref"]));
  const [top] = sbom.dependencies;
  assert.equal(top?.ref, config.name);
  assert.ok(top.dependsOn.some((one) => one.startsWith("@commander-js/extra-typings@")));
  for (const { dependsOn } of sbom.dependencies) for (const one of dependsOn) assert.ok(known.has(one), one);
});

Deno.test("supply: versions are exact, the lock file has each digest, and only one install script may run", () => {
  for (const [name, target] of Object.entries(config.imports)) {
    if (target.startsWith("npm:")) assert.match(target, /@\d+\.\d+\.\d+$/, name);
  }
  for (const [name, one] of Object.entries(lock.npm as Record<string, { integrity?: string }>)) {
    assert.match(one.integrity ?? "", /^sha512-/, name);
  }
  assert.deepEqual(config.allowScripts, [config.imports.bun]);
});
