/** What stops an apply: conflicts, failed checks and mass removal. The only judge of each. Pure. */
import { Failure, type Problem } from "../base/failure.ts";
import type { Finding, Plan, ServiceStatus } from "../model.ts";

/** A required service that failed its check. */
export interface FailedCheck {
  readonly remote: string;
  readonly service: ServiceStatus;
}

/** The services of a remote that failed. */
export function failedOf(remote: string, services: readonly ServiceStatus[]): readonly FailedCheck[] {
  return services.filter((one) => !one.ok).map((service) => ({ remote, service }));
}

/** The required services that failed when the plan was made; a service that was not asked has not failed. */
export function failedChecks(
  { steps, endpoints }: Pick<Plan, "steps" | "endpoints">,
): readonly FailedCheck[] {
  const required = new Set(steps.flatMap((step) => step.kind === "check-services" ? [step.remote] : []));
  return endpoints.flatMap(({ remote, services }) =>
    required.has(remote) ? failedOf(remote, services ?? []) : []
  );
}

/** A failed check as a finding of the plan, for every report. */
export function checkFinding({ remote, service: { service, trouble } }: FailedCheck): Finding {
  return {
    severity: "error",
    code: "check-failed",
    message: `check failed: ${subjectOf(remote, service)}: ${trouble?.message ?? "no answer"}`,
    remote,
    ...(trouble?.next === undefined ? {} : { next: trouble.next }),
  };
}

/** Failed checks as one failure, each service once; null: none. */
export function checkFailure(failed: readonly FailedCheck[]): Failure | null {
  const problems = new Map<string, Problem>();
  for (const { remote, service: { service, trouble } } of failed) {
    const path = `${remote}.${service}`;
    problems.set(path, { path, message: trouble?.message ?? "no answer" });
  }
  const [first] = failed;
  if (first === undefined) return null;
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
  return new Failure(
    "conflict",
    `cannot apply: ${single ? first.message : `the plan has ${errors.length} conflicts`}`,
    {
      next: single && first.next !== undefined
        ? first.next
        : "Correct the config or the file, then plan again",
      problems: shown || single ? [] : errors.map((one) => ({
        path: one.code,
        message: one.next === undefined ? one.message : `${one.message} (${one.next})`,
      })),
    },
  );
}

function subjectOf(remote: string, service: string): string {
  return `the ${service} service of ${JSON.stringify(remote)}`;
}
