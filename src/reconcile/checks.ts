/** What stops an apply: conflicts, failed checks, logins that are bound to fail, and mass removal. The only judge of each. Pure. */
import { Failure, type Problem } from "../base/failure.ts";
import type { Finding, Plan, SecretRef, ServiceStatus } from "../model.ts";

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

/** Failed checks as one failure, each service once; null: none. The remedy is that of the services. */
export function checkFailure(failed: readonly FailedCheck[]): Failure | null {
  const [first] = failed;
  if (first === undefined) return null;
  const checks = new Map(failed.map((one) => [`${one.remote}.${one.service}`, one]));
  const remedies = new Set(failed.map((one) => one.next ?? "Try again later"));
  const [remedy] = remedies;
  const common = remedies.size === 1;
  const problems = Array.from(checks, ([path, { why, next }]): Problem => ({
    path,
    message: common || next === undefined ? why : `${why} (${next})`,
  }));
  const what = problems.length === 1 ? checkFinding(first).message : `${problems.length} checks failed`;
  return new Failure("check-failed", `cannot apply: ${what}`, {
    problems: problems.length === 1 ? [] : problems,
    next: `${common ? remedy : "Fix each cause"}; or skip the checks with --skip-check; nothing was written`,
  });
}

/** A login that is bound to fail: its source still gives the token that the endpoint has just refused. */
export interface FailedLogin {
  readonly remote: string;
  readonly from: SecretRef;
  readonly why: string;
}

/** The logins of a plan that are bound to fail. */
export function failedLogins(
  { steps, endpoints }: Pick<Plan, "steps" | "endpoints">,
): readonly FailedLogin[] {
  return steps.flatMap((step) => {
    if (step.kind !== "verify-token") return [];
    const token = endpoints.find((one) => one.remote === step.remote)?.token;
    if (token?.state !== "invalid" || token.same !== true) return [];
    return [{
      remote: step.remote,
      from: step.from,
      why: token.trouble?.message ?? "the API key is invalid",
    }];
  });
}

/** A login that is bound to fail as a finding of the plan. */
export function loginFinding({ remote, from, why }: FailedLogin): Finding {
  const message = `the login of ${
    JSON.stringify(remote)
  } would fail: its source gives the stored token, and ${why}`;
  return { severity: "error", code: "login-refused", message, remote, next: remedyOf(from) };
}

function remedyOf(from: SecretRef): string {
  const put = "Create a new API key at the endpoint, and";
  if ("env" in from) return `${put} set ${from.env} to it`;
  if ("file" in from) return `${put} write it to ${from.file}`;
  return `${put} store it where the config's login source reads it`;
}

function loginFailure(plans: readonly Plan[]): Failure | null {
  const [first, ...more] = plans.flatMap(failedLogins);
  if (first === undefined) return null;
  const { message, next } = loginFinding(first);
  return new Failure("login-failed", `cannot apply: ${message}`, {
    problems: more.map((one) => ({ path: one.remote, message: loginFinding(one).message })),
    next: `${next}; or skip the logins with --skip-login; nothing was written`,
  });
}

/**
 * Why apply refuses these plans: conflicts first, then failed checks and logins; null: it does not. `shown`: the user has
 * seen the plans.
 */
export function refusalOf(plans: readonly Plan[], shown: boolean): Failure | null {
  return conflictFailure(plans, shown) ?? checkFailure(plans.flatMap(failedChecks)) ?? loginFailure(plans);
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
    .filter((one) => one.severity === "error" && one.code !== "check-failed" && one.code !== "login-refused");
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
