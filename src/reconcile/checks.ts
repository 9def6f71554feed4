/** Required services that do not answer, in words. */
import { Failure, type Problem } from "../base/failure.ts";
import type { ServiceStatus } from "../model.ts";

/** A required service that does not answer. */
export function checkProblem(remote: string, { service, trouble }: ServiceStatus): Problem {
  return { path: `${remote}.${service}`, message: trouble?.message ?? "no answer" };
}

/** All required services that do not answer. */
export function checkFailure(problems: readonly Problem[]): Failure {
  const [first] = problems as [Problem];
  const [remote, service] = first.path.split(/\.(?=[^.]*$)/) as [string, string];
  const what = problems.length === 1
    ? `the ${service} service of ${JSON.stringify(remote)} does not answer as it should: ${first.message}`
    : `${problems.length} required services do not answer as they should`;
  return new Failure("check-failed", `cannot apply: ${what}`, {
    problems: problems.length === 1 ? [] : problems,
    next: "run it again when they are back, or leave the checks out with --skip-check; nothing was written",
  });
}
