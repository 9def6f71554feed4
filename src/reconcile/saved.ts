/** A plan that was saved: read, and held against a fresh one. Its text decides nothing: what is applied is the fresh plan. */
import { Check, Errors } from "typebox/value";
import { planSchema } from "../../schema/plan.ts";
import { Failure } from "../base/failure.ts";
import type { Change, Plan, PlanDocument, Step } from "../model.ts";
import type { Skip } from "./plan.ts";
import { changedMeanwhile } from "./seen.ts";

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
      next: "make it with sremote plan --out FILE",
      cause,
    });
  }
  if (!Check(planSchema, value)) {
    throw new Failure(
      "plan-file-invalid",
      `cannot use the plan ${path}: it is no plan of this version of sremote`,
      {
        path,
        next: "make it with sremote plan --out FILE",
        problems: Errors(planSchema, value).filter((one) => one.message !== "schema is false").slice(0, 8)
          .map((one) => ({
            path: one.instancePath.slice(1).replaceAll("/", "."),
            message: one.message,
          })),
      },
    );
  }
  return value as PlanDocument;
}

/**
 * Refuses a saved plan whose config or file is no longer what it saw, or whose steps do not follow from them.
 * @throws {Failure} stale, plan-file-invalid
 */
export function checkSaved(saved: PlanDocument, fresh: PlanDocument, path: string): void {
  if (saved.config.digest !== fresh.config.digest) {
    throw new Failure(
      "stale",
      `cannot apply ${path}: the config ${fresh.config.file} is not what the plan was made from`,
      {
        path: fresh.config.file,
        next: saved.config.file === fresh.config.file
          ? "plan again; nothing was written"
          : `if it was made from ${saved.config.file}, name that with -c; else plan again`,
      },
    );
  }
  const [was, is] = [saved.plans, fresh.plans].map((plans) => plans.map((one) => one.target.file).join(", "));
  if (was !== is) {
    throw new Failure("plan-file-invalid", `cannot apply ${path}: it is about ${was}, not about ${is}`, {
      path,
      next: "give the flags that it was made with (--root, --remote-file, --sysconfdir), or plan again",
    });
  }
  fresh.plans.forEach((now, i) => {
    const then = saved.plans[i]!;
    const meanwhile = changedMeanwhile(then.seen, now.seen);
    if (meanwhile.length > 0) {
      throw new Failure(
        "stale",
        `cannot apply ${path}: ${now.target.file} is not what the plan saw: ${meanwhile.join("; ")}`,
        {
          path: now.target.file,
          next: "plan again; nothing was written",
        },
      );
    }
    if (
      withoutTokens(then) === withoutTokens(now) && JSON.stringify(then.steps) !== JSON.stringify(now.steps)
    ) {
      throw new Failure(
        "stale",
        `cannot apply ${path}: other tokens are due now than the plan saw`,
        { path: now.target.file, next: "plan again; nothing was written" },
      );
    }
    if (JSON.stringify(then.steps) !== JSON.stringify(now.steps)) {
      throw new Failure(
        "plan-file-invalid",
        `cannot apply ${path}: its steps are not what the config gives now`,
        {
          path,
          next: "it was edited, or the other scope's file is another one by now: plan again",
        },
      );
    }
  });
}

/** The steps but for the tokens, which depend on endpoints, sources and flags too. */
function withoutTokens(plan: Plan): string {
  return JSON.stringify(without(plan, { login: true, check: false }, ["login", "logout"]).steps);
}

/** A saved plan without the steps that are skipped. */
export function withoutSteps(plan: Plan, skip: Skip): Plan {
  return without(plan, skip, skip.login ? ["login"] : []);
}

function without(plan: Plan, skip: Skip, kinds: readonly Change["kind"][]): Plan {
  const steps = plan.steps.flatMap((step): readonly Step[] => {
    switch (step.kind) {
      case "verify-token":
        return skip.login ? [] : [step];
      case "check-services":
        return skip.check ? [] : [step];
      case "replace-file": {
        const changes = step.changes.filter((one) => !kinds.includes(one.kind));
        return changes.length === 0 ? [] : [{ ...step, changes }];
      }
    }
  });
  return { ...plan, steps };
}
