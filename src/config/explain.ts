/**
 * Checks a value against a schema and explains everything that is wrong with it, one problem per place.
 *
 * TypeBox's own engine is used only in the tests, where it must agree with this one: it compiles every pattern again
 * on each check (40 µs per remote), stops after eight errors, and reports each branch of a union separately.
 */
import { CONFIG_MISTAKES } from "../base/limits.ts";
import { Failure, type Problem } from "../base/failure.ts";
import { isSecretField, type Place, show, showPlace } from "../base/show.ts";
import { nearest } from "../base/suggest.ts";

/** A problem whose place is still a list of keys. */
export interface Mistake {
  readonly place: Place;
  readonly problem: Omit<Problem, "path">;
}

/** Every `type` of a JSON schema. */
export type SchemaType = "string" | "boolean" | "number" | "integer" | "null" | "array" | "object";

/** The JSON schema keywords that are checked here; `allowed` is sremote's own. */
export interface SchemaNode {
  readonly type?: SchemaType;
  readonly allowed?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly anyOf?: readonly SchemaNode[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly items?: SchemaNode;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | SchemaNode;
  readonly propertyNames?: SchemaNode;
}

/** For a pattern, a function that says why a string does not match it, or null where it does. */
export type PatternWords = ReadonlyMap<string, (text: string) => string | null>;

/** The message about a token in a config. */
export const NO_TOKEN =
  'a config must not contain a token: name its source, as in env("NAME") or { "env": "NAME" }';

/** Everything that is wrong with `value`, in the order of its fields. */
export function explain(schema: SchemaNode, value: unknown, words: PatternWords): Mistake[] {
  const walk = new Walk(words);
  walk.visit(schema, value);
  return walk.mistakes;
}

/** Mistakes as problems, in the order of the config; a missing field comes before present ones. */
export function toProblems(mistakes: readonly Mistake[], root: unknown): Problem[] {
  const positions = new WeakMap<object, Map<string, number>>();
  const position = (parent: unknown, key: string | number): number => {
    if (typeof key === "number") return key;
    if (!isObject(parent)) return -1;
    let known = positions.get(parent);
    if (known === undefined) {
      positions.set(parent, known = new Map(Object.keys(parent).map((name, index) => [name, index])));
    }
    return known.get(key) ?? -1;
  };
  const ranked = mistakes.map(({ place, problem }) => {
    let parent = root;
    const rank = place.map((key) => {
      const at = position(parent, key);
      parent = at < 0 ? undefined : (parent as Record<string, unknown>)[key];
      return at;
    });
    return { place, problem, rank };
  });
  ranked.sort((a, b) => {
    for (let i = 0; i < a.rank.length && i < b.rank.length; i++) {
      if (a.rank[i] !== b.rank[i]) return a.rank[i]! - b.rank[i]!;
    }
    return a.rank.length - b.rank.length;
  });
  return ranked.map(({ place, problem }) => ({ path: showPlace(place), ...problem }));
}

/** A plain object, neither null nor an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const patterns = new Map<string, RegExp>();
function fits(pattern: string, text: string): boolean {
  let compiled = patterns.get(pattern);
  if (compiled === undefined) patterns.set(pattern, compiled = new RegExp(pattern, "u"));
  return compiled.test(text);
}

class Walk {
  readonly mistakes: Mistake[] = [];
  readonly #at: (string | number)[] = [];
  constructor(readonly words: PatternWords) {}

  visit(schema: SchemaNode, value: unknown): void {
    if (this.mistakes.length >= CONFIG_MISTAKES) return;
    if (schema.anyOf !== undefined) return this.#union(schema, schema.anyOf, value);
    if (schema.enum !== undefined) {
      if (!schema.enum.includes(value)) this.#choice(schema.enum, value);
      return;
    }
    if ("const" in schema) {
      if (value !== schema.const) this.#report(`must be ${schema.const}`, value, allowedBy(schema));
      return;
    }
    if (!isOfType(schema.type, value)) return this.#wrongType(schema, value);
    if (typeof value === "string") this.#text(schema, value);
    else if (Array.isArray(value)) this.#list(schema, value);
    else if (isObject(value)) this.#object(schema, value);
  }

  #text(schema: SchemaNode, value: string): void {
    if (value.length < (schema.minLength ?? 0)) return this.#report("is empty", value, allowedBy(schema));
    if (schema.pattern === undefined) return;
    const words = this.words.get(schema.pattern);
    if (words !== undefined) {
      const problem = words(value);
      if (problem !== null) this.#report(problem, value, allowedBy(schema));
    } else if (!fits(schema.pattern, value)) {
      this.#report(value === "" ? "is empty" : "is not valid", value, allowedBy(schema));
    }
  }

  #list(schema: SchemaNode, value: readonly unknown[]): void {
    if (value.length < (schema.minItems ?? 0)) this.#report("is empty", value, allowedBy(schema));
    const before = schema.uniqueItems ? new Set<unknown>() : null;
    for (let i = 0; i < value.length; i++) {
      this.#at.push(i);
      if (before?.has(value[i])) this.#report("is listed twice", value[i]);
      else if (schema.items !== undefined) this.visit(schema.items, value[i]);
      before?.add(value[i]);
      this.#at.pop();
    }
  }

  #object(schema: SchemaNode, value: Record<string, unknown>): void {
    const fields = schema.properties ?? {};
    for (const key of schema.required ?? []) {
      if (!Object.hasOwn(value, key)) this.#missing(key, fields[key] ?? {});
    }
    for (const key of Object.keys(value)) {
      this.#at.push(key);
      const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
      if (field !== undefined) this.visit(field, value[key]);
      else if (schema.additionalProperties === false) this.#unknown(Object.keys(fields), key, value);
      else {
        this.#name(schema.propertyNames?.pattern, key);
        if (isObject(schema.additionalProperties)) this.visit(schema.additionalProperties, value[key]);
      }
      this.#at.pop();
    }
  }

  #name(pattern: string | undefined, key: string): void {
    if (pattern === undefined) return;
    const words = this.words.get(pattern);
    const problem = words !== undefined ? words(key) : fits(pattern, key) ? null : "the name is not valid";
    if (problem !== null) this.mistakes.push({ place: [...this.#at], problem: { message: problem } });
  }

  /** One problem, or those of the one branch that the value is closest to. */
  #union(schema: SchemaNode, branches: readonly SchemaNode[], value: unknown): void {
    const near = branches.filter((branch) => isOfType(branch.type, value));
    if (near.length === 0) return this.#wrongType(schema, value);
    if (near.length === 1 || !isObject(value)) return this.visit(near[0]!, value);
    const keys = Object.keys(value);
    const close = near.filter((branch) => keys.some((key) => Object.hasOwn(branch.properties ?? {}, key)));
    if (close.length === 1) return this.visit(close[0]!, value);
    if (close.length > 1) return this.#report("names more than one source", value, allowedBy(schema));
    if (keys.length === 0) return this.#report("is empty", value, allowedBy(schema));
    const fields = near.flatMap((branch) => Object.keys(branch.properties ?? {}));
    for (const key of keys) {
      this.#at.push(key);
      this.#unknown(fields, key, value, allowedBy(schema));
      this.#at.pop();
    }
  }

  #wrongType(schema: SchemaNode, value: unknown): void {
    const token = (typeof value === "string" || typeof value === "number") &&
      this.#isSecret(this.#at.length - 1);
    this.#report(token ? NO_TOKEN : "has the wrong type", value, allowedBy(schema));
  }

  #choice(choices: readonly unknown[], value: unknown): void {
    const texts = choices.map(String);
    const suggestion = typeof value === "string" ? nearest(value, texts) : undefined;
    this.#report("is not one of the allowed values", value, oneOf(texts), suggestion);
  }

  #missing(key: string, field: SchemaNode): void {
    this.mistakes.push({
      place: [...this.#at, key],
      problem: { message: "is missing", allowed: allowedBy(field) },
    });
  }

  #unknown(fields: readonly string[], key: string, parent: object, allowed = oneOf(fields)): void {
    const value = (parent as Record<string, unknown>)[key];
    if (isSecretField(key) && !fields.includes(key) && !/^login/i.test(key) && !isObject(value)) {
      return this.#report(NO_TOKEN, value, undefined, undefined);
    }
    const suggestion = nearest(key, fields.filter((field) => !Object.hasOwn(parent, field)));
    this.#report("unknown field", value, allowed, suggestion);
  }

  /** The field at that depth may hold a secret; a remote's name says nothing about it. */
  #isSecret(depth: number): boolean {
    const key = this.#at[depth];
    return typeof key === "string" && isSecretField(key) && !(depth === 1 && this.#at[0] === "remotes");
  }

  #report(message: string, found: unknown, allowed?: string, suggestion?: string): void {
    const hidden = this.#at.some((_, depth) => this.#isSecret(depth));
    this.mistakes.push({
      place: [...this.#at],
      problem: {
        message,
        found: show(found, hidden),
        ...(allowed === undefined ? {} : { allowed }),
        ...(suggestion === undefined ? {} : { suggestion }),
      },
    });
  }
}

function isOfType(type: SchemaType | undefined, value: unknown): boolean {
  switch (type) {
    case undefined:
      return true;
    case "string":
    case "boolean":
    case "number":
      // deno-lint-ignore valid-typeof -- one of the three above
      return typeof value === type;
    case "integer":
      return Number.isInteger(value);
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return isObject(value);
    default:
      throw unknownType(type);
  }
}

function allowedBy(schema: SchemaNode): string {
  if (schema.allowed !== undefined) return schema.allowed;
  if (schema.anyOf !== undefined) return oneOf(schema.anyOf.map(allowedBy));
  if (schema.enum !== undefined) return oneOf(schema.enum.map(String));
  if ("const" in schema) return String(schema.const);
  switch (schema.type) {
    case undefined:
      return "any value";
    case "string":
    case "number":
      return `a ${schema.type}`;
    case "integer":
      return "an integer";
    case "boolean":
      return "true or false";
    case "null":
      return "null";
    case "array":
      return `a list of ${fieldsOf(schema.items ?? {}) ?? allowedBy(schema.items ?? {})}`;
    case "object":
      return fieldsOf(schema) === null ? "an object" : `an object: ${fieldsOf(schema)}`;
    default:
      throw unknownType(schema.type);
  }
}

/** A type that no value can be checked against: a defect of the schema, not of the config. */
function unknownType(type: never): Failure {
  return new Failure("internal", `cannot check the config: unknown schema type ${JSON.stringify(type)}`, {
    next: "Report this as a bug in sremote",
  });
}

function fieldsOf(schema: SchemaNode): string | null {
  return schema.properties === undefined ? null : `{ ${Object.keys(schema.properties).join(", ")} }`;
}

function oneOf(texts: readonly string[]): string {
  return texts.length < 2 ? texts.join("") : `${texts.slice(0, -1).join(", ")} or ${texts.at(-1)}`;
}
