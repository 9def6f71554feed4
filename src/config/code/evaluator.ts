/** Hermetic evaluation of a `.ts` or `.js` config: text in, plain JSON or a Failure out, the same on every machine. */
import { CODE_MILLISECONDS } from "../../base/limits.ts";
import { diagnose, overtime } from "./diagnose.ts";
import type { Failure } from "../../base/failure.ts";
import { moduleKind } from "./imports.ts";
import { ConfigModules, type ConfigText, type FileInputs, NeedsTranspiler } from "./modules.ts";
import { compilerStarted, run, takeInstance } from "./sandbox.ts";
import { loadTranspiler, mayBeJavaScript, type Transpiler } from "./transpile.ts";

export { preloadSandbox } from "./sandbox.ts";

/** The few things from outside that an evaluation needs. */
export interface EvaluationInputs extends FileInputs {
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /** Ends the process with that failure after so many milliseconds, unless the returned function is called first. */
  readonly watch: (milliseconds: number, late: Failure) => () => void;
  /** The `--var` values. */
  readonly vars: Readonly<Record<string, string>>;
  readonly host: { readonly name: string; readonly os: string; readonly arch: string };
}

/** The value of a config, and everything that it was made from. */
export interface Evaluated {
  /** Plain data, from JSON.parse. */
  readonly value: unknown;
  /** Every file that was read, by its real path, the config itself first. */
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

/** After this long beyond the limit, a step of the interpreter that cannot be interrupted is ended with the process. */
const UNINTERRUPTED_MS = 400;

type Sandbox = ReturnType<typeof takeInstance>;

/**
 * Evaluates a config and returns its default export.
 * @throws {Failure} config-syntax, config-evaluation, config-import, with the place in the source
 */
export async function evaluateConfig(entry: string, inputs: EvaluationInputs): Promise<Evaluated> {
  const loading = takeInstance();
  loading.catch(() => {}); // awaited below, unless the config fails first
  const path = realEntry(entry, inputs);
  return await evaluateText({ shown: entry, path, text: inputs.read(path) }, inputs, loading);
}

function realEntry(entry: string, inputs: EvaluationInputs): string {
  try {
    return inputs.realPath(entry);
  } catch (error) {
    inputs.read(entry); // explains better why it cannot be read
    throw error;
  }
}

/** Runs the text unchanged where it may be JavaScript, and again with the transpiler where it turns out not to be. */
async function evaluateText(
  config: ConfigText,
  inputs: EvaluationInputs,
  loading: Sandbox,
): Promise<Evaluated> {
  const needsTypes = moduleKind(config.path) === "typescript" && !mayBeJavaScript(config.text);
  if (needsTypes) await compilerStarted();
  let transpiler: Transpiler | undefined = needsTypes ? await loadTranspiler() : undefined;
  const clock: Clock = { until: null };
  for (let sandbox = loading;; sandbox = takeInstance()) {
    try {
      return await runModules(new ConfigModules(config, inputs, transpiler), sandbox, inputs, clock);
    } catch (error) {
      if (!(error instanceof NeedsTranspiler) || transpiler !== undefined) throw error;
      transpiler = await loadTranspiler();
    }
  }
}

/** When the evaluation ends, however often it is repeated; null: it has not started. */
interface Clock {
  until: number | null;
}

async function runModules(
  modules: ConfigModules,
  sandbox: Sandbox,
  { now, watch, vars, host }: EvaluationInputs,
  clock: Clock,
): Promise<Evaluated> {
  const { subject } = modules;
  modules.load(subject.entryName); // while the sandbox still compiles
  const ready = await sandbox;
  clock.until ??= now() + CODE_MILLISECONDS;
  const callOff = watch(clock.until - now() + UNINTERRUPTED_MS, overtime(subject));
  const result = run(ready, subject.entryName, JSON.stringify({ vars, host }), modules, now, clock.until);
  callOff();
  if (modules.refusal !== undefined) throw modules.refusal;
  if (result.kind === "value") {
    await modules.refuseDuplicates();
    return { value: JSON.parse(result.json), files: modules.files() };
  }
  const isLate = result.kind === "limit" && result.limit === "time";
  if (modules.guessed && !isLate) throw new NeedsTranspiler();
  throw await diagnose(subject, result);
}
