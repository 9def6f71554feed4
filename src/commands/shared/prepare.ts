/** Prepares a plan, for plan and for both ways of apply: load config → owners → paths → observe → diff. */
import { dirname } from "node:path";
import { VERSION } from "../../base/version.ts";
import type { LoadedConfig } from "../../config/load.ts";
import { hintsHere } from "./hint.ts";
import type { Session } from "../../endpoint/session.ts";
import { Failure } from "../../base/failure.ts";
import type { Desired, Entry, Plan, PlanDocument, Reader, Scope } from "../../model.ts";
import { showReader } from "../../base/reader.ts";
import { diff } from "../../reconcile/diff.ts";
import { observe } from "../../reconcile/observe.ts";
import { type Skip, withoutSkipped } from "../../reconcile/skip.ts";
import { globalRemotes, type Look } from "../../reconcile/watched.ts";
import { detectProgram, linkRule, type PathOptions } from "../../remotefile/paths.ts";
import type { LinkRule, StoredFile } from "../../remotefile/store.ts";
import { type Context, horizonOf, pathsOf } from "./context.ts";
import { configOf } from "./load.ts";
import { noteDetected } from "./merged.ts";
import { checkOwners } from "./owners.ts";
import { sessionOf } from "./session.ts";

/** The flags of plan and apply that a plan depends on. */
export interface PrepareFlags {
  readonly offline?: true;
  readonly skipLogin?: true;
  readonly skipCheck?: true;
  readonly allowCommand?: true;
  readonly strictOwner?: true;
}

/** What a plan is prepared for. */
export interface PrepareRequest {
  readonly command: "plan" | "apply";
  readonly scope: Scope;
  /** null: every program of the config. */
  readonly reader: Reader | null;
  readonly vars: ReadonlyMap<string, string>;
}

/** The plan of one file, and the file as it was seen. */
export interface Planned {
  readonly plan: Plan;
  readonly stored: StoredFile;
  readonly links: LinkRule;
  /** The global remotes as users get them; a login copies them into the user file. */
  readonly global: ReadonlyMap<string, Entry>;
}

/** A config with its plans. */
export interface Prepared {
  readonly loaded: LoadedConfig;
  readonly planned: readonly Planned[];
  /** The document of `plan --format json` and `plan --out`. */
  readonly document: PlanDocument;
  /** How the endpoints were asked; apply goes on in the same session. */
  readonly look: Look;
}

/**
 * Makes the plans of a config, one per runtime. Root is warned of a config that others can change before it is applied; with
 * `--strict-owner` such a config is refused.
 * @throws {Failure} of the config; config-owner; usage; what `observe` throws
 */
export async function prepare(
  context: Context,
  { command, scope, reader, vars }: PrepareRequest,
  flags: PrepareFlags,
): Promise<Prepared> {
  const loaded = await configOf(context, vars);
  if (command === "apply" || flags.strictOwner) checkOwners(context, loaded, command, flags.strictOwner);
  const paths = pathsOf(context, loaded.desired);
  const desired = withoutSkipped(loaded.desired, skipOf(flags));
  const readers = await readersFor(context, desired, reader, paths);
  if (paths.remoteFile !== null && readers.length > 1) {
    const message = `--remote-file names one file, and the config is for ${
      readers.map(showReader).join(" and ")
    }`;
    throw new Failure("usage", message, { next: "Choose one with --runtime" });
  }
  const look = lookOf(context, loaded, flags);
  const planned: Planned[] = [];
  for (const one of readers) {
    const { observed, stored } = await observe(context.world, desired, look, { reader: one, scope, paths });
    const global = scope === "user" ? globalRemotes(observed) : new Map();
    const plan = diff(desired, observed);
    planned.push({
      plan: { ...plan, findings: hintsHere(context, plan.findings) },
      stored,
      links: linkRule(one, paths, context.world),
      global,
    });
  }
  const plans = planned.map((one) => one.plan);
  const changed = plans.some((one) => one.changed);
  const document = { formatVersion: 1, sremote: VERSION, config: loaded.origin, changed, plans } as const;
  return { loaded, planned, document, look };
}

/** The programs that the plans are for: the command line, the config, and then the machine decide. */
async function readersFor(
  context: Context,
  desired: Desired,
  given: Reader | null,
  paths: PathOptions,
): Promise<readonly Reader[]> {
  const named = desired.runtimes?.find((one) => one.runtime === given?.runtime);
  if (given !== null) return [given.oldest === null && named !== undefined ? named : given];
  if (desired.runtimes !== null) return desired.runtimes;
  const found = await detectProgram(paths, context.world);
  noteDetected(context, found);
  return [{ runtime: found.runtime, oldest: found.oldest }];
}

/** What the flags skip. */
export function skipOf({ skipLogin, skipCheck }: PrepareFlags): Skip {
  return { login: skipLogin === true, check: skipCheck === true };
}

/** How endpoints and token sources are asked: nobody at the terminal, and in one session, opened when first needed. */
function lookOf(context: Context, loaded: LoadedConfig, { offline, allowCommand }: PrepareFlags): Look {
  let opened: Promise<Session> | undefined;
  return {
    horizon: horizonOf(context),
    session: offline ? null : () => opened ??= sessionOf(context, loaded),
    sources: {
      folder: dirname(loaded.origin.file),
      root: context.options.root,
      allowCommand: allowCommand === true,
      ask: null,
    },
  };
}
