import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import plugin, { FLOW, ROOT } from "./lint.ts";

/** The rules that fire, each with the text that it marks. */
function lint(file: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, file, source)
    .map(({ id, range }) => `${id}: ${source.slice(...range)}`)
    .sort();
}

const fires = (file: string, source: string, rule: string, at: string) =>
  assert.deepEqual(lint(file, source), [`sremote/${rule}: ${at}`], `${file}: ${source}`);
const passes = (file: string, source: string) =>
  assert.deepEqual(lint(file, source), [], `${file}: ${source}`);

Deno.test("outside: each global is found", () => {
  const uses = [
    ["Deno", "Deno.readTextFileSync(file);"],
    ["Bun", "const runtime = Bun;"],
    ["fetch", "await fetch(uri);"],
    ["Date", "const now = new Date();"],
    ["performance", "performance.now();"],
    ["process", "process.exit(1);"],
    ["console", "console.log(1);"],
    ["setTimeout", "setTimeout(work, 5);"],
    ["setInterval", "setInterval(work, 5);"],
    ["globalThis", 'globalThis["fetch"](uri);'],
    ["Math.random", "Math.random();"],
    ['Math["random"]', 'Math["random"]();'],
    ["fetch", "plan({ fetch });"],
    ["fetch", "plan({ ask: fetch });"],
    ["Date", "const days = table[Date];"],
    ["Date", "Date.now();"],
    ["Date", 'Date["parse"](text);'],
    ["Date", "new Clock(Date);"],
    ["fetch", "function ask(by = fetch) {}"],
  ] as const;
  for (const [at, source] of uses) fires("src/config/find.ts", source, "outside", at);
});

Deno.test("outside: each module is found", () => {
  for (const name of ["fs", "fs/promises", "os", "child_process", "process", "tty", "net", "http", "https"]) {
    for (const source of [`import x from "node:${name}";`, `export * from "${name}";`]) {
      fires("src/cli.ts", source, "outside", source);
    }
    fires("src/cli.ts", `await import("node:${name}");`, "outside", `import("node:${name}")`);
  }
});

Deno.test("outside: a name that is not the global passes", () => {
  for (
    const source of [
      "clock.Date; world.process.console;",
      "new Date(time).toISOString(); Date.parse(text);",
      "const clock = { Date: 1, fetch: 2 };",
      "interface Ask { fetch: typeof fetch; since: Date; console(): void }",
      "function ask(fetch: Ask) { return fetch(1); }",
      "const ask = ({ fetch, performance: { now } }: World) => fetch(now);",
      'import { console } from "./terminal.ts"; console.log(1);',
      "{ const process = 1; use(process); }",
      'import path from "node:path"; Math.floor(1);',
    ]
  ) passes("src/config/find.ts", source);
});

Deno.test("outside: a name declared in one function is the global in another", () => {
  fires(
    "src/config/find.ts",
    "function ours(fetch) { fetch(1); } function theirs() { (fetch)(2); }",
    "outside",
    "fetch",
  );
});

Deno.test("outside: the rule does not apply to the world, tests and tools; main.ts may exit", () => {
  const all = 'import fs from "node:fs"; Deno.exit(); fetch(Date.now()); setTimeout(console.log);';
  for (
    const file of [
      "src/world/files.ts",
      "src/config/find_test.ts",
      "tools/demo.ts",
      "tests/scenarios_test.ts",
    ]
  ) {
    passes(file, all);
  }
  passes("main.ts", 'import process from "node:process"; process.exit(1);');
  fires("main.ts", 'import fs from "node:fs";', "outside", 'import fs from "node:fs";');
  fires("schema/plan.ts", "Date.now();", "outside", "Date");
});

/** Imports of a file at a path: which must pass, and which must not. */
const IMPORTS: readonly (readonly [file: string, passes: readonly string[], fires: readonly string[]])[] = [
  ["main.ts", ["./src/cli.ts", "./src/world/real.ts"], ["./src/commands/plan.ts", "./src/model.ts"]],
  ["src/cli.ts", ["./arguments/parse.ts", "./base/failure.ts", "./commands/shared/write.ts"], [
    "../main.ts",
    "../tools/schema.ts",
    "./commands/plan.ts",
    "./reconcile/diff.ts",
  ]],
  ["src/arguments/parse.ts", ["../commands/plan.ts", "../base/failure.ts", "commander"], [
    "../cli.ts",
    "../../main.ts",
    "../reconcile/diff.ts",
  ]],
  ["src/commands/plan.ts", ["../report/text.ts", "../reconcile/diff.ts", "./shared/context.ts"], [
    "../cli.ts",
    "../../main.ts",
    "../arguments/parse.ts",
  ]],
  ["src/commands/shared/context.ts", ["../../report/style.ts", "../../reconcile/diff.ts"], [
    "../plan.ts",
    "../../cli.ts",
    "../../arguments/parse.ts",
  ]],
  ["src/reconcile/diff.ts", ["../model.ts", "../programs.ts", "../base/uri.ts", "./conflicts.ts"], [
    "../world.ts",
    "../remotefile/edit.ts",
    "../endpoint/client.ts",
    "./observe.ts",
    "./apply.ts",
    "yaml",
  ]],
  ["src/reconcile/apply.ts", ["../world.ts", "../remotefile/edit.ts", "./diff.ts"], [
    "../report/text.ts",
    "../commands/plan.ts",
    "../config/validate.ts",
  ]],
  ["src/report/text.ts", [
    "../model.ts",
    "../base/failure.ts",
    "../remotefile/entry.ts",
    "./problems.ts",
    "diff",
  ], [
    "../world.ts",
    "../config/validate.ts",
    "../remotefile/parse.ts",
    "../reconcile/diff.ts",
    "node:path",
    "yaml",
    "different",
  ]],
  ["src/endpoint/client.ts", ["../world.ts", "../base/uri.ts"], [
    "../commands/plan.ts",
    "../report/text.ts",
    "../remotefile/parse.ts",
    "../config/load.ts",
  ]],
  ["src/remotefile/entry.ts", ["../base/secret.ts"], ["../model.ts", "./parse.ts", "yaml"]],
  ["src/remotefile/edit.ts", ["../base/suggest.ts", "../model.ts", "yaml"], [
    "../config/load.ts",
    "../report/text.ts",
    "../reconcile/diff.ts",
    "../commands/plan.ts",
  ]],
  ["src/config/validate.ts", ["../base/failure.ts", "../../schema/config.ts", "sremote", "yaml"], [
    "../report/text.ts",
    "../reconcile/diff.ts",
    "../commands/plan.ts",
    "../remotefile/parse.ts",
  ]],
  ["schema/plan.ts", ["../src/model.ts", "../src/base/uri.ts", "./config.ts", "typebox"], [
    "../src/config/validate.ts",
    "../src/world.ts",
  ]],
  ["src/world/files.ts", ["../world.ts", "../base/errno.ts", "node:fs"], [
    "../cli.ts",
    "../base/failure.ts",
    "../config/validate.ts",
  ]],
  ["src/world.ts", [], ["./world/files.ts", "./base/errno.ts", "yaml"]],
  ["src/programs.ts", ["./model.ts", "./base/text.ts"], [
    "./world.ts",
    "./remotefile/paths.ts",
    "yaml",
    "node:path",
  ]],
  ["src/model.ts", ["./remotefile/entry.ts", "../schema/config.ts"], [
    "./base/failure.ts",
    "./remotefile/parse.ts",
    "yaml",
    "node:path",
  ]],
  ["src/base/digest.ts", ["./secret.ts", "../../deno.json"], [
    "../model.ts",
    "../world.ts",
    "node:crypto",
    "yaml",
  ]],
];

Deno.test("flow: imports follow the table", () => {
  for (const [file, passing, firing] of IMPORTS) {
    for (const specifier of passing) {
      passes(file, `import "${specifier}";`);
      passes(file, `export type { X } from "${specifier}";`);
    }
    for (const specifier of firing) {
      const source = `import type { X } from "${specifier}";`;
      fires(file, source, "flow", source);
      fires(file, `await import("${specifier}");`, "flow", `import("${specifier}")`);
    }
  }
});

Deno.test("flow: every row of the table has a case", () => {
  const rows = new Set(
    IMPORTS.map(([file]) => FLOW.findIndex(({ of }) => file === of || file.startsWith(of))),
  );
  assert.deepEqual([...rows].sort((a, b) => a - b), FLOW.map((_, index) => index));
});

Deno.test("flow: the rule does not apply to tests and tools", () => {
  passes("src/report/text_test.ts", 'import "../world.ts";');
  passes("tools/demo.ts", 'import "../src/commands/plan.ts";');
});

/** Every file of the program, with what it imports; types and later (`await import`) imports count too. */
function importsOf(): ReadonlyMap<string, readonly string[]> {
  const files = new Map<string, readonly string[]>();
  const walk = (directory: string) => {
    for (const { name, isDirectory } of Deno.readDirSync(join(ROOT, directory))) {
      const path = `${directory}/${name}`;
      if (isDirectory) walk(path);
      else if (name.endsWith(".ts") && !name.endsWith("_test.ts")) {
        const source = Deno.readTextFileSync(join(ROOT, path)).replaceAll(/^ \*.*$/gm, "");
        const targets = Array.from(
          source.matchAll(/(?:\bfrom|\bimport\()\s*"(\.{1,2}\/[^"]+\.ts)"/g),
          ([, target]) => join(dirname(path), target!),
        );
        files.set(path, targets);
      }
    }
  };
  walk("src");
  walk("schema");
  return files;
}

Deno.test("flow: there is no import circle", () => {
  const files = importsOf();
  assert.ok(files.size > 100 && files.get("src/cli.ts")!.includes("src/base/failure.ts"));
  const done = new Set<string>();
  const visit = (file: string, way: readonly string[]) => {
    assert.ok(!way.includes(file), `circle: ${[...way.slice(way.indexOf(file)), file].join(" → ")}`);
    if (done.has(file)) return;
    for (const target of files.get(file) ?? []) visit(target, [...way, file]);
    done.add(file);
  };
  for (const file of files.keys()) visit(file, []);
});
