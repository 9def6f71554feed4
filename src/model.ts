/**
 * The domain's types. Wanted ({@link Desired}), found ({@link Observed}) and planned ({@link Plan}) are three types;
 * data flows one way: config → desired → diff ← observed; plan → apply → outcome → report.
 */
import type { RemoteConfig } from "../schema/config.ts";
import type { Credential, Entry, Keyserver, SeenRemote, StoredRemote } from "./remotefile/entry.ts";

/** The two container programs that read a `remote.yaml`. */
export type Runtime = "singularity" | "apptainer";

/** Which file holds a remote: the user's own, or the machine's. */
export type Scope = "user" | "global";

/** A service of an endpoint, named as discovery does, less `API`. */
export type ServiceName = "library" | "builder" | "keystore" | "token" | "consent";

/** All of them, sorted. */
export const SERVICES: readonly ServiceName[] = ["builder", "consent", "keystore", "library", "token"];

/** Where a token comes from: a reference, never a token. */
export type SecretRef =
  | { readonly env: string }
  | { readonly file: string }
  | { readonly command: readonly string[] }
  | { readonly prompt: true };

/** A remote as a file holds it and as a plan shows it, and what else a file holds: from the one table of their fields. */
export type { Credential, Entry, Keyserver, SeenRemote, StoredRemote };

/** One `remote.yaml`, typed. A Map, for a remote may be called `__proto__`. Order is the file's. */
export interface RemoteFile {
  /** `Active`; null where absent or empty. */
  readonly default: string | null;
  readonly remotes: ReadonlyMap<string, StoredRemote>;
  readonly credentials: readonly Credential[];
}

/** Which file a plan is about. */
export interface Target {
  readonly runtime: Runtime;
  readonly scope: Scope;
  /** The absolute path of the `remote.yaml`. */
  readonly file: string;
}

// ---------------------------------------------------------------- wanted

/** A remote that the config wants in the file of one scope: its fields as the config has them, or in this form. */
export interface DesiredRemote
  extends Omit<RemoteConfig, "scope" | "uri" | "keyservers" | "login" | "check"> {
  readonly name: string;
  readonly uri: string;
  readonly insecure: boolean;
  /** The external keyservers; null: unset in the config. */
  readonly keyservers: readonly Keyserver[] | null;
  /** null: unset in the config; `false`: no token may be stored. */
  readonly login: SecretRef | false | null;
  readonly check: readonly ServiceName[];
}

/** Which remote is used where none is named: a name, none at all, or nothing said of it. */
export type DesiredDefault =
  | { readonly kind: "unspoken" }
  | { readonly kind: "none" }
  | { readonly kind: "remote"; readonly name: string };

/** The config, validated, with every default filled in; of both scopes. */
export interface Desired {
  readonly runtimes: readonly Runtime[];
  /** The folder that holds `singularity/` and `apptainer/`; null: `/etc` or `/usr/local/etc`, whichever has them. */
  readonly sysconfdir: string | null;
  readonly remotes: Readonly<Record<Scope, ReadonlyMap<string, DesiredRemote>>>;
  readonly default: Readonly<Record<Scope, DesiredDefault>>;
  /** Global only; null: the config does not speak of it. */
  readonly exclusive: boolean | null;
  readonly unmanaged: "keep" | "remove";
  /** A file with certificates of authorities to trust beside the system's, relative to the config; null: none. */
  readonly cacert: string | null;
}

// ---------------------------------------------------------------- found

/** One `remote.yaml` as it was found. */
export interface ObservedFile {
  /** `sha256:…` of the bytes; null: there is no such file. */
  readonly digest: string | null;
  readonly content: RemoteFile;
  /** Permission bits; null: no file. */
  readonly mode: number | null;
}

/** The other scope's file, for the conflicts between the two. */
export interface ObservedOther {
  readonly path: string;
  /** null: it could not be read. */
  readonly content: RemoteFile | null;
}

/** What kind of thing went wrong on the way to a server, or there. Stable: programs match on it. */
export type TroubleKind =
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
  | "insecure" // http where https is due
  | "redirect"
  | "status" // an answer that says no
  | "malformed" // an answer that is none: HTML where JSON is due
  | "not-offered" // the endpoint has no such service
  | "network"; // anything else

/** Why something on the network did not work. */
export interface Trouble {
  readonly kind: TroubleKind;
  /** One sentence without a full stop, and without a secret. */
  readonly message: string;
  /** What a person can do, as an imperative. */
  readonly next?: string;
}

/** What one service of an endpoint said. */
export interface ServiceStatus {
  readonly service: ServiceName;
  /** Where it is; null: the endpoint does not offer it. */
  readonly uri: string | null;
  readonly ok: boolean;
  readonly version: string | null;
  /** How long the answer took; null: it was not asked. */
  readonly milliseconds: number | null;
  readonly trouble: Trouble | null;
}

/** Who a token belongs to. */
export interface Identity {
  readonly username: string;
  readonly email: string | null;
  readonly realname: string | null;
}

/** What is known of a stored token. */
export interface LoginStatus {
  readonly state:
    | "none" // no token is stored
    | "valid"
    | "invalid"
    | "unknown"; // it could not be verified
  /** null: not known, or not asked. */
  readonly identity: Identity | null;
  /** Why the state is invalid or unknown. */
  readonly trouble: Trouble | null;
}

/** What one remote's endpoint said. */
export interface EndpointStatus {
  readonly remote: string;
  readonly uri: string;
  readonly insecure: boolean;
  /** The services that it offers, and those that were asked for, sorted. */
  readonly services: readonly ServiceStatus[];
  readonly login: LoginStatus;
  /** Why nothing is known of its services. */
  readonly trouble: Trouble | null;
}

/** `sremote status --format json`. */
export interface StatusDocument {
  readonly formatVersion: 1;
  readonly sremote: string;
  readonly default: string | null;
  /** Whether everything that was asked is as it should be. */
  readonly ok: boolean;
  readonly remotes: readonly EndpointStatus[];
}

/** One thing that `sremote doctor` looked at. */
export interface Diagnosis {
  readonly severity: "ok" | "warning" | "error";
  readonly about: "file" | "conflict" | "proxy" | "certificates" | "dns" | "endpoint" | "login";
  /** A file, a remote, a variable. */
  readonly subject: string;
  readonly message: string;
  /** The remedy. */
  readonly next?: string;
}

/** What was seen of a remote's token and services, where the config speaks of them. */
export interface ObservedEndpoint {
  /** The remote as it is to be. */
  readonly remote: string;
  /** The required services, in the config's order; null: not looked at. */
  readonly services: readonly ServiceStatus[] | null;
  readonly token: ObservedToken;
}

/** A stored token, held against the endpoint and against the source that the config names. */
export interface ObservedToken {
  readonly state: LoginStatus["state"] | "not-looked-at";
  /** Why it is invalid or unknown. */
  readonly trouble: Trouble | null;
  /** Whether it equals its source; null: not known. */
  readonly same: boolean | null;
  /** Why the source could not be read; null: it was, or it is a prompt. */
  readonly source: { readonly why: string; readonly next: string } | null;
  /** The file of the source, where others can read it. */
  readonly exposed: { readonly file: string; readonly mode: number } | null;
}

/** What was found, in all that one plan depends on. */
export interface Observed {
  readonly target: Target;
  readonly file: ObservedFile;
  /** null: nothing is known of another file (`--remote-file`). */
  readonly other: ObservedOther | null;
  /** Names that are sremote's to remove: the ledger's, or with `unmanaged: "remove"` every one but copies of global ones. */
  readonly ours: ReadonlySet<string>;
  /** Names in the ledger as it stands. */
  readonly ledger: ReadonlySet<string>;
  /** Both `/etc` and `/usr/local/etc` hold a global file, and nothing says which one counts. */
  readonly ambiguous: boolean;
  /** By remote; only those of which the config says `login` or `check`. */
  readonly endpoints: ReadonlyMap<string, ObservedEndpoint>;
}

// ---------------------------------------------------------------- planned

/** The default and the exclusive remotes of one file. */
export interface DefaultState {
  readonly remote: string | null;
  /** More than one only where somebody edited the file by hand. */
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

/** What apply does, in order: network first, then one replace. */
export type Step =
  | { readonly kind: "verify-token"; readonly remote: string; readonly from: SecretRef }
  | { readonly kind: "check-services"; readonly remote: string; readonly required: readonly ServiceName[] }
  /** `basis`: the digest of the file that was seen; null: there was none. */
  | { readonly kind: "replace-file"; readonly basis: string | null; readonly changes: readonly Change[] };

/** Something a person should know. `error`: apply refuses. */
export interface Finding {
  readonly severity: "error" | "warning" | "info";
  readonly code: FindingCode;
  /** One sentence: the state of things. */
  readonly message: string;
  /** What to do about it, as an imperative. */
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
  | "other-unreadable"
  | "login-source" // the source of a token that is needed cannot be read
  | "token-unverified" // a stored token could not be held against its endpoint or its source
  | "token-of-old-address"
  | "not-looked-at"; // --offline

/** The file as the plan saw it. */
export interface Seen {
  readonly digest: string | null;
  readonly default: string | null;
  readonly remotes: readonly SeenRemote[];
}

/** What would be done to one `remote.yaml`: plain data, JSON-serialisable, with no secret in it. */
export interface Plan {
  readonly formatVersion: 1;
  readonly target: Target;
  readonly seen: Seen;
  /** What the endpoints said, of which the config says `login` or `check`. */
  readonly endpoints: readonly ObservedEndpoint[];
  readonly steps: readonly Step[];
  readonly findings: readonly Finding[];
}

/** Where the wanted state came from. */
export interface ConfigOrigin {
  /** The absolute path of the config. */
  readonly file: string;
  /** `sha256:…` over the config and all that it imports. */
  readonly digest: string;
  /** The `--var`s, as pairs in order of their names. */
  readonly vars: readonly (readonly [name: string, value: string])[];
}

/** `sremote plan --format json`, and what `--out` saves: one plan a file, for a config may name both runtimes. */
export interface PlanDocument {
  readonly formatVersion: 1;
  readonly sremote: string;
  readonly config: ConfigOrigin;
  readonly changed: boolean;
  readonly plans: readonly Plan[];
}

// ---------------------------------------------------------------- done

/** What apply did to one file. */
export interface Outcome {
  readonly plan: Plan;
  readonly changed: boolean;
  /** Where the previous file is kept; null where nothing was replaced. */
  readonly backup: string | null;
}
