/**
 * The fields of `remote.yaml`, each stated once. These tables give the types, what is read and written, what a plan
 * shows, what is masked and what counts as equal: a new field is one line here.
 */
import type { Secret } from "../base/secret.ts";

/** The value of a field, by the field's type. */
interface Values {
  readonly text: string;
  readonly flag: boolean;
  readonly secret: Secret | null;
  readonly keyservers: readonly Keyserver[];
}

/** A field's value where the file does not have the field. */
const UNSET: Values = { text: "", flag: false, secret: null, keyservers: [] };

/** What is known of a field. */
export interface Field {
  /** Its name in the file. */
  readonly yaml: string;
  readonly type: keyof Values;
  /** It is written even where it is unset; every other field is not, since older versions refuse fields that they do not know. */
  readonly always?: true;
  /** It is part of an {@link Entry}. */
  readonly entry?: true;
}

type Table = Readonly<Record<string, Field>>;
type Of<T extends Table> = { readonly [P in keyof T]: Values[T[P]["type"]] };
/** One field of a table, with the property that holds it. */
type FieldOf<T extends Table> = {
  [P in keyof T & string]: Field & T[P] & { readonly property: P };
}[keyof T & string];

// The fields that the newest versions read, in the order in which Singularity writes them.
const REMOTE = {
  /** `host[:port][/path]`, without a scheme. */
  uri: { yaml: "URI", type: "text", always: true, entry: true },
  token: { yaml: "Token", type: "secret" },
  /** In the global file: required on every entry. In the user file: a copy of a global entry, made by the programs. */
  system: { yaml: "System", type: "flag", entry: true },
  exclusive: { yaml: "Exclusive", type: "flag" },
  /** Contacted over http. */
  insecure: { yaml: "Insecure", type: "flag", entry: true },
  keyservers: { yaml: "Keyservers", type: "keyservers", entry: true },
} as const satisfies Table;

const KEYSERVER = {
  uri: { yaml: "URI", type: "text", always: true },
  /** The endpoint's own keyserver, taken out of use. */
  skip: { yaml: "Skip", type: "flag", always: true },
  /** `false`: the endpoint's own keyserver. */
  external: { yaml: "External", type: "flag", always: true },
  /** The TLS certificate is not verified. */
  insecure: { yaml: "Insecure", type: "flag", always: true },
} as const satisfies Table;

const CREDENTIAL = {
  uri: { yaml: "URI", type: "text", always: true },
  auth: { yaml: "Auth", type: "secret" },
  insecure: { yaml: "Insecure", type: "flag", always: true },
} as const satisfies Table;

/** Fields that older versions refuse: of a remote, and `Credentials` of the file. `programs.ts` has the versions. */
export const NEW_FIELDS = ["Exclusive", "Insecure", "Keyservers", "Credentials"] as const;

/** One of them. */
export type NewField = typeof NEW_FIELDS[number];

/** A remote as one `remote.yaml` holds it; its name is its key in the file. */
export type StoredRemote = { readonly name: string } & Of<typeof REMOTE>;

/** A keyserver of a remote, as `remote.yaml` lists it (SingularityCE 3.7 and later). */
export type Keyserver = Of<typeof KEYSERVER>;

/** The stored credential of a keyserver or registry (`Credentials:`), which sremote keeps and never shows. */
export type Credential = Of<typeof CREDENTIAL>;

/** The fields of a remote that a plan shows and changes: not its name, its token or whether it is the default. */
export type Entry = {
  readonly [P in keyof typeof REMOTE as typeof REMOTE[P] extends { entry: true } ? P : never]:
    StoredRemote[P];
};

/** A remote as a plan saw it: enough to say later what changed since, without a secret (only whether there is one). */
export type SeenRemote =
  & { readonly remote: string }
  & {
    readonly [P in keyof typeof REMOTE]: typeof REMOTE[P]["type"] extends "secret" ? boolean
      : StoredRemote[P];
  };

/** One field of a remote. */
export type RemoteField = FieldOf<typeof REMOTE>;

/** One field of an {@link Entry}. */
export type EntryField = Extract<RemoteField, { entry: true }>;

/** The fields of a remote, in the order in which Singularity writes them. */
export const REMOTE_FIELDS = listOf(REMOTE);
/** The fields of a keyserver, in that order. */
export const KEYSERVER_FIELDS = listOf(KEYSERVER);
/** The fields of a credential, in that order. */
export const CREDENTIAL_FIELDS = listOf(CREDENTIAL);
/** The fields of an {@link Entry}, in that order. */
export const ENTRY_FIELDS = REMOTE_FIELDS.filter((one): one is EntryField => one.entry === true);
const SEEN_FIELDS = REMOTE_FIELDS.map((one) =>
  one.type === "secret" ? { ...one, type: "flag" as const } : one
);

function listOf<T extends Table>(table: T): readonly FieldOf<T>[] {
  return Object.entries(table).map(([property, field]) => ({ ...field, property }) as FieldOf<T>);
}

// ---------------------------------------------------------------- secrets

/** Whether a file holds the token of a remote. */
export function holdsToken({ remotes }: { readonly remotes: ReadonlyMap<string, StoredRemote> }): boolean {
  for (const { token } of remotes.values()) if (token !== null) return true;
  return false;
}

/** Whether a file holds anything that others must not read: a token, or the credential of a keyserver or registry. */
export function holdsSecret(
  file: { readonly remotes: ReadonlyMap<string, StoredRemote>; readonly credentials: readonly Credential[] },
): boolean {
  return holdsToken(file) || file.credentials.some(({ auth }) => auth !== null);
}

// ---------------------------------------------------------------- equality

type Same<T> = (a: T, b: T) => boolean;

const SAME: { readonly [T in keyof Values]: Same<Values[T]> } = {
  text: (a, b) => a === b,
  flag: (a, b) => a === b,
  secret: (a, b) => a === null || b === null ? a === b : a.equals(b),
  keyservers: (a, b) => sameList(a, b, sameKeyserver),
};

type Listed = Pick<Field, "type"> & { readonly property: string };

function differing<F extends Listed>(fields: readonly F[], a: object, b: object): readonly F[] {
  const [one, other] = [a, b] as Readonly<Record<string, never>>[];
  return fields.filter(({ type, property }) => !SAME[type](one![property]!, other![property]!));
}

/** Written as a loop: it runs for every remote of a file. */
function sameBy<T extends object>(fields: readonly Listed[]): Same<T> {
  return (a, b) => {
    if (a === b) return true;
    const [one, other] = [a, b] as unknown as Readonly<Record<string, never>>[];
    for (const { type, property } of fields) {
      if (!SAME[type](one![property]!, other![property]!)) return false;
    }
    return true;
  };
}

/** Whether two lists are equal, item by item. */
export function sameList<T>(a: readonly T[], b: readonly T[], same: Same<T>): boolean {
  return a === b || a.length === b.length && a.every((one, i) => same(one, b[i]!));
}

/** Whether two keyservers are equal in every field. */
export const sameKeyserver: Same<Keyserver> = sameBy(KEYSERVER_FIELDS);
/** Whether two lists of keyservers are equal; their order counts. */
export const sameKeyservers = SAME.keyservers;
/** Whether two credentials are equal in every field. */
export const sameCredential: Same<Credential> = sameBy(CREDENTIAL_FIELDS);
/** Whether two entries are equal in every field that a plan shows. */
export const sameEntry: Same<Entry> = sameBy(ENTRY_FIELDS);
/** Whether a plan would see the two alike. */
export const sameSeen: Same<SeenRemote> = sameBy(SEEN_FIELDS);
/** Whether two remotes are equal in their names and in every field. */
export const sameRemote: Same<StoredRemote> = sameBy([{ type: "text", property: "name" }, ...REMOTE_FIELDS]);

/** Whether two remotes are equal in one field. */
export function sameField(field: RemoteField, a: StoredRemote, b: StoredRemote): boolean {
  return differing([field], a, b).length === 0;
}

// ---------------------------------------------------------------- projection

/** Fields of an entry; what is absent or null is unset. */
type Given = { readonly [P in keyof Entry]?: Entry[P] | null };

/** The entry with these fields: of a stored remote, or of one that the config asks for. */
export function entryOf(given: Given & Pick<Entry, "uri">): Entry {
  return filled<Entry>(ENTRY_FIELDS, given);
}

/** A new remote with this entry; whatever else `entry` holds, such as a stored remote's token, is not copied. */
export function newRemote(name: string, entry: Entry): StoredRemote {
  return { name, ...filled<Of<typeof REMOTE>>(REMOTE_FIELDS, entryOf(entry)) };
}

/** The remote after an update from one entry to another; a field in which the two are equal stays as the file has it. */
export function updatedRemote(remote: StoredRemote, before: Entry, after: Entry): StoredRemote {
  const changed = differing(ENTRY_FIELDS, before, after).map(({ property }) => [property, after[property]]);
  return { ...remote, ...Object.fromEntries(changed) };
}

/** The remote without its secrets. */
export function seenRemote(remote: StoredRemote): SeenRemote {
  const seen: Record<string, unknown> = { remote: remote.name };
  for (const { type, property } of REMOTE_FIELDS) {
    seen[property] = type === "secret" ? remote[property] !== null : remote[property];
  }
  return seen as SeenRemote;
}

function filled<T extends object>(fields: readonly Listed[], given: object): T {
  const values = given as Readonly<Record<string, unknown>>;
  const entry: Record<string, unknown> = {};
  for (const { type, property } of fields) entry[property] = values[property] ?? UNSET[type];
  return entry as T;
}
