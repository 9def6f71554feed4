/**
 * The domain's types. Wanted ({@link Desired}), found ({@link Observed}) and planned ({@link Plan}) are three types;
 * data flows one way: config → desired → diff ← observed; plan → apply → outcome → report.
 */
import type { Reader, Runtime, Version } from "./base/reader.ts";
import type { Horizon } from "./base/expiry.ts";
import type { RemoteConfig } from "../schema/config.ts";
import type { Credential, Entry, Keyserver, NewField, SeenRemote, StoredRemote } from "./remotefile/entry.ts";

export type { Reader, Runtime, Version };

/** Which file holds a remote: the user file or the global file. */
export type Scope = "user" | "global";

/** A service of an endpoint, as discovery names it, without `API`. */
export type ServiceName = "library" | "builder" | "keystore" | "token" | "consent";

/** All of them, sorted. */
export const SERVICES: readonly ServiceName[] = ["builder", "consent", "keystore", "library", "token"];

/** Where a token comes from: a reference, never a token. */
export type SecretRef =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly command: readonly string[] }
  | { readonly prompt: true };

/** The address of an endpoint. */
export interface Endpoint {
  /** `host[:port][/path]`, without a scheme. */
  readonly uri: string;
  /** Contacted over http. */
  readonly insecure: boolean;
}

/** A remote as a file holds it and as a plan shows it, and what else a file holds: from the one table of their fields. */
export type { Credential, Entry, Keyserver, NewField, SeenRemote, StoredRemote };

/** One `remote.yaml`, typed. A Map, because a remote may be called `__proto__`. In the order of the file. */
export interface RemoteFile {
  /** `Active`; null where absent or empty. */
  readonly default: string | null;
  readonly remotes: ReadonlyMap<string, StoredRemote>;
  readonly credentials: readonly Credential[];
}

/** The file that a plan is for. */
export interface Target extends Reader {
  readonly scope: Scope;
  /** The absolute path of the `remote.yaml`. */
  readonly file: string;
}

// ---------------------------------------------------------------- wanted

/** A remote that the config wants in the file of one scope: its fields as the config has them, or in this form. */
export interface DesiredRemote
  extends Endpoint, Omit<RemoteConfig, "scope" | "uri" | "keyservers" | "login" | "check"> {
  readonly name: string;
  /** The external keyservers; null: unspecified. */
  readonly keyservers: readonly Keyserver[] | null;
  /** null: unspecified; `false`: no token may be stored. */
  readonly login: SecretRef | false | null;
  readonly check: readonly ServiceName[];
}

/** The default remote: a name, none, or unspecified. */
export type DesiredDefault =
  | { readonly kind: "unset" }
  | { readonly kind: "none" }
  | { readonly kind: "remote"; readonly name: string };

/** The config, validated, with every default value filled in, for both scopes. */
export interface Desired {
  /** null: detected. */
  readonly runtimes: readonly Reader[] | null;
  /** The directory that holds `singularity/` and `apptainer/`; null: `/etc` or `/usr/local/etc`, whichever has them. */
  readonly sysconfdir: string | null;
  readonly remotes: Readonly<Record<Scope, ReadonlyMap<string, DesiredRemote>>>;
  readonly default: Readonly<Record<Scope, DesiredDefault>>;
  /** Global only; null: unspecified. */
  readonly exclusive: boolean | null;
  readonly unmanaged: "keep" | "remove";
  /** A file of CA certificates to trust in addition to the system's, relative to the config; null: none. */
  readonly cacert: string | null;
}

// ---------------------------------------------------------------- found

/** One `remote.yaml` as found. */
export interface ObservedFile {
  /** `sha256:…` of the bytes; null: the file does not exist. */
  readonly digest: string | null;
  readonly content: RemoteFile;
  readonly quirks: Quirks;
  /** Permission bits; null: no file. */
  readonly mode: number | null;
}

/** The file of the other scope, for conflicts between the two. */
export interface ObservedOther {
  readonly path: string;
  /** null: it could not be read. */
  readonly content: RemoteFile | null;
  /** null: it could not be read. */
  readonly quirks: Quirks | null;
}

/** What went wrong on the way to a server, or there. Stable: programs match on it. */
export type TroubleKind =
  | "address" // the stored address is invalid, or the program cannot use it
  | "dns"
  | "refused"
  | "unreachable"
  | "timeout"
  | "closed" // without an answer
  | "half" // in the middle of one
  | "too-large"
  | "proxy"
  | "tls"
  | "certificate"
  | "insecure" // http where https is required
  | "redirect"
  | "status" // an error status
  | "malformed" // not the expected format: HTML instead of JSON
  | "not-offered" // the endpoint has no such service
  | "network"; // anything else

/** Why a request failed. */
export interface Trouble {
  readonly kind: TroubleKind;
  /** One sentence without a full stop and without a secret. */
  readonly message: string;
  /** The remedy, as an imperative. */
  readonly next?: string;
}

/** The answer of one service of an endpoint. */
export interface ServiceStatus {
  /** A {@link ServiceName}, or another service that discovery names. */
  readonly service: string;
  /** Where it is; null: the endpoint does not offer it. */
  readonly uri: string | null;
  readonly ok: boolean;
  readonly version: string | null;
  /** Time until the answer; null: it was not asked. */
  readonly milliseconds: number | null;
  readonly trouble: Trouble | null;
}

/** The owner of a token. */
export interface Identity {
  readonly username: string;
  readonly email: string | null;
  readonly realname: string | null;
}

/** What an endpoint says of a token. */
export interface Verification {
  readonly state:
    | "none" // no token is stored
    | "valid"
    | "invalid"
    | "unknown"; // it could not be verified
  /** null: unknown, or not asked. */
  readonly identity: Identity | null;
  /** Why the state is invalid or unknown. */
  readonly trouble: Trouble | null;
}

/** What is known of a stored token. */
export interface LoginStatus extends Verification {
  /** When the token says that it expires, in ISO 8601; null: no token, or it does not say. */
  readonly expires: string | null;
}

/** The status of one remote's endpoint. */
export interface EndpointStatus extends Endpoint {
  readonly remote: string;
  /** The services that it offers and those that were asked for, sorted. */
  readonly services: readonly ServiceStatus[];
  readonly login: LoginStatus;
  /** Why its services are unknown. */
  readonly trouble: Trouble | null;
}

/** `sremote status --format json`. */
export interface StatusDocument {
  readonly formatVersion: 1;
  readonly sremote: string;
  readonly default: string | null;
  /** Whether every check passed. */
  readonly ok: boolean;
  readonly remotes: readonly EndpointStatus[];
}

/** One finding of `sremote doctor`. */
export interface Diagnosis {
  /** `note`: worth knowing, and nothing is wrong. */
  readonly severity: "ok" | "note" | "warning" | "error";
  readonly about:
    | "file"
    | "program"
    | "conflict"
    | "environment"
    | "proxy"
    | "certificates"
    | "dns"
    | "endpoint"
    | "login";
  /** A file, a program, a remote, a variable. */
  readonly subject: string;
  readonly message: string;
  /** The remedy. */
  readonly next?: string;
}

/** The token and services of a remote that the config gives `login` or `check`. */
export interface ObservedEndpoint {
  readonly remote: string;
  /** The required services, in the order of the config; null: not checked. */
  readonly services: readonly ServiceStatus[] | null;
  readonly token: ObservedToken;
}

/** A stored token, verified at the endpoint and compared with its source. */
export interface ObservedToken {
  readonly state: LoginStatus["state"] | "not-looked-at";
  /** Why it is invalid or unknown. */
  readonly trouble: Trouble | null;
  /** Whether it equals its source; null: unknown. */
  readonly same: boolean | null;
  /** Why the source could not be read; null: it was, or it is a prompt. */
  readonly source: { readonly why: string; readonly next: string } | null;
  /** When the token of the source says that it expires, in ISO 8601; null: unknown. */
  readonly expires: string | null;
  /** The file of the source, if others can read it. */
  readonly exposed: { readonly file: string; readonly mode: number } | null;
}

/** What a `remote.yaml` has that its content does not show, and that programs refuse. */
export interface Quirks {
  /** The file is a symbolic link. */
  readonly symlink: boolean;
  /** Only comments or blank lines. */
  readonly blank: boolean;
  /** Dates without quotes: in a field of a remote, or in `Active`. */
  readonly dates: readonly { readonly remote: string | null; readonly field: string }[];
  /** The fields that not every version reads, also where they say nothing (`Exclusive: false`), in the order of the file. */
  readonly newFields: readonly { readonly remote: string | null; readonly field: NewField }[];
}

/** The user file that newer versions read in place of the one that an older version reads, by a variable that is set. */
export interface ReadElsewhere {
  readonly variable: string;
  /** The first version that heeds it. */
  readonly since: Version;
  readonly file: string;
}

/** A global file, or its directory, that not every user can read. */
export interface Hidden {
  readonly path: string;
  readonly kind: "file" | "directory";
  readonly mode: number;
  /** The users of its group can. */
  readonly group: boolean;
  /** Its owner, who can change the mode. */
  readonly uid: number;
}

/** The observed state that one plan depends on. */
export interface Observed {
  readonly target: Target;
  readonly file: ObservedFile;
  /** null: there is no other file (`--remote-file`). */
  readonly other: ObservedOther | null;
  /** Names that sremote may remove: those in the ledger, or with `unmanaged: "remove"` all but copies of global remotes. */
  readonly ours: ReadonlySet<string>;
  /** Names in the ledger: the remotes that sremote manages. */
  readonly ledger: ReadonlySet<string>;
  /** The directory of another program that this one takes over unless it has its own, which a plan would make; null: none. */
  readonly cutsOff: string | null;
  /** The file that newer versions read in place of this one; null: the same. */
  readonly elsewhere: ReadElsewhere | null;
  /** What hides the global file from users. */
  readonly hidden: readonly Hidden[];
  /** Both `/etc` and `/usr/local/etc` hold a global file, and nothing says which one is used. */
  readonly ambiguous: boolean;
  /** By remote; only those that the config gives `login` or `check`. */
  readonly endpoints: ReadonlyMap<string, ObservedEndpoint>;
  /** When to warn of tokens that expire. */
  readonly horizon: Horizon;
}

// ---------------------------------------------------------------- planned

/** The default and the exclusive remotes of one file. */
export interface DefaultState {
  readonly remote: string | null;
  /** More than one only if the file was edited by hand. */
  readonly exclusive: readonly string[];
}

/** A change to one `remote.yaml`. */
export type Change =
  | { readonly kind: "add"; readonly remote: string; readonly after: Entry }
  | { readonly kind: "update"; readonly remote: string; readonly before: Entry; readonly after: Entry }
  | { readonly kind: "remove"; readonly remote: string; readonly before: Entry }
  | { readonly kind: "use"; readonly before: DefaultState; readonly after: DefaultState }
  | { readonly kind: "login"; readonly remote: string; readonly from: SecretRef }
  | { readonly kind: "logout"; readonly remote: string };

/** A request that apply makes before it writes. The endpoint is the only place that it, and a token, goes to. */
export type NetworkStep =
  & { readonly remote: string; readonly endpoint: Endpoint }
  & (
    | { readonly kind: "check-services"; readonly required: readonly ServiceName[] }
    | { readonly kind: "verify-token"; readonly from: SecretRef }
  );

/**
 * The one write of a plan; `update-ledger` leaves an up-to-date file unchanged. `basis`: the digest of the file that was
 * seen; null: it did not exist. `managed`: the names in the ledger afterwards.
 */
export type WriteStep =
  & { readonly basis: string | null; readonly managed: readonly string[] }
  & (
    | { readonly kind: "replace-file"; readonly changes: readonly Change[] }
    | { readonly kind: "update-ledger" }
  );

/** What apply does, in order: network steps first, then at most one write. */
export type Step = NetworkStep | WriteStep;

/** Something the user should know. `error`: apply refuses. */
export interface Finding {
  readonly severity: "error" | "warning" | "info";
  readonly code: FindingCode;
  /** The state, in one sentence. */
  readonly message: string;
  /** The remedy, as an imperative. */
  readonly next?: string;
  readonly remote?: string;
}

/** Stable codes of findings. */
export type FindingCode =
  | "name-in-both-scopes"
  | "exclusive-elsewhere"
  | "default-unknown"
  | "insecure-not-carried"
  | "token-in-global-file"
  | "readable-by-others"
  | "mass-removal"
  | "adopted"
  | "unmanaged"
  | "ambiguous-sysconfdir"
  | "unreadable-by-users" // the global file or its directory
  | "other-scope" // the config has remotes only of the other scope
  | "symlink" // the programs refuse a file that is a symbolic link
  | "empty-document" // the programs refuse a file with only comments
  | "plain-date" // the programs refuse a date without quotes
  | "field-too-new" // a version that has to read the file refuses a field
  | "address-unusable"
  | "address-rewritten" // the version that reads the file cannot use the stored form
  | "system-missing" // a remote of the global file without System: true
  | "no-remotes" // the program falls back on its built-in default
  | "read-elsewhere" // newer versions read another file, by a variable
  | "no-library" // the default has none
  | "takeover-cut-off" // the program would have taken over an older directory
  | "other-unreadable"
  | "check-failed" // a required service failed its check
  | "login-refused" // the source gives a token that the endpoint has just refused
  | "login-source" // the source of a required token cannot be read
  | "token-unverified" // a stored token could not be verified or compared with its source
  | "token-of-old-address"
  | "token-dropped" // a token goes with its remote
  | "token-expires" // soon, or it has
  | "not-looked-at"; // --offline

/** The file as the plan saw it. */
export interface Seen {
  readonly digest: string | null;
  readonly default: string | null;
  readonly remotes: readonly SeenRemote[];
  /** The names in the ledger. */
  readonly managed: readonly string[];
}

/** What would be done to one `remote.yaml`: plain JSON data without secrets. */
export interface Plan {
  readonly formatVersion: 1;
  readonly target: Target;
  readonly seen: Seen;
  /** Whether apply would change the file. */
  readonly changed: boolean;
  /** The endpoints that the config gives `login` or `check`. */
  readonly endpoints: readonly ObservedEndpoint[];
  readonly steps: readonly Step[];
  readonly findings: readonly Finding[];
}

/** Where the desired state comes from. */
export interface ConfigOrigin {
  /** The absolute path of the config. */
  readonly file: string;
  /** `sha256:…` of the config and everything it imports. */
  readonly digest: string;
  /** The `--var`s, as pairs in order of their names. */
  readonly vars: readonly (readonly [name: string, value: string])[];
}

/** `sremote plan --format json`, and what `--out` saves: one plan per file, because a config may name both runtimes. */
export interface PlanDocument {
  readonly formatVersion: 1;
  readonly sremote: string;
  readonly config: ConfigOrigin;
  /** Whether apply would change any file. */
  readonly changed: boolean;
  readonly plans: readonly Plan[];
}

// ---------------------------------------------------------------- done

/** What apply did to one file. */
export interface Outcome {
  readonly plan: Plan;
  readonly changed: boolean;
  /** Where the previous file is kept; null: nothing was replaced, or it could not be kept. */
  readonly backup: string | null;
  /** What a person should know about how the file was written, as sentences. */
  readonly notes: readonly string[];
  /** Whose secrets the file no longer holds. */
  readonly gone: Gone;
}

/** The owners of secrets that a file no longer holds anywhere, as they were before. */
export interface Gone {
  readonly remotes: readonly StoredRemote[];
  readonly credentials: readonly Credential[];
}

/** Remotes and keyservers or registries, by their names and addresses. */
export interface Owners {
  readonly remotes: readonly string[];
  readonly credentials: readonly string[];
}
