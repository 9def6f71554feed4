/** `sremote add`, as `singularity remote add`. */
import { storedAddress } from "../base/address.ts";
import { ENDPOINT_ALLOWED, nameProblem, parseEndpointUri } from "../base/uri.ts";
import { parseBool } from "../base/bool.ts";
import { Failure } from "../base/failure.ts";
import type { Runtime, Scope } from "../model.ts";
import { quote } from "../base/text.ts";
import { PROGRAMS, valueFor } from "../programs.ts";
import { nameInBoth, takenIn } from "../reconcile/conflicts.ts";
import { defaultOf } from "../remotefile/changes.ts";
import { entryOf } from "../remotefile/entry.ts";
import { type Context, requireRoot, type Result, scopeOf, stoppable } from "./shared/context.ts";
import { editFile } from "./shared/edit.ts";
import { sremoteHere } from "./shared/hint.ts";
import { mergedFor, readerOf, refuseOtherThanExclusive } from "./shared/merged.ts";
import { variableOf } from "./shared/variables.ts";
import { refuseOverExclusive } from "./use.ts";

/** How the errors of a login end. */
const NOTHING_WRITTEN = /; nothing was written$/;

/** The flags of `add`. */
export interface AddOptions {
  readonly global?: true;
  /** Makes it the default; without it, or `--no-default`, the default stays. */
  readonly default?: boolean;
  readonly login: boolean;
  readonly insecure?: true;
  readonly tokenfile?: string;
  readonly passwordStdin?: true;
}

/** Adds a remote and logs in to it. Only `--default` makes it the default, as in SingularityCE before 4.0. */
export async function add(context: Context, name: string, uri: string, flags: AddOptions): Promise<Result> {
  const badName = nameProblem(name);
  if (badName !== null) {
    throw new Failure("usage", `cannot add a remote ${quote(name)}: ${badName}`, {
      next: "Choose another name",
    });
  }
  const address = parseEndpointUri(uri);
  if ("problem" in address) {
    throw new Failure("usage", `cannot add ${quote(name)}: ${address.problem}`, {
      next: `Give its address as ${ENDPOINT_ALLOWED}`,
    });
  }
  const scope = scopeOf(flags.global);
  const words = [
    ...["add", "--global"],
    ...flags.default ? ["--default"] : [],
    ...flags.insecure ? ["--insecure"] : [],
  ];
  requireRoot(context, scope, "add a global remote", { words, names: [name, uri] });
  if (scope === "global") context.note("Global option detected. Will not automatically log into remote.");
  const reader = await readerOf(context);
  const { runtime } = reader;
  const view = await mergedFor(context, scope);
  const global = view?.global.document.content ?? null;
  if (flags.default && view !== null) refuseOtherThanExclusive(view.merged, name);
  const insecure = address.insecure || flags.insecure === true || insecureByVariable(context, runtime, uri);
  const after = entryOf({
    uri: storedAddress(address.uri, insecure, valueFor(PROGRAMS[runtime].address, reader)),
    system: scope === "global",
    insecure,
  });
  const { file } = await editFile(context, scope, (now) => {
    const taken = takenIn(runtime, name, now, global);
    if (taken === null) {
      if (!flags.default) return [{ kind: "add", remote: name, after }];
      if (scope === "global") refuseOverExclusive(now, name);
      const use = { kind: "use", before: defaultOf(now), after: { remote: name, exclusive: [] } } as const;
      return [{ kind: "add", remote: name, after }, use];
    }
    throw new Failure("remote-exists", `cannot add ${quote(name)}: there is a remote of that name`, {
      next: taken === scope || scope === "global"
        ? "Remove it first, or choose another name"
        : "Choose another name: it is a global remote",
    });
  });
  if (global?.remotes.has(name)) {
    context.note(`Note: ${quote(name)} is also a global remote: ${nameInBoth(runtime).effect}.`);
  }
  const added: Result = {
    exit: 0,
    text: flags.default
      ? `Remote ${quote(name)} added, and now the default.`
      : `Remote ${quote(name)} added. To make it the default: ${toUse(context, scope, name)}`,
    document: { formatVersion: 1, changed: true, file, remote: name, ...after },
  };
  return scope === "global" || !flags.login ? added : await withLogin(context, name, flags, added);
}

/** The command that makes it the default. */
function toUse(context: Context, scope: Scope, name: string): string {
  return sremoteHere(context, scope === "global" ? ["use", "--global"] : ["use"], [name]);
}

/** Apptainer's `APPTAINER_ADD_INSECURE`, which is like `--insecure` unless the address says https; Singularity has none. */
function insecureByVariable(context: Context, runtime: Runtime, uri: string): boolean {
  if (runtime !== "apptainer" || /^https:/i.test(uri)) return false;
  const variable = variableOf(context, runtime, "ADD_INSECURE");
  if (variable === null) return false;
  const given = context.world.here.env(variable)!;
  const insecure = parseBool(given);
  if (insecure === null) {
    context.note(`Note: ${variable} is ignored: ${quote(given)} is neither true nor false.`);
  }
  if (insecure !== true) return false;
  context.note(`Note: the remote is added as insecure (http), because ${variable} is set.`);
  return true;
}

/**
 * Says that the remote is added, then logs in. If that fails or is interrupted, the remote stays added, as with
 * `singularity remote add`, and the failure says so.
 */
async function withLogin(context: Context, name: string, flags: AddOptions, added: Result): Promise<Result> {
  const { login } = await import("./login.ts");
  const { text, ...rest } = added;
  context.show(text!);
  try {
    const { tokenfile, passwordStdin } = flags;
    const given = {
      ...tokenfile === undefined ? {} : { tokenfile },
      ...passwordStdin ? { passwordStdin } : {},
    };
    const done = await stoppable(context, () => login(context, name, given));
    return { ...rest, text: done.text! };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, path, problems } = error;
    const message = code === "interrupted"
      ? `interrupted: ${quote(name)} was added, but you are not logged in to it`
      : `${error.message.replace(NOTHING_WRITTEN, "")}; ${quote(name)} was added`;
    const failure = new Failure(code, message, {
      ...(path === undefined ? {} : { path }),
      problems,
      next: `Run ${sremoteHere(context, ["login"], [name])}`,
    });
    return { ...rest, failure };
  }
}
