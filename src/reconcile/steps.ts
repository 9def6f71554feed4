/** The network steps of plans: tokens verified, required services answering. Nothing is written here, and no lock is held. */
import { type Endpoint, verifyToken } from "../endpoint/client.ts";
import type { Session } from "../endpoint/session.ts";
import { readSource, type SourceOptions, type SourceWorld } from "../endpoint/tokens.ts";
import { Failure, type Problem } from "../base/failure.ts";
import type { Plan, SecretRef } from "../model.ts";
import type { Secret } from "../base/secret.ts";
import { checkFailure, checkProblem } from "./checks.ts";
import { askServices } from "./look.ts";

/** What the steps need beside the plans. */
export interface NetworkOptions {
  readonly session: Session;
  /** Where a plan's remote is. */
  readonly endpoint: (plan: Plan, remote: string) => Endpoint;
  /** How a source is read; a prompt asks about this remote. */
  readonly sources: (remote: string) => SourceOptions;
}

/** The new tokens, by remote. */
export type Tokens = ReadonlyMap<string, Secret>;

/**
 * Carries out every network step of the plans; the same step of two plans once.
 * @throws {Failure} check-failed, login-failed, interrupted
 */
export async function performNetwork(
  world: SourceWorld,
  plans: readonly Plan[],
  options: NetworkOptions,
): Promise<Tokens> {
  const { session, endpoint } = options;
  const steps = plans.flatMap((plan) => plan.steps.map((step) => ({ plan, step })));
  const problems = new Map<string, Problem>();
  await Promise.all(steps.map(async ({ plan, step }) => {
    if (step.kind !== "check-services") return;
    for (const one of await askServices(session, endpoint(plan, step.remote), step.required)) {
      if (!one.ok) problems.set(JSON.stringify([step.remote, one.service]), checkProblem(step.remote, one));
    }
  }));
  if (problems.size > 0) throw checkFailure([...problems.values()]);
  const tokens = new Map<string, Secret>();
  for (const { plan, step } of steps) {
    if (step.kind !== "verify-token") continue;
    // One after the other, and each once: a person may be asked.
    const token = tokens.get(step.remote) ?? await readToken(world, step.remote, step.from, options);
    await requireValid(session, step.remote, endpoint(plan, step.remote), token);
    tokens.set(step.remote, token);
  }
  return tokens;
}

async function readToken(
  world: SourceWorld,
  remote: string,
  from: SecretRef,
  options: NetworkOptions,
): Promise<Secret> {
  const source = await readSource(world, from, options.sources(remote));
  if ("token" in source) return source.token;
  if (source.interrupted) throw new Failure("interrupted", "interrupted: nothing was written");
  throw new Failure("login-failed", `cannot log in to ${JSON.stringify(remote)}: ${source.why}`, {
    next: `${source.next}; nothing was written`,
  });
}

/** @throws {Failure} login-failed, where the endpoint does not say that the token is valid */
export async function requireValid(
  session: Session,
  remote: string,
  endpoint: Endpoint,
  token: Secret,
): Promise<void> {
  const { state, trouble } = await verifyToken(session, endpoint, token);
  if (state === "valid") return;
  const why = state === "invalid" ? "the token is not valid" : "the token could not be verified";
  const more = trouble === null ? "" : `: ${trouble.message}`;
  throw new Failure("login-failed", `cannot log in to ${JSON.stringify(remote)}: ${why}${more}`, {
    next: state === "invalid"
      ? "make a new one where the endpoint's tokens are made; nothing was written"
      : `${trouble?.next ?? "try again later"}; nothing was written`,
  });
}
