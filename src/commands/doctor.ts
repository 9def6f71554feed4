/**
 * `sremote doctor`: gathers the state of files, programs, variables, network and endpoints; `reconcile/diagnose_….ts` and
 * `reconcile/diagnoses.ts` judge it. It changes nothing, and what fails is one finding among the others.
 */
import { basename, dirname, join } from "node:path";
import { codeOf } from "../base/errno.ts";
import { Failure } from "../base/failure.ts";
import { askEndpoints } from "../endpoint/status.ts";
import { systemStore } from "../endpoint/trust.ts";
import type { Diagnosis, EndpointStatus, Reader, RemoteFile, Scope } from "../model.ts";
import { PROGRAMS, valueFor } from "../programs.ts";
import {
  diagnoseFlagVariables,
  diagnoseHome,
  diagnoseOverrides,
  type HomeFacts,
} from "../reconcile/diagnose_environment.ts";
import {
  diagnoseAmbiguous,
  diagnoseElsewhere,
  diagnoseFile,
  diagnoseGlobal,
  diagnoseHidden,
  diagnoseRefused,
  diagnoseTakeover,
} from "../reconcile/diagnose_files.ts";
import {
  diagnosePrograms,
  type Installed,
  type InstalledFiles,
  installedFor,
} from "../reconcile/diagnose_programs.ts";
import { diagnoseBoth, diagnoseEndpoint, diagnoseExpiry, diagnoseNetwork } from "../reconcile/diagnoses.ts";
import { say } from "../reconcile/diagnosis.ts";
import { merge } from "../reconcile/merge.ts";
import { ambiguousSysconfdir, findTarget } from "../remotefile/paths.ts";
import { EMPTY_LEDGER } from "../remotefile/ledger.ts";
import type { StoredFile } from "../remotefile/store.ts";
import { renderDiagnoses } from "../report/doctor.ts";
import type { Files } from "../world.ts";
import { type Context, horizonOf, pathsOf, type Result } from "./shared/context.ts";
import { hintsHere } from "./shared/hint.ts";
import { lookAtFile, type LookedAt } from "./shared/file_facts.ts";
import { findInstalled, PLACES } from "./shared/installed.ts";
import { askedOf, type MergedView, readerOf } from "./shared/merged.ts";
import { configForCacert, sessionOf, withProgress } from "./shared/session.ts";

/** The flags of `doctor`. */
export interface DoctorOptions {
  /** Sends no request. */
  readonly offline?: true;
}

/** Checks everything that the commands of a remote depend on. Exits with 1 if a finding is an error. */
export async function doctor(context: Context, flags: DoctorOptions = {}): Promise<Result> {
  const reader = await readerOf(context);
  const user = await lookAtFile(context, reader, "user");
  const global = await lookAtFile(context, reader, "global");
  // Only now: old versions of the programs correct the modes of the user file whenever they run.
  const installed = context.options.root === null ? await findInstalled(context.world) : null;
  const version = reader.oldest === null
    ? installedFor(reader.runtime, installed ?? [])?.version ?? null
    : null;
  // Files are judged for the version that was asked for, or else for the one that reads them here.
  const judge = version === null ? reader : { ...reader, oldest: version };
  const found = hintsHere(context, [
    ...await aboutFiles(context, reader, { user, global }, judge),
    ...installed === null ? [] : await aboutPrograms(context, reader, { user, global }, installed),
    ...await aboutRemotes(context, judge, { user, global }, flags),
  ]);
  const ok = found.every((one) => one.severity !== "error");
  return {
    exit: ok ? 0 : 1,
    text: renderDiagnoses(found, context.style),
    document: { formatVersion: 1, ok, findings: found },
  };
}

type Both = Readonly<Record<Scope, LookedAt>>;

async function aboutFiles(
  context: Context,
  reader: Reader,
  both: Both,
  judge: Reader,
): Promise<readonly Diagnosis[]> {
  const { world, options } = context;
  const found: Diagnosis[] = [];
  for (const looked of [both.user, both.global]) {
    const { scope, file, facts, stored, hidden, above, elsewhere, takeover, failures } = looked;
    if (facts !== null) found.push(...diagnoseFile(facts));
    const hiding = [
      ...diagnoseHidden(reader, hidden, false),
      ...diagnoseHidden(reader, above, options.sysconfdir !== null && stored !== null),
    ];
    // What hides it is why it cannot be read, and has the better remedy.
    const isSaid = hiding.some(({ severity }) => severity === "error");
    const said = failures.filter(({ cause }) => !isSaid || codeOf(cause) !== "EACCES");
    found.push(...said.map(({ message, next }) => say("error", "file", `the ${scope} file`, message, next)));
    found.push(...hiding);
    if (takeover !== null) found.push(...diagnoseTakeover(takeover));
    if (stored !== null) {
      const { path, document: { content, quirks } } = stored;
      found.push(...diagnoseRefused(judge, { scope, path, content, quirks }, judge !== reader));
      if (scope === "global") found.push(...diagnoseGlobal({ path, content }));
    }
    if (elsewhere !== null && file !== null) found.push(diagnoseElsewhere(reader, file, elsewhere));
  }
  if (ambiguousSysconfdir(reader.runtime, pathsOf(context, null), world)) {
    found.push(diagnoseAmbiguous(reader.runtime));
  }
  if (options.remoteFile === null) {
    found.push(...diagnoseHome(reader.runtime, await homeFacts(context, reader, both.user)));
  }
  return found;
}

async function homeFacts({ world: { here } }: Context, reader: Reader, user: LookedAt): Promise<HomeFacts> {
  const { homeVariable, configVariables } = PROGRAMS[reader.runtime];
  return {
    variable: valueFor(configVariables, reader).find((one) => here.env(one)) ?? null,
    file: user.file,
    home: here.env(homeVariable ?? "HOME") || null,
    password: await here.passwordHome(),
  };
}

async function aboutPrograms(
  context: Context,
  reader: Reader,
  { user, global }: Both,
  installed: readonly Installed[],
): Promise<readonly Diagnosis[]> {
  const { world } = context;
  const paths = pathsOf(context, null);
  const programs = await Promise.all(installed.map(async (one): Promise<InstalledFiles> => {
    const { runtime, version, sysconfdir } = one;
    const fileOf = async (scope: Scope) => {
      if (runtime === null) return null;
      const place = scope === "user" ? paths : { ...paths, remoteFile: null, sysconfdir };
      try {
        return (await findTarget({ runtime, oldest: version }, scope, place, world)).file;
      } catch {
        return null; // there is no home directory, which has its finding
      }
    };
    return { ...one, userFile: await fileOf("user"), globalFile: sysconfdir && await fileOf("global") };
  }));
  const same = (a: string, b: string) => a === b || realFile(world.files, a) === realFile(world.files, b);
  return [
    ...diagnosePrograms(programs, { reader, user: user.file, global: global.file, same, places: PLACES }),
  ];
}

/** Where a file is behind links to its directory. */
function realFile(files: Files, path: string): string {
  try {
    return join(files.realPath(dirname(path)), basename(path));
  } catch {
    return path; // the directory does not exist
  }
}

/** Conflicts, variables, network and endpoints. A file that cannot be read has its finding, and counts as empty here. */
async function aboutRemotes(
  context: Context,
  reader: Reader,
  both: Both,
  { offline }: DoctorOptions,
): Promise<readonly Diagnosis[]> {
  const { world } = context;
  const { runtime } = reader;
  const [user, global] = [storedOr(both.user), storedOr(both.global)];
  const merged = merge(runtime, user.document.content, global.document.content);
  const view = { reader, merged, user, global };
  const env = (name: string) => world.here.env(name);
  const complete = both.user.stored !== null && both.global.stored !== null;
  const endpoints = offline
    ? []
    : await withProgress(context, "Asking the endpoints", () => lookAtEndpoints(context, view));
  const isFailure = endpoints instanceof Failure;
  const wrong: string[] = [];
  const store = systemStore(world, (message) => wrong.push(message));
  const statuses = isFailure ? [] : endpoints;
  const { default: name } = merged;
  return [
    ...complete ? diagnoseBoth(runtime, view) : [],
    ...diagnoseOverrides(runtime, env, servicesOf(statuses.find((one) => one.remote === name))),
    ...diagnoseFlagVariables(runtime, env),
    ...diagnoseNetwork(env, store, wrong),
    ...isFailure ? [say("error", "endpoint", "endpoints", endpoints.message, endpoints.next)] : [],
    ...statuses.flatMap((one) => [...diagnoseEndpoint(one, complete && one.remote === name)]),
    ...diagnoseExpiry(user.document.content, horizonOf(context)),
  ];
}

function servicesOf(status: EndpointStatus | undefined): ReadonlyMap<string, string> | null {
  if (status === undefined || status.trouble !== null) return null;
  return new Map(status.services.flatMap(({ service, uri }) => uri === null ? [] : [[service, uri]]));
}

const EMPTY: RemoteFile = { default: null, remotes: new Map(), credentials: [] };

function storedOr({ file, scope, stored }: LookedAt): StoredFile {
  if (stored !== null) return stored;
  const path = file ?? `the ${scope} file`;
  const quirks = { symlink: false, blank: false, dates: [], newFields: [] };
  const document = { text: "", content: EMPTY, quirks, path, root: null, shared: false };
  return { path, real: path, digest: null, mode: null, owner: null, document, ledger: EMPTY_LEDGER };
}

/** A failure of them all, such as certificates that cannot be read, is a finding. */
async function lookAtEndpoints(
  context: Context,
  view: MergedView,
): Promise<readonly EndpointStatus[] | Failure> {
  try {
    // What the session warns of, such as a damaged certificate, has its finding.
    const silent = { ...context, note: () => {} };
    const session = await sessionOf(silent, await configForCacert(context));
    const names = Array.from(view.merged.remotes.keys()).sort();
    return await askEndpoints(session, names.map((name) => askedOf(view, name)), false, () => {});
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
