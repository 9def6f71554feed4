import { Ajv2020 } from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { Check } from "typebox/schema";
import { configSchema } from "../../schema/config.ts";
import { Failure } from "../base/failure.ts";
import type { Desired } from "../model.ts";
import { renderProblems } from "../report/problems.ts";
import { explain, type SchemaNode } from "./explain.ts";
import { nameProblem } from "../base/uri.ts";
import { validateConfig } from "./validate.ts";

const schemaFile = new URL("../../schema/config.schema.json", import.meta.url);
const ajv = new Ajv2020({ strict: true, strictRequired: false }).compile(
  JSON.parse(readFileSync(schemaFile, "utf8")),
);

/** The wanted state, or the failure; anything else that is thrown is a bug. */
function outcome(value: unknown): Desired | Failure {
  try {
    return validateConfig(value, "remotes.json");
  } catch (error) {
    assert(error instanceof Failure, String(error));
    assert.equal(error.code, "config-invalid");
    assert(error.problems.length > 0);
    return error;
  }
}

const maybe = <T>(field: fc.Arbitrary<T>) => fc.option(field, { nil: undefined });
const present = <T extends object>(value: T) =>
  Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined));
const oneOf = <T extends string>(...words: T[]) => fc.constantFrom(...words);

const host = oneOf("example.com", "localhost", "Lab_1", "192.0.2.7", "[2001:db8::1]", "bücher.example");
const address = fc.tuple(
  oneOf("", "https://", "http://", "HTTPS://"),
  host,
  oneOf("", ":1", ":8443"),
  oneOf("", "/", "/a/b@c"),
);
const keyserverSchemes = ["https", "http", "hkps", "hkp"];
const keyservers = fc.uniqueArray(fc.nat(99), { maxLength: 3 }).chain((numbers) =>
  fc.tuple(...numbers.map((n) =>
    fc.record({ insecure: maybe(fc.boolean()), skip: maybe(fc.boolean()) })
      .map((flags) => ({ uri: `${keyserverSchemes[n % 4]}://keys${n}.example.com`, ...present(flags) }))
  ))
);
const login = fc.oneof(
  fc.constant({ env: "COMPANY_TOKEN" }),
  fc.constant({ file: "./token" }),
  fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }).map((command) => ({ command })),
  fc.constant({ prompt: true }),
);
const remote = fc.record({
  uri: address.map((parts) => parts.join("")),
  scope: maybe(oneOf("user", "global")),
  login: maybe(login),
  check: maybe(fc.subarray(["library", "builder", "keystore", "token", "consent"])),
  keyservers: maybe(keyservers),
}).map(present);
const remoteName = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string(),
  oneOf("my lab", "a.b", "constructor", "🧪"),
)
  .filter((name) => nameProblem(name) === null);
const config = fc.uniqueArray(fc.tuple(remoteName, remote), {
  maxLength: 5,
  selector: ([name]) => name.normalize("NFC"),
})
  .chain((entries) => {
    const names = entries.map(([name]) => name);
    const globals = entries.filter(([, { scope }]) => scope === "global").map(([name]) => name);
    const any = fc.constantFrom(null, ...names);
    const global = fc.constantFrom(null, ...globals);
    return fc.record({
      runtimes: maybe(fc.subarray(["singularity", "apptainer"], { minLength: 1 })),
      remotes: fc.constant(Object.fromEntries(entries)),
      default: maybe(fc.oneof(any, fc.record({ user: maybe(any), global: maybe(global) }).map(present))),
      exclusive: maybe(fc.constant(false)),
      unmanaged: maybe(oneOf("keep", "remove")),
      sysconfdir: maybe(oneOf("/etc", "/opt/etc")),
    }).map(present);
  });

/** Anything at all, and things that are nearly a config. */
const nearly = fc.oneof(
  { weight: 1, arbitrary: fc.jsonValue() },
  {
    weight: 3,
    arbitrary: fc.record({
      remotes: fc.oneof(
        fc.dictionary(fc.string(), fc.oneof(remote, fc.jsonValue({ maxDepth: 2 }))),
        fc.jsonValue(),
      ),
      default: fc.jsonValue(),
      exclusive: fc.jsonValue({ maxDepth: 0 }),
      runtimes: fc.array(fc.constantFrom<unknown>("singularity", "apptainer", "docker", 1)),
      login: fc.jsonValue(),
    }, { requiredKeys: [] }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      remotes: fc.record({
        a: fc.record({
          uri: fc.oneof(address.map((parts) => parts.join("")), fc.jsonValue({ maxDepth: 1 })),
          scope: fc.constantFrom<unknown>("user", "global", "x", null),
          login: fc.oneof(
            login,
            fc.dictionary(oneOf("env", "file", "prompt", "x"), fc.jsonValue({ maxDepth: 1 })),
          ),
          check: fc.oneof(
            fc.array(fc.constantFrom<unknown>("library", "token", "x", 1)),
            fc.jsonValue({ maxDepth: 1 }),
          ),
          keyservers: fc.oneof(keyservers, fc.array(fc.jsonValue({ maxDepth: 1 }))),
        }, { requiredKeys: [] }),
      }),
    }),
  },
);

Deno.test("any value gives a desired state or a Failure with problems, and nothing else", () => {
  fc.assert(fc.property(nearly, (value) => {
    const result = outcome(value);
    if (!(result instanceof Failure)) {
      assert(ajv(value), "the JSON schema refuses what the validator accepts");
    }
  }));
});

Deno.test("explain, TypeBox's engine and ajv agree on which values are valid", () => {
  const withoutConditions = { ...configSchema, if: true, then: true };
  fc.assert(fc.property(fc.oneof(nearly, config), (value) => {
    const walked = explain(configSchema as SchemaNode, value, new Map()).length === 0;
    assert.equal(walked, Check(withoutConditions, value));
    assert.equal(ajv(value), Check(configSchema, value));
  }));
});

Deno.test("a valid config is accepted by the validator and by ajv", () => {
  fc.assert(fc.property(config, (value) => {
    const result = outcome(value);
    assert(!(result instanceof Failure), result instanceof Failure ? renderProblems(result.problems) : "");
    assert(ajv(value), JSON.stringify(ajv.errors));
    const count = result.remotes.user.size + result.remotes.global.size;
    assert.equal(count, Object.keys(value.remotes as object).length);
  }));
});

Deno.test("a missing required field and an unknown field are refused by both", () => {
  type Mutable = Record<string, Record<string, unknown>>;
  const mutations: ((config: Mutable, name: string) => void)[] = [
    (config) => delete config.remotes,
    (config) => config.extra = {},
    (config, name) => delete (config.remotes![name] as Record<string, unknown>).uri,
    (config, name) => (config.remotes![name] as Record<string, unknown>).extra = 1,
    (config, name) => (config.remotes![name] as Record<string, unknown>).keyservers = [{}],
    (config, name) => (config.remotes![name] as Record<string, unknown>).login = { env: "A", extra: 1 },
  ];
  const subject = config.filter((value) => Object.keys(value.remotes as object).length > 0);
  fc.assert(fc.property(subject, fc.constantFrom(...mutations), (value, mutate) => {
    const mutated = structuredClone(value) as Mutable;
    mutate(mutated, Object.keys(mutated.remotes!)[0]!);
    assert(outcome(mutated) instanceof Failure);
    assert(!ajv(mutated));
  }));
});

Deno.test("no token is ever printed, wherever it is in the config", () => {
  const jwt = fc.base64String({ minLength: 16 }).map((text) => `eyJ${text.replace(/[^A-Za-z0-9]/g, "x")}`);
  const token = fc.oneof(jwt, fc.stringMatching(/^[A-Za-z0-9_+/=-]{24,60}$/));
  const places: ((token: string) => unknown)[] = [
    (t) => t,
    (t) => ({ remotes: t }),
    (t) => ({ remotes: { a: t } }),
    (t) => ({ remotes: { a: { uri: `https://${t}@host` } } }),
    (t) => ({ remotes: { a: { uri: `https://me:${t}@host/x` } } }),
    (t) => ({ remotes: { a: { uri: `host?${t}`, keyservers: [{ uri: `https://host#${t}` }, { uri: t }] } } }),
    (t) => ({ remotes: { a: { uri: "host", login: t } } }),
    (t) => ({ remotes: { a: { uri: "host", login: { token: t } } } }),
    (t) => ({ remotes: { a: { uri: "host", login: { env: `${t}!` } } } }),
    (t) => ({ remotes: { a: { uri: "host", login: { command: [t, ""] } } } }),
    (t) => ({ remotes: { a: { uri: "host", scope: t, check: [t], [`x ${t}`.slice(2)]: 1, secret: t } } }),
    (t) => ({ remotes: { a: { uri: "host" } }, default: t, unmanaged: [t], sysconfdir: `x${t}` }),
  ];
  fc.assert(fc.property(jwt, fc.constantFrom(...places), (secret, place) => {
    const result = outcome(place(secret));
    assert(result instanceof Failure);
    assert(!(result.message + renderProblems(result.problems)).includes(secret));
  }));
  const withoutKeys = places.filter((place) => !JSON.stringify(place("SECRET")).includes('"SECRET":'));
  fc.assert(fc.property(token, fc.constantFrom(...withoutKeys), (secret, place) => {
    const result = outcome(place(secret));
    assert(!(result instanceof Failure) || !renderProblems(result.problems).includes(secret));
  }));
});

Deno.test("ten thousand remotes: every problem is reported, quickly", () => {
  const remotes = (extra: object) =>
    Object.fromEntries(
      Array.from({ length: 10_000 }, (_, i) => [`remote-${i}`, { uri: `h${i}.example.com`, ...extra }]),
    );
  const start = performance.now();
  const failure = outcome({ default: "remote-x", remotes: remotes({ scop: "user", login: "abc" }) });
  assert(failure instanceof Failure);
  assert.equal(failure.problems.length, 20_001);
  assert.equal(failure.problems[0]!.path, "default");
  assert.equal(failure.problems.at(-1)!.path, 'remotes["remote-9999"].login');
  assert(renderProblems(failure.problems, 20).split("\n").length <= 81);
  assert(!(outcome({ remotes: remotes({ scope: "global" }) }) instanceof Failure));
  assert(performance.now() - start < 2000);
});

Deno.test("more than 50,000 remotes are refused as one problem", () => {
  const many = (count: number) =>
    outcome({
      remotes: Object.fromEntries(Array.from({ length: count }, (_, i) => [`r${i}`, { uri: "h" }])),
    });
  const failure = many(50_001);
  assert(failure instanceof Failure);
  assert.equal(failure.message, "cannot use remotes.json: it has more than 50000 remotes");
  assert.equal(failure.problems.length, 1);
  assert(!(many(50_000) instanceof Failure));
});

Deno.test("a lone surrogate is not a valid name, and a cycle from YAML ends", () => {
  assert(outcome({ remotes: { "a\ud800": { uri: "host" } } }) instanceof Failure);
  const cycle: Record<string, unknown> = { uri: "host" };
  cycle.login = cycle;
  assert(outcome({ remotes: { a: cycle } }) instanceof Failure);
});
