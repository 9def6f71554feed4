/**
 * Hostile configs, by what they are after. Those that learn something put it into the name or the address of a remote, where
 * it would show. `remotes.ts` is the config, unless {@link Hostile.entry} says otherwise.
 */

/** One of them: its source, or all of its files, and the symlinks in its folder. */
export interface Hostile {
  readonly files: Readonly<Record<string, string>>;
  readonly links?: Readonly<Record<string, string>>;
  readonly entry?: string;
}

/** A remote that carries what was learnt. */
const tell = (expression: string) =>
  `export default { remotes: { stolen: { uri: "h/" + encodeURIComponent(String(${expression})) } } };`;

/** Modules that are none of the config's folder. */
const ELSEWHERE = [
  "file:///etc/hostname",
  "file:./outside.ts",
  "data:text/javascript,export default 'stolen'",
  "data:application/json,{}",
  "http://127.0.0.1:9/a.ts",
  "https://127.0.0.1:9/a.ts",
  "//127.0.0.1:9/a.ts",
  "blob:nodedata:1",
  "node:fs",
  "node:process",
  "node:child_process",
  "fs",
  "process",
  "bun",
  "bun:ffi",
  "bun:jsc",
  "bun:sqlite",
  "npm:yaml",
  "jsr:@std/yaml",
  "commander",
  "/etc/hostname",
  "/proc/self/environ",
  "/proc/self/cwd/../outside.ts",
  "../outside.ts",
  "./../outside.ts",
  "./x/../../outside.ts",
  "./%2e%2e/outside.ts",
  ".\\..\\outside.ts",
  "./..\u2215outside.ts",
  "./outside.ts\u0000.ts",
  "~/outside.ts",
  "sremote/../outside.ts",
  "sremote:outside",
  "./",
  ".",
  "",
];

/** Expressions that would reach out of the sandbox, or tell the time or something of the machine. */
const REACHES: Readonly<Record<string, string>> = {
  "Function": `Function("return process.env.HOME")()`,
  "a function's constructor": `(() => 1).constructor("return process.env")()`,
  "an async function's constructor":
    `await (async () => 1).constructor("return fetch('http://127.0.0.1:9')")()`,
  "a generator's constructor": `(function* () {}).constructor("yield process.env")().next().value`,
  "constructor chains": `({}).constructor.constructor("return globalThis.process.env")()`,
  "an array's constructor chain": `[].map.constructor.prototype.constructor("return require('fs')")()`,
  "the host's functions": `Object.getOwnPropertyNames(globalThis).map((k) => {
    try { return globalThis[k].constructor("return typeof process + typeof Bun + typeof Deno")(); } catch { return ""; } })
    .filter((x) => x !== "" && x !== "undefinedundefinedundefined").join()`,
  "eval": `(0, eval)("process.env.HOME")`,
  "an indirect import": `(await (0, eval)("import('node:fs')")).readFileSync("/etc/hostname")`,
  "an import by a new function": `(await Function("return import('../outside.ts')")()).default`,
  "the call sites of an error": `(() => { Error.prepareStackTrace = (_, s) => s; const e = new Error();
    return e.stack[0].getThis().process.env.HOME; })()`,
  "a stack's paths": `/\\/[a-z]+\\//.test(new Error().stack) ? new Error().stack : nowhere`,
  "import.meta": `import.meta.url.startsWith("/") || import.meta.dirname || import.meta.env.HOME`,
  "this": `this.process.env.HOME`,
  "an environment": `typeof process !== "undefined" ? process.env.HOME : Deno.env.get("HOME")`,
  "Bun": `Bun.env.HOME + Bun.file("/etc/hostname")`,
  "Deno": `Deno.readTextFileSync("/etc/hostname")`,
  "require": `require("fs").readFileSync("/etc/hostname")`,
  "process.binding": `process.binding("fs")`,
  "QuickJS's std": `std.loadFile("/etc/hostname")`,
  "QuickJS's os": `os.environ()`,
  "scriptArgs": `scriptArgs.join()`,
  "print": `print("stolen")`,
  "the prelude's names":
    `[typeof rareSource, typeof start, typeof host, typeof vars].filter((x) => x !== "undefined").join() || nowhere`,
  "fetch": `await (await fetch("http://127.0.0.1:9")).text()`,
  "a WebSocket": `new WebSocket("ws://127.0.0.1:9").url`,
  "a Worker": `new Worker("data:text/javascript,1")`,
  "XMLHttpRequest": `new XMLHttpRequest().open("GET", "http://127.0.0.1:9")`,
  "navigator": `navigator.userAgent`,
  "the date": `new Date().toISOString()`,
  "the date's constructor": `new (Date.prototype.constructor)().getTime()`,
  "Date as a function": `Date()`,
  "Reflect on Date": `Reflect.construct(Object.getOwnPropertyDescriptor(globalThis, "Date").value, [])`,
  "performance": `performance.now() + performance.timeOrigin`,
  "Temporal": `Temporal.Now.instant()`,
  "Intl": `Intl.DateTimeFormat().resolvedOptions().timeZone + Intl.NumberFormat().format(1)`,
  "the locale": `(1.5).toLocaleString() === "1.5" ? nowhere : "locale"`,
  "chance": `Math.random()`,
  "crypto": `crypto.randomUUID()`,
  "a timer": `await new Promise((done) => setTimeout(done, 10))`,
  "a wait": `Atomics.wait(new Int32Array(new SharedArrayBuffer(8)), 0, 0, 100)`,
  "a weak reference": `new WeakRef({}).deref()`,
  "a finalizer": `new FinalizationRegistry(() => {})`,
  "gc": `gc()`,
};

/** Sources that would take time, memory or the stack. */
const EXHAUSTS: Readonly<Record<string, string>> = {
  "for ever": "for (;;);",
  "for ever, catching": "for (;;) { try { for (;;); } catch {} finally { continue; } }",
  "a loop of microtasks": "(function f() { Promise.resolve().then(f); })();",
  "a loop of awaits": "export default async () => { for (;;) await 1; };",
  "an iterator without an end": "[...{ *[Symbol.iterator]() { for (;;) yield 1; } }];",
  "an import that loops": "await import('./loop.ts');",
  "a promise that never settles": "export default new Promise(() => {});",
  "a thenable that never settles": "export default { then() {} };",
  "a thenable that calls itself":
    "export default { then(done: (x: object) => void) { done({ then: this.then }); } };",
  "a getter that loops": "export default { get remotes() { for (;;); } };",
  "a proxy that loops": "export default new Proxy({}, { ownKeys() { for (;;); } });",
  "a proxy with keys without an end":
    "export default new Proxy({}, { ownKeys: () => Array.from({ length: 1e7 }, (_, i) => 'k' + i), getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }) });",
  "proxies of proxies": "let p = {}; for (let i = 0; i < 1e5; i++) p = new Proxy(p, {}); export default p;",
  "an error that loops": "throw { get message() { for (;;); } };",
  "an error's stack that loops":
    "const e = new Error(); Object.defineProperty(e, 'stack', { get() { for (;;); } }); throw e;",
  "a toJSON that loops": "export default { toJSON() { for (;;); } };",
  "a regular expression: nested": "/(a+)+b/.test('a'.repeat(50));",
  "a regular expression: alternatives": "/^(a|a)*$/.test('a'.repeat(60) + 'b');",
  "a regular expression: back reference": "/(.*)\\1\\1\\1\\1\\1x/.test('a'.repeat(5000));",
  "a regular expression: lookahead": "/(?=(a+)+$)b/.test('a'.repeat(60) + 'c');",
  "a regular expression: long": "/(?:a{0,999}){0,999}b/.test('a'.repeat(9999));",
  "a regular expression: in replace": "'a'.repeat(40).replace(/(a*)*b/g, 'x');",
  "a regular expression: unicode": "/(\\p{L}+)+\\d/u.test('ä'.repeat(50));",
  "a regular expression: large to compile": "new RegExp('(?:' + 'a|'.repeat(1e6) + 'b)').test('c');",
  "a search that is too long": "'a'.repeat(1e6).includes('a'.repeat(5e5) + 'b');",
  "a bigint": "(3n ** 600_000n).toString();",
  "a bigint, unseen": "for (;;) '' + 3n ** 600000n;",
  "a bigint out of a buffer": "for (;;) '' + new BigInt64Array(1)[0];",
  "a search for an object": "'a'.repeat(1e6).includes(new String('a'.repeat(5e5) + 'b'));",
  "a search in an object":
    "String.prototype.includes.call(new String('a'.repeat(1e6)), 'a'.repeat(5e5) + 'b');",
  "a search for what becomes a text": "'a'.repeat(1e6).split({ toString: () => 'a'.repeat(5e5) + 'b' });",
  "a replacement that grows by what is before it": "'x'.repeat(3e5).replace(/x/g, '$`'.repeat(9));",
  "a replacement that grows by calls": "'x'.repeat(1e5).replace(/x/g, () => 'y'.repeat(1e5));",
  "a replacement that grows by a symbol's name":
    "RegExp.prototype[Symbol.replace].call(/x/g, 'x'.repeat(1e5), 'y'.repeat(1e5));",
  "a replacement that grows": "'x'.repeat(1e7).replaceAll('x', 'y'.repeat(1e5));",
  "a replacement that grows by an object":
    "'x'.repeat(1e7).replaceAll('x', { toString: () => 'y'.repeat(1e5) });",
  "text that grows until there is no room for an error": "let s = ''; for (;;) s = s + 'x'.repeat(1000);",
  "lists that are flattened": "Array(1e3).fill(Array(1e6).fill(1)).flat();",
  "numbers that are sorted": "new Float64Array(4e6).map(Math.sin).sort((a, b) => 1);",
  "a sort that is never content": "Array.from({ length: 1e6 }, (_, i) => i).sort(() => { for (;;); });",
  "an array of holes": "Array(4294967295).map((x) => x);",
  "a join of holes": "Array(4294967295).join('x');",
  "an array's species":
    "class A extends Array { static get [Symbol.species]() { for (;;); } } A.from([1]).map((x) => x);",
  "text that doubles": "let t = 'x'; for (;;) t += t;",
  "a pad": "'x'.padStart(2 ** 30);",
  "a repeat": "'x'.repeat(2 ** 29);",
  "a split": "'x'.repeat(1e7).split('');",
  "a replace that grows": "'x'.repeat(1e5).replace(/x/g, 'y'.repeat(1e5));",
  "a normalization": "for (;;) 'ﷺ'.repeat(1e6).normalize('NFKD');",
  "a buffer": "new ArrayBuffer(2 ** 40);",
  "a buffer that fits in no memory": "new Float64Array(2 ** 29);",
  "many buffers": "const a = []; for (;;) a.push(new Uint8Array(1e6).fill(1));",
  "a map that grows": "const m = new Map(); for (let i = 0;; i++) m.set(i, { i });",
  "closures": "let f = () => 1; for (;;) { const g = f; f = () => g() + 1; }",
  "symbols": "const a = []; for (;;) a.push(Symbol('x'.repeat(1000)));",
  "ten million keys":
    "const o: any = {}; for (let i = 0; i < 1e7; i++) o['k' + i] = i; export default { remotes: o };",
  "a hundred thousand remotes":
    "export default { remotes: Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => ['r' + i, { uri: 'h' }])) };",
  "fifty thousand remotes":
    "export default { remotes: Object.fromEntries(Array.from({ length: 5e4 }, (_, i) => ['r' + i, { uri: 'h' }])) };",
  "one object a million times":
    "const s = { uri: 'x'.repeat(99) }; export default { remotes: Array(1e6).fill(s) };",
  "shared objects that unfold":
    "let o: any = {}; for (let i = 0; i < 40; i++) o = { a: o, b: o }; export default o;",
  "a result of 60 MB": "export default { remotes: { a: { uri: 'x'.repeat(6e7) } } };",
  "a regular expression: large to compile, in a search":
    "'x'.search({ toString: () => '(?:' + 'a|'.repeat(1e6) + 'b)' });",
  "a regular expression: large to compile, in a thing like one":
    "RegExp.prototype[Symbol.split].call({ [Symbol.match]: true, source: '(?:' + 'a|'.repeat(1e6) + 'b)', flags: '' }, 'x');",
  "a regular expression: large to compile, again": "/a/.compile('(?:' + 'a|'.repeat(1e6) + 'b)');",
  "a regular expression: many to compile":
    "for (let i = 0;; i++) RegExp('(?:' + '\\p{L}'.repeat(1900) + i + ')', 'iu');",
  "a regular expression: a large literal": `const r = /(?:${"a|".repeat(1_000_000)}b)/; export default {};`,
  "a regular expression: literals of letters": `const r = /(?:${
    "\\p{L}".repeat(12_000)
  })/iu; export default {};`,
  "a source of declarations": `${
    Array.from({ length: 100_000 }, (_, i) => `let a${i};`).join("")
  } export default {};`,
  "a source of private names": `class A { ${
    Array.from({ length: 8_000 }, (_, i) => `#a${i};`).join("")
  } } export default {};`,
  "a source of exports": `${
    Array.from({ length: 50_000 }, (_, i) => `export const a${i} = 1;`).join("\n")
  } export default {};`,
  "a source of names that are not there": `export default [${"x,".repeat(500_000)}];`,
  "a source of names that are not there, in types": `const a: number = 1; export default [${
    "x,".repeat(32_000)
  }];`,
  "a large list of names that are not there, in types": `const a: number = 1; export default [${
    "x,".repeat(249_000)
  }];`,
  "a large list of numbers, in types": `const a: number = 1; export default [${"1,".repeat(249_000)}];`,
  "a source of optional steps": `const a: number = 1; export default x${"?.x".repeat(21_000)};`,
  "a source that hides what it is": `export default [/"/, ${"x, ".repeat(500_000)} /"/];`,
  "a recursion": "(function f(): number { return 1 + f(); })();",
  "a recursion of getters": "const o = { get a(): any { return this.a; } }; export default o;",
  "a recursion of proxies":
    "const p: any = new Proxy({}, { get: (t, k) => p[k] }); export default { remotes: p.x };",
  "a recursion in a sort": "(function f() { [1, 2].sort(() => f()); })();",
  "a recursion in a replace": "(function f() { 'a'.replace(/a/, () => f()); })();",
  "a recursion in JSON": "const o: any = { toJSON: () => JSON.stringify(o) }; JSON.stringify(o);",
  "a recursion in eval": "(function f() { (0, eval)('(' + f + ')()'); })();",
  "a recursion of constructors": "class A { constructor() { new A(); } } new A();",
  "a recursion of bound functions":
    "let f: any = () => 1; for (let i = 0; i < 1e5; i++) f = f.bind(null); f();",
  "a deep value": "let a: any = 1; for (let i = 0; i < 1e6; i++) a = { a }; export default a;",
  "a deep text for JSON": "JSON.parse('['.repeat(1e7));",
  "a deep text for eval": "(0, eval)('['.repeat(1e6));",
  "a long text for eval": "(0, eval)('1' + '+1'.repeat(5e6));",
  "a deep source": `export default ${"[".repeat(100_000)}${"]".repeat(100_000)};`,
  "a deep type": `type T = ${"[".repeat(50_000)}1${"]".repeat(50_000)}; export default {};`,
  "a deep generic": `const a: ${"A<".repeat(50_000)}1${">".repeat(50_000)} = 1; export default {};`,
  "a deep template": `export default ${"`${".repeat(20_000)}1${"}`".repeat(20_000)};`,
  "a long sum": `export default 1${"+1".repeat(2_000_000)};`,
  "a long line of text": `export default { remotes: {} }; // ${"x".repeat(15_000_000)}`,
  "a long regular expression": `export default /${"(".repeat(100_000)}/;`,
  "many statements": `${"let a: number = 1;{".repeat(20_000)}`,
  "many arrows": `export default ${"(a: number) => ".repeat(20_000)} 1;`,
  "many generics that are none": `export default [${"a < b, ".repeat(20_000)}];`,
  "many open braces and types": `const a = ${"<T,>(x: ".repeat(5_000)}`,
  "a trap of the engine's RegExp, called":
    "let N; (Object.prototype as any).get = (t) => { N = t; }; (RegExp as any).foo; N('(?:' + 'a|'.repeat(1e6) + 'b)');",
  "a trap of the engine's RegExp, set":
    "let N; (Object.prototype as any).set = (t) => { N = t; return true; }; (RegExp as any).foo = 1; N('(?:' + 'a|'.repeat(1e6) + 'b)');",
  "a trap of the engine's RegExp, asked":
    "let N; (Object.prototype as any).getOwnPropertyDescriptor = (t) => { N = t; }; Object.getOwnPropertyDescriptor(RegExp, 'foo'); N('(?:' + 'a|'.repeat(1e6) + 'b)');",
  "an array's iterator, for a search":
    "(Array.prototype as any)[Symbol.iterator] = function* () { yield ''; yield ''; }; 'a'.repeat(1e6).includes('a'.repeat(5e5) + 'b');",
  "an array's iterator, for a replacement":
    "(Array.prototype as any)[Symbol.iterator] = function* () { yield { length: 0 }; yield ''; }; 'x'.repeat(3e5).replace(/x/g, '$`'.repeat(9));",
  "a search for a function":
    "'a'.repeat(1e6).includes(Object.assign(() => 1, { toString: () => 'a'.repeat(5e5) + 'b' }) as any);",
  "a search for a class":
    "'a'.repeat(1e6).lastIndexOf(class { static toString() { return 'b' + 'a'.repeat(5e5); } } as any);",
  "a hundred thousand fields for JSON":
    "JSON.stringify({ a: 1 }, Array.from({ length: 1e5 }, (_, i) => 'k' + i));",
};

/** Sources that change the engine's own, so that what is made of the result would be another. */
const GAMES: Readonly<Record<string, string>> = {
  "a polluted Object.prototype":
    `Object.prototype.uri = "h/stolen"; Object.prototype.insecure = true; export default { remotes: { a: {} } };`,
  "a polluted Array.prototype":
    `Array.prototype.toString = Array.prototype.join = () => "stolen"; export default { remotes: { a: { uri: "a.example.com" } } };`,
  "__proto__ by JSON": `export default JSON.parse('{ "remotes": { "__proto__": { "uri": "h/stolen" } } }');`,
  "__proto__ by name": `export default { remotes: { ["__proto__"]: { uri: "h/stolen" } } };`,
  "__proto__ of all": `export default JSON.parse('{ "__proto__": { "remotes": {} } }');`,
  "a constructor": `export default { remotes: { constructor: { prototype: { uri: "h/stolen" } } } };`,
  "an overwritten JSON":
    `JSON.stringify = () => '{"remotes":{"stolen":{"uri":"h"}}}'; JSON.parse = null; export default { remotes: {} };`,
  "an overwritten Promise":
    `Promise.prototype.then = function (f) { f({ remotes: { stolen: { uri: "h" } } }); }; export default { remotes: {} };`,
  "an overwritten Reflect":
    `Object.keys = Reflect.ownKeys = Object.getOwnPropertyNames = () => ["stolen"]; export default { remotes: {} };`,
  "a setter on Object.prototype":
    `Object.defineProperty(Object.prototype, "remotes", { set() { throw 1; }, get() { return { stolen: { uri: "h" } }; } }); export default {};`,
  "a value that changes":
    `let n = 0; export default { get remotes() { return n++ ? { stolen: { uri: "h" } } : {}; } };`,
  "a proxy that lies":
    `let n = 0; export default new Proxy({ remotes: {} }, { get: (t, k) => n++ ? { stolen: { uri: "h" } } : t[k] });`,
  "a proxy of a remote":
    `export default { remotes: { a: new Proxy({ uri: "a" }, { get: () => "h/stolen" }) } };`,
  "a revoked proxy":
    `const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); export default { remotes: proxy };`,
  "a text that is an object": `export default { remotes: { a: { uri: new String("h/stolen") } } };`,
  "a text by Symbol.toPrimitive":
    `export default { remotes: { a: { uri: { [Symbol.toPrimitive]: () => "h/stolen", toString: () => "h" } } } };`,
  "a class": `export default new (class { remotes = { stolen: { uri: "h" } }; })();`,
  "a frozen cycle": `const a = { remotes: {} }; a.remotes.a = a; export default Object.freeze(a);`,
  "a function that returns a function": `export default () => () => ({ remotes: { stolen: { uri: "h" } } });`,
  "a generator": `export default function* () { yield { remotes: {} }; };`,
  "arguments that are changed":
    `export default (given) => { given.host.name = "stolen"; given.vars.__proto__.x = 1; return { remotes: {} }; };`,
  "an export that throws": `export default (() => { throw new Error("h\\u001b]0;stolen\\u0007"); })();`,
  "a thrown null": `throw null;`,
  "a thrown proxy": `throw new Proxy({}, { get() { throw 1; }, getPrototypeOf() { throw 2; } });`,
  "a NUL": `export default { remotes: {} };\0stolen`,
};

/** Files beside the config that lead out of its folder. */
const LINKS: Readonly<Record<string, Hostile>> = {
  "a symlink to a file": {
    files: { "remotes.ts": `import a from "./in.ts"; ${tell("a")}` },
    links: { "in.ts": "../outside.ts" },
  },
  "a symlink to a folder": {
    files: { "remotes.ts": `import a from "./in/outside.ts"; ${tell("a")}` },
    links: { "in": ".." },
  },
  "a symlink to the environment": {
    files: { "remotes.ts": `import a from "./in.json"; ${tell("JSON.stringify(a)")}` },
    links: { "in.json": "/proc/self/environ" },
  },
  "a symlink to a device": {
    files: { "remotes.ts": `import a from "./in.json"; ${tell("a")}` },
    links: { "in.json": "/dev/zero" },
  },
  "a symlink to itself": {
    files: { "remotes.ts": `import a from "./in.ts"; ${tell("a")}` },
    links: { "in.ts": "in.ts" },
  },
  "an import of a folder": {
    files: { "remotes.ts": `import a from "./in.ts"; ${tell("a")}`, "in.ts/x": "" },
  },
  "an import of itself": { files: { "remotes.ts": `export { default } from "./remotes.ts";` } },
  "a chain of 3,000 modules": {
    files: {
      "remotes.ts": `import a from "./m0.ts"; export default a;`,
      ...Object.fromEntries(
        Array.from(
          { length: 3000 },
          (
            _,
            i,
          ) => [`m${i}.ts`, i < 2999 ? `export { default } from "./m${i + 1}.ts";` : "export default {};"],
        ),
      ),
    },
  },
};

/** Data, which is parsed and not run. */
const DATA: Readonly<Record<string, Hostile>> = {
  "YAML: aliases that unfold": {
    files: {
      "remotes.yaml": "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" +
        Array.from({ length: 12 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}]\n`).join(""),
    },
    entry: "remotes.yaml",
  },
  "YAML: an alias to itself": { files: { "remotes.yaml": "remotes: &a\n  b: *a\n" }, entry: "remotes.yaml" },
  "YAML: merge keys": {
    files: { "remotes.yaml": "x: &x { uri: h/stolen }\nremotes:\n  a:\n    <<: *x\n" },
    entry: "remotes.yaml",
  },
  "YAML: tags": {
    files: { "remotes.yaml": "remotes: !!js/function 'function () { return process.env }'\n" },
    entry: "remotes.yaml",
  },
  "YAML: deep": { files: { "remotes.yaml": "remotes: " + "[".repeat(200_000) }, entry: "remotes.yaml" },
  "YAML: deep lines": {
    files: { "remotes.yaml": Array.from({ length: 3_000 }, (_, i) => " ".repeat(i) + "a:\n").join("") },
    entry: "remotes.yaml",
  },
  "YAML: long": {
    files: { "remotes.yaml": `remotes:\n${"  # x\n".repeat(1_000_000)}` },
    entry: "remotes.yaml",
  },
  "YAML: many errors": { files: { "remotes.yaml": "a: b: c\n".repeat(100_000) }, entry: "remotes.yaml" },
  "JSON: deep": { files: { "remotes.json": "[".repeat(5_000_000) }, entry: "remotes.json" },
  "JSON: many lists": { files: { "remotes.json": `[${"[],".repeat(1_300_000)}[]]` }, entry: "remotes.json" },
  "JSON: many keys": {
    files: { "remotes.json": `{ ${Array.from({ length: 300_000 }, (_, i) => `"k${i}": {}`).join(", ")} }` },
    entry: "remotes.json",
  },
  "JSON: many remotes that are none": {
    files: {
      "remotes.json": `{ "remotes": { ${
        Array.from({ length: 250_000 }, (_, i) => `"k${i}": 1`).join(", ")
      } } }`,
    },
    entry: "remotes.json",
  },
  "JSON: imported": {
    files: {
      "remotes.ts": `import a from "./a.json"; export default a;`,
      "a.json": `[${"[],".repeat(1_300_000)}[]]`,
    },
  },
  "JSON: too large": { files: { "remotes.json": " ".repeat(20_000_000) }, entry: "remotes.json" },
  "YAML: many items": {
    files: { "remotes.yaml": `remotes: [${"a,".repeat(2_000_000)}]` },
    entry: "remotes.yaml",
  },
  "YAML: many lines": {
    files: { "remotes.yaml": `remotes:\n${"- a\n".repeat(1_000_000)}` },
    entry: "remotes.yaml",
  },
  "YAML: many keys": {
    files: { "remotes.yaml": Array.from({ length: 300_000 }, (_, i) => `k${i}: {}\n`).join("") },
    entry: "remotes.yaml",
  },
  "YAML: many questions": { files: { "remotes.yaml": "? ".repeat(1_000_000) }, entry: "remotes.yaml" },
  "YAML: one long text": {
    files: { "remotes.yaml": `a: "${"\\u0041".repeat(600_000)}"` },
    entry: "remotes.yaml",
  },
  "YAML: a block of lines": {
    files: { "remotes.yaml": `a: >\n${"  b\n\n".repeat(700_000)}` },
    entry: "remotes.yaml",
  },
  "YAML: quotes without an end": {
    files: { "remotes.yaml": `'a\n`.repeat(1_000_000) },
    entry: "remotes.yaml",
  },
  "YAML: documents": { files: { "remotes.yaml": "---\na\n".repeat(500_000) }, entry: "remotes.yaml" },
  "JSON: __proto__": {
    files: { "remotes.json": '{ "__proto__": { "remotes": { "stolen": { "uri": "h" } } }, "remotes": {} }' },
    entry: "remotes.json",
  },
  "JSON: long": {
    files: { "remotes.json": `{ "remotes": { "a": { "uri": "${"x".repeat(15_000_000)}" } } }` },
    entry: "remotes.json",
  },
  "JSON: a hundred thousand twins": {
    files: { "remotes.json": `{ ${'"a": 1, '.repeat(100_000)} "b": 1 }` },
    entry: "remotes.json",
  },
};

/** Two to the sixteenth texts of one hash in QuickJS, which nobody can interrupt while it looks them up. */
const TWINS =
  `const keys = Array.from({ length: 16 }).reduce((all: string[]) => all.flatMap((one) => [one + "\\u0100\\u0300", one + "\\u0101\\u01f9"]), [""]);`;
const STUCK: Readonly<Record<string, string>> = {
  "twins: JSON.parse": 'JSON.parse("{" + keys.map((one) => JSON.stringify(one) + ":1") + "}");',
  "twins: an object's fields": "Object.fromEntries(keys.map((one) => [one, 1]));",
  "twins: a set": "new Set(keys);",
  "twins: a map, caught": "for (;;) try { new Map(keys.map((one) => [one, 1])); } catch {}",
};

const one = (source: string): Hostile => ({ files: { "remotes.ts": source } });

/** All of them, by group and name. */
export const HOSTILE: Readonly<Record<string, Readonly<Record<string, Hostile>>>> = {
  "imports": Object.fromEntries(ELSEWHERE.flatMap((name) => {
    const request = JSON.stringify(name);
    return [
      [`import ${request}`, one(`import a from ${request}; ${tell("JSON.stringify(a)")}`)],
      [
        `import(${request}), caught`,
        one(
          `let a; try { a = await import(${request}); } catch { a = "none"; } ${tell("JSON.stringify(a)")}`,
        ),
      ],
    ];
  })),
  "reaching out": Object.fromEntries(
    Object.entries(REACHES).map(([name, source]) => [name, one(tell(source))]),
  ),
  "exhausting": Object.fromEntries(
    Object.entries(EXHAUSTS).map(([name, source]) => [
      name,
      { files: { "remotes.ts": source, "loop.ts": "for (;;);" } },
    ]),
  ),
  "games": Object.fromEntries(Object.entries(GAMES).map(([name, source]) => [name, one(source)])),
  "stuck": Object.fromEntries(
    Object.entries(STUCK).map(([name, source]) => [name, one(`${TWINS} ${source} export default {};`)]),
  ),
  "links": LINKS,
  "data": DATA,
};
