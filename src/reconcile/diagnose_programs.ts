/** The findings of `sremote doctor` on the installed programs. Pure. */
import { compareVersions, showReader } from "../base/reader.ts";
import { shellWord } from "../base/text.ts";
import type { Diagnosis, Reader, Runtime, Version } from "../model.ts";
import { canBeKeptFromHome, fieldsRefusedBy, newest, PROGRAMS, valueFor } from "../programs.ts";
import { say } from "./diagnosis.ts";

/** An installed program, and what it says about itself. */
export interface Installed {
  /** The command that finds it. */
  readonly command: Runtime;
  readonly path: string;
  /** Why it was not run; null: it was. */
  readonly distrusted: Distrusted | null;
  /** What it says that it is: the command `singularity` may be Apptainer; null: it does not say. */
  readonly runtime: Runtime | null;
  readonly version: Version | null;
  /** The directory that holds its directory of the global file; null: unknown. */
  readonly sysconfdir: string | null;
  /** What went wrong when it was asked, as a clause; null: nothing, or it was not asked. */
  readonly trouble: string | null;
  /** The directory of `PATH` that reaches it; null: it is not in `PATH`. */
  readonly reachedBy: string | null;
}

/** Why somebody else than root may decide what a program does. */
export interface Distrusted {
  /** As a clause. */
  readonly why: string;
  /** The owner that is not root; null: it is a matter of modes, or of what cannot be seen. */
  readonly uid: number | null;
}

/** The same with the files that it reads, by its version and sysconfdir; null: unknown. */
export interface InstalledFiles extends Installed {
  readonly userFile: string | null;
  readonly globalFile: string | null;
}

/** What sremote uses. */
export interface Used {
  readonly reader: Reader;
  /** The user file; null: there is no home directory. */
  readonly user: string | null;
  /** The global file; null: unknown. */
  readonly global: string | null;
  /** The user who runs sremote. */
  readonly uid: number;
  /** Whether two paths are those of one file. */
  readonly same: (a: string, b: string) => boolean;
  /** Where programs are looked for, in words. */
  readonly places: string;
  /** The usual directories that hold SYSCONFDIR/PROGRAM. */
  readonly sysconfdirs: string;
  /** `sremote doctor` about another program. */
  readonly doctorFor: (runtime: Runtime) => string;
  /** The program that other commands of sremote are about without `--runtime`, if that is not the installed one; else null. */
  readonly assumed: Runtime | null;
}

/** The only program that is installed; null: none is, several are, or one does not say what it is. */
export function onlyInstalled(all: readonly Installed[]): Runtime | null {
  const [first, ...others] = new Set(all.map((one) => one.runtime));
  return others.length > 0 ? null : first ?? null;
}

/** The installed program that reads the files, if it says its version. */
export function installedFor(runtime: Runtime, all: readonly Installed[]): Installed | null {
  const its = all.filter((one) => one.runtime === runtime && one.version !== null);
  return its.find(({ command }) => command === runtime) ?? its[0] ?? null;
}

/** Version and sysconfdir of the installed programs, and whether they are those that sremote is about. */
export function* diagnosePrograms(all: readonly InstalledFiles[], used: Used): Iterable<Diagnosis> {
  const { reader: { runtime } } = used;
  const { title } = PROGRAMS[runtime];
  if (all.length === 0) {
    const commands = Object.keys(PROGRAMS).join(" nor ");
    yield say("note", "program", runtime, `neither ${commands} is installed in ${used.places}`);
    return;
  }
  for (const one of all) yield* diagnoseProgram(one, used);
  const known = new Set(all.map((one) => one.runtime ?? one.command));
  if (!known.has(runtime)) {
    const [other] = known as Set<Runtime>;
    const message = `${title} is not installed, but ${PROGRAMS[other!].title} is`;
    yield say("warning", "program", runtime, message, naming(other!));
  } else if (used.assumed !== null) {
    const message = `only ${title} is installed, so this is about it; other commands are about ${
      PROGRAMS[used.assumed].title
    }, whose directory is there, too`;
    yield say("note", "program", runtime, message, naming(runtime));
  } else if (known.size > 1) {
    const others = Array.from(known).filter((one) => one !== runtime);
    const message = `${others.map((one) => PROGRAMS[one].title).join(", ")} is installed, too, ` +
      `and has its own files; this is about ${title}`;
    yield say("note", "program", runtime, message, `Run ${used.doctorFor(others[0]!)}`);
  }
}

function* diagnoseProgram(one: InstalledFiles, used: Used): Iterable<Diagnosis> {
  const { command, path, distrusted, runtime, version, sysconfdir, trouble } = one;
  const { reader } = used;
  if (distrusted !== null) {
    yield notRun(one, distrusted, used);
    return;
  }
  if (runtime === null || version === null) {
    const message = trouble ?? `it does not say its version as ${PROGRAMS[command].title} does`;
    yield say("warning", "program", path, message, `Run ${shellWord(path)} --version to see why`);
    return;
  }
  const { title } = PROGRAMS[runtime];
  const where = sysconfdir === null ? "" : `, sysconfdir ${sysconfdir}`;
  yield say("ok", "program", path, `${title} ${version}${where}`);
  if (runtime !== command && reader.runtime === command) {
    const message = `this \`${command}\` is ${title}, which has its own files`;
    yield say("warning", "program", path, message, naming(runtime));
  }
  if (runtime !== reader.runtime) return;
  if (reader.oldest !== null && compareVersions(version, reader.oldest) < 0) {
    const message = `it is older than ${showReader(reader)}, which the files are for`;
    yield say("warning", "program", path, message, `Name ${runtime}@${version} as the program`);
  }
  if (reader.oldest === null && readsLess({ runtime, oldest: version })) {
    const message = "this version cannot read some fields and addresses that sremote writes";
    yield say("note", "program", path, message, naming(`${runtime}@${version}`));
  }
  yield* itsFiles(one, used, `${runtime}@${version}`);
}

/** Directories of commands that root needs. */
const ROOTS = /^\/(?:usr\/(?:local\/)?)?s?bin$/;

/** A program that only its owner should run, or that nobody should trust. */
function notRun(
  { path, reachedBy }: InstalledFiles,
  { why, uid: owner }: Distrusted,
  { uid }: Used,
): Diagnosis {
  if (uid === 0 && owner !== null && reachedBy !== null) {
    const message = `it was not run, because ${why}: what root runs by this name is that user's program`;
    const next = ROOTS.test(reachedBy)
      ? `Remove ${shellWord(path)}, or make it root's own with all that is above it`
      : `Take ${shellWord(reachedBy)} out of root's PATH`;
    return say("warning", "program", path, message, next);
  }
  const message = `it was not asked for its version, because ${why}`;
  const next = owner !== null && owner === uid
    ? `Run ${shellWord(path)} buildcfg yourself, and pass its SYSCONFDIR with --sysconfdir`
    : "Pass its sysconfdir with --sysconfdir if sremote should use its global file";
  return say("note", "program", path, message, next);
}

/** Whether a version cannot read all that current ones can. */
function readsLess(version: Reader): boolean {
  const { address } = PROGRAMS[version.runtime];
  return fieldsRefusedBy(version).length > 0 || valueFor(address, version) !== newest(address);
}

/** The remedy where sremote is about another program or version. */
function naming(name: string): string {
  return `Pass --runtime ${name}, or set runtimes: ["${name}"] in the config`;
}

/** The program reads other files than sremote uses. */
function* itsFiles(
  { path, runtime, version, sysconfdir, userFile, globalFile, trouble }: InstalledFiles,
  { user, global, same, sysconfdirs }: Used,
  name: string,
): Iterable<Diagnosis> {
  if (user !== null && userFile !== null && !same(user, userFile)) {
    const message = `its user file is ${userFile}, and sremote uses ${user}`;
    yield say("warning", "program", path, message, naming(name));
  }
  if (sysconfdir === null) {
    const asked = version !== null && runtime !== null && canBeKeptFromHome({ runtime, oldest: version });
    const why = asked
      ? trouble ?? "it does not say its sysconfdir"
      : "it cannot be asked for its sysconfdir without a change to the home directory";
    const message = `${why}: its global file is usually in ${sysconfdirs}`;
    yield say("note", "program", path, message, "If it is in another directory, pass that with --sysconfdir");
  } else if (global !== null && globalFile !== null && !same(global, globalFile)) {
    const message = `its global file is ${globalFile}, and sremote uses ${global}`;
    const next = `Pass --sysconfdir ${shellWord(sysconfdir)}, or set sysconfdir in the config`;
    yield say("warning", "program", path, message, next);
  }
}
