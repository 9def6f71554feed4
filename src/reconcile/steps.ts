/** Carries out the network steps of plans: services checked, tokens verified. Nothing is written, and no lock is held. */
import { verifyToken } from "../endpoint/client.ts";
import type { Session } from "../endpoint/session.ts";
import { readSource, type SourceOptions, type SourceWorld } from "../endpoint/tokens.ts";
import { Failure } from "../base/failure.ts";
import type { Endpoint, NetworkStep, Plan } from "../model.ts";
import type { Secret } from "../base/secret.ts";
import { checkFailure, failedOf } from "./checks.ts";
import { askServices } from "./look.ts";

/** What the steps need in addition to the plans. */
export interface NetworkOptions {
  readonly session: Session;
  /** How the source of a token is read; a prompt is about this remote at this endpoint. */
  readonly sources: (remote: string, endpoint: Endpoint) => SourceOptions;
}

/** The new tokens, by remote. */
export type Tokens = ReadonlyMap<string, Secret>;

type Of<Kind extends NetworkStep["kind"]> = Extract<NetworkStep, { kind: Kind }>;

/**
 * Carries out every network step of the plans: all checks at once, then the tokens one after the other. Each request goes to
 * the endpoint that its step names.
 * @throws {Failure} check-failed, login-failed, interrupted
 */
export async function performNetwork(
  world: SourceWorld,
  plans: readonly Plan[],
  options: NetworkOptions,
): Promise<Tokens> {
  const { session } = options;
  const steps = plans.flatMap((plan) => plan.steps);
  const failed = await Promise.all(
    steps.filter((step): step is Of<"check-services"> => step.kind === "check-services")
      .map(async ({ remote, endpoint, required }) =>
        failedOf(remote, await askServices(session, endpoint, required))
      ),
  );
  const failure = checkFailure(failed.flat());
  if (failure !== null) throw failure;
  const tokens = new Map<string, Secret>();
  for (const step of steps) {
    if (step.kind !== "verify-token") continue;
    // Each token is read once, because the user may be asked for it.
    const token = tokens.get(step.remote) ?? await readToken(world, step, options);
    await requireValid(session, step.remote, step.endpoint, token);
    tokens.set(step.remote, token);
  }
  return tokens;
}

async function readToken(
  world: SourceWorld,
  { remote, endpoint, from }: Of<"verify-token">,
  { sources }: NetworkOptions,
): Promise<Secret> {
  const source = await readSource(world, from, sources(remote, endpoint));
  if ("token" in source) return source.token;
  if (source.interrupted) throw new Failure("interrupted", "interrupted: nothing was written");
  throw new Failure("login-failed", `cannot log in to ${JSON.stringify(remote)}: ${source.why}`, {
    next: `${source.next}; nothing was written`,
  });
}

/** @throws {Failure} login-failed, unless the endpoint says that the token is valid */
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
      ? "Create a new API key at the endpoint; nothing was written"
      : `${trouble?.next ?? "Try again later"}; nothing was written`,
  });
}
