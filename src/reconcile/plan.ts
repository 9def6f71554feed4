/** A loaded config → one plan a file: observe, then diff. */
import type { LoadedConfig } from "../config/load.ts";
import { Failure } from "../failure.ts";
import type { Finding, Plan, PlanDocument, Runtime, Scope } from "../model.ts";
import type { PathOptions } from "../remotefile/paths.ts";
import type { StoredFile } from "../remotefile/store.ts";
import { VERSION } from "../version.ts";
import type { World } from "../world.ts";
import { diff } from "./diff.ts";
import { observe } from "./observe.ts";

/** One file's plan, and the file as it was seen. */
export interface Planned {
  readonly plan: Plan;
  readonly stored: StoredFile;
}

/** Which files a config is held against. */
export interface PlanRequest {
  readonly scope: Scope;
  /** null: every runtime of the config. */
  readonly runtime: Runtime | null;
  readonly paths: PathOptions;
}

/** @throws {Failure} usage; what `observe` throws */
export async function planFiles(
  world: Pick<World, "files" | "here">,
  { desired }: LoadedConfig,
  { scope, runtime, paths }: PlanRequest,
): Promise<readonly Planned[]> {
  const runtimes = runtime === null ? desired.runtimes : [runtime];
  if (paths.remoteFile !== null && runtimes.length > 1) {
    throw new Failure(
      "usage",
      `--remote-file names one file, and the config is for ${runtimes.join(" and ")}`,
      {
        next: "say which one with --runtime",
      },
    );
  }
  const planned: Planned[] = [];
  for (const one of runtimes) {
    const { observed, stored } = await observe(world, desired, { runtime: one, scope, paths });
    planned.push({ plan: diff(desired, observed), stored });
  }
  return planned;
}

/** The document of `plan --format json` and `plan --out`. */
export function planDocument({ origin }: LoadedConfig, planned: readonly Planned[]): PlanDocument {
  const plans = planned.map((one) => one.plan);
  const changed = plans.some((one) => one.steps.length > 0);
  return { formatVersion: 1, sremote: VERSION, config: origin, changed, plans };
}

/** The conflicts for which apply refuses, as one failure; null: none. `shown`: a person has the plan before them. */
export function conflictsOf(plans: readonly Plan[], shown: boolean): Failure | null {
  const errors = plans.flatMap((one) => one.findings.filter((finding) => finding.severity === "error"));
  if (errors.length === 0) return null;
  const [first] = errors as [Finding];
  const message = errors.length === 1 ? first.message : `the plan has ${errors.length} conflicts`;
  return new Failure("conflict", `cannot apply: ${message}`, {
    next: errors.length === 1 && first.next !== undefined
      ? first.next
      : "correct the config or the file, then plan again",
    problems: shown || errors.length === 1 ? [] : errors.map((one) => ({
      path: one.code,
      message: one.next === undefined ? one.message : `${one.message} (${one.next})`,
    })),
  });
}
