/**
 * What each program is and does: one row per program, read wherever programs differ. A new program is a new name in
 * `Runtime` and a new row here; the compiler then reports every fact that is missing.
 *
 * Source: measured with SingularityCE 3.5.3, 3.7.4, 3.8.4, 3.11.5 and 4.5.1 and with Apptainer 1.1.9 and 1.5.3.
 */
import type { AddressForm } from "./base/address.ts";
import { compareVersions, type Reader, type Runtime, type Version } from "./base/reader.ts";
import type { EndpointStatus, NewField } from "./model.ts";

/** A fact that depends on the version. */
export interface Since<T> {
  /** The first version with this value. */
  readonly since: Version;
  readonly is: T;
}

/** The values of such a fact, oldest first. The first entry is the oldest version that was measured. */
export type ByVersion<T> = readonly [Since<T>, ...Since<T>[]];

/** An endpoint that a program knows by itself. */
interface Endpoint {
  readonly uri: string;
  /** Not null: the endpoint has no discovery, only this keyserver. */
  readonly keyserver: string | null;
}

/** What one program is and does. */
export interface Program {
  /** The name in prose. */
  readonly title: string;
  /** Its directory in SYSCONFDIR, which holds the global file. */
  readonly sysconfDirectory: string;
  /** Its directory in the home directory, which holds the user file. */
  readonly homeDirectory: string;
  /** The variable that holds the home directory. null, or if it is unset or empty: the password database. */
  readonly homeVariable: string | null;
  /** Variables that replace the directory in the home directory; the first that is set and not empty counts. */
  readonly configVariables: ByVersion<readonly string[]>;
  /** What happens if `remote.yaml` is a symbolic link. */
  readonly symlink: ByVersion<"follow" | "refuse">;
  /** What a name does that is both a user remote and a global remote: fail every command, or use the user remote. */
  readonly nameInBoth: "fail" | "use-user";
  /** What the environment variables begin with that override a service: `…_LIBRARY`, `…_BUILDER`, `…_URL`. */
  readonly overrides: readonly string[];
  /** The remote in the global file as shipped. */
  readonly shipped: { readonly name: string } & Endpoint;
  /** Fields that older versions refuse, with the first version that reads them. */
  readonly newFields: Readonly<Record<NewField, Version>>;
  /** How it reads a stored address. */
  readonly address: ByVersion<AddressForm>;
  /** What it makes of a file with only comments or blank lines. */
  readonly emptyDocument: ByVersion<"read" | "refuse">;
  /** What it makes of a date without quotes, as a name, URI or token. */
  readonly plainDate: ByVersion<"read" | "refuse">;
  /** What fails for an entry of the global file without `System: true`. */
  readonly needsSystem: ByVersion<string>;
  /** The words in front of `login` and `logout` for an OCI registry. */
  readonly registryCommand: ByVersion<string>;
  /** Whether the host of `library://HOST/…` is asked, in place of the remote's library. */
  readonly hostInLibrary: ByVersion<boolean>;
  /** The remote that it uses if there is none at all, in no file. */
  readonly builtIn: Endpoint;
  /** The directory of another program that its first run takes over, only while its own directory does not exist. */
  readonly takesOver: string | null;
  /** What it takes over besides `remote.yaml`, each with the names that it may then have in its own directory. */
  readonly takenOver: Readonly<Record<string, readonly string[]>>;
}

/** The programs. */
export const PROGRAMS: Readonly<Record<Runtime, Program>> = {
  singularity: {
    title: "Singularity",
    sysconfDirectory: "singularity",
    homeDirectory: ".singularity",
    homeVariable: null,
    configVariables: [{ since: "3.5", is: [] }, { since: "3.11.4", is: ["SINGULARITY_CONFIGDIR"] }],
    symlink: [{ since: "3.5", is: "follow" }, { since: "4.5.0", is: "refuse" }],
    nameInBoth: "fail",
    overrides: ["SINGULARITY"],
    shipped: { name: "SylabsCloud", uri: "cloud.sylabs.io", keyserver: null },
    newFields: { Exclusive: "3.7", Insecure: "3.9", Keyservers: "3.7", Credentials: "3.7" },
    address: [{ since: "3.5", is: "host" }, { since: "3.9", is: "url" }],
    emptyDocument: [{ since: "3.5", is: "read" }, { since: "4.5", is: "refuse" }],
    plainDate: [{ since: "3.5", is: "read" }, { since: "4.5", is: "refuse" }],
    needsSystem: [
      { since: "3.5", is: "remote use --global" },
      { since: "3.7", is: "remote add-keyserver" },
      { since: "4.0", is: "keyserver add" },
    ],
    registryCommand: [{ since: "3.5", is: "remote" }, { since: "4.0", is: "registry" }],
    hostInLibrary: [{ since: "3.5", is: false }, { since: "3.8", is: true }],
    builtIn: { uri: "cloud.sylabs.io", keyserver: null },
    takesOver: null,
    takenOver: {},
  },
  apptainer: {
    title: "Apptainer",
    sysconfDirectory: "apptainer",
    homeDirectory: ".apptainer",
    homeVariable: "HOME",
    configVariables: [
      { since: "1.1", is: [] },
      { since: "1.2", is: ["APPTAINER_CONFIGDIR", "SINGULARITY_CONFIGDIR"] },
    ],
    symlink: [{ since: "1.1", is: "follow" }],
    nameInBoth: "use-user",
    overrides: ["APPTAINER", "SINGULARITY"],
    shipped: { name: "DefaultRemote", uri: "cloud.apptainer.org", keyserver: "https://keys.openpgp.org" },
    newFields: { Exclusive: "1.1", Insecure: "1.1", Keyservers: "1.1", Credentials: "1.1" },
    address: [{ since: "1.1", is: "url" }],
    emptyDocument: [{ since: "1.1", is: "read" }, { since: "1.5", is: "refuse" }],
    plainDate: [{ since: "1.1", is: "read" }],
    needsSystem: [{ since: "1.1", is: "remote add-keyserver" }, { since: "1.2", is: "keyserver add" }],
    registryCommand: [{ since: "1.1", is: "remote" }, { since: "1.2", is: "registry" }],
    hostInLibrary: [{ since: "1.1", is: true }],
    builtIn: { uri: "cloud.apptainer.org", keyserver: "https://keys.openpgp.org" },
    takesOver: ".singularity",
    takenOver: { "docker-config.json": ["docker-config.json"], "sypgp": ["keys", "sypgp"] },
  },
};

/** The program if neither the config nor the command line names one. */
export const DEFAULT_RUNTIME: Runtime = "singularity";

/** The value of a fact for the newest version. */
export function newest<T>(fact: ByVersion<T>): T {
  return fact.at(-1)!.is;
}

/** The value of a fact for the oldest version that has to read a file, or for the newest version if the reader has none. */
export function valueFor<T>(fact: ByVersion<T>, reader: Pick<Reader, "oldest">): T {
  return fact[placeFor(fact, reader)]!.is;
}

/** The versions for which a fact has the value that it has for this reader: from one, up to another that has a new value. */
export function spanOf(
  fact: ByVersion<unknown>,
  reader: Pick<Reader, "oldest">,
): { readonly since: Version; readonly until: Version | null } {
  const place = placeFor(fact, reader);
  return { since: fact[place]!.since, until: fact[place + 1]?.since ?? null };
}

/** A version before all of those that were measured counts as the first of them. */
function placeFor(fact: ByVersion<unknown>, { oldest }: Pick<Reader, "oldest">): number {
  if (oldest === null) return fact.length - 1;
  return Math.max(0, fact.findLastIndex(({ since }) => compareVersions(since, oldest) <= 0));
}

/** Fields that a reader refuses, each with the first version that reads it. */
export function fieldsRefusedBy({ runtime, oldest }: Reader): readonly (readonly [NewField, Version])[] {
  const fields = Object.entries(PROGRAMS[runtime].newFields) as [NewField, Version][];
  return oldest === null ? [] : fields.filter(([, since]) => compareVersions(since, oldest) > 0);
}

/** Whether an endpoint that should have a library has none: then `pull`, `push` and `search` of library:// fail. */
export function lacksLibrary({ uri, services, trouble }: EndpointStatus): boolean {
  return trouble === null && keyserverAlone(uri) === null &&
    !services.some((one) => one.service === "library");
}

/** What a program does if there is no remote at all, as a sentence without its end. */
export function builtInDefault(runtime: Runtime): string {
  const { title, builtIn } = PROGRAMS[runtime];
  const library = builtIn.keyserver === null ? "" : ", which has no library: library:// fails";
  return `there is no remote: ${title} uses its built-in default, ${builtIn.uri}${library}`;
}

const OVERRIDDEN = { library: "LIBRARY", builder: "BUILDER", keystore: "URL" } as const;

/** A service whose address a variable of the environment can override, as an option of a command can. */
export type Overridden = keyof typeof OVERRIDDEN;

/** The variables that override a service for a program, each with its service; the first of a service that is set counts. */
export function overrideVariables(
  runtime: Runtime,
): readonly { readonly name: string; readonly service: Overridden }[] {
  const services = Object.entries(OVERRIDDEN) as [Overridden, string][];
  return services.flatMap(([service, suffix]) =>
    PROGRAMS[runtime].overrides.map((prefix) => ({ name: `${prefix}_${suffix}`, service }))
  );
}

/** How a program reads a variable that stands for a flag. `switch`: as Go's `strconv.ParseBool`. */
export type FlagValue = "value" | "secret" | "switch";

/** A flag of `login` or `add` that a variable can stand for. */
export interface FlagVariable {
  /** The names of the variable; the first that is set counts. */
  readonly names: readonly string[];
  readonly command: string;
  readonly flag: string;
  readonly is: FlagValue;
}

/** The variables that stand for a flag of `login` or `add` in sremote. Singularity's `add` has none. */
export function flagVariables(runtime: Runtime): readonly FlagVariable[] {
  const named = (suffix: string) => PROGRAMS[runtime].overrides.map((prefix) => `${prefix}_${suffix}`);
  return [
    { names: named("LOGIN_USERNAME"), command: "login", flag: "--username", is: "value" },
    { names: named("LOGIN_PASSWORD"), command: "login", flag: "--password", is: "secret" },
    ...runtime === "apptainer"
      ? [{ names: named("ADD_INSECURE"), command: "add", flag: "--insecure", is: "switch" } as const]
      : [],
  ];
}

/** Whether a program can be asked for what it was built with, while it is kept from the home directory: then it changes nothing. */
export function canBeKeptFromHome({ runtime, oldest }: Reader): boolean {
  const { homeVariable, configVariables } = PROGRAMS[runtime];
  return homeVariable !== null || valueFor(configVariables, { oldest }).length > 0;
}

/** The keyserver of an endpoint that has no discovery and no library; null: any other endpoint. */
export function keyserverAlone(address: string): string | null {
  const known = Object.values(PROGRAMS).flatMap((one) => [one.shipped, one.builtIn]);
  return known.find((one) => one.uri === address.toLowerCase())?.keyserver ?? null;
}
