/**
 * `sremote doctor`: gathers the state of files, programs, variables, network and endpoints; `reconcile/diagnose_….ts` and
 * `reconcile/diagnoses.ts` judge it. It changes nothing, and what fails is one finding among the others.
 */
import { dirname } from "node:path";
import { codeOf } from "../base/errno.ts";
import { Failure } from "../base/failure.ts";
import { askEndpoints } from "../endpoint/status.ts";
import { systemStore } from "../endpoint/trust.ts";
import type { Diagnosis, EndpointStatus, Reader, RemoteFile, Runtime, Scope } from "../model.ts";
import type { World } from "../world.ts";
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
  onlyInstalled,
} from "../reconcile/diagnose_programs.ts";
import { diagnoseBoth, diagnoseEndpoint, diagnoseExpiry, diagnoseNetwork } from "../reconcile/diagnoses.ts";
import { say, type Sremote } from "../reconcile/diagnosis.ts";
import { tokenHolders } from "../reconcile/findings.ts";
import { merge } from "../reconcile/merge.ts";
import {
  ambiguousSysconfdir,
  detectProgram,
  findTarget,
  globalDirectories,
  realFile,
} from "../remotefile/paths.ts";
import { EMPTY_LEDGER } from "../remotefile/ledger.ts";
import type { StoredFile } from "../remotefile/store.ts";
import { renderDiagnoses } from "../report/doctor.ts";
import { type Context, horizonOf, pathsOf, type Result } from "./shared/context.ts";
import { hintHere, sremoteHere } from "./shared/hint.ts";
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
  const installed = context.options.root === null ? await findInstalled(context.world) : null;
  const { reader, assumed } = await readerFor(context, installed ?? []);
  const user = await lookAtFile(context, reader, "user");
  const global = await lookAtFile(context, reader, "global");
  const own = installedFor(reader.runtime, installed ?? []);
  const version = reader.oldest === null ? own?.version ?? null : null;
  // Files are judged for the version that was asked for, or else for the one that reads them here.
  const judge = version === null ? reader : { ...reader, oldest: version };
  const look: Look = { context, reader, judge, user, global, sremote: sremoteFor(context, assumed, reader) };
  const found = [
    ...await aboutFiles(look, (own?.sysconfdir ?? null) !== null),
    ...installed === null ? [] : await aboutPrograms(look, installed, assumed),
    ...await aboutRemotes(look, flags),
  ];
  const ok = found.every((one) => one.severity !== "error");
  return {
    exit: ok ? 0 : 1,
    text: renderDiagnoses(found, context.style),
    document: { formatVersion: 1, ok, findings: found },
  };
}

/** What the findings are about. */
interface Look {
  readonly context: Context;
  readonly reader: Reader;
  /** The reader, with the installed version where none was asked for. */
  readonly judge: Reader;
  readonly user: LookedAt;
  readonly global: LookedAt;
  readonly sremote: Sremote;
}

/**
 * The program that the command line names, or else the only one that is installed, whatever directories others have left.
 * `assumed`: the one that other commands then take.
 */
async function readerFor(
  context: Context,
  installed: readonly Installed[],
): Promise<{ readonly reader: Reader; readonly assumed: Runtime | null }> {
  if (context.options.runtime !== null) return { reader: context.options.runtime, assumed: null };
  const only = onlyInstalled(installed);
  const { runtime } = await detectProgram(pathsOf(context, null), context.world);
  if (only !== null && only !== runtime) return { reader: { runtime: only, oldest: null }, assumed: runtime };
  return { reader: await readerOf(context), assumed: null };
}

/** Commands for the files that doctor looks at: they name the program where other commands would take another one. */
function sremoteFor(context: Context, assumed: Runtime | null, reader: Reader): Sremote {
  const here = assumed === null ? context : { ...context, options: { ...context.options, runtime: reader } };
  return (words, names) => sremoteHere(here, words, names);
}

async function aboutFiles(
  { context, reader, judge, user, global, sremote }: Look,
  isKnown: boolean,
): Promise<readonly Diagnosis[]> {
  const { world, options } = context;
  const found: Diagnosis[] = [];
  for (const looked of [user, global]) {
    const { scope, file, facts, stored, hidden, above, elsewhere, takeover, failures } = looked;
    const its = facts === null ? [] : [...diagnoseFile(facts, sremote)];
    const holders = stored === null ? null : tokenHolders(stored.document.content);
    const hiding = [
      ...diagnoseHidden(reader, hidden, false, holders),
      ...diagnoseHidden(reader, above, options.sysconfdir !== null && stored !== null, holders),
    ];
    // What hides it is why it cannot be read, and has the better remedy.
    const isDenied = failures.some(({ cause }) => codeOf(cause) === "EACCES");
    const isSaid = hiding.length > 0 || its.some(({ severity }) => severity === "error");
    const said = failures.filter(({ cause }) => !isSaid || codeOf(cause) !== "EACCES");
    found.push(...its);
    found.push(
      ...said.map(({ message, next }) =>
        say("error", "file", `the ${scope} file`, message, next && hintHere(context, next))
      ),
    );
    // Of what only a group can read, this user is not in it.
    found.push(...hiding.map((one) => isDenied ? { ...one, severity: "error" } as const : one));
    if (takeover !== null) found.push(...diagnoseTakeover(takeover, sremote));
    if (stored !== null) {
      const { path, document: { content, quirks } } = stored;
      found.push(...diagnoseRefused(judge, { scope, path, content, quirks }, judge !== reader));
      if (scope === "global") {
        found.push(...diagnoseGlobal({ path, content }, hidden.length + above.length > 0));
      }
    }
    if (elsewhere !== null && file !== null) found.push(diagnoseElsewhere(reader, file, elsewhere));
  }
  if (!isKnown && ambiguousSysconfdir(reader.runtime, pathsOf(context, null), world)) {
    found.push(diagnoseAmbiguous(reader.runtime));
  }
  if (options.remoteFile === null) {
    found.push(...diagnoseHome(reader.runtime, await homeFacts(context, reader, user)));
  }
  return found;
}

async function homeFacts(
  { world: { here, files }, options }: Context,
  reader: Reader,
  user: LookedAt,
): Promise<HomeFacts> {
  const { homeVariable, configVariables } = PROGRAMS[reader.runtime];
  const home = here.env(homeVariable ?? "HOME") || null;
  const password = await here.passwordHome();
  const variable = valueFor(configVariables, reader).find((one) => here.env(one)) ?? null;
  // With a variable, or another root, the home directories here are of no account, and not looked at.
  const counts = variable === null && options.root === null;
  const directory = counts && user.file !== null ? dirname(dirname(user.file)) : null;
  const real = (path: string) => counts ? realFile(files, path) : path.replace(/\/+$/, "");
  return {
    variable,
    file: user.file,
    home,
    password,
    same: home !== null && password !== null && real(home) === real(password),
    // A directory that cannot be seen may exist.
    absent: directory !== null && !isVisible(files, directory) ? directory : null,
  };
}

/** Whether something is at a path, or may be: what is above it cannot be seen. */
function isVisible(files: World["files"], path: string): boolean {
  try {
    files.realPath(path);
    return true;
  } catch (error) {
    return codeOf(error) !== "ENOENT";
  }
}

async function aboutPrograms(
  { context, reader, user, global }: Look,
  installed: readonly Installed[],
  assumed: Runtime | null,
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
  const doctorFor = (runtime: Runtime) => {
    const options = { ...context.options, runtime: { runtime, oldest: null }, remoteFile: null };
    return sremoteHere({ ...context, options }, ["doctor"]);
  };
  const sysconfdirs = globalDirectories(reader.runtime).join(" or ");
  const used = {
    reader,
    user: user.file,
    global: global.file,
    uid: world.here.uid,
    same,
    places: PLACES,
    sysconfdirs,
    doctorFor,
    assumed,
  };
  return [...diagnosePrograms(programs, used)];
}

/** Conflicts, variables, network and endpoints. A file that cannot be read has its finding, and counts as empty here. */
async function aboutRemotes(look: Look, { offline }: DoctorOptions): Promise<readonly Diagnosis[]> {
  const { context, judge: reader, sremote } = look;
  const { world } = context;
  const { runtime } = reader;
  const [user, global] = [storedOr(look.user), storedOr(look.global)];
  const merged = merge(runtime, user.document.content, global.document.content);
  const view = { reader, merged, user, global };
  const env = (name: string) => world.here.env(name);
  const complete = look.user.stored !== null && look.global.stored !== null;
  const endpoints = offline
    ? []
    : await withProgress(context, "Asking the endpoints", () => lookAtEndpoints(context, view));
  const isFailure = endpoints instanceof Failure;
  const wrong: string[] = [];
  const store = systemStore(world, (message) => wrong.push(message));
  const statuses = isFailure ? [] : endpoints;
  const { default: name } = merged;
  return [
    ...complete ? diagnoseBoth(runtime, view, sremote) : [],
    ...diagnoseOverrides(runtime, env, servicesOf(statuses.find((one) => one.remote === name))),
    ...diagnoseFlagVariables(runtime, env),
    ...diagnoseNetwork(env, store, wrong),
    ...isFailure ? [say("error", "endpoint", "endpoints", endpoints.message, endpoints.next)] : [],
    ...statuses.flatMap((one) => [...diagnoseEndpoint(one, complete && one.remote === name, sremote)]),
    ...diagnoseExpiry(user.document.content, horizonOf(context), sremote),
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
