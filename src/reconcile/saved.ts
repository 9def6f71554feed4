/** A saved plan: read, and compared with a fresh one. Its text decides nothing: the fresh plan is applied. */
import { Check, Errors } from "typebox/value";
import { planSchema } from "../../schema/plan.ts";
import { Failure } from "../base/failure.ts";
import type { Change, Plan, PlanDocument, Target } from "../model.ts";
import { changedMeanwhile, sameNames } from "./seen.ts";
import { type Skip, stepsWithout } from "./skip.ts";

const AGAIN = "Plan again; nothing was written";
const MAKE = "Create it with sremote plan --out FILE";

/**
 * Reads what `plan --out` wrote.
 * @throws {Failure} plan-file-invalid
 */
export function parsePlan(text: string, path: string): PlanDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new Failure("plan-file-invalid", `cannot read the plan ${path}: it is not JSON`, {
      path,
      next: MAKE,
      cause,
    });
  }
  if (Check(planSchema, value)) return value as PlanDocument;
  const problems = Errors(planSchema, value).filter((one) => one.message !== "schema is false").slice(0, 8)
    .map((one) => ({ path: one.instancePath.slice(1).replaceAll("/", "."), message: one.message }));
  throw new Failure(
    "plan-file-invalid",
    `cannot use the plan ${path}: it is not a plan of this version of sremote`,
    { path, next: MAKE, problems },
  );
}

/** The target of a saved plan; of two, they share the scope. @throws {Failure} plan-file-invalid */
export function targetOf({ plans }: PlanDocument, path: string): Target {
  const [first, ...rest] = plans;
  if (first !== undefined && rest.every((one) => one.target.scope === first.target.scope)) {
    return first.target;
  }
  throw new Failure("plan-file-invalid", `cannot use the plan ${path}: it does not have exactly one scope`, {
    path,
    next: MAKE,
  });
}

/**
 * Refuses a saved plan if its config or file changed since, or if its steps do not follow from them.
 * @throws {Failure} stale, plan-file-invalid
 */
export function checkSaved(saved: PlanDocument, fresh: PlanDocument, path: string, skip: Skip): void {
  if (saved.config.digest !== fresh.config.digest) {
    const { file } = fresh.config;
    throw new Failure(
      "stale",
      `cannot apply ${path}: the config ${file} is not what the plan was made from`,
      {
        path: file,
        next: saved.config.file === file
          ? AGAIN
          : `If the plan was made from ${saved.config.file}, give that with -c; otherwise plan again`,
      },
    );
  }
  const [was, is] = [saved.plans, fresh.plans].map((plans) => plans.map((one) => one.target.file).join(", "));
  if (was !== is) {
    throw new Failure("plan-file-invalid", `cannot apply ${path}: it is for ${was}, not for ${is}`, {
      path,
      next: "Use the flags that the plan was made with (--root, --remote-file, --sysconfdir), or plan again",
    });
  }
  fresh.plans.forEach((now, i) => checkOne(saved.plans[i]!, now, path, skip));
}

function checkOne(then: Plan, now: Plan, path: string, skip: Skip): void {
  const { file } = now.target;
  const stale = (why: string) =>
    new Failure("stale", `cannot apply ${path}: ${why}`, { path: file, next: AGAIN });
  const meanwhile = changedMeanwhile(then.seen, now.seen);
  if (meanwhile.length > 0) throw stale(`${file} is not what the plan saw: ${meanwhile.join("; ")}`);
  if (comparable(then, skip) === comparable(now, skip)) return;
  if (!sameNames(then.seen.managed, now.seen.managed)) {
    throw stale(`${file} is not what the plan saw: its ledger changed`);
  }
  // Tokens also depend on endpoints, sources and flags.
  const [was, is] = [then, now].map((one) => comparable(one, { ...skip, login: true }, ["login", "logout"]));
  if (was === is) {
    throw stale("the tokens to store are not those that the plan saw");
  }
  throw new Failure(
    "plan-file-invalid",
    `cannot apply ${path}: its steps are not what the config gives now`,
    { path, next: "Plan again: the plan was edited, or the file of the other scope changed" },
  );
}

/** The steps of a plan as text, without what is skipped; the ledger alone may have been written since. */
function comparable({ steps }: Plan, skip: Skip, kinds?: readonly Change["kind"][]): string {
  return canonical(stepsWithout(steps, skip, kinds).filter((one) => one.kind !== "update-ledger"));
}

/** JSON with sorted keys: a saved plan that another program wrote again says the same in another order. */
function canonical(value: unknown): string {
  return JSON.stringify(
    value,
    (_, one) =>
      typeof one === "object" && one !== null && !Array.isArray(one)
        ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => a < b ? -1 : 1))
        : one,
  );
}
