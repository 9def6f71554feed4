/**
 * The files of `configs/`: every good config with its desired state, every bad one with the full text of its problems. The
 * JSON schema must agree, except for `bad-beyond-schema/`, which no JSON schema can refuse. A new case is new files.
 * `UPDATE_GOLDEN=1` rewrites the expected files: read the diff as code.
 */
import { Ajv2020 } from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { parse } from "yaml";
import { validateConfig } from "../src/config/validate.ts";
import { Failure } from "../src/base/failure.ts";
import { renderProblems } from "../src/report/problems.ts";

const here = new URL("./configs/", import.meta.url);
const schema = JSON.parse(readFileSync(new URL("../schema/config.schema.json", import.meta.url), "utf8"));
const fitsSchema = new Ajv2020({ strict: true, allErrors: true, strictRequired: false }).compile(schema);
const update = process.env.UPDATE_GOLDEN === "1";

function* cases(directory: string): Iterable<{ title: string; name: string; value: unknown; expected: URL }> {
  const ending = directory === "good/" ? ".desired.json" : ".errors.txt";
  for (const entry of readdirSync(new URL(directory, here)).sort()) {
    const name = /^(.+)\.(?:json|yaml)$/.exec(entry);
    if (name === null || entry.endsWith(".desired.json")) continue;
    const text = readFileSync(new URL(directory + entry, here), "utf8");
    const value = entry.endsWith(".json") ? JSON.parse(text) : parse(text);
    yield {
      title: directory + entry,
      name: entry,
      value,
      expected: new URL(directory + name[1] + ending, here),
    };
  }
}

function same(text: string, expected: URL): void {
  if (update) writeFileSync(expected, text);
  assert(existsSync(expected), `${expected.pathname} is missing: create it with UPDATE_GOLDEN=1`);
  assert.equal(text, readFileSync(expected, "utf8"));
}

function errorsOf(value: unknown, source: string): string {
  try {
    validateConfig(value, source);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    assert.equal(error.code, "config-invalid");
    return `${error.message}\n${renderProblems(error.problems)}\n`;
  }
  throw new assert.AssertionError({ message: `${source} passes as valid` });
}

for (const { title, name, value, expected } of cases("good/")) {
  Deno.test(title, () => {
    const desired = validateConfig(value, name);
    const plain = { ...desired, remotes: { user: [], global: [] } as Record<string, unknown[]> };
    for (const scope of ["user", "global"] as const) {
      for (const [key, remote] of desired.remotes[scope]) {
        assert.equal(key, remote.name);
        plain.remotes[scope]!.push(remote);
      }
    }
    same(`${JSON.stringify(plain, null, 2)}\n`, expected);
    assert(fitsSchema(value), JSON.stringify(fitsSchema.errors));
  });
}

for (const directory of ["bad/", "bad-beyond-schema/"]) {
  for (const { title, name, value, expected } of cases(directory)) {
    Deno.test(title, () => {
      same(errorsOf(value, name), expected);
      assert.equal(fitsSchema(value), directory === "bad-beyond-schema/", "the JSON schema disagrees");
    });
  }
}
