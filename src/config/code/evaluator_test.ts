import assert from "node:assert/strict";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Failure } from "../../base/failure.ts";
import { evaluateConfig, preloadSandbox } from "./evaluator.ts";
import { loadTranspiler, mayBeJavaScript } from "./transpile.ts";

type Files = Record<string, string>;
interface Asked {
  readonly files: Files;
  readonly entry?: string;
  readonly vars?: Record<string, string>;
  readonly links?: Record<string, string>;
}

const now = () => globalThis.performance.now();

/** Evaluates `remotes.ts` of a fresh folder `config`, beside which `outside.ts` lies. */
async function evaluate({ files, entry = "remotes.ts", vars = {}, links = {} }: Asked) {
  const root = mkdtempSync(join(tmpdir(), "sremote-evaluate-"));
  const folder = join(root, "config");
  try {
    writeFileSync(join(root, "outside.ts"), "export default 1;");
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(folder, name));
    return await evaluateConfig(join(folder, entry), {
      read: (path) => readFileSync(path, "utf8"),
      realPath: (path) => realpathSync(path),
      now,
      watch: () => () => {},
      vars,
      host: { name: "node1", os: "linux", arch: "x86_64" },
    });
  } finally {
    rmSync(root, { recursive: true });
  }
}

const valueOf = async (asked: Asked) => (await evaluate(asked)).value;

async function failureOf(asked: Asked): Promise<Failure> {
  try {
    await evaluate(asked);
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
  throw new Error("it was evaluated");
}

const DEEP = '{"__proto__": 1, "constructor": 2}';

const VALUES: Record<string, [source: string | Asked, value: unknown]> = {
  "keys that only look the same": [
    `const a = "k"; const base = { x: 1, "y": 2 };
class C { get a() { return 1; } set a(_) {} a2 = { a: 1 }; static a = 1; }
export default { ...base, x: 3, o: { x: { x: 4 } }, get g() { return 5; }, set g(_) {}, [a]: 6, "[a]": 7, l: [{ x: 1 }, { x: 1 }] };`,
    { x: 3, y: 2, o: { x: { x: 4 } }, g: 5, k: 6, "[a]": 7, l: [{ x: 1 }, { x: 1 }] },
  ],
  "an object": ["export default { a: 1, b: undefined, c: null, d: [true, 'ü\\u2028\\ud800'] };", {
    a: 1,
    c: null,
    d: [true, "ü\u2028\ud800"],
  }],
  "the built-in module": [
    `import { command, defineConfig, env, file, prompt } from "sremote";
     export default defineConfig({ a: env("A"), b: file("b"), c: command("c", "d"), e: command(["e"]), f: prompt() });`,
    {
      a: { env: "A" },
      b: { file: "b" },
      c: { command: ["c", "d"] },
      e: { command: ["e"] },
      f: { prompt: true },
    },
  ],
  "a function": [
    {
      files: {
        "remotes.ts": "export default ({ vars, host }) => ({ vars, host, frozen: Object.isFrozen(vars) });",
      },
      vars: JSON.parse(DEEP.replaceAll(/\d/g, '"$&"')),
    },
    {
      vars: JSON.parse(DEEP.replaceAll(/\d/g, '"$&"')),
      host: { name: "node1", os: "linux", arch: "x86_64" },
      frozen: true,
    },
  ],
  "an async function": [
    "export default async () => { await null; return { a: await Promise.resolve(1) }; };",
    { a: 1 },
  ],
  "a promise of a function": ["export default Promise.resolve(() => ({ a: 1 }));", { a: 1 }],
  "top-level await": ["const a = await Promise.resolve(1); export default { a };", { a: 1 }],
  "TypeScript": [
    `import type { Nothing } from "npm:nothing";
     import { type Other } from "./types.ts";
     enum Scope { User = "user", Global = "global" }
     const enum Level { Low = 1, High }
     namespace Names { export type First = "one"; }
     abstract class Base<T> { constructor(readonly value: T, private more?: number) {} abstract name(): string; }
     class Made extends Base<string> { label!: string; name(): string { return this.value; } }
     function pick(a: string): string; function pick(a: number): number; function pick(a: any) { return a; }
     export type { Nothing };
     interface Shape { a?: { b: number } }
     const shape: Shape = {};
     const tuple = ["a", "b"] as const;
     export default { s: Scope.Global, l: Level.High, n: "one" satisfies Names.First, m: new Made("x").name(), p: pick<string>("p")!, q: shape.a?.b ?? 1_000,
       t: tuple } satisfies Record<string, unknown>;`,
    { s: "global", l: 2, n: "one", m: "x", p: "p", q: 1000, t: ["a", "b"] },
  ],
  "imports": [
    {
      files: {
        "remotes.ts":
          `import a from "./a.js"; import { b } from "./lib/b.mts"; import j from "./lib/j.json"; import k from "./lib/j.json" with { type: "json" };
        const d = await import("./a.js"); export default { a, b, j, same: j === k, d: d.default };`,
        "a.js": "export default 'a';",
        "lib/b.mts": `import { c } from "../c.mjs"; export const b: string = c;`,
        "c.mjs": "export const c = 'c';",
        "lib/j.json": DEEP,
      },
    },
    { a: "a", b: "c", j: JSON.parse(DEEP), same: true, d: "a" },
  ],
  "a cycle of imports": [
    {
      files: {
        "remotes.ts": `import { b } from "./b.ts"; export const a = () => 1; export default { v: b() };`,
        "b.ts": `import { a } from "./remotes.ts"; export const b = () => a();`,
      },
    },
    { v: 1 },
  ],
  "JavaScript that imports TypeScript": [
    {
      files: {
        "remotes.js": `export { default } from "./a.ts";`,
        "a.ts": "export default { a: 1 as number };",
      },
      entry: "remotes.js",
    },
    { a: 1 },
  ],
  "overwritten intrinsics": [
    `JSON.stringify = () => "1"; Object.prototype.toJSON = () => 2; Array.prototype[Symbol.iterator] = null; Array.prototype.push = null;
     Object.getOwnPropertyDescriptor = Reflect.ownKeys = Array.isArray = () => 3; String.prototype.slice = null; Promise.prototype.then = null;
     delete Object.prototype.toJSON; export default { a: [1] };`,
    { a: [1] },
  ],
  "an own property called __proto__": [
    `export default { ["__proto__"]: { a: 1 } };`,
    JSON.parse('{"__proto__": {"a": 1}}'),
  ],
  "a getter, once": [`let n = 0; export default { get a() { return ++n; } };`, { a: 1 }],
  "the same object twice": [`const s = { a: 1 }; export default { x: s, y: [s, s] };`, {
    x: { a: 1 },
    y: [{ a: 1 }, { a: 1 }],
  }],
  "array methods": [
    `export default [[1, [2]], ["b", "a"].sort(), [3].concat([4], 5).map((n) => n + 1)].flat(2);`,
    [1, 2, "a", "b", 4, 5, 6],
  ],
  "no locale": [
    "export default [(1234.5).toLocaleString(), ['ä', 'b'].sort((a, b) => a.localeCompare(b))];",
    ["1234.5", ["b", "ä"]],
  ],
};

for (const [title, [source, value]] of Object.entries(VALUES)) {
  Deno.test(`evaluates ${title}`, async () => {
    assert.deepEqual(
      await valueOf(typeof source === "string" ? { files: { "remotes.ts": source } } : source),
      value,
    );
  });
}

const E = "config-evaluation", I = "config-import", S = "config-syntax";
/** The whole message less its head, and the end of the path. */
const FAILURES: Record<string, [source: string | Asked, code: string, why: string | RegExp, place?: string]> =
  {
    "a key twice": [
      `import { defineConfig } from "sremote";\n\nexport default defineConfig({ remotes: {\n  lab: { uri: "a" },\n  "lab": { uri: "b" } } });`,
      S,
      'duplicate key "lab"',
      "remotes.ts:5:3",
    ],
    "a key twice, behind types": [
      "const a = <T>(x: T) => x;\nexport default a<object>({ as: 1 as number, l\\u0061b: 2, /* a: 1 */ lab: 3 });",
      S,
      'duplicate key "lab"',
      "remotes.ts:2:69",
    ],
    "a number and its text as keys": [
      "export default { x: [{ 1: 2, '1': 3 }] };",
      S,
      'duplicate key "1"',
      "ts:1:30",
    ],
    "__proto__ twice, quoted": [
      "export default () => ({ ['a']: 1, '__proto__': 1, \"__proto__\": 2 });",
      S,
      /duplicate/,
    ],
    "a method and a value": [
      "export default { a() { return 1; }, a: 1 };",
      S,
      'duplicate key "a"',
      "ts:1:37",
    ],
    "a getter and a value": ["export default { get a() { return 1; }, a: 1 };", S, 'duplicate key "a"'],
    "a key twice around a spread": ["export default { a: 1, ...{ a: 2 }, a: 3 };", S, 'duplicate key "a"'],
    "a key twice in a module": [
      {
        files: {
          "remotes.ts": `import { a } from "./a.js";\nexport default a;`,
          "a.js": "export const a = {\n  b: 1,\n  b: 1,\n};",
        },
      },
      S,
      'duplicate key "b"',
      "a.js:3:3",
    ],
    "a key twice in an imported JSON file": [
      {
        files: {
          "remotes.ts": `import a from "./a.json";\nexport default a;`,
          "a.json": '{ "b": 1,\n  "b": 2 }',
        },
      },
      S,
      'a.json: duplicate key "b"',
      "a.json:2:3",
    ],
    "a loop": ["for (;;);\nexport default {};", E, "it ran longer than 2 s"],
    "a loop that catches": [
      "for (;;) { try { for (;;); } catch {} finally { continue; } }",
      E,
      "it ran longer than 2 s",
    ],
    "a loop of jobs": [
      "(function f() { Promise.resolve().then(f); })(); export default {};",
      E,
      "it ran longer than 2 s",
    ],
    "a loop in an async function": [
      "export default async () => { for (;;) await 1; };",
      E,
      "it ran longer than 2 s",
    ],
    "a loop in a getter": ["export default { get a() { for (;;); } };", E, "it ran longer than 2 s"],
    "a loop in a proxy": [
      "export default new Proxy({}, { ownKeys() { for (;;); } });",
      E,
      "it ran longer than 2 s",
    ],
    "a loop in an error": ["throw { get message() { for (;;); } };", E, "it ran longer than 2 s"],
    "a regular expression": ["export default [/(a+)+b/.test('a'.repeat(50))];", E, "it ran longer than 2 s"],
    "a set of holes": [
      "const a: number[] = []; const i = a.values(); a.length = 4e9; new Set(i);",
      E,
      "it ran longer than 2 s",
    ],
    "slow steps": [
      "let t = ''; for (;;) t = 'a'.repeat(2e7).toUpperCase();",
      E,
      /^it (ran longer than 2 s|needed more than 64 MiB)$/,
    ],
    "a walk over holes": [
      "export default Array(4e9).map((x) => x);",
      E,
      "RangeError: an array of 4000000000 entries is longer than the limit of 1000000",
      "remotes.ts:1:30",
    ],
    "a walk over a thing like an array": [
      "[].indexOf.call({ length: 2 ** 53 - 1 }, 1);",
      E,
      /^RangeError: an array of 9007199254740991 entries/,
    ],
    "a walk over a computed length": [
      "[].indexOf.call({ get length() { return 2 ** 53; } }, 1);",
      E,
      /whose length is computed is not available/,
    ],
    "nested holes": ["[[Array(4e9)]].flat(9);", E, /^RangeError: an array of 4000000000 entries/],
    "holes out of flatMap": [
      "[1].flatMap(() => Array(4e9));",
      E,
      /^RangeError: an array of 4000000000 entries/,
      "remotes.ts:1:12",
    ],
    "a bigint": [
      "export default { a: [`${1_0n}`, '2n'] };",
      E,
      "remotes.ts contains a bigint, or something that may be one",
    ],
    "a bigint in JavaScript": [
      { files: { "remotes.js": "export default 0xfn;" }, entry: "remotes.js" },
      E,
      "remotes.js contains a bigint, or something that may be one",
    ],
    "a bigint out of a text": ["BigInt('1');", E, "BigInt is not available in a config"],
    "a search that is too long": [
      "'a'.repeat(1e5).includes('b'.repeat(1e5));",
      E,
      "RangeError: includes() on strings this long would take too long",
    ],
    "a long text": ["export default 'a'.repeat(1e9);", E, "it needed more than 64 MiB", "remotes.ts:1:26"],
    "a long array": [
      "export default Array(1e6).fill('x'.repeat(99)).map((x, i) => x + i);",
      E,
      "it needed more than 64 MiB",
    ],
    "many keys": [
      "const o: any = {}; for (let i = 0; i < 1e7; i++) o['k' + i] = i; export default o;",
      E,
      "it needed more than 64 MiB",
    ],
    "a big buffer": ["new ArrayBuffer(1e9);", E, "it needed more than 64 MiB"],
    "many buffers": ["const a = []; for (;;) a.push(new Uint8Array(1e6));", E, "it needed more than 64 MiB"],
    "a giant result": [
      "const x = 'x'.repeat(1e6); export default Array(100).fill(x);",
      E,
      /^(the config is larger than 16 MiB|it needed more than 64 MiB)$/,
    ],
    "a recursion": ["function f(): number { return 1 + f(); }\nf();", E, "it called itself too deeply"],
    "a recursion in sort": [
      "(function f() { [1, 2].sort(() => f()); })();",
      E,
      "it called itself too deeply",
    ],
    "a recursion in replace": [
      "(function f() { 'a'.replace(/a/g, () => f()); })();",
      E,
      "it called itself too deeply",
    ],
    "a recursion in toJSON": [
      "const o: any = { toJSON: () => JSON.stringify(o) }; JSON.stringify(o);",
      E,
      "it called itself too deeply",
    ],
    "a recursion of toString": [
      "const o: any = { toString() { return '' + this; } }; '' + o;",
      E,
      "it called itself too deeply",
    ],
    "a deep value in JSON.stringify": [
      "let a: any = []; for (let i = 0; i < 1e5; i++) a = [a]; JSON.stringify(a);",
      E,
      "it called itself too deeply",
    ],
    "a deep text in JSON.parse": ["JSON.parse('['.repeat(1e6));", E, "it called itself too deeply"],
    "a deep source in TypeScript": [
      "export default " + "[".repeat(1e5) + "]".repeat(1e5),
      S,
      "it is nested too deeply",
    ],
    "a deep source in JavaScript": [
      { files: { "remotes.js": "export default " + "[".repeat(1e5) + "]".repeat(1e5) }, entry: "remotes.js" },
      E,
      "it called itself too deeply",
    ],
    "a promise that never settles": [
      "export default new Promise(() => {});",
      E,
      "it waits for a promise that never settles",
    ],
    "an await that never ends": [
      "await new Promise(() => {}); export default {};",
      E,
      "it waits for a promise that never settles",
    ],
    "no default export": ["export const a = 1;", E, "it has no default export"],
    "a function that returns nothing": ["export default () => {};", E, /^the config is undefined/],
    "Date": [
      "\nexport default { a: new Date() };",
      E,
      /^TypeError: Date is not available: a config is hermetic/,
      "remotes.ts:2:29",
    ],
    "Date.now": ["Date.now();", E, /^TypeError: Date.now is not available/],
    "Math.random": ["Math.random();", E, /^TypeError: Math.random is not available/],
    "console": [
      "const a: string = '😀'; console.log(a);",
      E,
      "console is not available in a config",
      "remotes.ts:1:25",
    ],
    "process": ["process.env;", E, "process is not available in a config"],
    "Deno": ["Deno.env;", E, "Deno is not available in a config"],
    "fetch": ["fetch('http://localhost');", E, "fetch is not available in a config"],
    "require": ["require('fs');", E, "require is not available in a config"],
    "setTimeout": ["setTimeout(() => {}, 1);", E, "setTimeout is not available in a config"],
    "performance": ["performance.now();", E, "performance is not available in a config"],
    "WebAssembly": ["new WebAssembly.Memory({});", E, "WebAssembly is not available in a config"],
    "WeakRef": ["new WeakRef({});", E, "WeakRef is not available in a config"],
    "a function inside": [
      "export default { remotes: { company: { check: [() => 1] } } };",
      E,
      "remotes.company.check[0] is a function",
    ],
    "a symbol": ["export default { a: Symbol() };", E, "a is a symbol"],
    "a symbol as a key": [
      "export default { [Symbol()]: 1 };",
      E,
      "the config is an object with a symbol as a key",
    ],
    "a symbol in a field with a space": [
      "export default { 'a b': { c: Symbol() } };",
      E,
      '["a b"].c is a symbol',
    ],
    "NaN": ["export default { a: NaN };", E, "a is NaN, which a config cannot contain"],
    "a Map": ["export default { a: new Map() };", E, "a is a Map, which is not plain data"],
    "a class": [
      "class Remote {} export default { a: new Remote() };",
      E,
      "a is a Remote, which is not plain data",
    ],
    "__proto__ in a literal": [
      'export default { remotes: { "__proto__": { uri: "x" } } };',
      E,
      /^remotes is an object with a prototype of its own \("__proto__" cannot be a name\)$/,
    ],
    "a cycle": [
      "const a: any = { b: [] }; a.b.push(a); export default a;",
      E,
      "b[0] is a cycle: it contains itself",
    ],
    "a hole, and a named entry that makes up for it": [
      "export default { a: Object.assign([1, , 2], { x: 1 }) };",
      E,
      "a[1] is missing: the array has a hole there",
    ],
    "a named entry of an array": [
      "export default { a: Object.assign([1], { '01': 1 }) };",
      E,
      'a["01"] is a named entry of an array',
    ],
    "a getter that throws": [
      "export default { get a() { throw new Error('no'); } };",
      E,
      "no",
      "remotes.ts:1:43",
    ],
    "a proxy that throws": [
      "export default new Proxy({}, { getPrototypeOf() { throw new Error('no'); } });",
      E,
      "no",
    ],
    "a hole": ["export default [1, , 2];", E, "[1] is missing: the array has a hole there"],
    "undefined in an array": ["export default { a: [undefined] };", E, "a[0] is undefined"],
    "65 levels": [
      "let a: any = 1; for (let i = 0; i < 65; i++) a = { a }; export default a;",
      E,
      /^a(\.a)+ is nested deeper than 64 levels$/,
    ],
    "an error": [
      "const a: Map<string, number> = new Map(); throw new Error('no\\n\\u001b[31mvar');",
      E,
      "no [31mvar",
      "remotes.ts:1:58",
    ],
    "no error": ["throw 'x';", E, "x"],
    "a wrong type": [
      "const a: { b?: any } = {};\nexport default a.b.c;",
      E,
      "TypeError: cannot read property 'c' of undefined",
      "remotes.ts:2:19",
    ],
    "a namespace of values": [
      "namespace Names { export const a = 1; }\nexport default Names.a;",
      E,
      "the namespace Names contains values, which is not supported",
      "remotes.ts:2:16",
    ],
    "TypeScript that does not parse": [
      "export default {\n  a: ]\n};",
      S,
      "Unexpected token",
      "remotes.ts:2:6",
    ],
    "JavaScript that does not parse": [
      "const a: number = 1;\nlet a: string = 2;",
      S,
      /redefinition|redeclar/i,
      "remotes.ts:2:15",
    ],
    "a NUL": ["export default {};\0", S, "remotes.ts contains a NUL character"],
    "an error in an import": [
      { files: { "remotes.ts": `import "./lib/a.ts";`, "lib/a.ts": "\n\ntype A = 1; null.x;" } },
      E,
      /^TypeError: cannot read property 'x' of null$/,
      "lib/a.ts:3:17",
    ],
    "JSON that does not parse": [
      { files: { "remotes.ts": `import a from "./a.json"; export default a;`, "a.json": "{" } },
      S,
      /^a\.json: it is not valid JSON: it ends too early$/,
    ],
    "a missing name": [
      {
        files: {
          "remotes.ts": `import { a,\n  b } from "./a.ts"; export default { a, b };`,
          "a.ts": "export const a = 1;",
        },
      },
      I,
      '"a.ts" does not export "b"',
      "remotes.ts:2:3",
    ],
    "a missing name of the built-in module": [
      `import { evn } from "sremote"; export default evn("A");`,
      I,
      '"sremote" does not export "evn"',
      "remotes.ts:1:10",
    ],
    "a missing file": [
      `\nimport a from "./nope.ts"; export default a;`,
      I,
      'the imported file "./nope.ts" does not exist',
      "remotes.ts:2:15",
    ],
    "a missing file, caught": [
      `try { await import("./nope.ts"); } catch {} export default {};`,
      I,
      'the imported file "./nope.ts" does not exist',
      "remotes.ts:1:20",
    ],
    "an import that climbs out": [
      `import a from "../outside.ts"; export default a;`,
      I,
      `the import "../outside.ts" is outside the config's directory`,
    ],
    "a link out": [
      {
        files: { "remotes.ts": `import a from "./in.ts"; export default a;` },
        links: { "in.ts": "../outside.ts" },
      },
      I,
      `the import "./in.ts" is a symlink to a path outside the config's directory`,
    ],
    "an absolute import": [
      `import a from "/etc/passwd"; export default a;`,
      I,
      'the import "/etc/passwd" is an absolute path',
    ],
    "a file URL": [
      `import a from "file:///etc/passwd"; export default a;`,
      I,
      'the import "file:///etc/passwd" is an absolute path',
    ],
    "a data URL": [
      `import a from "data:text/javascript,1"; export default a;`,
      I,
      `the import "data:text/javascript,1" is not a file in the config's directory`,
    ],
    "an http URL": [
      `import a from "http://localhost/a.ts"; export default a;`,
      I,
      /is not a file in the config's directory$/,
    ],
    "a node module": [
      `import a from "node:fs"; export default a;`,
      I,
      /is not a file in the config's directory$/,
    ],
    "an npm package": [
      `import a from "npm:a"; export default a;`,
      I,
      /is not a file in the config's directory$/,
    ],
    "a bare name": [
      `import a from "lodash"; export default a;`,
      I,
      'the import "lodash" is neither a relative path nor "sremote"',
    ],
    "a query": [
      `import a from "./a.ts?x"; export default a;`,
      I,
      'the import "./a.ts?x" is not a plain path',
    ],
    "an ending that is no module": [
      `import a from "./a.yaml"; export default a;`,
      I,
      'the import "./a.yaml" has an extension that cannot be imported',
    ],
  };

for (const [title, [source, code, why, place]] of Object.entries(FAILURES)) {
  Deno.test(`refuses ${title}`, async () => {
    const asked = typeof source === "string" ? { files: { "remotes.ts": source } } : source;
    const failure = await failureOf(asked);
    const head = `cannot evaluate ${asked.entry ?? "remotes.ts"}: `;
    assert.ok(failure.message.startsWith(head), failure.message);
    const said = failure.message.slice(head.length);
    if (typeof why === "string") assert.equal(said, why);
    else assert.match(said, why);
    assert.equal(failure.code, code, said);
    assert.ok(failure.next);
    if (place !== undefined) {
      assert.ok(failure.path?.endsWith(place), `${failure.path} should end in ${place}`);
      assert.match(failure.excerpt ?? "", /\n *\^$/);
    }
  });
}

Deno.test("suggests a file with a similar name", async () => {
  for (const [request, next] of [["./a", "./a.ts"], ["./a.js", "./a.ts"], ["a.ts", "./a.ts"]]) {
    const failure = await failureOf({
      files: { "remotes.ts": `import a from "${request}"; export default a;`, "a.ts": "" },
    });
    assert.equal(failure.next, `Did you mean "${next}"?`);
  }
});

Deno.test("an excerpt shows the place, and no token", async () => {
  const failure = await failureOf({
    files: { "remotes.ts": 'const t: string = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2ln"; null.x;' },
  });
  assert.match(failure.excerpt!, /^const t: string = "[*]+"; null\.x;\n +\^$/);
  assert.doesNotMatch(failure.excerpt!, /eyJ/);
});

Deno.test("the files are all those that were read, the config first, by their real paths", async () => {
  const { files } = await evaluate({
    files: {
      "real/remotes.ts": `import a from "./a.ts"; export default { a };`,
      "real/a.ts": "export default 1;",
    },
    links: { "remotes.ts": "real/remotes.ts" },
  });
  assert.deepEqual(files.map(({ path, text }) => [path.split("/").slice(-2).join("/"), text]), [
    ["real/remotes.ts", `import a from "./a.ts"; export default { a };`],
    ["real/a.ts", "export default 1;"],
  ]);
});

Deno.test("a run after a broken one works", async () => {
  preloadSandbox();
  preloadSandbox();
  await failureOf({ files: { "remotes.ts": "JSON.parse('['.repeat(1e6));" } });
  assert.deepEqual(await valueOf({ files: { "remotes.ts": "export default { a: 1 };" } }), { a: 1 });
});

Deno.test("TypeScript that is also JavaScript runs unchanged, with the same result", async () => {
  const plain = [
    'import { defineConfig } from "sremote";\nexport default defineConfig({ a: 1 });\n',
    "export default ({ vars }) => ({ a: vars.x ?? 2 });\n",
    "outer: for (const one of [1]) { break outer; }\nconst a = [1].map((b) => b + 1); export default { a };\n",
  ];
  const { transpile } = await loadTranspiler();
  for (const source of plain) {
    assert.ok(mayBeJavaScript(source));
    assert.equal(transpile(source), source);
  }
  // Each would be taken for something else, or for nothing.
  for (
    const source of [
      "const f = (x) => x; const T = 1; export default { a: f<string>(1) };",
      'import { unused } from "./other.ts"; export default {};',
      'export default { a: await import("./other.ts") };',
      "const a: number = 1; export default { a };",
      "export default ({ vars }: Inputs) => ({ a: vars.x });",
    ]
  ) assert.ok(!mayBeJavaScript(source), source);
  const generic = "function f<T>(x: T) { return x; }\nexport default { a: f<number>(1) };";
  assert.deepEqual(await valueOf({ files: { "remotes.ts": generic } }), { a: 1 });
  for (
    const [source, expected] of [
      ["const a: number = 1; export default { a };", { a: 1 }],
      ["enum A { B = 2 }\nexport default { a: A.B };", { a: 2 }],
      ["export default { a: 1 } satisfies object;", { a: 1 }],
      ['import { type Config, env } from "sremote";\nconst c: Config = { remotes: {} };\nexport default c;', {
        remotes: {},
      }],
      ['import { Config } from "sremote";\nexport default { a: 1 };', { a: 1 }],
    ] as const
  ) assert.deepEqual(await valueOf({ files: { "remotes.ts": source } }), expected, source);
});

Deno.test("an exported value is what JSON makes of it, even if the config changed the engine's own objects", async () => {
  const shared = Array.from({ length: 15 }, (_, i) => `const a${i + 1} = [a${i}, a${i}];`).join("\n");
  const cases: readonly (readonly [source: string, expected: unknown])[] = [
    ["export default { a: undefined, b: [1, null, -0], c: { d: true } };", {
      b: [1, null, 0],
      c: { d: true },
    }],
    ["export default { get a() { return 1; } };", { a: 1 }],
    ["Object.prototype.toJSON = () => 2; export default { a: [1] };", { a: [1] }],
    ["Array.prototype.toJSON = () => 2; export default { a: [1] };", { a: [1] }],
    ["JSON.stringify = () => '2'; Object.keys = Reflect.ownKeys = () => []; export default { a: 1 };", {
      a: 1,
    }],
    ["Object.prototype.get = 1; export default { a: 1 };", { a: 1 }],
    ["export default Object.create(null, { a: { value: 1, enumerable: true }, b: { value: 2 } });", { a: 1 }],
    ["export default new Proxy({ a: 1 }, {});", { a: 1 }],
    ["export default { ['__proto__']: 1 };", JSON.parse('{ "__proto__": 1 }')],
  ];
  for (const [source, expected] of cases) {
    assert.deepEqual(
      await valueOf({ files: { "remotes.js": source }, entry: "remotes.js" }),
      expected,
      source,
    );
  }
  const value = await valueOf({
    files: { "remotes.js": `const a0 = ["x"];\n${shared}\nexport default { a: a15 };` },
    entry: "remotes.js",
  });
  assert.equal(JSON.stringify(value).length, '{"a":}'.length + 2 ** 15 * '["x"]'.length + 3 * (2 ** 15 - 1));
});

Deno.test("an error is explained, even if the config changed the engine's own objects", async () => {
  for (
    const tampered of [
      "Object.prototype.toJSON = Array.prototype.toJSON = () => 2;",
      "Object.prototype.get = Object.prototype.value = Object.prototype.message = 1;",
      "Object.defineProperty(Object.prototype, 'get', { get() { seen.toJSON = () => undefined; } });",
      "Object.defineProperty(Array.prototype, '0', { get() { return 1; }, set() { throw 1; } });",
      "globalThis.eval = Reflect.apply = Reflect.ownKeys = Array.isArray = JSON.stringify = () => 'x';",
      "delete globalThis.String; delete globalThis.TypeError; delete globalThis.RangeError;",
      "String.prototype.slice = RegExp.prototype.exec = Array.prototype.map = Function.prototype.call = null;",
    ]
  ) {
    const shown = (code: string) => ({
      files: { "remotes.js": `const seen = { a: [1] };\n${tampered}\n${code}` },
      entry: "remotes.js",
    });
    assert.deepEqual(await valueOf(shown("export default seen;")), { a: [1] }, tampered);
    for (
      const [code, why] of [
        ["export default { a: [1, () => 1] };", "a[1] is a function"],
        ["export default { a: [1, , 2] };", "a[1] is missing: the array has a hole there"],
        ["new Date();", "TypeError: Date is not available"],
        ["Array(2e6).fill(1);", "RangeError: an array of 2000000 entries"],
        ["[[Array(2e6)]].flat(2);", "RangeError: an array of 2000000 entries"],
      ] as const
    ) {
      const { message, next } = await failureOf(shown(code));
      const head = "cannot evaluate remotes.js: ";
      assert.equal(message.slice(0, head.length + why.length), head + why, tampered);
      if (code.startsWith("export")) assert.match(next ?? "", /^Export plain data/);
    }
  }
});

Deno.test("a config has exactly these globals", async () => {
  const names = await valueOf({
    files: { "remotes.js": "export default Object.getOwnPropertyNames(globalThis).sort();" },
    entry: "remotes.js",
  });
  assert.equal(
    (names as string[]).join(" "),
    "AggregateError Array ArrayBuffer Boolean DataView Date Error EvalError Float16Array Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array InternalError Iterator JSON Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String Symbol SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakSet decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval globalThis isFinite isNaN parseFloat parseInt undefined unescape",
  );
});

Deno.test("all array methods are bounded, except those that take one step", async () => {
  const free = await valueOf({
    files: {
      "remotes.js":
        `const names = Object.getOwnPropertyNames(Array.prototype).filter((name) => name !== "length");
        const huge = Array(2e6), free = [];
        for (const name of names) try { Array.prototype[name].call(huge, (x) => x); free.push(name); } catch (e) { if (!/longer than/.test(e.message)) throw e; }
        export default free.sort();`,
    },
    entry: "remotes.js",
  });
  assert.deepEqual(free, ["at", "constructor", "pop", "push"]);
});
