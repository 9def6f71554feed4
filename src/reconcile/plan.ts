/** A loaded config → one plan a file: observe, then diff. */
import type { LoadedConfig } from "../config/load.ts";
import { Failure, type Problem } from "../base/failure.ts";
import type { Desired, DesiredRemote, Entry, Finding, Plan, PlanDocument, Runtime, Scope } from "../model.ts";
import type { PathOptions } from "../remotefile/paths.ts";
import type { StoredFile } from "../remotefile/store.ts";
import { VERSION } from "../base/version.ts";
import type { World } from "../world.ts";
import { diff } from "./diff.ts";
import { type Look, machineRemotes } from "./watched.ts";
import { checkFailure, checkProblem } from "./checks.ts";
import { observe } from "./observe.ts";

/** One file's plan, and the file as it was seen. */
export interface Planned {
  readonly plan: Plan;
  readonly stored: StoredFile;
  /** The machine's remotes, of which a login makes the user's copy. */
  readonly machine: ReadonlyMap<string, Entry>;
}

/** Which files a config is held against. */
export interface PlanRequest {
  readonly scope: Scope;
  /** null: every runtime of the config. */
  readonly runtime: Runtime | null;
  readonly paths: PathOptions;
  readonly look: Look;
  readonly skip: Skip;
}

/** What `--skip-login` and `--skip-check` leave out. */
export interface Skip {
  readonly login: boolean;
  readonly check: boolean;
}

/** @throws {Failure} usage; what `observe` throws */
export async function planFiles(
  world: Pick<World, "files" | "here" | "programs">,
  loaded: LoadedConfig,
  { scope, runtime, paths, look, skip }: PlanRequest,
): Promise<readonly Planned[]> {
  const desired = withoutSkipped(loaded.desired, skip);
  const runtimes = runtime === null ? desired.runtimes : [runtime];
  if (paths.remoteFile !== null && runtimes.length > 1) {
    throw new Failure(
      "usage",
      `--remote-file names one file, and the config is for ${runtimes.join(" and ")}`,
      {
        next: "say which one with --runtime",
      },
    );
  }
  const planned: Planned[] = [];
  for (const one of runtimes) {
    const { observed, stored } = await observe(world, desired, look, { runtime: one, scope, paths });
    const machine = scope === "user"
      ? machineRemotes(observed.file.content, observed.other?.content ?? null)
      : new Map();
    planned.push({ plan: diff(desired, observed), stored, machine });
  }
  return planned;
}

/**
 * The config as if it did not speak of what is skipped. It is left out before the diff, and not from its plan: a remote that
 * moves and is not logged in to anew loses its token.
 */
function withoutSkipped(desired: Desired, skip: Skip): Desired {
  if (!skip.login && !skip.check) return desired;
  const without = (one: DesiredRemote): DesiredRemote => ({
    ...one,
    login: skip.login && one.login !== false ? null : one.login,
    check: skip.check ? [] : one.check,
  });
  const all = (remotes: ReadonlyMap<string, DesiredRemote>) =>
    new Map(Array.from(remotes, ([name, one]) => [name, without(one)]));
  const { user, global } = desired.remotes;
  return { ...desired, remotes: { user: all(user), global: all(global) } };
}

/** Whether a plan would change its file; a check changes nothing. */
export function changes(plan: Plan): boolean {
  return plan.steps.some((one) => one.kind === "replace-file");
}

/** The required services that do not answer, as one failure; null: all do, or were not asked. */
export function failedChecks(plans: readonly Plan[]): Failure | null {
  const problems = new Map<string, Problem>();
  for (const plan of plans) {
    for (const { remote, services } of plan.endpoints) {
      const required = plan.steps.some((one) => one.kind === "check-services" && one.remote === remote);
      for (const one of required ? services ?? [] : []) {
        if (!one.ok) problems.set(JSON.stringify([remote, one.service]), checkProblem(remote, one));
      }
    }
  }
  return problems.size === 0 ? null : checkFailure([...problems.values()]);
}

/** The document of `plan --format json` and `plan --out`. */
export function planDocument({ origin }: LoadedConfig, planned: readonly Planned[]): PlanDocument {
  const plans = planned.map((one) => one.plan);
  const changed = plans.some(changes);
  return { formatVersion: 1, sremote: VERSION, config: origin, changed, plans };
}

/** The conflicts for which apply refuses, as one failure; null: none. `shown`: a person has the plan before them. */
export function conflictsOf(plans: readonly Plan[], shown: boolean): Failure | null {
  const errors = plans.flatMap((one) => one.findings.filter((finding) => finding.severity === "error"));
  if (errors.length === 0) return null;
  const [first] = errors as [Finding];
  const message = errors.length === 1 ? first.message : `the plan has ${errors.length} conflicts`;
  return new Failure("conflict", `cannot apply: ${message}`, {
    next: errors.length === 1 && first.next !== undefined
      ? first.next
      : "correct the config or the file, then plan again",
    problems: shown || errors.length === 1 ? [] : errors.map((one) => ({
      path: one.code,
      message: one.next === undefined ? one.message : `${one.message} (${one.next})`,
    })),
  });
}
