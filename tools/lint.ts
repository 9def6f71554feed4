/**
 * Lint rules that hold the architecture.
 *
 * - `sremote/outside`: only `src/world/` accesses files, clock, network, process and terminal.
 * - `sremote/flow`: imports follow the flow of the data, as in the table {@link FLOW}.
 *
 * Neither applies to tests and tools.
 */

/** Globals that access the outside. Types of the same name (`: Date`, `typeof fetch`) do not use them. */
const OUTSIDE_GLOBALS: ReadonlySet<string> = new Set([
  "Deno",
  "Bun",
  "fetch",
  "Date",
  "performance",
  "process",
  "console",
  "setTimeout",
  "setInterval",
  "globalThis", // would bypass this list
]);

/** Members of other globals that do. */
const OUTSIDE_MEMBERS: ReadonlySet<string> = new Set(["Math.random"]);

/** Modules that do, with all below them (`node:fs/promises`). */
const OUTSIDE_MODULES = ["fs", "os", "child_process", "process", "tty", "net", "http", "https"];

/** What a file or a directory may import. */
interface Allowance {
  /** A file, or a directory with a trailing slash. The first match decides. */
  readonly of: string;
  /** Our own files, or directories with a trailing slash. */
  readonly may: readonly string[];
  /** Exceptions from `may`. */
  readonly but?: readonly string[];
  /** `node:` modules and npm packages; absent: any. */
  readonly packages?: readonly string[];
}

/** What every stage may import. */
const FLOOR = ["src/model.ts", "src/programs.ts", "src/world.ts", "src/base/"];

/** A file may import what its row lists, and no other file of ours. From the top layer to the bottom. */
export const FLOW: readonly Allowance[] = [
  { of: "main.ts", may: ["src/cli.ts", "src/world/real.ts"] },
  {
    of: "src/cli.ts",
    may: [
      "src/arguments/",
      "src/commands/shared/",
      "src/report/",
      "src/config/",
      "src/world.ts",
      "src/base/",
    ],
  },
  {
    of: "src/arguments/",
    may: ["src/arguments/", "src/commands/", "src/report/", "src/endpoint/", "src/config/", ...FLOOR],
  },
  {
    of: "src/commands/shared/",
    may: [
      "src/commands/shared/",
      "src/reconcile/",
      "src/report/",
      "src/endpoint/",
      "src/remotefile/",
      "src/config/",
      ...FLOOR,
    ],
  },
  {
    of: "src/commands/",
    may: [
      "src/commands/",
      "src/reconcile/",
      "src/report/",
      "src/endpoint/",
      "src/remotefile/",
      "src/config/",
      "src/arguments/complete.ts",
      "schema/",
      ...FLOOR,
    ],
  },
  // Planning is pure.
  {
    of: "src/reconcile/diff.ts",
    may: [
      "src/reconcile/",
      "src/remotefile/changes.ts",
      "src/remotefile/entry.ts",
      "src/model.ts",
      "src/programs.ts",
      "src/base/",
    ],
    but: ["src/reconcile/observe.ts", "src/reconcile/apply.ts"],
    packages: [],
  },
  {
    of: "src/reconcile/",
    may: ["src/reconcile/", "src/endpoint/", "src/remotefile/", "src/config/load.ts", "schema/", ...FLOOR],
  },
  {
    of: "src/report/",
    may: [
      "src/report/",
      "src/remotefile/entry.ts",
      "src/model.ts",
      "src/programs.ts",
      "src/base/",
      "schema/config.ts",
    ],
    packages: ["diff"],
  },
  { of: "src/endpoint/", may: ["src/endpoint/", ...FLOOR] },
  // The table from which the model takes the types of a file's fields.
  { of: "src/remotefile/entry.ts", may: ["src/base/"], packages: [] },
  { of: "src/remotefile/", may: ["src/remotefile/", ...FLOOR] },
  { of: "src/config/", may: ["src/config/", "schema/", ...FLOOR] },
  { of: "schema/", may: ["schema/", "src/model.ts", "src/base/"] },
  { of: "src/world/", may: ["src/world/", "src/world.ts", "src/base/errno.ts", "src/base/limits.ts"] },
  { of: "src/world.ts", may: [], packages: [] },
  {
    of: "src/model.ts",
    may: ["src/base/reader.ts", "src/base/expiry.ts", "src/remotefile/entry.ts", "schema/config.ts"],
    packages: [],
  },
  { of: "src/programs.ts", may: ["src/model.ts", "src/base/"], packages: [] },
  { of: "src/base/", may: ["src/base/", "deno.json"], packages: [] },
];

/** Names in the import map that are our own files. */
const ALIASES: Readonly<Record<string, string>> = { sremote: "schema/sremote.ts" };

/** The directory of the repository, with a trailing slash. */
export const ROOT = decodeURIComponent(new URL("../", import.meta.url).pathname);

/** The path in the repository; null: the rules do not apply, as for a test or a tool. */
function placeOf(filename: string): string | null {
  const place = filename.startsWith(ROOT) ? filename.slice(ROOT.length) : filename.replace(/^\.\//, "");
  if (place.endsWith("_test.ts")) return null;
  return place === "main.ts" || place.startsWith("src/") || place.startsWith("schema/") ? place : null;
}

/** `../model.ts` in `src/report/plan.ts` is `src/model.ts`; null for a package. */
function targetOf(place: string, specifier: string): string | null {
  if (!/^\.{0,2}\//.test(specifier)) return ALIASES[specifier] ?? null;
  const resolved = new URL(specifier, `file:///${place}`).pathname;
  return decodeURIComponent(resolved.slice(1));
}

function within(file: string, places: readonly string[]): boolean {
  return places.some((place) => place.endsWith("/") ? file.startsWith(place) : file === place);
}

/** Calls `found` for each import, export from, dynamic import and import type with a literal specifier. */
function eachImport(found: (specifier: string, node: Deno.lint.Node) => void): Deno.lint.LintVisitor {
  const see = (node: { readonly type: string }, source: unknown) => {
    if (typeof source !== "object" || source === null || !("value" in source)) return;
    if (typeof source.value === "string") found(source.value, node as Deno.lint.Node);
  };
  return {
    ImportDeclaration: (node) => see(node, node.source),
    ExportAllDeclaration: (node) => see(node, node.source),
    ExportNamedDeclaration: (node) => see(node, node.source),
    ImportExpression: (node) => see(node, node.source),
  };
}

type Range = readonly [start: number, end: number];

/** Node types in which an identifier is no reference: a key, a type, a label. */
const NAMES_ONLY: ReadonlySet<string> = new Set([
  "ImportSpecifier",
  "ImportDefaultSpecifier",
  "ImportNamespaceSpecifier",
  "ExportSpecifier",
  "LabeledStatement",
  "TSTypeReference",
  "TSTypeQuery",
  "TSQualifiedName",
  "TSInterfaceHeritage",
  "TSClassImplements",
  "TSInterfaceDeclaration",
  "TSTypeAliasDeclaration",
  "TSNamedTupleMember",
  "TSEnumMember",
]);

const SCOPES: ReadonlySet<string> = new Set([
  "Program",
  "BlockStatement",
  "ForStatement",
  "ForInStatement",
  "ForOfStatement",
  "CatchClause",
  "FunctionDeclaration",
  "FunctionExpression",
  "ArrowFunctionExpression",
  "TSEmptyBodyFunctionExpression",
  "TSFunctionType",
  "TSMethodSignature",
  "TSDeclareFunction",
]);

const PATTERNS: ReadonlySet<string> = new Set([
  "ObjectPattern",
  "ArrayPattern",
  "RestElement",
  "TSParameterProperty",
]);

// deno-lint-ignore no-explicit-any -- walks the tree by field names
type AnyNode = any;

const covers = (outer: AnyNode, inner: AnyNode) =>
  outer && outer.range[0] <= inner.range[0] && inner.range[1] <= outer.range[1];

/** Whether an identifier uses a name, declares one (with its scope), or neither. */
function roleOf(node: AnyNode): "use" | "none" | { readonly scope: Range } {
  const parent: AnyNode = node.parent;
  if (parent.type.startsWith("Import") && NAMES_ONLY.has(parent.type)) {
    return covers(parent.local, node) ? { scope: [0, Infinity] } : "none";
  }
  if (NAMES_ONLY.has(parent.type)) return "none";
  if (parent.type === "MemberExpression") {
    return !parent.computed && covers(parent.property, node) ? "none" : "use";
  }
  const keyed = "key" in parent && !parent.computed && !parent.shorthand && covers(parent.key, node);
  if (keyed) return "none";

  let child: AnyNode = node;
  let at: AnyNode = parent;
  while (
    PATTERNS.has(at.type) || (at.type === "AssignmentPattern" && covers(at.left, child)) ||
    (at.type === "Property" && covers(at.value, child))
  ) {
    child = at;
    at = at.parent;
  }
  const isFunction = SCOPES.has(at.type) && "params" in at;
  const declares = (at.type === "VariableDeclarator" && covers(at.id, child)) ||
    (at.type === "CatchClause" && covers(at.param, child)) ||
    (isFunction && at.params.some((param: AnyNode) => covers(param, child)));
  const named = (at.type === "FunctionDeclaration" || at.type === "ClassDeclaration") && covers(at.id, node);
  if (!declares && !named) return "use";
  let scope: AnyNode = named ? at.parent : at;
  while (!SCOPES.has(scope.type)) scope = scope.parent;
  return { scope: scope.range };
}

/** `new Date(time)` and `Date.parse(text)` turn what they are given into a date, and do not look at the clock. */
function isGivenDate(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  if (node.name !== "Date") return false;
  if (parent.type === "NewExpression") return parent.callee === node && parent.arguments.length > 0;
  return parent.type === "MemberExpression" && parent.object === node && !parent.computed &&
    parent.property.type === "Identifier" && parent.property.name === "parse";
}

const outside: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place === null || place.startsWith("src/world/")) return {};
    /** By position: `{ fetch }` is visited twice, as key and as value. */
    const uses = new Map<number, { readonly name: string; readonly range: Range }>();
    const declared: { readonly name: string; readonly scope: Range }[] = [];
    const hint = "Take it as a parameter; src/world/ has the real implementation.";
    return {
      ...eachImport((specifier, node) => {
        const module = specifier.replace(/^node:/, "");
        if (place === "main.ts" && module === "process") return;
        if (!OUTSIDE_MODULES.some((name) => module === name || module.startsWith(`${name}/`))) return;
        context.report({ node, message: `Only src/world/ imports ${specifier}.`, hint });
      }),
      Identifier(node) {
        if (!OUTSIDE_GLOBALS.has(node.name) || isGivenDate(node)) return;
        const role = roleOf(node);
        if (role === "use") uses.set(node.range[0], { name: node.name, range: node.range });
        else if (role !== "none") declared.push({ name: node.name, scope: role.scope });
      },
      MemberExpression(node) {
        if (node.object.type !== "Identifier") return;
        const { property } = node;
        const member = property.type === "Literal"
          ? property.value
          : !node.computed && property.type === "Identifier"
          ? property.name
          : null;
        const name = `${node.object.name}.${member}`;
        if (OUTSIDE_MEMBERS.has(name)) {
          context.report({ node, message: `Only src/world/ uses ${name}.`, hint });
        }
      },
      "Program:exit"() {
        for (const { name, range } of uses.values()) {
          const isOurs = declared.some((one) =>
            one.name === name && one.scope[0] <= range[0] && range[1] <= one.scope[1]
          );
          if (isOurs) continue;
          context.report({ range: [...range], message: `Only src/world/ uses ${name}.`, hint });
        }
      },
    };
  },
};

const flow: Deno.lint.Rule = {
  create(context) {
    const place = placeOf(context.filename);
    if (place === null) return {};
    const row = FLOW.find(({ of }) => within(place, [of]));
    if (row === undefined) return {};
    return eachImport((specifier, node) => {
      const target = targetOf(place, specifier);
      const fits = target !== null
        ? within(target, row.may) && !within(target, row.but ?? [])
        : row.packages === undefined ||
          row.packages.some((name) => specifier === name || specifier.startsWith(`${name}/`));
      if (fits) return;
      context.report({
        node,
        message: `${row.of} may not import ${target ?? specifier}.`,
        hint: "Imports follow the flow of the data, as in the table FLOW of tools/lint.ts.",
      });
    });
  },
};

const plugin: Deno.lint.Plugin = { name: "sremote", rules: { outside, flow } };

export default plugin;
