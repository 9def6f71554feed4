/** Plan → Outcome: one replace, once every network step is done. It decides nothing. */
import { Failure } from "../base/failure.ts";
import type { Entry, Outcome, Plan, Step } from "../model.ts";
import { editRemoteFile } from "../remotefile/edit.ts";
import { commit, type Committed, tidy } from "../remotefile/store.ts";
import type { World } from "../world.ts";
import type { Tokens } from "./steps.ts";
import { changedMeanwhile, seenOf } from "./seen.ts";

/** What apply must know beside the plan. */
export interface ApplyOptions {
  /** The names of the config, of the plan's scope: those of them that are in the file are sremote's from now on. */
  readonly wanted: ReadonlySet<string>;
  /** The names in the ledger as the plan saw it. */
  readonly ledger: ReadonlySet<string>;
  /** In milliseconds. */
  readonly lockTimeout: number;
  /** The tokens that the network steps verified. */
  readonly tokens: Tokens;
  /** The machine's remotes, of which a login makes the user's copy. */
  readonly machine: ReadonlyMap<string, Entry>;
}

/**
 * Carries out a plan for one file, its network steps done, and writes nothing where there is nothing to do.
 * @throws {Failure} stale, where the file is not what the plan saw; locked; interrupted; io
 */
export async function applyPlan(world: World, plan: Plan, options: ApplyOptions): Promise<Outcome> {
  const replace = plan.steps.find((step) => step.kind === "replace-file") ??
    (adopts(plan, options) ? { kind: "replace-file" as const, basis: plan.seen.digest, changes: [] } : null);
  if (replace === null) {
    await tidy(world, plan.target.file);
    return { plan, changed: false, backup: null };
  }
  const { changed, backup } = await replaceFile(world, plan, replace, options);
  return { plan, changed, backup };
}

/** Whether the file is as the config says, but the ledger does not yet say so. */
function adopts(plan: Plan, { wanted, ledger }: ApplyOptions): boolean {
  const present = plan.seen.remotes.filter((one) => wanted.has(one.remote));
  return present.length !== ledger.size || present.some((one) => !ledger.has(one.remote));
}

async function replaceFile(
  world: World,
  plan: Plan,
  step: Extract<Step, { kind: "replace-file" }>,
  { wanted, ledger, lockTimeout, tokens, machine }: ApplyOptions,
): Promise<Committed> {
  const { file, scope } = plan.target;
  return await commit(world, file, { scope, lockTimeout }, async (now) => {
    if (now.digest !== step.basis) {
      const meanwhile = changedMeanwhile(plan.seen, seenOf(now.digest, now.document.content));
      throw new Failure("stale", `cannot apply: ${file} is not what the plan saw: ${meanwhile.join("; ")}`, {
        path: file,
        next: "plan again; nothing was written",
      });
    }
    // What is sremote's to remove was read beside the file, without the lock: another apply may have been between the two.
    if (step.changes.length > 0 && !sameNames(now.ledger.remotes, ledger)) {
      throw new Failure("stale", `cannot apply: ${file} has another ledger than the plan saw`, {
        path: file,
        next: "plan again; nothing was written",
      });
    }
    const gone = new Set<string>();
    const ours = new Set<string>();
    for (const change of step.changes) {
      if (change.kind === "add") ours.add(change.remote);
      if (change.kind === "remove") gone.add(change.remote);
    }
    for (const name of now.document.content.remotes.keys()) {
      if (wanted.has(name) && !gone.has(name)) ours.add(name);
    }
    return { text: await editRemoteFile(now.document, step.changes, { tokens, system: machine }), ours };
  });
}

function sameNames(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every((one) => b.has(one));
}
