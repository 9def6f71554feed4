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

/** Logins that are bound to fail as one failure; null: none. With several, each has its own remedy. */
function loginFailure(logins: readonly FailedLogin[]): Failure | null {
  const [first, ...more] = logins;
  if (first === undefined) return null;
  const single = more.length === 0;
  const { message, next } = loginFinding(first);
  return new Failure(
    "login-failed",
    `cannot apply: ${single ? message : `${logins.length} logins would fail`}`,
    {
      problems: single ? [] : logins.map(loginProblem),
      next: `${single ? next : "Fix each cause"}; or skip the logins with --skip-login; nothing was written`,
    },
  );
}

function loginProblem(login: FailedLogin): Problem {
  const { message, next } = loginFinding(login);
  return { path: login.remote, message: next === undefined ? message : `${message} (${next})` };
}

/** Failed checks and failed logins as one failure: of the checks' code, with all of them. */
function checkAndLoginFailure(
  checks: readonly FailedCheck[],
  logins: readonly FailedLogin[],
): Failure | null {
  if (checks.length === 0) return loginFailure(logins);
  if (logins.length === 0) return checkFailure(checks);
  const problems = Array.from(
    new Map(checks.map((one) => [`${one.remote}.${one.service}`, one])),
    ([path, { why, next }]): Problem => ({ path, message: next === undefined ? why : `${why} (${next})` }),
  );
  const count = (number: number, one: string) => `${number} ${one}${number === 1 ? "" : "s"}`;
  return new Failure(
    "check-failed",
    `cannot apply: ${count(problems.length, "check")} failed, and ${
      count(logins.length, "login")
    } would fail`,
    {
      problems: [...problems, ...logins.map(loginProblem)],
      next: "Fix each cause; or skip with --skip-check and --skip-login; nothing was written",
    },
  );
}

/**
 * Why apply refuses these plans: conflicts first, then failed checks and logins; null: it does not. `shown`: the user has
 * seen the plans.
 */
export function refusalOf(plans: readonly Plan[], shown: boolean): Failure | null {
  return conflictFailure(plans, shown) ??
    checkAndLoginFailure(plans.flatMap(failedChecks), plans.flatMap(failedLogins));
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
