/**
 * QuickJS, an interpreter compiled to WebAssembly. The config runs in it with limits on time, memory and depth; the two
 * functions of {@link Modules} are its only way out. Every run has its own instance, which is dropped afterwards: a broken
 * one is never used again.
 */
import { CODE_MEMORY } from "../../base/limits.ts";
import type {
  EmscriptenModuleLoader as ModuleLoader,
  QuickJSContext,
  QuickJSEmscriptenModule,
  QuickJSWASMModule,
} from "quickjs-emscripten-core";
import { PRELUDE_NAME, PRELUDE_SOURCE, RARE_SOURCE, type Thrown } from "./prelude.ts";

/** Extra time in which an interrupted run reports its place. */
const GRACE_MS = 50;
/**
 * Bytes of the interpreter's own stack. Small, so that it ends before the stack of the JavaScript engine around it
 * does (about 1 MB in V8): that is caught too, but breaks the instance.
 */
const STACK_LIMIT = 128 * 1024;
/**
 * WebAssembly pages of 64 KiB: the most that the host provides, as a second limit behind {@link CODE_MEMORY}. The
 * garbage that Bun's engine leaves is a multiple of them, so both are as small as possible.
 */
const PAGES = { initial: 256, maximum: 1152 };
/** QuickJS polls once in 10,000 calls and jumps: too seldom when each of them is slow. */
const STEPS_BETWEEN_POLLS = { own: 10_000, ours: 10 };
/** Jobs (continuations of promises) between two checks of the clock. */
const JOBS_AT_ONCE = 1000;

/** How the sandbox gets modules; where one throws, the import inside fails. */
export interface Modules {
  /** The name of the module that `base` imports with `request`. */
  readonly resolve: (base: string, request: string) => string;
  /** The JavaScript of a module. */
  readonly load: (name: string) => string;
}

/** Why a run was ended from outside. */
export type Limit = "time" | "memory" | "stack" | "pending" | "broken";

/** The result of a run. `stack`: the interpreter's, where known. */
export type RunResult =
  | { readonly kind: "value"; readonly json: string }
  | { readonly kind: "thrown"; readonly thrown: Thrown }
  | { readonly kind: "limit"; readonly limit: Limit; readonly stack: string };

interface Instance {
  readonly quickjs: QuickJSWASMModule;
  /** What WebAssembly calls. */
  readonly callbacks: { shouldInterrupt(asyncify: undefined, runtime: number): number };
  readonly memory: WebAssembly.Memory;
}

let preloaded: Promise<Instance> | undefined;
let started: Promise<unknown> = Promise.resolve();

/** Starts loading QuickJS early, so that it overlaps with other start-up work; idempotent. */
export function preloadSandbox(): void {
  if (preloaded !== undefined) return;
  preloaded = instantiate();
  preloaded.catch(() => {}); // the caller that takes it sees the error
}

async function instantiate(): Promise<Instance> {
  const importing = import("@jitl/quickjs-singlefile-mjs-release-sync").then(async (
    { default: variant },
  ) => ({
    variant,
    loader: await variant.importModuleLoader() as ModuleLoader<QuickJSEmscriptenModule>,
  }));
  started = importing;
  const { variant, loader } = await importing;
  // Compiling takes longest and runs on other threads: start it before loading the rest.
  const memory = new WebAssembly.Memory(PAGES);
  const silent = () => {};
  const options = { wasmMemory: memory, print: silent, printErr: silent };
  const compiling = loader(options);
  compiling.catch(silent);
  const [core, Ffi] = await Promise.all([import("quickjs-emscripten-core"), variant.importFFI()]);
  const module = await compiling;
  module.type = "sync";
  const quickjs = new core.QuickJSWASMModule(module, new Ffi(module));
  return { quickjs, callbacks: (module as unknown as Pick<Instance, "callbacks">).callbacks, memory };
}

/** Settles when the compiler works on its own threads and this one is free. */
export async function compilerStarted(): Promise<void> {
  await started.catch(() => {}); // the caller that takes the instance sees the error
}

/** Takes the preloaded instance, or a new one, for a single {@link run}. */
export function takeInstance(): Promise<Instance> {
  const taken = preloaded ?? instantiate();
  preloaded = undefined;
  return taken;
}

/**
 * Runs the module `entry`. The value is its default export as JSON; a function is called with the argument first.
 * @param until the time, as `now` gives it, at which the run ends
 */
export function run(
  { quickjs, callbacks, memory }: Instance,
  entry: string,
  argumentJson: string,
  modules: Modules,
  now: () => number,
  until: number,
): RunResult {
  const clock = new Deadline(now, until);
  const limit: Ended = (limit, stack = "") => ({ kind: "limit", limit: clock.late ? "time" : limit, stack });
  try {
    const runtime = quickjs.newRuntime({ memoryLimitBytes: CODE_MEMORY, maxStackSizeBytes: STACK_LIMIT });
    runtime.setModuleLoader((name) => {
      if (clock.passed()) throw new Error("interrupted"); // parsing comes next, and cannot be interrupted
      return modules.load(name);
    }, (base, request) => modules.resolve(base, request));
    const context = runtime.newContext({ intrinsics: INTRINSICS });
    const pollOften = oftenPoller(context, memory);
    const poll = () => {
      pollOften();
      return clock.passed();
    };
    runtime.setInterruptHandler(poll);
    // The library's own handler makes an object per poll, thousands per millisecond: 100 MB and more.
    callbacks.shouldInterrupt = () => poll() ? 1 : 0;
    const called = start(context, entry, argumentJson);
    if (called.error !== undefined) return ended(context.dump(called.error), limit);
    while (runtime.hasPendingJob()) {
      const jobs = runtime.executePendingJobs(JOBS_AT_ONCE);
      if (jobs.error) return ended(context.dump(jobs.error), limit);
      if (clock.late && clock.passed()) return limit("time");
      clock.passed();
    }
    const state = context.getPromiseState(called.value);
    if (clock.late && state.type !== "rejected") return limit("time");
    if (state.type === "pending") return limit("pending");
    if (state.type === "rejected") return ended(context.dump(state.error), limit);
    runtime.setMemoryLimit(-1); // this copy is ours, not the config's
    return answered(context.getString(state.value), limit, memory);
  } catch (error) {
    // The engine around the interpreter failed: its stack ran out, or WebAssembly trapped.
    const isStack = error instanceof RangeError || /call stack|recursion/i.test(String(error));
    return limit(isStack ? "stack" : "broken");
  }
}

/** When a run has to end. */
class Deadline {
  late = false;
  constructor(private readonly now: () => number, private until: number) {}

  /** Once late, the run gets a moment more, in which the interruption propagates and reports the place. */
  passed(): boolean {
    const time = this.now();
    if (time < this.until) return false;
    if (!this.late) this.until = time + GRACE_MS;
    return this.late = true;
  }
}

/** Calls the prelude, which runs the config. */
function start(context: QuickJSContext, entry: string, argumentJson: string) {
  const prelude = context.evalCode(PRELUDE_SOURCE, PRELUDE_NAME, { type: "global" });
  return context.callFunction(
    context.unwrapResult(prelude),
    context.undefined,
    context.newFunction("rareSource", () => context.newString(RARE_SOURCE)),
    context.newString(entry),
    context.newString(argumentJson),
  );
}

/** No Date: the prelude adds one that explains why it is not available. */
const INTRINSICS = {
  BaseObjects: true,
  Eval: true, // the module loader needs it
  StringNormalize: true,
  RegExp: true,
  JSON: true,
  Proxy: true,
  MapSet: true,
  TypedArrays: true,
  Promise: true,
} as const;

type Ended = (limit: Limit, stack?: string) => RunResult;

/** Errors of the interpreter itself reach the host directly, or through the prelude as the thrown value. */
function ended(error: unknown, limit: Ended): RunResult {
  const stack = stackOf(error);
  const { name = "", message = "" } = (error ?? {}) as { name?: unknown; message?: unknown };
  const thrown: Thrown = { kind: "throw", name: String(name), message: String(message), stack };
  return interpreted(thrown, limit) ?? limit(error === null ? "memory" : "broken", stack);
}

function answered(text: string, limit: Ended, { buffer }: WebAssembly.Memory): RunResult {
  if (text.startsWith("=")) return { kind: "value", json: text.slice(1) };
  if (!text.startsWith("!")) return limit("memory"); // no memory for the copy
  const thrown = JSON.parse(text.slice(1)) as Thrown;
  // Where there is no memory even for an error, null is thrown.
  const full = thrown.message === "null" && thrown.name === "" && buffer.byteLength > CODE_MEMORY * 0.9;
  return full ? limit("memory") : interpreted(thrown, limit) ?? { kind: "thrown", thrown };
}

function interpreted(thrown: Thrown, limit: Ended): RunResult | undefined {
  const { name, message, stack } = thrown;
  if (name === "InternalError" && message === "interrupted") return limit("time", stack);
  if (name === "InternalError" && message === "out of memory") return limit("memory", stack);
  // QuickJS's parsers, of source and of JSON, report it as a syntax error.
  if (/^(?:Internal|Syntax)Error$/.test(name) && message === "stack overflow") return limit("stack", stack);
  return undefined;
}

function stackOf(error: unknown): string {
  const stack = (error as { stack?: unknown } | null)?.stack;
  return typeof stack === "string" ? stack : "";
}

/**
 * QuickJS counts down from 10,000 in its context before it calls the handler. There is no call to change that, so the
 * counter is found by its value (the handler is first called right after it was set) and lowered at each poll. Where it is
 * not found, polling stays as seldom as QuickJS does it.
 */
function oftenPoller(context: QuickJSContext, memory: WebAssembly.Memory): () => void {
  const base = (context as unknown as { ctx: { value: number } }).ctx.value >> 2;
  let words = new Int32Array(memory.buffer);
  let at: number | undefined;
  return () => {
    if (words.length === 0) words = new Int32Array(memory.buffer); // memory grew and detached the old view
    if (at === undefined) {
      at = -1;
      for (let i = base; i < base + 128; i++) {
        if (words[i] !== STEPS_BETWEEN_POLLS.own) continue;
        if (at !== -1) return void (at = -1);
        at = i;
      }
    }
    if (at !== -1) words[at] = STEPS_BETWEEN_POLLS.ours;
  };
}
