/** Plan → Outcome: carries out the write step of a plan, once its network steps are done. The plan says what is written. */
import { Failure } from "../base/failure.ts";
import type { Entry, Outcome, Plan, WriteStep } from "../model.ts";
import { editRemoteFile } from "../remotefile/edit.ts";
import { commit, type Committed, tidy } from "../remotefile/store.ts";
import type { World } from "../world.ts";
import { changedMeanwhile, sameNames, seenOf } from "./seen.ts";
import type { Tokens } from "./steps.ts";

/** What apply needs in addition to the plan. */
export interface ApplyOptions {
  /** In milliseconds. */
  readonly lockTimeout: number;
  /** The tokens that the network steps verified. */
  readonly tokens: Tokens;
  /** The global remotes as users get them; a login copies them into the user file. */
  readonly global: ReadonlyMap<string, Entry>;
}

/**
 * Carries out the write step of a plan; without one, nothing is written.
 * @throws {Failure} stale, if the file is not what the plan saw; locked; interrupted; io
 */
export async function applyPlan(world: World, plan: Plan, options: ApplyOptions): Promise<Outcome> {
  const step = plan.steps.find((one): one is WriteStep =>
    one.kind === "replace-file" || one.kind === "update-ledger"
  );
  if (step === undefined) {
    await tidy(world, plan.target.file);
    return { plan, changed: false, backup: null };
  }
  return { plan, ...await write(world, plan, step, options) };
}

async function write(
  world: World,
  plan: Plan,
  step: WriteStep,
  { lockTimeout, tokens, global }: ApplyOptions,
): Promise<Committed> {
  const { file, scope } = plan.target;
  const changes = step.kind === "replace-file" ? step.changes : [];
  return await commit(world, file, { scope, lockTimeout }, async (now) => {
    if (now.digest !== step.basis) {
      const seen = seenOf(now.digest, now.document.content, now.ledger.remotes);
      throw stale(file, changedMeanwhile(plan.seen, seen).join("; "));
    }
    // The file and its ledger were read without the lock: another apply may have come between the two.
    if (changes.length > 0 && !sameNames(now.ledger.remotes, plan.seen.managed)) {
      throw stale(file, "its ledger changed");
    }
    const text = await editRemoteFile(now.document, changes, { tokens, system: global });
    return { text, ours: new Set(step.managed) };
  });
}

function stale(file: string, why: string): Failure {
  return new Failure("stale", `cannot apply: ${file} is not what the plan saw: ${why}`, {
    path: file,
    next: "Plan again; nothing was written",
  });
}
