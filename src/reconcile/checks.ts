/** What stops an apply: conflicts, failed checks and mass removal. The only judge of each. Pure. */
import { Failure, type Problem } from "../base/failure.ts";
import type { Finding, Plan, ServiceStatus } from "../model.ts";

/** A required service that failed its check, and why. */
export interface FailedCheck {
  readonly remote: string;
  readonly service: string;
  readonly why: string;
  readonly next?: string;
}

/** The services of a remote that failed. */
export function failedOf(remote: string, services: readonly ServiceStatus[]): readonly FailedCheck[] {
  return services.filter((one) => !one.ok).map(({ service, trouble }) => {
    const { message: why = "no answer", next } = trouble ?? {};
    return { remote, service, why, ...(next === undefined ? {} : { next }) };
  });
}

/** The required services that failed when the plan was made; a service that was not asked has not failed. */
export function failedChecks(
  { steps, endpoints }: Pick<Plan, "steps" | "endpoints">,
): readonly FailedCheck[] {
  const required = new Set(steps.flatMap((step) => step.kind === "check-services" ? [step.remote] : []));
  return endpoints.flatMap((one) => required.has(one.remote) ? failedOf(one.remote, one.services ?? []) : []);
}

/** A failed check as a finding of the plan, for every report. */
export function checkFinding({ remote, service, why, ...next }: FailedCheck): Finding {
  const message = `check failed: the ${service} service of ${JSON.stringify(remote)}: ${why}`;
  return { severity: "error", code: "check-failed", message, remote, ...next };
}

/** Failed checks as one failure, each service once; null: none. */
export function checkFailure(failed: readonly FailedCheck[]): Failure | null {
  const [first] = failed;
  if (first === undefined) return null;
  const problems = new Map<string, Problem>();
  for (const { remote, service, why } of failed) {
    const path = `${remote}.${service}`;
    problems.set(path, { path, message: why });
  }
  const what = problems.size === 1 ? checkFinding(first).message : `${problems.size} checks failed`;
  return new Failure("check-failed", `cannot apply: ${what}`, {
    problems: problems.size === 1 ? [] : [...problems.values()],
    next: "Try again later, or skip the checks with --skip-check; nothing was written",
  });
}

/** Why apply refuses these plans: conflicts first, then failed checks; null: it does not. `shown`: the user has seen the plans. */
export function refusalOf(plans: readonly Plan[], shown: boolean): Failure | null {
  return conflictFailure(plans, shown) ?? checkFailure(plans.flatMap(failedChecks));
}

/** The refusal to remove many remotes without `--allow-mass-removal`; null: the plans do not. */
export function massRemovalOf(plans: readonly Plan[]): Failure | null {
  const mass = plans.flatMap((one) => one.findings).find((one) => one.code === "mass-removal");
  if (mass === undefined) return null;
  return new Failure("mass-removal", `cannot apply: ${mass.message}`, {
    next: "Check the config; if this is intended, add --allow-mass-removal",
  });
}

function conflictFailure(plans: readonly Plan[], shown: boolean): Failure | null {
  const errors = plans.flatMap((one) => one.findings)
    .filter((one) => one.severity === "error" && one.code !== "check-failed");
  const [first] = errors;
  if (first === undefined) return null;
  const single = errors.length === 1;
  const what = single ? first.message : `the plan has ${errors.length} conflicts`;
  return new Failure("conflict", `cannot apply: ${what}`, {
    next: single && first.next !== undefined ? first.next : "Correct the config or the file, then plan again",
    problems: shown || single ? [] : errors.map((one) => ({
      path: one.code,
      message: one.next === undefined ? one.message : `${one.message} (${one.next})`,
    })),
  });
}
