/**
 * Asks the installed programs for their version and sysconfdir. A program is run only if nobody but root can have put it
 * there, without a shell, in a clean environment, for a few seconds.
 *
 * Source: `--version` prints `singularity-ce version 4.5.1`; `buildcfg` prints `SYSCONFDIR=/etc` and others, one per line.
 */
import { dirname, isAbsolute, join } from "node:path";
import type { Runtime, Version } from "../../model.ts";
import { PROGRAMS } from "../../programs.ts";
import type { Installed } from "../../reconcile/diagnose_programs.ts";
import type { Files, World } from "../../world.ts";

/** Where programs are looked for after PATH, which may lack them under sudo and cron. */
const USUAL = ["/usr/local/bin", "/usr/bin"];
/** Where they are looked for, in words. */
export const PLACES = `PATH, ${USUAL.join(" or ")}`;

/** How long a program may take: one that waits for a network file system does not keep doctor waiting. */
const PATIENCE_MS = 5_000;

/**
 * The whole environment of a program that is asked. The programs make their directory at every start, and Apptainer takes over
 * Singularity's: there is no place for a directory below a device, so that they find and change nothing.
 */
const ENVIRONMENT = {
  PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
  HOME: "/dev/null",
  APPTAINER_CONFIGDIR: "/dev/null/sremote",
  SINGULARITY_CONFIGDIR: "/dev/null/sremote",
};

/** The programs in PATH and the usual directories, one for each command. */
export async function findInstalled(world: Pick<World, "files" | "here" | "programs">): Promise<Installed[]> {
  const path = (world.here.env("PATH") ?? "").split(":").filter(isAbsolute);
  const directories = [...path, ...USUAL];
  const found = (Object.keys(PROGRAMS) as Runtime[]).flatMap((command) => {
    const file = directories.map((one) => join(one, command)).find((one) => isProgram(world.files, one));
    return file === undefined ? [] : [{ command, path: file }];
  });
  return await Promise.all(found.map(async ({ command, path }) => {
    const distrusted = whyDistrusted(world.files, path);
    const silent = { runtime: null, version: null, sysconfdir: null };
    return { command, path, distrusted, ...distrusted === null ? await ask(world, path) : silent };
  }));
}

function isProgram(files: Pick<Files, "stat">, path: string): boolean {
  const stat = files.stat(path, true);
  return stat?.kind === "file" && (stat.mode & 0o111) !== 0;
}

async function ask(
  { programs }: Pick<World, "programs">,
  path: string,
): Promise<Pick<Installed, "runtime" | "version" | "sysconfdir">> {
  const output = async (argument: string) => {
    try {
      const options = { timeout: PATIENCE_MS, folder: "/", apart: ENVIRONMENT };
      const { status, stdout } = await programs.run([path, argument], options);
      return status === 0 ? stdout : "";
    } catch {
      return ""; // it cannot be started: it does not say its version
    }
  };
  const [version, config] = await Promise.all([output("--version"), output("buildcfg")]);
  return {
    ...(readVersion(version) ?? readBuiltVersion(config) ?? UNKNOWN),
    sysconfdir: readSysconfdir(config),
  };
}

type Said = Pick<Installed, "runtime" | "version">;
const UNKNOWN: Said = { runtime: null, version: null };
const NAMED = "(singularity|apptainer)(?:-[a-z]{1,20})?";
const NUMBER = "v?([0-9]{1,3}\\.[0-9]{1,3}(?:\\.[0-9]{1,3})?)(?![0-9])";

/** `singularity version 3.5.3`, `singularity-ce version 4.5.1-noble`, `apptainer version 1.1.9-1.el8`. */
export function readVersion(text: string): Said | null {
  return said(new RegExp(`^${NAMED} version ${NUMBER}`, "m").exec(text) ?? []);
}

/** The same from `buildcfg`. */
export function readBuiltVersion(text: string): Said | null {
  const [, name] = new RegExp(`^PACKAGE_NAME=${NAMED}$`, "m").exec(text) ?? [];
  const [, number] = new RegExp(`^PACKAGE_VERSION=${NUMBER}`, "m").exec(text) ?? [];
  return said(["", name, number]);
}

function said([, name, number]: readonly (string | undefined)[]): Said | null {
  return name === undefined || number === undefined
    ? null
    : { runtime: name as Runtime, version: number as Version };
}

/** `SYSCONFDIR` of `buildcfg`; null: none, or not an absolute path. */
export function readSysconfdir(text: string): string | null {
  return /^SYSCONFDIR=(\/.{0,4000}?)\/*$/m.exec(text)?.[1] ?? null;
}

const OTHERS_WRITE = 0o022;
const STICKY = 0o1000;
/** As many links as Linux follows. */
const MOST_LINKS = 40;

/**
 * Why somebody else than root may decide what is run at a path, as a clause; null: nobody can. Every directory on the way, every
 * symbolic link and the program itself must belong to root and be writable for nobody else. Where a directory is sticky
 * (`/tmp`), what belongs to root in it cannot be replaced, but others can add to it: no program may be right in it.
 */
export function whyDistrusted(files: Pick<Files, "stat" | "readLink">, path: string): string | null {
  const top = files.stat("/");
  if (top === null || top.uid !== 0 || (top.mode & OTHERS_WRITE) !== 0) return "others can change /";
  let at = "/";
  let links = 0;
  const way = partsOf(path);
  while (way.length > 0) {
    const name = way.shift()!;
    if (name === "..") {
      at = dirname(at);
      continue;
    }
    const here = join(at, name);
    const stat = files.stat(here);
    if (stat === null) return `${here} does not exist, or cannot be seen`;
    if (stat.uid !== 0) return `${here} belongs to uid ${stat.uid}, not to root`;
    if (stat.kind === "symlink") {
      const target = files.readLink(here);
      if (target === null || ++links > MOST_LINKS) return `its symbolic links lead in a circle`;
      way.unshift(...partsOf(target));
      if (isAbsolute(target)) at = "/";
      continue;
    }
    const last = way.length === 0;
    if (stat.kind !== (last ? "file" : "folder")) {
      return `${here} is not a ${last ? "regular file" : "directory"}`;
    }
    const safe = (stat.mode & OTHERS_WRITE) === 0 || (!last && (stat.mode & STICKY) !== 0 && way.length > 1);
    if (!safe) return `others can change ${here}`;
    at = here;
  }
  return null;
}

function partsOf(path: string): string[] {
  return path.split("/").filter((one) => one !== "" && one !== ".");
}
