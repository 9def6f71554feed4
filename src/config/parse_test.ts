import assert from "node:assert/strict";
import fc from "fast-check";
import { refuses } from "../../tests/refuses.ts";
import { Failure } from "../base/failure.ts";
import { parseJsonConfig } from "./parse.ts";
import { validateConfig } from "./validate.ts";
import { parseYamlConfig } from "./yaml.ts";

const json = (text: string) => parseJsonConfig(text, "c.json");
const yaml = (text: string) => parseYamlConfig(text, "c.yaml");

/** How `parse` refuses a text. */
async function refused(parse: (text: string) => unknown, text: string): Promise<Failure> {
  const failure = await refuses("config-syntax", () => Promise.resolve(text).then(parse));
  assert.match(failure.path!, /^c\.(?:json|yaml):\d+:\d+$/);
  assert.ok(failure.message.startsWith(`cannot read ${failure.path}: `), failure.message);
  return failure;
}

// ---------------------------------------------------------------- JSON

Deno.test("JSON: any JSON is read as JSON.parse reads it", () => {
  // Without a seed of its own a name twice in one object is as good as impossible.
  fc.assert(fc.property(fc.json(), fc.constantFrom(undefined, 2, "\t"), (text, indent) => {
    const one = JSON.stringify(JSON.parse(text), null, indent);
    assert.deepEqual(json(one), JSON.parse(one));
  }));
});

Deno.test("JSON: refuses what JSON.parse refuses, and duplicate keys, and nothing else", () => {
  const pieces = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    '"a"',
    '"b"',
    "1",
    "-0.5e+3",
    "01",
    "1.",
    "true",
    "nul",
    " ",
    "\n",
  ];
  const strange = ["'", '"', "\\", '"\\n"', '"\\x"', '"\\u12"', '"\t"', "\u00a0", "\u2028", "//", "NaN", "é"];
  const text = fc.array(fc.constantFrom(...pieces, ...strange), { maxLength: 8 }).map((some) =>
    some.join("")
  );
  const seen = { good: 0, bad: 0 };
  fc.assert(
    fc.property(fc.oneof(text, text.map((one) => `[${one}]`), text.map((one) => `{"k":${one}}`)), (one) => {
      let expected: unknown;
      let valid = true;
      try {
        expected = JSON.parse(one);
      } catch {
        valid = false;
      }
      seen[valid ? "good" : "bad"]++;
      try {
        assert.deepEqual(json(one), expected);
        assert.ok(valid);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        assert.ok(!valid || / duplicate key "[^]*"$/.test(error.message), error.message);
        // The scanner found it, and JSON.parse alone did not have to.
        assert.doesNotMatch(error.message, /nested too deeply/);
      }
    }),
    { numRuns: 3000, seed: 1 },
  );
  assert.ok(seen.good > 100 && seen.bad > 1000, JSON.stringify(seen));
});

Deno.test("JSON: __proto__ is a key like any other, so that validation refuses it", async () => {
  const value = json('{ "__proto__": 1, "a": { "__proto__": 2 } }') as object;
  assert.deepEqual(Object.keys(value), ["__proto__", "a"]);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  await refuses(
    "config-invalid",
    () => Promise.resolve().then(() => validateConfig(json('{ "remotes": {}, "__proto__": {} }'), "c.json")),
  );
});

Deno.test("JSON: a byte order mark and Windows line endings are accepted", async () => {
  assert.deepEqual(json('\ufeff{ "a": 1 }'), { a: 1 });
  assert.deepEqual(json('{\r\n  "a": 1\r\n}\r\n'), { a: 1 });
  assert.equal((await refused(json, '\ufeff{\r\n  "a": }')).path, "c.json:2:8");
});

Deno.test("JSON: a duplicate key is refused with its place, at any depth", async () => {
  const deep = `{"k":`.repeat(50);
  const cases: readonly (readonly [text: string, place: string])[] = [
    ['{ "a": 1, "a": 2 }', "c.json:1:11"],
    ['{ "a": [\n  { "b": 1,\n    "b": 2 } ] }', "c.json:3:5"],
    ['{ "a": 1, "\\u0061": 2 }', "c.json:1:11"],
    ['{ "a": { "x": 1 }, "b": [{}], "a": 2 }', "c.json:1:31"],
    ['{ "__proto__": 1, "__proto__": 2 }', "c.json:1:19"],
    ['{ "": 1, "": 2 }', "c.json:1:10"],
    [`${deep}{"b":1,"b":2}${"}".repeat(50)}`, `c.json:1:${deep.length + 8}`],
  ];
  for (const [text, place] of cases) {
    const failure = await refused(json, text);
    assert.equal(failure.path, place, text);
    assert.match(failure.message, /duplicate key ".*"/);
  }
  assert.deepEqual(json('{ "a": { "b": 1 }, "b": ["a", "a"] }'), { a: { b: 1 }, b: ["a", "a"] });
});

Deno.test("JSON: a syntax error names its line, its column and the reason", async () => {
  // The same on Deno and on Bun, whose own messages differ.
  const cases: readonly (readonly [text: string, place: string, why: RegExp])[] = [
    ["", "1:1", /ends too early/],
    ["{", "1:1", /ends too early/],
    ['{ "a": "b', "1:9", /ends too early/],
    ['{\n  "a": 1,\n}', "3:1", /a comma before the end/],
    ["[1,]", "1:4", /a comma before the end/],
    ['{ "a": 1 "b": 2 }', "1:10", /expected a comma or \}/],
    ["[1 2]", "1:4", /expected a comma or \]/],
    ["{\n  a: 1 }", "2:3", /expected a key in double quotes/],
    ['{\n  "a" 1 }', "2:7", /expected a colon/],
    ["{\n  'a': 1 }", "2:3", /expected a key in double quotes/],
    ['{ "a": tru }', "1:8", /expected a JSON value/],
    ['{ "a": 01 }', "1:8", /expected a JSON value/],
    ["// mine\n{}", "1:1", /expected a JSON value/],
    ['{ "a": "b\nc" }', "1:10", /a line break, tab or control character/],
    ['{ "a": "C:\\x" }', "1:11", /an invalid escape after a backslash/],
    ["{} {}", "1:4", /unexpected text after the end/],
    ["[}", "1:2", /expected a JSON value/],
    ["[1}", "1:3", /expected a comma or \]/],
  ];
  for (const [text, place, why] of cases) {
    const failure = await refused(json, text);
    assert.equal(failure.path, `c.json:${place}`, text);
    assert.match(failure.message, why);
  }
});

Deno.test("JSON: neither depth nor length causes a crash", async () => {
  assert.match((await refused(json, "[".repeat(100_000))).message, /c\.json:1:201: it is nested too deeply/);
  assert.match((await refused(json, `{"a":`.repeat(100_000))).message, /it is nested too deeply/);
  const deep = json("[".repeat(200) + "]".repeat(200));
  await refuses("config-invalid", () => Promise.resolve().then(() => validateConfig(deep, "c.json")));
  assert.deepEqual(json(`{ "a": "${"x".repeat(9_000_000)}" }`), { a: "x".repeat(9_000_000) });
});

// ---------------------------------------------------------------- YAML

Deno.test("YAML: plain data, read as YAML 1.2", () => {
  const cases: readonly (readonly [text: string, value: unknown])[] = [
    ["a: yes\nb: no\nc: on\nd: y\n", { a: "yes", b: "no", c: "on", d: "y" }],
    ["a: true\nb: 012\nc: [1, ~, null]\nd:\n", { a: true, b: 12, c: [1, null, null], d: null }],
    ["a: 2001-01-01\nb: '1'\nc: 1:30\n", { a: "2001-01-01", b: "1", c: "1:30" }],
    ["yes: 1\nno: 2\n", { yes: 1, no: 2 }],
    ["a: 1\r\nb:\r\n  - c\r\n", { a: 1, b: ["c"] }],
    ["\ufeffa: 1\r\n", { a: 1 }],
    ["---\na: 1\n...\n", { a: 1 }],
    ["a: |\n  b\n  c\n", { a: "b\nc\n" }],
    ["1: a\n", { 1: "a" }],
    ["<<: { a: 1 }\n", { "<<": { a: 1 } }],
    ['{ "a": [1, "b"] }', { a: [1, "b"] }],
    ["", null],
    ["# nothing yet\n", null],
    ["null\n", null],
    ["text\n", "text"],
  ];
  for (const [text, value] of cases) assert.deepEqual(yaml(text), value, JSON.stringify(text));
});

Deno.test("YAML: JSON is YAML", () => {
  fc.assert(fc.property(fc.json({ maxDepth: 4 }), (text) => {
    const value = JSON.parse(text);
    assert.deepEqual(JSON.stringify(yaml(JSON.stringify(value))), JSON.stringify(value));
  }));
});

Deno.test("YAML: a key is the text as written, not the number that it looks like", () => {
  assert.deepEqual(yaml("007: a\n1e3: b\n12345678901234567890: c\n'1': d\n"), {
    "007": "a",
    "1e3": "b",
    "12345678901234567890": "c",
    "1": "d",
  });
});

Deno.test("YAML: a directive is refused, because in YAML 1.1 yes would be true", async () => {
  for (const text of ["%YAML 1.1\n---\na: yes\n", "# c\n%TAG ! tag:x,2000:\n---\na: b\n"]) {
    assert.match((await refused(yaml, text)).message, /directives/, text);
  }
  assert.deepEqual(yaml("---\na: |\n  %x\n"), { a: "%x\n" });
});

Deno.test("YAML: __proto__ is a key like any other", () => {
  const value = yaml("__proto__:\n  a: 1\nb: { __proto__: 2 }\n") as object;
  assert.deepEqual(Object.keys(value), ["__proto__", "b"]);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
});

Deno.test("YAML: features that a config does not need are refused with their place", async () => {
  const cases: readonly (readonly [text: string, place: string, why: RegExp])[] = [
    ["a: 1\na: 2\n", "2:1", /duplicate key "a"/],
    ["x:\n  - b: 1\n    b: 2\n", "3:5", /duplicate key "b"/],
    ["{ a: 1, a: 2 }", "1:9", /duplicate key "a"/],
    ["1: a\n'1': b\n", "2:1", /duplicate key "1"/],
    ["a: &x 1\nb: *x\n", "2:4", /aliases/],
    ["a: &x { b: 1 }\nc:\n  <<: *x\n", "3:7", /aliases/],
    ["? [a]\n: 1\n", "1:3", /a key is not a string/],
    ["true: 1\n", "1:1", /a key is not a string/],
    ["a: 1\n---\nb: 2\n", "2:1", /multiple docs/],
    ["a: 1\n---\n", "2:1", /multiple docs/],
    ["a: 1\n...\nb: 2\n", "3:1", /multiple docs/],
    ["a: [\n", "1:5", /not valid YAML/],
    ["a: 'x\n", "1:6", /missing char/],
    ["\ta: 1\n", "1:1", /tab as indent/],
    ["a:\n\t- b\n", "2:1", /tab as indent/],
    ["a: !!js/function 'x'\n", "1:18", /tags/],
    ["a: !<tag:yaml.org,2002:js/function> x\n", "1:37", /tags/],
    ["a: !foo { b: 1 }\n", "1:9", /tags/],
    ["a: !foo [b]\n", "1:9", /tags/],
    ["a: !!str 1\n", "1:10", /tags/],
    ["!foo a: 1\n", "1:6", /tags/],
  ];
  for (const [text, place, why] of cases) {
    const failure = await refused(yaml, text);
    assert.equal(failure.path, `c.yaml:${place}`, JSON.stringify(text));
    assert.match(failure.message, why);
  }
});

Deno.test("YAML: deep nesting causes an error, not a crash", async () => {
  const deep = [
    "[".repeat(100_000),
    "[".repeat(100_000) + "]".repeat(100_000),
    "a: ".repeat(20_000),
    "- ".repeat(20_000),
  ];
  for (const text of deep) await refused(yaml, text);
});
