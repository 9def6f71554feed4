/** Hermetic evaluation of a `.ts` or `.js` config: from a file to plain data, the same on every machine. */
import { basename, dirname, join } from "node:path";
import { BUILTIN_NAME, BUILTIN_SOURCE } from "./builtin.ts";
import type { Failure } from "../../base/failure.ts";
import { diagnose, failAt, type Place, placeOfImport, type Source } from "./diagnose.ts";
import { ImportProblem, moduleKind, resolveImport } from "./imports.ts";
import { FREE_CODE, isParsedSoon } from "./large.ts";
import { PRELUDE_NAME } from "./prelude.ts";
import { compilerStarted, run, type RunResult, takeInstance, TIME_LIMIT_MS } from "./sandbox.ts";
import { loadTranspiler, mayBeJavaScript, type Transpiler, TypeScriptSyntaxError } from "./transpile.ts";

export { preloadSandbox } from "./sandbox.ts";

/** The few outside things that evaluation needs, handed in. */
export interface EvaluationInputs {
  /** Text of a file; throws Failure (config-unreadable / config-import) when missing, too large, not UTF-8. */
  readonly read: (absolutePath: string) => string;
  /** Path with all symlinks resolved; throws an Error with code ENOENT when missing. */
  readonly realPath: (absolutePath: string) => string;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Ends the process with that failure after so many milliseconds, unless what it gives is called before. */
  readonly watch: (milliseconds: number, late: Failure) => () => void;
  /** The `--var`s. */
  readonly vars: Readonly<Record<string, string>>;
  readonly host: { readonly name: string; readonly os: string; readonly arch: string };
}

/** A config's value, and all that it was made of. */
export interface Evaluated {
  /** Plain data, made by JSON.parse. */
  readonly value: unknown;
  /** Every file read, by its real path, the entry first. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

/** A step of the interpreter's own that takes longer than this beyond the limit is ended from outside, with the process. */
const UNINTERRUPTED_MS = 400;

/** Of all modules of a config together. */
const MOST_CHARACTERS = 8 * 1024 * 1024;
const TOO_LARGE = (name: string) =>
  `${name} is larger than ${FREE_CODE / 1024} KiB, and more than lists of remotes`;
const KEEP_DATA_APART = "Keep long lists in a .json file beside it, and import that.";

/** When the evaluation ends, however often it begins anew; null: it has not begun. */
interface Clock {
  until: number | null;
}

/** Thrown when a `.js` config turns out to import TypeScript. */
class NeedsTranspiler extends Error {}

/**
 * Evaluates a config and returns its default export.
 * @throws {Failure} config-syntax, config-evaluation, config-import, with the place in the source
 */
export async function evaluateConfig(entry: string, inputs: EvaluationInputs): Promise<Evaluated> {
  const loading = takeInstance();
  loading.catch(() => {}); // awaited below, unless the config fails first
  const real = realEntry(entry, inputs);
  const text = inputs.read(real);
  const needsTypes = moduleKind(real) === "typescript" && !mayBeJavaScript(text);
  if (needsTypes) await compilerStarted();
  let transpiler = needsTypes ? await loadTranspiler() : undefined;
  const clock: Clock = { until: null };
  for (let instance = loading;; instance = takeInstance()) {
    try {
      return await evaluateOnce(entry, real, text, inputs, instance, transpiler, clock);
    } catch (error) {
      if (!(error instanceof NeedsTranspiler) || transpiler !== undefined) throw error;
      transpiler = await loadTranspiler();
    }
  }
}

function realEntry(entry: string, inputs: EvaluationInputs): string {
  try {
    return inputs.realPath(entry);
  } catch (error) {
    inputs.read(entry); // says better why it cannot be read
    throw error;
  }
}

async function evaluateOnce(
  entry: string,
  real: string,
  text: string,
  inputs: EvaluationInputs,
  instance: ReturnType<typeof takeInstance>,
  transpiler: Transpiler | undefined,
  clock: Clock,
): Promise<Evaluated> {
  const folder = dirname(real);
  const entryName = basename(real);
  const sources = new Map<string, Source>();
  const compiled = new Map<string, string>([[BUILTIN_NAME, BUILTIN_SOURCE]]);
  const subject = { entry, entryName, sources };
  /** The first refusal: it stands even where the config catches it, for else what is missing would decide the plan. */
  let refusal: unknown;

  let characters = 0;
  /** Some TypeScript ran as it stands: where that fails, it is run again without the guess. */
  let guessed = false;

  const load = (name: string): string => {
    const ready = compiled.get(name);
    if (ready !== undefined) return ready;
    const source = name === entryName ? text : inputs.read(join(folder, name));
    const kind = moduleKind(name);
    if ((characters += source.length) > MOST_CHARACTERS || (kind !== "json" && !isParsedSoon(source))) {
      throw failAt(subject, "config-evaluation", TOO_LARGE(name), undefined, KEEP_DATA_APART);
    }
    if (kind !== "json" && /\b\d\w*n\b/.test(source)) {
      if (transpiler === undefined) throw new NeedsTranspiler();
      if (transpiler.hasBigint(source)) {
        throw failAt(
          subject,
          "config-evaluation",
          `${name} has a bigint, or what may be one`,
          undefined,
          "Write a number.",
        );
      }
    }
    if (kind === "typescript" && transpiler === undefined) {
      if (!mayBeJavaScript(source)) throw new NeedsTranspiler();
      guessed = true;
    }
    sources.set(name, {
      text: source,
      columnBack: columnBack(source, kind === "typescript" ? transpiler : undefined),
    });
    const code = compile(name, source);
    compiled.set(name, code);
    return code;
  };
  const compile = (name: string, source: string): string => {
    const syntax = (why: string, place?: Place) =>
      failAt(subject, "config-syntax", why, place, "Correct the syntax.");
    // The interpreter takes C strings: what follows a NUL would silently be left out.
    const nul = source.indexOf("\0");
    if (nul >= 0) throw syntax(`${name} contains a NUL character`);
    if (moduleKind(name) === "json") {
      return `export default JSON.parse(${JSON.stringify(source.replace(/^\uFEFF/, ""))});`;
    }
    if (moduleKind(name) === "javascript" || transpiler === undefined) return source;
    try {
      return transpiler.transpile(source);
    } catch (error) {
      if (!(error instanceof TypeScriptSyntaxError)) throw error;
      const { message, line, column } = error;
      throw syntax(
        message,
        line === undefined || column === undefined ? undefined : { module: name, line, column },
      );
    }
  };
  const refusing = <T>(attempt: () => T): T => {
    try {
      return attempt();
    } catch (error) {
      refusal ??= error;
      throw error;
    }
  };
  const resolve = (base: string, request: string): string => {
    if (base === PRELUDE_NAME) return request;
    try {
      // Code made by eval has no file: its imports count from the entry.
      return resolveImport(folder, inputs.realPath, sources.has(base) ? base : entryName, request);
    } catch (error) {
      if (!(error instanceof ImportProblem)) throw error;
      const place = placeOfImport(base, sources.get(base)?.text ?? "", request);
      throw failAt(subject, "config-import", error.message, place, error.next);
    }
  };

  load(entryName); // while the sandbox still compiles
  const ready = await instance;
  clock.until ??= inputs.now() + TIME_LIMIT_MS;
  const late: RunResult = { kind: "limit", limit: "time", stack: "" };
  const callOff = inputs.watch(clock.until - inputs.now() + UNINTERRUPTED_MS, diagnose(subject, late));
  const result = run(
    ready,
    entryName,
    JSON.stringify({ vars: inputs.vars, host: inputs.host }),
    {
      load: (name) => refusing(() => load(name)),
      resolve: (base, request) => refusing(() => resolve(base, request)),
    },
    inputs.now,
    clock.until,
  );
  callOff();
  if (refusal !== undefined) throw refusal;
  const isLate = result.kind === "limit" && result.limit === "time";
  if (result.kind !== "value" && guessed && !isLate) throw new NeedsTranspiler();
  if (result.kind !== "value") throw diagnose(subject, result);
  const files = [...sources].map(([name, source]) => ({ path: join(folder, name), text: source.text }));
  return { value: JSON.parse(result.json), files };
}

/** The interpreter counts columns in code points, JavaScript and source maps in UTF-16 units. */
function columnBack(source: string, transpiler: Transpiler | undefined): Source["columnBack"] {
  return (line, points) => {
    if (source.length > FREE_CODE) return points; // a source map of it would take 500 MB
    const ran = transpiler === undefined ? source : transpiler.transpile(source);
    const units = [...(ran.split("\n")[line - 1] ?? "")].slice(0, points).join("").length;
    return transpiler === undefined ? units : transpiler.columnBack(source, line, units);
  };
}
