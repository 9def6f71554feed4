/** From what went wrong in the sandbox to a {@link Failure} with its place in the source as written. Pure. */
import { Failure, type FailureCode } from "../../base/failure.ts";
import { MEMORY_LIMIT, type RunResult, TIME_LIMIT_MS } from "./sandbox.ts";

/** A module as read, for showing its lines. */
export interface Source {
  readonly text: string;
  /** The column as written, for one of the JavaScript that ran; both in UTF-16 units from 0. */
  readonly columnBack: (line: number, column: number) => number;
}

/** What a diagnosis needs to know of the config. */
export interface Subject {
  /** The config as the person named it. */
  readonly entry: string;
  /** Its name among the modules. */
  readonly entryName: string;
  readonly sources: ReadonlyMap<string, Source>;
}

/** A place in a module as written; `line` and `column` count from 1. */
export interface Place {
  readonly module: string;
  readonly line: number;
  readonly column: number;
}

const SHOWN = 100;
const EXPORT_HINT =
  'End the config in `export default defineConfig({ … });`, with `import { defineConfig } from "sremote";`.';
const ABSENT: ReadonlySet<string> = new Set(
  "console process Deno Bun require module exports fetch performance crypto setTimeout setInterval setImmediate queueMicrotask structuredClone WebAssembly Intl URL TextEncoder TextDecoder Buffer std os WeakRef FinalizationRegistry SharedArrayBuffer BigInt BigInt64Array BigUint64Array Atomics window self global __dirname __filename"
    .split(" "),
);

/** A failure that names the config, and the place where it is known. */
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

/** The failure that a run which gave no value comes to. */
export function diagnose(subject: Subject, result: Exclude<RunResult, { kind: "value" }>): Failure {
  if (result.kind === "limit") {
    const { why, next } = LIMITS[result.limit];
    return failAt(subject, "config-evaluation", why, placeOf(subject, result.stack), next);
  }
  const { kind, name, message, stack } = result.thrown;
  if (kind === "no-default") {
    return failAt(subject, "config-evaluation", "it has no default export", undefined, EXPORT_HINT);
  }
  if (kind === "value") {
    return failAt(
      subject,
      "config-evaluation",
      message,
      undefined,
      "Export plain data: objects, arrays, texts, numbers, true, false, null.",
    );
  }
  const place = placeOf(subject, stack);
  if (name === "SyntaxError") {
    const lost = /^Could not find export '(.*)' in module '(.*)'$/.exec(message);
    if (lost) {
      return failAt(
        subject,
        "config-import",
        `"${lost[2]}" exports no "${lost[1]}"`,
        importOf(subject, lost[1] ?? "", lost[2] ?? ""),
        "Check the name; a type is imported with `import type`.",
      );
    }
    const json = /\((.*\.json):\d+:\d+\)/.exec(stack);
    if (json) {
      return failAt(
        subject,
        "config-syntax",
        `${json[1]} is not valid JSON: ${message}`,
        undefined,
        "Correct the syntax.",
      );
    }
    const parsed = /^\s*at (?!.*\()/.test(stack); // a place without a function: the parser's
    if (parsed && place) return failAt(subject, "config-syntax", message, place, "Correct the syntax.");
  }
  const absent = name === "ReferenceError" ? /^'?([\w$]+)'? is not defined$/.exec(message)?.[1] : undefined;
  if (absent !== undefined && place !== undefined) {
    const namespace = new RegExp(
      `^[ \\t]*(?:export\\s+)?namespace\\s+${absent.replaceAll("$", "\\$")}\\b`,
      "m",
    );
    if (namespace.test(subject.sources.get(place.module)?.text ?? "")) {
      return failAt(
        subject,
        "config-evaluation",
        `the namespace ${absent} holds values, which is not supported`,
        place,
        "Write an object, or a module of its own, instead; a namespace of types alone is fine.",
      );
    }
  }
  if (absent !== undefined && ABSENT.has(absent)) {
    return failAt(
      subject,
      "config-evaluation",
      `${absent} is not available in a config`,
      place,
      "A config is hermetic: hand values in with --var name=value, and read { vars, host } in an exported function.",
    );
  }
  const why = (name === "" || name === "Error" ? "" : `${name}: `) +
    (message || (name === "" ? "it threw an empty value" : "it threw without a message"));
  return failAt(
    subject,
    "config-evaluation",
    why.replace(/: $/, ""),
    place,
    "Correct the config; the place is where it was thrown.",
  );
}

const LIMITS = {
  time: { why: `it ran longer than ${TIME_LIMIT_MS / 1000} s`, next: "Look for a loop that does not end." },
  memory: {
    why: `it needed more than ${MEMORY_LIMIT / 2 ** 20} MiB`,
    next: "Look for a text or an array that grows without end.",
  },
  stack: {
    why: "it called itself too deeply",
    next: "Look for a function that calls itself without end, or for very deep nesting.",
  },
  pending: {
    why: "it waits for a promise that never settles",
    next: "Nothing outside the config can settle a promise: await only what the config computes.",
  },
  broken: {
    why: "the interpreter broke off",
    next: "Simplify the config, and report this with the config attached.",
  },
} as const;

/** The first place of an interpreter's stack that lies in the config's own files. */
export function placeOf(subject: Subject, stack: string): Place | undefined {
  for (const line of stack.split("\n")) {
    const [, module = "", row, column] = /^\s*at (?:.* \()?(.+?):(\d+):(\d+)\)?$/.exec(line) ?? [];
    const source = subject.sources.get(module);
    if (source === undefined) continue;
    const at = { module, line: Number(row), column: 1 };
    const units = source.columnBack(at.line, Number(column) - 1);
    return { ...at, column: units + 1 };
  }
  return undefined;
}

/** Where a module's import statement names `request`, with `name` somewhere before it when given. */
export function placeOfImport(module: string, text: string, request: string): Place | undefined {
  const literal = request.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const match = new RegExp(`(?:from|import)\\s*\\(?\\s*(["'])(?=${literal}\\1)`).exec(text);
  if (match === null) return undefined;
  const before = text.slice(0, match.index + match[0].length - 1).split("\n");
  return { module, line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

/** Where a name is imported that the module does not export; by its text, for QuickJS does not say. */
function importOf(subject: Subject, name: string, target: string): Place | undefined {
  const base = target.split("/").at(-1) ?? target;
  const escaped = base.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  for (const [module, { text }] of subject.sources) {
    const match = new RegExp(`\\b(?:import|export)\\b[^;"']*from\\s*["'](?:[^"']*/)?${escaped}["']`, "g");
    for (const [statement] of text.matchAll(match)) {
      const word = statement.search(new RegExp(`(?<![\\w$])${name.replace(/[^\w]/g, "\\$&")}(?![\\w$])`));
      if (word < 0) continue;
      const before = text.slice(0, text.indexOf(statement) + word).split("\n");
      return { module, line: before.length, column: (before.at(-1) ?? "").length + 1 };
    }
  }
  return undefined;
}

/** The line with a caret under the column; a long line is cut around it. */
function excerpt(text: string, place: Place): string {
  const line = (text.split("\n")[place.line - 1] ?? "").replace(/\r$/, "");
  const masked = line.replace(/\beyJ[\w-]+(?:\.[\w-]+)*|[\w-]{32,}/g, (word) => "*".repeat(word.length));
  const from = line.length <= SHOWN ? 0 : Math.max(0, Math.min(place.column - 1, line.length) - SHOWN / 2);
  const shown = masked.slice(from, from + SHOWN).replace(/[\p{Cc}\p{Cf}]/gu, " ");
  return `${shown}\n${" ".repeat(Math.max(0, place.column - 1 - from))}^`;
}

/** Text of the config's own making, fit for one line of a terminal. */
function oneLine(text: string): string {
  const flat = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ").trim();
  return flat.length > 500 ? flat.slice(0, 500) + "…" : flat;
}
