/**
 * Asks the installed programs for their version and sysconfdir. A program is run only if nobody but root can have put it
 * there, without a shell, in a clean environment, for a few seconds, and only in a way in which it changes nothing.
 *
 * Source: `--version` prints `singularity-ce version 4.5.1`; `buildcfg` prints `SYSCONFDIR=/etc` and others, one per line.
 */
import { isAbsolute, join } from "node:path";
import type { Runtime, Version } from "../../model.ts";
import { TOKEN_BYTES } from "../../base/limits.ts";
import { canBeKeptFromHome, PROGRAMS } from "../../programs.ts";
import { walk } from "../../remotefile/links.ts";
import type { Distrusted, Installed } from "../../reconcile/diagnose_programs.ts";
import type { Files, World } from "../../world.ts";

/** Where programs are looked for after PATH, which may lack them under sudo and cron. */
const USUAL = ["/usr/local/bin", "/usr/bin"];
/** Where they are looked for, in words. */
export const PLACES = `PATH, ${USUAL.join(" or ")}`;

/** How long a program may take: one that waits for a network file system does not keep doctor waiting. */
const PATIENCE_MS = 5_000;

/**
 * The whole environment of a program that is asked. Every command of the programs makes their directory and corrects modes in
 * it, and Apptainer takes over Singularity's: there is no place for a directory below a device, so that they find and change
 * nothing. Versions that look the home directory up in the password database get no command at all: `--version` is none.
 */
const ENVIRONMENT = {
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
  HOME: "/dev/null",
  APPTAINER_CONFIGDIR: "/dev/null/sremote",
  SINGULARITY_CONFIGDIR: "/dev/null/sremote",
};

/** The programs in PATH and the usual directories, one for each command. */
export async function findInstalled(
  world: {
    readonly files: Pick<Files, "stat" | "readLink">;
    readonly here: Pick<World["here"], "env">;
    readonly programs: World["programs"];
  },
): Promise<Installed[]> {
  const path = (world.here.env("PATH") ?? "").split(":").filter(isAbsolute);
  const directories = [...path, ...USUAL];
  const found = (Object.keys(PROGRAMS) as Runtime[]).flatMap((command) => {
    const there = directories.find((one) => isProgram(world.files, join(one, command)));
    return there === undefined ? [] : [{ command, directory: there, path: join(there, command) }];
  });
  return await Promise.all(found.map(async ({ command, directory, path: file }) => {
    const distrusted = whyDistrusted(world.files, file);
    return {
      command,
      path: file,
      distrusted,
      reachedBy: path.includes(directory) ? directory : null,
      ...distrusted === null ? await ask(world, file) : SILENT,
    };
  }));
}

function isProgram(files: Pick<Files, "stat">, path: string): boolean {
  const stat = files.stat(path, true);
  return stat?.kind === "file" && (stat.mode & 0o111) !== 0;
}

type Answer = Pick<Installed, "runtime" | "version" | "sysconfdir" | "trouble">;
const SILENT: Answer = { runtime: null, version: null, sysconfdir: null, trouble: null };

async function ask({ programs }: Pick<World, "programs">, path: string): Promise<Answer> {
  const version = await outputOf(programs, [path, "--version"]);
  const said = version.trouble === null ? readVersion(version.stdout) : null;
  if (said === null) return { ...SILENT, trouble: version.trouble };
  if (!canBeKeptFromHome({ runtime: said.runtime, oldest: said.version })) return { ...SILENT, ...said };
  const config = await outputOf(programs, [path, "buildcfg"]);
  const trouble = config.trouble === null ? null : `buildcfg: ${config.trouble}`;
  return { ...said, sysconfdir: trouble === null ? readSysconfdir(config.stdout) : null, trouble };
}

/** What a program prints, or what went wrong, as a clause. */
async function outputOf(
  programs: World["programs"],
  argv: readonly string[],
): Promise<{ readonly stdout: string; readonly trouble: string | null }> {
  const failed = (trouble: string) => ({ stdout: "", trouble });
  try {
    const { status, stdout, timedOut } = await programs.run(argv, {
      timeout: PATIENCE_MS,
      folder: "/",
      apart: ENVIRONMENT,
    });
    if (timedOut) return failed(`it did not answer within ${PATIENCE_MS / 1000} s`);
    if (stdout.length > TOKEN_BYTES) return failed(`it prints more than ${TOKEN_BYTES / 1024} KiB`);
    if (status === null) return failed("it was ended by a signal");
    return status === 0 ? { stdout, trouble: null } : failed(`it exited with ${status}`);
  } catch {
    return failed("it cannot be started");
  }
}

const NAMED = "(singularity|apptainer)(?:-[a-z]{1,20})?";
const NUMBER = "v?([0-9]{1,3}\\.[0-9]{1,3}(?:\\.[0-9]{1,3})?)(?![0-9])";

/** `singularity version 3.5.3`, `singularity-ce version 4.5.1-noble`, `apptainer version 1.1.9-1.el8`. */
export function readVersion(text: string): { readonly runtime: Runtime; readonly version: Version } | null {
  const [, name, number] = new RegExp(`^${NAMED} version ${NUMBER}`, "m").exec(text) ?? [];
  if (name === undefined || number === undefined) return null;
  return { runtime: name as Runtime, version: number as Version };
}

/** `SYSCONFDIR` of `buildcfg`; null: none, or not an absolute path. */
export function readSysconfdir(text: string): string | null {
  return /^SYSCONFDIR=(\/.{0,4000}?)\/*$/m.exec(text)?.[1] ?? null;
}

const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;

/**
 * Why somebody else than root may decide what is run at a path, null: nobody can. Every directory on the way, every
 * symbolic link and the program itself must belong to root and be writable for nobody else. Where a directory is sticky
 * (`/tmp`), what belongs to root in it cannot be replaced, but others can add to it: no program may be right in it.
 */
export function whyDistrusted(files: Pick<Files, "stat" | "readLink">, path: string): Distrusted | null {
  const top = files.stat("/");
  if (top === null || top.uid !== 0 || (top.mode & OTHERS_WRITE) !== 0) {
    return distrust("others can change /");
  }
  for (const { path: here, stat, left, circle } of walk(files, path)) {
    if (stat === null) return distrust(`${here} does not exist, or cannot be seen`);
    if (stat.uid !== 0) return { why: `${here} belongs to uid ${stat.uid}, not to root`, uid: stat.uid };
    if (circle) return distrust("its symbolic links lead in a circle");
    if (stat.kind === "symlink") continue;
    const last = left === 0;
    if (stat.kind !== (last ? "file" : "folder")) {
      return distrust(`${here} is not a ${last ? "regular file" : "directory"}`);
    }
    const safe = (stat.mode & OTHERS_WRITE) === 0 || (!last && (stat.mode & STICKY) !== 0 && left > 1);
    if (!safe) return distrust(`others can change ${here}`);
  }
  return null;
}

function distrust(why: string): Distrusted {
  return { why, uid: null };
}
