/**
 * What the programs refuse or ignore in a file, by version: the only place with these rules, for plan, doctor and the
 * commands by hand. Pure.
 *
 * Source: measured with SingularityCE 3.5 to 4.5 and Apptainer 1.1 to 1.5; see `programs.ts`.
 */
import { canUse, readAddress } from "../base/address.ts";
import { showMode } from "../base/mode.ts";
import { quote } from "../base/text.ts";
import type {
  FindingCode,
  Hidden,
  NewField,
  Quirks,
  ReadElsewhere,
  Reader,
  RemoteFile,
  Scope,
  StoredRemote,
} from "../model.ts";
import type { Version } from "../base/reader.ts";
import { type ByVersion, fieldsRefusedBy, newest, PROGRAMS, spanOf, valueFor } from "../programs.ts";
import { lower, run } from "./diagnosis.ts";
import { REMOTE_FIELDS, sameField } from "../remotefile/entry.ts";

/** A file as a program reads it. */
export interface ReadBy {
  readonly scope: Scope;
  readonly path: string;
  readonly content: RemoteFile;
  readonly quirks: Quirks;
}

/** Something that a program refuses or ignores. `error`: every command of it fails. */
export interface Refusal {
  readonly severity: "error" | "warning";
  readonly code: FindingCode;
  readonly message: string;
  readonly next: string;
  readonly remote?: string;
  /** What it is about: a file, or a remote. */
  readonly subject: string;
  /** The message to readers who have the subject before them. */
  readonly itself: string;
  /** The first version without the problem, if an older one has it. */
  readonly since?: Version;
}

/** A file without a quirk, such as one that sremote wrote. */
export const NO_QUIRKS: Quirks = { symlink: false, blank: false, dates: [], newFields: [] };

/** What makes every command of the oldest version that has to read the file fail. */
export function* refusedWhole(reader: Reader, read: ReadBy): Iterable<Refusal> {
  yield* refusedQuirks(reader, read);
  const { path, content, quirks } = read;
  for (const [field, since] of fieldsRefusedBy(reader)) {
    const holder = holderOf(field, content, quirks);
    if (holder === null) continue;
    const { remote } = holder;
    const { title } = PROGRAMS[reader.runtime];
    const whose = remote === null ? "" : ` (of ${quote(remote)})`;
    const says = `has the field ${field}${whose}, and every command of ${title} before ${since} fails on it`;
    const next =
      `Omit it, or name ${reader.runtime}@${since} as the program if no older version reads the file`;
    yield { ...of(path, says), severity: "error", code: "field-too-new", next, ...about(remote), since };
  }
}

/** What the oldest version that has to read the file accepts, and a later version refuses: a warning, as it may not be in use. */
export function* refusedLater(reader: Reader, read: ReadBy): Iterable<Refusal> {
  const now = new Set(Array.from(refusedQuirks(reader, read), ({ code }) => code));
  const { emptyDocument, plainDate, symlink } = PROGRAMS[reader.runtime];
  // Each boundary once: that of the fact in question decides what is refused from there on.
  for (const fact of [symlink, emptyDocument, plainDate]) {
    const { until } = spanOf(fact, reader);
    if (until === null) continue;
    for (const one of refusedQuirks({ ...reader, oldest: until }, read)) {
      if (now.has(one.code)) continue;
      now.add(one.code);
      yield { ...one, severity: "warning" };
    }
  }
}

/** What one version refuses besides fields that it does not know. */
function* refusedQuirks(reader: Reader, { path, content, quirks }: ReadBy): Iterable<Refusal> {
  const { emptyDocument, plainDate, symlink } = PROGRAMS[reader.runtime];
  const severity = "error";
  if (quirks.symlink && valueFor(symlink, reader) === "refuse") {
    const says = `is a symbolic link: ${everyCommand(reader, symlink)}`;
    yield { ...of(path, says), severity, code: "symlink", next: "Replace the link with a regular file" };
  }
  if (quirks.blank && valueFor(emptyDocument, reader) === "refuse") {
    const says = `has only comments or blank lines: ${everyCommand(reader, emptyDocument)}`;
    yield { ...of(path, says), severity, code: "empty-document", next: "Remove the file, or add a remote" };
  }
  if (valueFor(plainDate, reader) !== "refuse") return;
  for (const { remote, field } of quirks.dates) {
    if (remote !== null && !content.remotes.has(remote)) continue;
    const where = remote === null ? field : `${field} of ${quote(remote)}`;
    const says = `is a date without quotes: ${everyCommand(reader, plainDate)}`;
    yield {
      severity,
      code: "plain-date",
      message: `${where} in ${path} ${says}`,
      subject: path,
      itself: `${where} ${says}`,
      next: "Put it in quotes",
      ...about(remote),
    };
  }
}

/** The two messages of a sentence that begins with its subject, which is shown as it is or, for a remote, in quotes. */
function of(subject: string, says: string, shown = subject): Pick<Refusal, "message" | "subject" | "itself"> {
  return { message: `${shown} ${says}`, subject, itself: `it ${says}` };
}

/** The first that has a field: a remote, or with null the file itself. null: nothing has it. */
function holderOf(
  field: NewField,
  { remotes, credentials }: RemoteFile,
  { newFields }: Quirks,
): { readonly remote: string | null } | null {
  if (field === "Credentials") {
    const has = credentials.length > 0 || newFields.some((one) => one.field === field);
    return has ? { remote: null } : null;
  }
  for (const remote of remotes.values()) if (HAS[field](remote)) return { remote: remote.name };
  return newFields.find((one) => one.field === field && one.remote !== null && remotes.has(one.remote)) ??
    null;
}

const HAS: Readonly<Record<Exclude<NewField, "Credentials">, (remote: StoredRemote) => boolean>> = {
  Exclusive: ({ exclusive }) => exclusive,
  Insecure: ({ insecure }) => insecure,
  Keyservers: ({ keyservers }) => keyservers.length > 0,
};

/**
 * The quirks of a file after a change: sremote writes none, but what it does not change stays as it is, also fields that are
 * unset. Where it takes a value out, it takes the field out.
 */
export function quirksAfter(quirks: Quirks, before: RemoteFile, after: RemoteFile): Quirks {
  const dates = quirks.dates.filter(({ remote, field }) => {
    if (remote === null) return field !== "Active" || before.default === after.default;
    const [was, now] = [before.remotes.get(remote), after.remotes.get(remote)];
    const known = REMOTE_FIELDS.find((one) => one.yaml === field);
    return was !== undefined && now !== undefined && (known === undefined || sameField(known, was, now));
  });
  const newFields = quirks.newFields.filter(({ remote, field }) => {
    if (remote === null || field === "Credentials") {
      return before.credentials.length === 0 || after.credentials.length > 0;
    }
    const [was, now] = [before.remotes.get(remote), after.remotes.get(remote)];
    return was !== undefined && now !== undefined && (!HAS[field](was) || HAS[field](now));
  });
  return { symlink: quirks.symlink, blank: false, dates, newFields };
}

/** What else does not work with the program. */
export function* ignoredParts(reader: Reader, { scope, path, content }: ReadBy): Iterable<Refusal> {
  const severity = "warning";
  for (const { name, uri } of content.remotes.values()) {
    const code = "address-unusable";
    const why = addressProblem(reader, uri);
    if (why === null) {
      const later = laterProblem(reader, uri);
      if (later === null) continue;
      yield { severity, code, ...later, subject: name, itself: later.message, remote: name };
      continue;
    }
    const next = "Set its address in the config, or remove it and add it again";
    yield { ...of(name, `cannot be used: ${why}`, quote(name)), severity, code, next, remote: name };
  }
  if (scope !== "global") return;
  const without = Array.from(content.remotes.values()).filter((one) => !one.system).map((one) => one.name);
  if (without.length > 0) {
    const { title, needsSystem } = PROGRAMS[reader.runtime];
    const [own, last] = [valueFor(needsSystem, reader), newest(needsSystem)];
    // An older version has the command under another name, or fails elsewhere.
    const since = needsSystem.at(-1)!.since;
    const fails = `${own} fails for them${
      own === last ? "" : `, and ${last} of ${title} ${since} and later`
    }`;
    yield {
      severity,
      code: "system-missing",
      message: `without System: true in ${path}: ${listed(without)}; ${fails}`,
      subject: path,
      itself: `without System: true: ${listed(without)}; ${fails}`,
      next: "Add System: true to each, or put them into the config",
    };
  }
}

/** What newer versions read in place of a file. */
export function elsewhereProblem(
  { runtime }: Reader,
  file: string,
  { variable, since, file: other }: ReadElsewhere,
): Pick<Refusal, "message" | "subject" | "itself" | "next"> {
  const says = `is set: ${PROGRAMS[runtime].title} ${since} and later read ${other}, not ${file}`;
  return {
    ...of(variable, says),
    next: `Unset it, or name ${runtime}@${since} as the program if no older version reads the file`,
  };
}

/**
 * What hides the global file from users: the program runs as the user. A token in it must not become public with the remedy.
 * @param holders the remotes whose tokens the file holds; null: it cannot be read
 */
export function* hiddenParts(
  reader: Reader,
  hidden: readonly Hidden[],
  holders: readonly string[] | null,
): Iterable<Refusal> {
  const hold = holders !== null && holders.length > 0;
  for (const { path, kind, mode, group, uid } of hidden) {
    const who = group ? "only the users of its group can" : "users cannot";
    const verb = kind === "file" ? "read it" : "enter it";
    const tokens = hold && kind === "file" ? ` and tokens of ${listed(holders)}` : "";
    const says = `has mode ${showMode(mode)}${tokens}: ${who} ${verb}, and every command of ` +
      `${PROGRAMS[reader.runtime].title} fails for ${group ? "others" : "them"}`;
    const chmod = run(`chmod ${kind === "file" ? "644" : "755"}`, path, uid);
    const next = hold
      ? `Remove the token from the file (log in as a user instead). Then ${lower(chmod)}`
      : holders === null && kind === "file"
      ? `${chmod} if it holds no token; users can then read it`
      : chmod;
    yield { ...of(path, says), severity: group ? "warning" : "error", code: "unreadable-by-users", next };
  }
}

/** Why the program cannot use a stored address, as a sentence without its end; null: it can. */
export function addressProblem(reader: Reader, uri: string): string | null {
  const fact = PROGRAMS[reader.runtime].address;
  if (canUse(uri, valueFor(fact, reader))) return null;
  const read = readAddress(uri);
  if ("problem" in read) return `it ${read.problem}`.replace(/^it the /, "the ");
  return `${versions(reader, fact)} cannot use the address ${uri}`;
}

/** An address with a port, or of IPv6, has no form that old and new versions can both use. */
function laterProblem(
  reader: Reader,
  uri: string,
): { readonly message: string; readonly next: string } | null {
  const fact = PROGRAMS[reader.runtime].address;
  const { until } = spanOf(fact, reader);
  if (until === null || addressProblem({ ...reader, oldest: until }, uri) === null) return null;
  const message = `${PROGRAMS[reader.runtime].title} ${until} and later cannot use the address ${uri}, ` +
    `and older ones cannot use another form of it`;
  const next = `Set runtimes to "${reader.runtime}" once no version before ${until} reads the file`;
  return { message, next };
}

function everyCommand(reader: Reader, fact: ByVersion<unknown>): string {
  return `every command of ${versions(reader, fact)} fails`;
}

/** The versions for which a fact has the value that it has for this reader: `Singularity 4.5 and later`, `… before 3.9`. */
function versions(reader: Reader, fact: ByVersion<unknown>): string {
  const { title } = PROGRAMS[reader.runtime];
  const { since, until } = spanOf(fact, reader);
  if (until === null) return `${title} ${since} and later`;
  return since === fact[0].since ? `${title} before ${until}` : `${title} ${since} to before ${until}`;
}

function about(remote: string | null): { readonly remote?: string } {
  return remote === null ? {} : { remote };
}

const LISTED = 10;

/** Names for a message. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, LISTED).map(quote).join(", ");
  return names.length > LISTED ? `${shown} and ${names.length - LISTED} more` : shown;
}
