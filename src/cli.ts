/** Arguments in, an exit code out. What no command catches ends here, as an error message. */
import type { Invocation, Result } from "./commands/shared/context.ts";
import { Failure, type FailureCode } from "./base/failure.ts";
import { versionLine } from "./base/version.ts";
import { reasonOf } from "./base/io.ts";
import type { World } from "./world.ts";

/** The exit code of each kind of {@link Failure}; the README explains them. */
const EXIT: Readonly<Record<FailureCode, number>> = {
  "usage": 64,
  "config-not-found": 65,
  "config-unreadable": 65,
  "config-syntax": 65,
  "config-evaluation": 65,
  "config-import": 65,
  "config-invalid": 65,
  "remote-file-invalid": 65,
  "remote-file-symlink": 65,
  "remote-file-not-a-file": 65,
  "ledger-invalid": 65,
  "plan-file-invalid": 65,
  "conflict": 65,
  "config-owner": 1,
  "remote-file-owner": 1,
  "unknown-remote": 1,
  "remote-exists": 1,
  "mass-removal": 1,
  "not-root": 1,
  "no-backup": 1,
  "io": 1,
  "network": 1,
  "internal": 1,
  "login-failed": 3,
  "check-failed": 3,
  "stale": 4,
  "locked": 5,
  "declined": 6,
  "interrupted": 130,
};

/** Runs one command and returns its exit code. Never throws: errors go to standard error. */
export async function run(outside: World): Promise<number> {
  const { args } = outside.here;
  if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
    outside.terminal.line(versionLine(outside.here.runtime));
    return 0;
  }
  const { readable } = await import("./commands/shared/context.ts");
  const world = readable(outside);
  const invocation: Invocation = {
    color: !args.includes("--no-color"),
    json: wantsJson(args),
    jsonInto: null,
  };
  try {
    if (isCode(world)) await beginSandbox();
    const { parse } = await import("./arguments/parse.ts");
    const result = await parse(world, invocation);
    return result === null ? 0 : await print(world, invocation, result);
  } catch (error) {
    const failure = failureOf(error);
    const { failureDocument } = await import("./report/failure.ts");
    await complain(world, invocation, failure);
    try {
      return await printDocument(world, invocation, failureDocument(failure)) ?? exitOf(world, failure);
    } catch {
      return exitOf(world, failure); // standard output failed
    }
  }
}

async function print(world: World, invocation: Invocation, result: Result): Promise<number> {
  const { printed } = await import("./commands/shared/context.ts");
  if (!invocation.json && result.raw !== undefined) world.terminal.out(`${result.raw}\n`);
  else if (!invocation.json && result.text !== undefined) world.terminal.out(printed(world, result.text));
  const { document, failure } = result;
  if (failure === undefined) {
    return (document === undefined ? null : await printDocument(world, invocation, document)) ?? result.exit;
  }
  const { failureDocument } = await import("./report/failure.ts");
  await printDocument(world, invocation, { ...document, ...failureDocument(failure) });
  await complain(world, invocation, failure);
  return exitOf(world, failure);
}

/** A signal ends a process with 128 and its number. */
function exitOf({ signals }: World, { code }: Failure): number {
  const signal = code === "interrupted" ? signals.stopped() : null;
  return signal === null ? EXIT[code] : 128 + signal;
}

/** Prints the document with `--json`, writes it with `--json-into`; returns an exit code if that fails. */
async function printDocument(world: World, invocation: Invocation, document: object): Promise<number | null> {
  if (invocation.json) world.terminal.out(JSON.stringify(document, null, 2) + "\n");
  if (invocation.jsonInto === null) return null;
  const { writeDocument } = await import("./commands/shared/write.ts");
  try {
    writeDocument({ world }, invocation.jsonInto, document);
    return null;
  } catch (error) {
    const failure = failureOf(error);
    await complain(world, invocation, failure);
    return EXIT[failure.code];
  }
}

async function complain(world: World, { color }: Invocation, failure: Failure): Promise<void> {
  const { renderFailure } = await import("./report/failure.ts");
  const { styleFor } = await import("./commands/shared/context.ts");
  const style = styleFor(world, color, world.terminal.errIsTerminal);
  world.terminal.err(renderFailure(failure, style) + "\n");
}

/**
 * QuickJS takes 15 ms to compile, on threads of its own: if the arguments seem to name a config that is code, it starts
 * before they are parsed. Only time depends on this guess.
 */
async function beginSandbox(): Promise<void> {
  const { compilerStarted, preloadSandbox } = await import("./config/code/sandbox.ts");
  preloadSandbox();
  await compilerStarted();
}

function isCode({ here, files }: World): boolean {
  const { args, folder } = here;
  if (!args.some((one) => one === "plan" || one === "apply" || one === "validate")) return false;
  if (args.some((one) => /\.m?[jt]s$/.test(one))) return true;
  const named = args.some((one) => /^(?:-c|--config)/.test(one));
  return !named && (files.exists(`${folder}/remotes.ts`) || files.exists(`${folder}/remotes.js`));
}

/** For an error before the flags are parsed. */
function wantsJson(args: readonly string[]): boolean {
  return args.some((one) => /^--json(?:=|$)/.test(one)) || args.includes("--format=json") ||
    args.some((one, i) => one === "--format" && args[i + 1] === "json");
}

/** A bug is not shown as a stack trace, which helps no user and may contain secrets. */
function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  if (error instanceof Error && "output" in error) {
    return new Failure("io", `cannot write to standard output: ${reasonOf(error)}`, {
      next: "Check where standard output goes; files were written completely",
      cause: error,
    });
  }
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new Failure("internal", `sremote has a bug: ${what}`, {
    next: "Report it with the command that you ran; files were written completely",
    cause: error,
  });
}
