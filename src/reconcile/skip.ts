/** What `--skip-login` and `--skip-check` skip: in a config, and in the steps of a saved plan. */
import type { Change, Desired, DesiredRemote, Step } from "../model.ts";

/** Which steps are skipped. */
export interface Skip {
  readonly login: boolean;
  readonly check: boolean;
}

/**
 * The config without what is skipped. This comes before the diff, because it changes the plan: a remote that moves and gets
 * no new token loses its old one.
 */
export function withoutSkipped(desired: Desired, skip: Skip): Desired {
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

/** The steps without those that are skipped and without changes of these kinds. */
export function stepsWithout(
  steps: readonly Step[],
  skip: Skip,
  kinds: readonly Change["kind"][] = skip.login ? ["login"] : [],
): readonly Step[] {
  return steps.flatMap((step): readonly Step[] => {
    switch (step.kind) {
      case "verify-token":
        return skip.login ? [] : [step];
      case "check-services":
        return skip.check ? [] : [step];
      case "replace-file": {
        const changes = step.changes.filter((one) => !kinds.includes(one.kind));
        return changes.length === 0 ? [] : [{ ...step, changes }];
      }
      case "update-ledger":
        return [step];
    }
  });
}
