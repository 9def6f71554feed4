/** `sremote apply`: load, observe, diff, show, ask, apply. */
import type { LoadedConfig } from "../config/load.ts";
import { Failure } from "../base/failure.ts";
import type { Endpoint } from "../endpoint/client.ts";
import type { Outcome, Plan, PlanDocument, Scope } from "../model.ts";
import { applyPlan } from "../reconcile/apply.ts";
import type { Tokens } from "../reconcile/steps.ts";
import type { Look } from "../reconcile/watched.ts";
import {
  changes,
  conflictsOf,
  failedChecks,
  planDocument,
  planFiles,
  type Planned,
  type PlanRequest,
} from "../reconcile/plan.ts";
import { renderOutcome } from "../report/outcome.ts";
import { renderPlan } from "../report/plan.ts";
import { VERSION } from "../base/version.ts";
import { detailOf } from "./shared/detail.ts";
import { configOf } from "./shared/load.ts";
import { checkOwners } from "./shared/owners.ts";
import { lookOf, skipOf, sourcesOf } from "./shared/prepare.ts";
import { withProgress } from "./shared/session.ts";
import { confirm, type Context, pathsOf, requireRoot, type Result, scopeOf } from "./shared/context.ts";

/** The flags of `apply`. */
export interface ApplyOptions {
  readonly global?: true;
  readonly yes?: true;
  readonly detailedExitcode?: true;
  readonly allowMassRemoval?: true;
  readonly skipLogin?: true;
  readonly skipCheck?: true;
  readonly allowCommand?: true;
  readonly strictOwner?: true;
}

/** Makes the files say what the config wants: all of one file's changes, or none. */
export async function apply(
  context: Context,
  planFile: string | undefined,
  flags: ApplyOptions,
): Promise<Result> {
  const { loaded, planned, scope, look } = await withProgress(
    context,
    "Asking the endpoints",
    () => planFile === undefined ? freshPlan(context, flags) : savedPlan(context, planFile, flags),
  );
  const plans = planned.map((one) => one.plan);
  const changed = plans.some(changes);
  detailOf(context, loaded, planned);
  const shown = plans.some((one) => one.steps.length > 0) &&
    !(flags.yes && (context.options.quiet || context.options.json));
  if (shown) {
    const show = flags.yes ? context.show : context.ask;
    show(plans.map((one) => renderPlan(one, context.style)).join("\n\n"));
  }
  refuse(plans, flags, shown);
  if (changed) await confirm(context, "Apply these changes?", flags.yes);
  const tokens = await carryOutNetwork(context, { loaded, planned, scope, look }, flags);

  const wanted = new Set(loaded.desired.remotes[scope].keys());
  const outcomes: Outcome[] = [];
  for (const { plan, stored, machine } of planned) {
    const { lockTimeout } = context.options;
    const options = { wanted, ledger: stored.ledger.remotes, lockTimeout, tokens, machine };
    try {
      outcomes.push(await applyPlan(context.world, plan, options));
    } catch (error) {
      // Each file is a transaction of its own.
      for (const one of outcomes) context.note(`Before that: ${renderOutcome(one, context.style)}`);
      throw error;
    }
  }
  for (const one of outcomes) context.show(renderOutcome(one, context.style));
  const done = outcomes.some((one) => one.changed);
  return { exit: flags.detailedExitcode && done ? 2 : 0, document: applyDocument(loaded, outcomes) };
}

/** The network steps of all plans; most have none, and load nothing for it. */
async function carryOutNetwork(
  context: Context,
  { loaded, planned, look }: Prepared,
  flags: ApplyOptions,
): Promise<Tokens> {
  const plans = planned.map((one) => one.plan);
  if (plans.every((one) => one.steps.every((step) => step.kind === "replace-file"))) return new Map();
  const { performNetwork } = await import("../reconcile/steps.ts");
  const session = await look.session!();
  // While a person thought, a service may have gone.
  if (!flags.yes && plans.some(changes)) session.forget();
  return await performNetwork(context.world, plans, {
    session,
    endpoint: (plan, remote) => endpointOf(loaded, planned.find((one) => one.plan === plan)!, remote),
    sources: (remote) => ({
      ...sourcesOf(context, loaded, flags),
      ask: askFor(context, loaded, planned[0]!, remote),
    }),
  });
}

/** Where a remote is. */
function endpointOf({ desired }: LoadedConfig, { plan, machine }: Planned, remote: string): Endpoint {
  const { scope } = plan.target;
  return (scope === "user" && desired.remotes.user.get(remote) || machine.get(remote) ||
    desired.remotes.global.get(remote)) as Endpoint;
}

/** Asks a person for a token, where one is at a terminal. */
function askFor(
  context: Context,
  loaded: LoadedConfig,
  planned: Planned,
  remote: string,
): (() => Promise<string | null>) | null {
  const { terminal } = context.world;
  if (!terminal.canAsk) return null;
  return async () => {
    const { tokenPage } = await import("../endpoint/client.ts");
    context.note(`Generate an API Key at ${tokenPage(endpointOf(loaded, planned, remote))}`);
    return await terminal.askSecret(`API Key of ${remote}:`);
  };
}

interface Prepared {
  readonly loaded: LoadedConfig;
  readonly planned: readonly Planned[];
  readonly scope: Scope;
  readonly look: Look;
}

async function freshPlan(context: Context, flags: ApplyOptions): Promise<Prepared> {
  const { world, options } = context;
  const scope = scopeOf(flags.global);
  requireRoot(context, scope, "apply");
  const loaded = await configOf(context);
  checkOwners(context, loaded, "apply", flags.strictOwner);
  const paths = pathsOf(context, loaded.desired);
  const look = lookOf(context, loaded, flags);
  const request = { scope, runtime: options.runtime, paths, look, skip: skipOf(flags) };
  const planned = await planFiles(world, loaded, request);
  return { loaded, planned, scope, look };
}

/**
 * What a saved plan says is only held against the plan that the config gives now, and never carried out itself: a plan
 * from elsewhere cannot write what the config does not say.
 */
async function savedPlan(context: Context, given: string, flags: ApplyOptions): Promise<Prepared> {
  const { world, options } = context;
  const [{ readGiven }, { checkSaved, parsePlan, withoutSteps }] = await Promise.all([
    import("./shared/write.ts"),
    import("../reconcile/saved.ts"),
  ]);
  const saved = parsePlan(readGiven(context, given, "the plan"), given);
  const { scope } = oneTarget(saved, given);
  if (flags.global && scope === "user") {
    throw new Failure("usage", `${given} is a plan of the user's remotes: it does not go with --global`);
  }
  if (options.vars.size > 0) {
    throw new Failure("usage", "a saved plan has its own --var: leave them out");
  }
  requireRoot(context, scope, "apply");
  const loaded = await configOf(context, new Map(saved.config.vars));
  checkOwners(context, loaded, "apply", flags.strictOwner);
  const paths = pathsOf(context, loaded.desired);
  const runtime = saved.plans.length === 1 ? saved.plans[0]!.target.runtime : null;
  const look = lookOf(context, loaded, flags);
  const skip = skipOf(flags);
  const request: PlanRequest = { scope, runtime: options.runtime ?? runtime, paths, look, skip };
  const planned = await planFiles(world, loaded, request);
  const same = { ...saved, plans: saved.plans.map((one) => withoutSteps(one, skip)) };
  checkSaved(same, planDocument(loaded, planned), given);
  return { loaded, planned, scope, look };
}

function oneTarget(saved: PlanDocument, given: string): Plan["target"] {
  const [first, ...rest] = saved.plans;
  if (first === undefined || rest.some((one) => one.target.scope !== first.target.scope)) {
    throw new Failure("plan-file-invalid", `cannot use the plan ${given}: it is not about one scope`, {
      path: given,
      next: "make it with sremote plan --out FILE",
    });
  }
  return first.target;
}

function refuse(plans: readonly Plan[], { allowMassRemoval }: ApplyOptions, shown: boolean): void {
  const conflict = conflictsOf(plans, shown);
  if (conflict !== null) throw conflict;
  const failed = failedChecks(plans);
  if (failed !== null) throw failed;
  const mass = plans.flatMap((one) => one.findings).find((one) => one.code === "mass-removal");
  if (mass === undefined || allowMassRemoval) return;
  throw new Failure("mass-removal", `cannot apply: ${mass.message}`, {
    next: "look at the config; if that is meant, add --allow-mass-removal",
  });
}

function applyDocument({ origin }: LoadedConfig, outcomes: readonly Outcome[]): object {
  const results = outcomes.map(({ plan: { target, steps, findings }, changed, backup }) => ({
    target,
    changed,
    backup,
    steps,
    findings,
  }));
  const changed = outcomes.some((one) => one.changed);
  return { formatVersion: 1, sremote: VERSION, config: origin, changed, results };
}
