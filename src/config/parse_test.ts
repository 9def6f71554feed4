import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../failure.ts";
import { parseJsonConfig } from "./parse.ts";
import { parseYamlConfig } from "./yaml.ts";

async function refused(parse: () => unknown): Promise<Failure> {
  try {
    await parse();
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.code, "config-syntax");
    return error;
  }
  assert.fail("accepted");
}

const json = (text: string) => parseJsonConfig(text, "c.json");
const yaml = (text: string) => parseYamlConfig(text, "c.yaml");

Deno.test("JSON: any JSON is read as JSON.parse reads it", async () => {
  await fc.assert(fc.asyncProperty(fc.json(), async (text) => {
    assert.deepEqual(await json(text), JSON.parse(text));
  }));
});

Deno.test("JSON: __proto__ is a key like any other, so that validation can refuse it", async () => {
  const value = await json('{ "__proto__": 1, "a": { "__proto__": 2 } }') as object;
  assert.deepEqual(Object.keys(value), ["__proto__", "a"]);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.deepEqual(await json('\ufeff{ "a": 1 }'), { a: 1 });
});

Deno.test("JSON: a key that is there twice is refused with its place, at any depth", async () => {
  const cases: readonly (readonly [text: string, place: string])[] = [
    ['{ "a": 1, "a": 2 }', "c.json:1:11"],
    ['{ "a": [\n  { "b": 1,\n    "b": 2 } ] }', "c.json:3:5"],
    ['{ "a": 1, "\\u0061": 2 }', "c.json:1:11"],
  ];
  for (const [text, place] of cases) assert.equal((await refused(() => json(text))).path, place);
  assert.deepEqual(await json('{ "a": { "b": 1 }, "b": ["a", "a"] }'), { a: { b: 1 }, b: ["a", "a"] });
});

Deno.test("JSON: what does not parse is refused with its line", async () => {
  for (const text of ["{\n  a: 1 }", '{\n  "a" 1 }', "{\n  'a': }"]) {
    assert.match((await refused(() => json(text))).path!, /^c\.json:2:\d+$/, text);
  }
  for (const text of ["", "{", "[1,]", '{ "a": 1, }', "nul", "[".repeat(100_000)]) {
    assert.match((await refused(() => json(text))).path!, /^c\.json:\d+:\d+$/, text.slice(0, 20));
  }
});

Deno.test("YAML: plain data, in YAML 1.2's reading", () => {
  assert.deepEqual(yaml("a: yes\nb: 012\nc: [1, true, null, ~]\nd:\n"), {
    a: "yes",
    b: 12,
    c: [1, true, null, null],
    d: null,
  });
  assert.deepEqual(yaml("a: 1\r\nb: 2\r\n"), { a: 1, b: 2 });
  assert.deepEqual(yaml("\ufeffa: 1\n"), { a: 1 });
  assert.equal(yaml(""), null);
  assert.deepEqual(yaml("1: a\n"), { 1: "a" });
});

Deno.test("YAML: __proto__ is a key like any other", () => {
  assert.deepEqual(Object.keys(yaml("__proto__: 1\n") as object), ["__proto__"]);
});

Deno.test("YAML: what a config needs not is refused with its place", async () => {
  const cases: readonly (readonly [text: string, place: string])[] = [
    ["a: 1\na: 2\n", "c.yaml:2:1"],
    ["x:\n  - b: 1\n    b: 2\n", "c.yaml:3:5"],
    ["1: a\n'1': b\n", "c.yaml:2:1"],
    ["a: &x 1\nb: *x\n", "c.yaml:2:4"],
    ["? [a]\n: 1\n", "c.yaml:1:3"],
    ["a: 1\n---\nb: 2\n", "c.yaml:"],
    ["a: [\n", "c.yaml"],
    ["\ta: 1\n", "c.yaml:1:1"],
    ["a: !!js/function 'x'\n", "c.yaml:1:"],
    ["a: !foo { b: 1 }\n", "c.yaml:1:"],
    ["a: !foo [b]\n", "c.yaml:1:"],
  ];
  for (const [text, place] of cases) {
    const failure = await refused(() => yaml(text));
    assert.ok(failure.path!.startsWith(place), `${JSON.stringify(text)}: ${failure.path}`);
  }
});

Deno.test("YAML: deep nesting ends in an error, not in a crash", async () => {
  await refused(() => yaml("[".repeat(100_000)));
  await refused(() => yaml("a: ".repeat(20_000)));
});
