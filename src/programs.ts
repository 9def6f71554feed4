/**
 * What each program is and does: one row per program, read wherever programs differ. A new program is a new name in
 * `Runtime` and a new row here; the compiler then reports every fact that is missing.
 *
 * Source: measured with SingularityCE 3.5.3, 3.7.4, 3.8.4, 3.11.5 and 4.5.1 and with Apptainer 1.1.9 and 1.5.3.
 */
import type { Runtime } from "./model.ts";

/** A version as a program prints it: `3.8`, `4.5.1`. */
export type Version = `${number}.${number}` | `${number}.${number}.${number}`;

/** A fact that depends on the version. */
export interface Since<T> {
  /** The first version with this value. */
  readonly since: Version;
  readonly is: T;
}

/** The values of such a fact, oldest first. The first entry is the oldest version that was measured. */
export type ByVersion<T> = readonly [Since<T>, ...Since<T>[]];

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
  /** The remote in the global file as shipped. `keyserver`: the endpoint has no discovery, and only this service. */
  readonly shipped: { readonly name: string; readonly uri: string; readonly keyserver: string | null };
  /** Fields that older versions refuse, with the first version that reads them. */
  readonly newFields: Readonly<Record<"Exclusive" | "Insecure" | "Keyservers" | "Credentials", Version>>;
  /** How an address with a port or an IPv6 literal has to be stored. A bare host name is read by every version. */
  readonly addressWithPort: ByVersion<"bare" | "scheme">;
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
    shipped: { name: "SylabsCloud", uri: "cloud.sylabs.io", keyserver: null },
    newFields: { Exclusive: "3.7", Insecure: "3.9", Keyservers: "3.7", Credentials: "3.7" },
    addressWithPort: [{ since: "3.5", is: "bare" }, { since: "3.9", is: "scheme" }],
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
    shipped: { name: "DefaultRemote", uri: "cloud.apptainer.org", keyserver: "https://keys.openpgp.org" },
    newFields: { Exclusive: "1.1", Insecure: "1.1", Keyservers: "1.1", Credentials: "1.1" },
    addressWithPort: [{ since: "1.1", is: "scheme" }],
  },
};

/** The program if neither the config nor the command line names one. */
export const DEFAULT_RUNTIME: Runtime = "singularity";

/** The value of a fact for the newest version. */
export function newest<T>(fact: ByVersion<T>): T {
  return fact.at(-1)!.is;
}
