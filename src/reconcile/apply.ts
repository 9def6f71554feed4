/** Plan → Outcome: carries out the write steps of plans, once their network steps are done. A plan says what is written. */
import { Failure } from "../base/failure.ts";
import type { Entry, Outcome, Plan, WriteStep } from "../model.ts";
import { editRemoteFile } from "../remotefile/edit.ts";
import { type Change, commitAll, type LinkRule, type StoredFile, tidy } from "../remotefile/store.ts";
import type { World } from "../world.ts";
import { changedMeanwhile, sameNames, seenOf } from "./seen.ts";
import type { Tokens } from "./steps.ts";

/** A plan, and what its write step needs in addition. */
export interface Applied {
  readonly plan: Plan;
  readonly links: LinkRule;
  /** The global remotes as users get them; a login copies them into the user file. */
  readonly global: ReadonlyMap<string, Entry>;
}

/**
 * Carries out the write steps of plans: all files are checked and locked before the first is written. Without a write step,
 * nothing is written.
 * @param lockTimeout in milliseconds
 * @param tokens that the network steps verified
 * @param done is told of each file that is written
 * @throws {Failure} stale, if a file is not what its plan saw; locked; interrupted; io
 */
export async function applyPlans(
  world: World,
  applied: readonly Applied[],
  { lockTimeout, tokens, done }: {
    readonly lockTimeout: number;
    readonly tokens: Tokens;
    readonly done: (outcome: Outcome) => void;
  },
): Promise<readonly Outcome[]> {
  const outcomes = new Map<Plan, Outcome>();
  const plans = new Map<Change, Plan>();
  for (const { plan, links, global } of applied) {
    const step = plan.steps.find((one): one is WriteStep =>
      one.kind === "replace-file" || one.kind === "update-ledger"
    );
    if (step === undefined) {
      await tidy(world, plan.target.file, links.root);
      outcomes.set(plan, {
        plan,
        changed: false,
        backup: null,
        notes: [],
        gone: { remotes: [], credentials: [] },
      });
    } else plans.set(changeOf(plan, step, { links, global, tokens }), plan);
  }
  await commitAll(world, lockTimeout, [...plans.keys()], (change, committed) => {
    const plan = plans.get(change)!;
    const outcome = { plan, ...committed };
    outcomes.set(plan, outcome);
    done(outcome);
  });
  return applied.map(({ plan }) => outcomes.get(plan)!);
}

function changeOf(
  { target: { runtime, oldest, file, scope }, seen }: Plan,
  step: WriteStep,
  { links, global, tokens }: Omit<Applied, "plan"> & { readonly tokens: Tokens },
): Change {
  const changes = step.kind === "replace-file" ? step.changes : [];
  const edit = async (now: StoredFile) => {
    if (now.digest !== step.basis) {
      const present = seenOf(now.digest, now.document.content, now.ledger.remotes);
      throw stale(file, changedMeanwhile(seen, present).join("; "));
    }
    // The file and its ledger were read without the lock: another apply may have come between the two.
    if (changes.length > 0 && !sameNames(now.ledger.remotes, seen.managed)) {
      throw stale(file, "its ledger changed");
    }
    const text = await editRemoteFile(now.document, changes, { tokens, system: global });
    return { text, ours: new Set(step.managed) };
  };
  return { path: file, scope, links, edit, reader: { runtime, oldest } };
}

function stale(file: string, why: string): Failure {
  return new Failure("stale", `cannot apply: ${file} is not what the plan saw: ${why}`, {
    path: file,
    next: "Plan again; nothing was written",
  });
}
