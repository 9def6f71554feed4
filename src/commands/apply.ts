/** `sremote apply`: prepare, show, refuse or confirm, then carry out the steps of the plans in their order. */
import { Failure } from "../base/failure.ts";
import { io } from "../base/io.ts";
import { GIVEN_BYTES } from "../base/limits.ts";
import type { Endpoint, Outcome, Scope } from "../model.ts";
import { applyPlans } from "../reconcile/apply.ts";
import { massRemovalOf, refusalOf } from "../reconcile/checks.ts";
import type { Tokens } from "../reconcile/steps.ts";
import { renderOutcomes } from "../report/outcome.ts";
import { renderPlan } from "../report/plan.ts";
import { VERSION } from "../base/version.ts";
import { detailOf } from "./shared/detail.ts";
import { prepare, type Prepared, type PrepareFlags, skipOf } from "./shared/prepare.ts";
import { withProgress } from "./shared/session.ts";
import { noteWritten, rollbackCommand } from "./shared/written.ts";
import { confirm, type Context, requireRoot, type Result, scopeOf } from "./shared/context.ts";

/** The flags of `apply`. */
export interface ApplyOptions extends Omit<PrepareFlags, "offline"> {
  readonly global?: true;
  readonly yes?: true;
  readonly detailedExitcode?: true;
  readonly allowMassRemoval?: true;
}

/** Updates the files to match the config: all changes of a file, or none. */
export async function apply(
  context: Context,
  planFile: string | undefined,
  flags: ApplyOptions,
): Promise<Result> {
  const prepared = await withProgress(
    context,
    "Asking the endpoints",
    () => planFile === undefined ? freshPlan(context, flags) : savedPlan(context, planFile, flags),
  );
  const { plans, changed } = prepared.document;
  detailOf(context, prepared);
  const shown = showPlans(context, prepared, flags);
  const refusal = refusalOf(plans, shown) ?? (flags.allowMassRemoval ? null : massRemovalOf(plans));
  if (refusal !== null) throw refusal;
  if (changed) await confirm(context, "Apply these changes?", flags.yes);
  const tokens = await performSteps(context, prepared, flags);
  const outcomes = await write(context, prepared, tokens);
  context.show(renderOutcomes(outcomes, context.style, undoOf(context, prepared, outcomes)));
  for (const one of outcomes) await noteWritten(context, one);
  const done = outcomes.some((one) => one.changed);
  return { exit: flags.detailedExitcode && done ? 2 : 0, document: documentOf(prepared, outcomes) };
}

async function freshPlan(context: Context, flags: ApplyOptions): Promise<Prepared> {
  const { runtime: reader, vars } = context.options;
  const scope = scopeOf(flags.global);
  requireRootToApply(context, scope, []);
  return await prepare(context, { command: "apply", scope, reader, vars }, flags);
}

/**
 * A saved plan is only compared with the plan that the config gives now, and never carried out itself: a plan from elsewhere
 * cannot write what the config does not say.
 */
async function savedPlan(context: Context, given: string, flags: ApplyOptions): Promise<Prepared> {
  const { options } = context;
  const [{ readGiven }, { checkSaved, parsePlan, targetOf }] = await Promise.all([
    import("./shared/write.ts"),
    import("../reconcile/saved.ts"),
  ]);
  const text = given === "-" ? await fromInput(context) : readGiven(context, given, "the plan");
  const shown = given === "-" ? "/dev/stdin" : given;
  const saved = parsePlan(text, shown);
  const { scope, runtime, oldest } = targetOf(saved, shown);
  if (flags.global && scope === "user") {
    throw new Failure("usage", `${shown} is a plan for the user file: it cannot be combined with --global`);
  }
  if (options.vars.size > 0) {
    throw new Failure("usage", "a saved plan has its own --var values", { next: "Omit --var" });
  }
  requireRootToApply(context, scope, [given]);
  const prepared = await prepare(context, {
    command: "apply",
    scope,
    reader: options.runtime ?? (saved.plans.length === 1 ? { runtime, oldest } : null),
    vars: new Map(saved.config.vars),
  }, flags);
  checkSaved(saved, prepared.document, shown, skipOf(flags));
  return prepared;
}

function requireRootToApply(context: Context, scope: Scope, names: readonly string[]): void {
  const { config } = context.options;
  const words = ["apply", "--global", ...config === null ? [] : ["--config", config]];
  requireRoot(context, scope, "apply global remotes", { words, names });
}

/** A saved plan on standard input. @throws {Failure} io */
async function fromInput({ world }: Context): Promise<string> {
  try {
    return await world.terminal.readInput(GIVEN_BYTES);
  } catch (error) {
    throw io("read the plan", "/dev/stdin", error);
  }
}

/** Shows plans that do something, unless nobody wants to read them. @returns whether they were shown */
function showPlans(context: Context, { document: { plans } }: Prepared, { yes }: ApplyOptions): boolean {
  const { quiet, json } = context.options;
  const silent = yes && (quiet || json);
  const idle = plans.every((one) => one.steps.every((step) => step.kind === "update-ledger"));
  if (silent || idle) {
    const aside = plans.flatMap((one) => one.findings.filter(({ code }) => code === "other-scope"));
    for (const { message, next } of aside) context.note(`Note: ${message}. ${next}.`);
    return false;
  }
  const show = yes ? context.show : context.ask;
  show(plans.map((one) => renderPlan(one, context.style)).join("\n\n"));
  return true;
}

/** The network steps of all plans; most have none, and load nothing for it. */
async function performSteps(
  context: Context,
  { document: { plans, changed }, look }: Prepared,
  flags: ApplyOptions,
): Promise<Tokens> {
  const network = plans.some((one) =>
    one.steps.some(({ kind }) => kind === "verify-token" || kind === "check-services")
  );
  if (!network) return new Map();
  const { performNetwork } = await import("../reconcile/steps.ts");
  const session = await look.session!();
  // While the user was reading, a service may have gone down.
  if (!flags.yes && changed) session.forget();
  return await performNetwork(context.world, plans, {
    session,
    sources: (remote, endpoint) => ({ ...look.sources, ask: askFor(context, remote, endpoint) }),
  });
}

/** Asks the user for a token; null: there is no terminal. */
function askFor({ world: { terminal }, note }: Context, remote: string, endpoint: Endpoint) {
  if (!terminal.canAsk) return null;
  return async (): Promise<string | null> => {
    const { tokenPage } = await import("../endpoint/client.ts");
    note(`Generate an API Key at ${tokenPage(endpoint)}`);
    return await terminal.askSecret(`API Key of ${remote}:`);
  };
}

/** The write steps. If one fails after all, the files already written are named. */
async function write(context: Context, prepared: Prepared, tokens: Tokens): Promise<readonly Outcome[]> {
  const { lockTimeout } = context.options;
  const written: Outcome[] = [];
  const done = (outcome: Outcome) => written.push(outcome);
  try {
    return await applyPlans(context.world, prepared.planned, { lockTimeout, tokens, done });
  } catch (error) {
    if (written.length > 0) {
      const undo = undoOf(context, prepared, written);
      context.note(`Before that: ${renderOutcomes(written, context.style, undo)}`);
    }
    throw error;
  }
}

/** The command that restores what was written. It names the program where the machine alone would not say it. */
function undoOf(context: Context, { loaded, planned }: Prepared, outcomes: readonly Outcome[]): string {
  const { desired } = loaded;
  const written = outcomes.filter((one) => one.changed);
  const { scope = "user", runtime, oldest } = (written[0] ?? outcomes[0])?.plan.target ?? {};
  const named = context.options.runtime !== null || desired.runtimes !== null || planned.length > 1;
  const reader = written.length === 1 && named && runtime !== undefined
    ? { runtime, oldest: oldest ?? null }
    : null;
  return rollbackCommand(context, scope, reader, desired);
}

function documentOf({ loaded: { origin } }: Prepared, outcomes: readonly Outcome[]): object {
  const results = outcomes.map(({ plan: { target, steps, findings }, changed, backup, notes, gone }) => ({
    target,
    changed,
    backup,
    notes,
    // Whose API keys and credentials are in no file any more; they are not revoked.
    deleted: {
      remotes: gone.remotes.map((one) => one.name),
      credentials: [...new Set(gone.credentials.map((one) => one.uri))],
    },
    steps,
    findings,
  }));
  const changed = outcomes.some((one) => one.changed);
  return { formatVersion: 1, sremote: VERSION, config: origin, changed, results };
}
