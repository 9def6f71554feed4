/** Explains what went wrong in the sandbox as a {@link Failure} with its place in the source. Pure. */
import { Failure, type FailureCode } from "../../base/failure.ts";
import type { Thrown } from "./prelude.ts";
import { CODE_MEMORY, CODE_MILLISECONDS } from "../../base/limits.ts";
import type { Limit, RunResult } from "./sandbox.ts";

/** A module as it was read, to show its lines. */
export interface Source {
  readonly text: string;
  /** The column in the source for a column of the JavaScript that ran; both in UTF-16 units from 0. */
  readonly columnBack: (line: number, column: number) => Promise<number>;
}

/** What a diagnosis needs to know of the config. */
export interface Subject {
  /** The config as the user named it. */
  readonly entry: string;
  /** Its name among the modules. */
  readonly entryName: string;
  readonly sources: ReadonlyMap<string, Source>;
}

/** A place in the source of a module; `line` and `column` count from 1. */
export interface Place {
  readonly module: string;
  readonly line: number;
  readonly column: number;
}

const SHOWN = 100;
const EXPORT_HINT =
  'End the config with `export default defineConfig({ … });`, and import defineConfig from "sremote"';
const DATA_HINT = "Export plain data: objects, arrays, strings, numbers, true, false, null";
const HERMETIC_HINT =
  "A config is hermetic: pass values with --var name=value, and read { vars, host } in an exported function";
const ABSENT: ReadonlySet<string> = new Set(
  "console process Deno Bun require module exports fetch performance crypto setTimeout setInterval setImmediate queueMicrotask structuredClone WebAssembly Intl URL TextEncoder TextDecoder Buffer std os WeakRef FinalizationRegistry SharedArrayBuffer BigInt BigInt64Array BigUint64Array Atomics window self global __dirname __filename"
    .split(" "),
);

/** A failure that names the config, and the place if it is known. */
export function failAt(
  subject: Subject,
  code: FailureCode,
  why: string,
  place: Place | undefined,
  next: string,
): Failure {
  const called = subject.entry.split("/").at(-1);
  const source = place && subject.sources.get(place.module);
  const file = place && (place.module === subject.entryName ? subject.entry : place.module);
  return new Failure(code, `cannot evaluate ${called}: ${oneLine(why)}`, {
    path: place === undefined ? subject.entry : `${file}:${place.line}:${place.column}`,
    next,
    ...(place && source ? { excerpt: excerpt(source.text, place) } : {}),
  });
}

/** The failure of a run that gave no value. */
export async function diagnose(
  subject: Subject,
  result: Exclude<RunResult, { kind: "value" }>,
): Promise<Failure> {
  if (result.kind === "limit") return atLimit(subject, result.limit, await placeOf(subject, result.stack));
  const { thrown } = result;
  switch (thrown.kind) {
    case "no-default":
      return failAt(subject, "config-evaluation", "it has no default export", undefined, EXPORT_HINT);
    case "value":
      return failAt(subject, "config-evaluation", thrown.message, undefined, DATA_HINT);
    case "throw": {
      const place = await placeOf(subject, thrown.stack);
      return unparsed(subject, thrown, place) ?? undefinedName(subject, thrown, place) ??
        failAt(subject, "config-evaluation", reasonOf(thrown), place, "Fix the config where it throws");
    }
  }
}

/** The failure of a run that took too long, where nothing is known of its place. */
export function overtime(subject: Subject): Failure {
  return atLimit(subject, "time", undefined);
}

function atLimit(subject: Subject, limit: Limit, place: Place | undefined): Failure {
  const { why, next } = LIMITS[limit];
  return failAt(subject, "config-evaluation", why, place, next);
}

/** A module that does not parse, or does not export what is imported from it. */
function unparsed(
  subject: Subject,
  { name, message, stack }: Thrown,
  place: Place | undefined,
): Failure | undefined {
  if (name !== "SyntaxError") return undefined;
  const lost = /^Could not find export '(.*)' in module '(.*)'$/.exec(message);
  if (lost) {
    const [, what = "", where = ""] = lost;
    const why = `"${where}" does not export "${what}"`;
    const next = "Check the name; import a type with `import type`";
    return failAt(subject, "config-import", why, importOf(subject, what, where), next);
  }
  const byParser = /^\s*at (?!.*\()/.test(stack); // a place without a function
  return byParser && place ? failAt(subject, "config-syntax", message, place, "Fix the syntax") : undefined;
}

/** A name that a config does not have. */
function undefinedName(
  subject: Subject,
  { name, message }: Thrown,
  place: Place | undefined,
): Failure | undefined {
  const absent = name === "ReferenceError" ? /^'?([\w$]+)'? is not defined$/.exec(message)?.[1] : undefined;
  if (absent === undefined) return undefined;
  const namespace = new RegExp(`^[ \\t]*(?:export\\s+)?namespace\\s+${RegExp.escape(absent)}(?![\\w$])`, "m");
  if (place !== undefined && namespace.test(subject.sources.get(place.module)?.text ?? "")) {
    const why = `the namespace ${absent} contains values, which is not supported`;
    const next = "Use an object or a separate module instead; a namespace that contains only types is fine";
    return failAt(subject, "config-evaluation", why, place, next);
  }
  if (!ABSENT.has(absent)) return undefined;
  const why = `${absent} is not available in a config`;
  return failAt(subject, "config-evaluation", why, place, HERMETIC_HINT);
}

/** The error as a sentence. */
function reasonOf({ name, message }: Thrown): string {
  const what = message || (name === "" ? "it threw an empty value" : "it threw without a message");
  return name === "" || name === "Error" ? what : `${name}: ${what}`;
}

const LIMITS: Readonly<Record<Limit, { readonly why: string; readonly next: string }>> = {
  time: {
    why: `it ran longer than ${CODE_MILLISECONDS / 1000} s`,
    next: "Look for a loop that does not end",
  },
  memory: {
    why: `it needed more than ${CODE_MEMORY / 2 ** 20} MiB`,
    next: "Look for a string or an array that grows without end",
  },
  stack: {
    why: "it called itself too deeply",
    next: "Look for a function that calls itself without end, or for very deep nesting",
  },
  pending: {
    why: "it waits for a promise that never settles",
    next: "Await only what the config itself computes",
  },
  broken: {
    why: "the interpreter stopped unexpectedly",
    next: "Simplify the config, and report this as a bug with the config attached",
  },
};

/** The first place of an interpreter's stack that is in the config's own files. */
async function placeOf(subject: Subject, stack: string): Promise<Place | undefined> {
  for (const line of stack.split("\n")) {
    const [, module = "", row, column] = /^\s*at (?:.* \()?(.+?):(\d+):(\d+)\)?$/.exec(line) ?? [];
    const source = subject.sources.get(module);
    if (source === undefined) continue;
    const at = { module, line: Number(row), column: 1 };
    const units = await source.columnBack(at.line, Number(column) - 1);
    return { ...at, column: units + 1 };
  }
  return undefined;
}

/** Where a module's import statement names `request`. */
export function placeOfImport(module: string, text: string, request: string): Place | undefined {
  const match = new RegExp(`(?:from|import)\\s*\\(?\\s*(["'])(?=${RegExp.escape(request)}\\1)`).exec(text);
  if (match === null) return undefined;
  const before = text.slice(0, match.index + match[0].length - 1).split("\n");
  return { module, line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

/** Where a name is imported that the module does not export; found in the text, because QuickJS does not say. */
function importOf(subject: Subject, name: string, target: string): Place | undefined {
  const file = RegExp.escape(target.split("/").at(-1) ?? target);
  for (const [module, { text }] of subject.sources) {
    const match = new RegExp(`\\b(?:import|export)\\b[^;"']*from\\s*["'](?:[^"']*/)?${file}["']`, "g");
    for (const [statement] of text.matchAll(match)) {
      const word = statement.search(new RegExp(`(?<![\\w$])${RegExp.escape(name)}(?![\\w$])`));
      if (word < 0) continue;
      const before = text.slice(0, text.indexOf(statement) + word).split("\n");
      return { module, line: before.length, column: (before.at(-1) ?? "").length + 1 };
    }
  }
  return undefined;
}

/** The line with a caret under the column; a long line is cut around the column. */
function excerpt(text: string, place: Place): string {
  const line = (text.split("\n")[place.line - 1] ?? "").replace(/\r$/, "");
  const masked = line.replace(/\beyJ[\w-]+(?:\.[\w-]+)*|[\w-]{32,}/g, (word) => "*".repeat(word.length));
  const from = line.length <= SHOWN ? 0 : Math.max(0, Math.min(place.column - 1, line.length) - SHOWN / 2);
  const shown = masked.slice(from, from + SHOWN).replace(/[\p{Cc}\p{Cf}]/gu, " ");
  return `${shown}\n${" ".repeat(Math.max(0, place.column - 1 - from))}^`;
}

/** Text from the config, safe to print on one line of a terminal. */
function oneLine(text: string): string {
  const flat = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").trim();
  return flat.length > 500 ? flat.slice(0, 500) + "…" : flat;
}
