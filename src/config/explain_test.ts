import assert from "node:assert/strict";
import configSchema from "../../schema/config.validation.json" with { type: "json" };
import { Failure } from "../base/failure.ts";
import { explain, type SchemaNode } from "./explain.ts";

const VALUES: Readonly<Record<string, readonly unknown[]>> = {
  string: ["", "a"],
  boolean: [true, false],
  number: [1.5, -2],
  integer: [3, 0],
  null: [null],
  array: [[], [1]],
  object: [{}, { a: 1 }],
};

/** What a value of a type is also a value of. */
const ALSO: Readonly<Record<string, readonly string[]>> = { integer: ["number"] };

Deno.test("each schema type accepts its values and refuses all others, alone and in a union", () => {
  for (const [type, values] of Object.entries(VALUES)) {
    const schema = { type } as SchemaNode;
    const union = { anyOf: [schema] } as SchemaNode;
    for (const value of values) {
      assert.deepEqual(explain(schema, value, new Map()), []);
      assert.deepEqual(explain(union, value, new Map()), []);
    }
    for (const [other, wrong] of Object.entries(VALUES)) {
      if (other === type || ALSO[other]?.includes(type)) continue;
      for (const value of wrong) {
        if (type === "integer" && Number.isInteger(value)) continue;
        const [mistake] = explain(schema, value, new Map());
        assert.equal(mistake?.problem.message, "has the wrong type", `${type}: ${JSON.stringify(value)}`);
        assert.deepEqual(explain(union, value, new Map()), [mistake]);
      }
    }
  }
});

Deno.test("a schema type that is not known is an internal error, wherever it stands", () => {
  const invented = { type: "date" } as unknown as SchemaNode;
  for (
    const [schema, value] of [
      [invented, "2026-01-01"],
      [{ anyOf: [invented, { type: "null" }] }, "2026-01-01"],
      [{ type: "object", properties: { a: invented } }, { a: "2026-01-01" }],
      [{ type: "object", properties: { a: invented }, required: ["a"] }, {}],
      [{ type: "array", items: invented }, "not a list"],
    ] as const
  ) {
    assert.throws(
      () => explain(schema as SchemaNode, value, new Map()),
      (error) => error instanceof Failure && error.code === "internal" && /"date"/.test(error.message),
    );
  }
});

/** Keywords that `explain` checks, and those that it leaves to others. */
const CHECKED = new Set([
  ..."type enum const anyOf pattern minLength minItems uniqueItems items properties required".split(" "),
  ..."additionalProperties propertyNames allowed".split(" "),
]);
const ELSEWHERE = new Set([
  "maxLength", // of a name: nameProblem
  "if", // an exclusive default: the rules across fields in validate.ts
  "then",
  "default", // for people
  "examples",
]);

Deno.test("the config's schema uses only types and keywords that are checked", () => {
  let nodes = 0;
  const walk = (node: unknown, path: string): void => {
    assert.ok(typeof node === "object" && node !== null, path);
    nodes++;
    const schema = node as Record<string, unknown>;
    if (schema.type !== undefined) {
      assert.ok(Object.hasOwn(VALUES, String(schema.type)), `${path}: ${schema.type}`);
    }
    for (const [keyword, value] of Object.entries(schema)) {
      assert.ok(CHECKED.has(keyword) || ELSEWHERE.has(keyword), `${path}: ${keyword}`);
      if (keyword === "anyOf") (value as unknown[]).forEach((one, i) => walk(one, `${path}.anyOf[${i}]`));
      if (keyword === "items" || keyword === "propertyNames") walk(value, `${path}.${keyword}`);
      if (keyword === "additionalProperties" && value !== false) walk(value, `${path}.*`);
      if (keyword !== "properties") continue;
      for (const [name, one] of Object.entries(value as object)) walk(one, `${path}.${name}`);
    }
  };
  walk(configSchema, "config");
  assert.ok(nodes > 30, String(nodes));
});
