/** What a person should know about a plan: conflicts (apply refuses), risks, and what stays unchanged. Pure. */
import { expiryOf, expiryWarning } from "../base/expiry.ts";
import { mayReceive } from "../base/uri.ts";
import { showMode } from "../base/mode.ts";
import { quote, shellWord, sremoteCommand } from "../base/text.ts";
import type {
  Change,
  DefaultState,
  Desired,
  Finding,
  FindingCode,
  Observed,
  RemoteFile,
  Scope,
  StoredRemote,
} from "../model.ts";
import { keyserverAlone, PROGRAMS } from "../programs.ts";
import { applyChanges } from "../remotefile/changes.ts";
import { holdsSecret, holdsToken } from "../remotefile/entry.ts";
import {
  exclusiveFor,
  exclusiveTrouble,
  isUnknown,
  nameInBoth,
  namesInBoth,
  type Side,
  type Sides,
} from "./conflicts.ts";
import {
  addressProblem,
  elsewhereProblem,
  hiddenParts,
  ignoredParts,
  listed,
  quirksAfter,
  type Refusal,
  refusedLater,
  refusedWhole,
} from "./refused.ts";

/** The decisions of the diff. */
export interface Decided {
  readonly changes: readonly Change[];
  /** Names that are removed. */
  readonly removed: ReadonlySet<string>;
  readonly after: DefaultState;
}

/** Removing more than half of the remotes of a file, and more than this many, has to be confirmed; so has removing all. */
const MASS_REMOVAL = 2;

/** All findings: errors first, then warnings, then notes. */
export function findConflicts(desired: Desired, observed: Observed, decided: Decided): readonly Finding[] {
  const found = [
    ...conflicts(desired, observed, decided),
    ...dangers(desired, observed, decided),
    ...tokens(desired, observed, decided),
    ...moved(decided),
    ...dropped(desired, observed, decided),
    ...expiring(desired, observed, decided),
    ...refusals(observed, decided),
    ...withoutLibrary(desired, observed),
    ...bystanders(desired, observed),
  ];
  const rank = { error: 0, warning: 1, info: 2 } as const;
  return found.sort((a, b) => rank[a.severity] - rank[b.severity]);
}

/** Conflicts between the file as it is after the plan and the file of the other scope. */
function* conflicts(desired: Desired, observed: Observed, decided: Decided): Iterable<Finding> {
  const { target: { scope, file }, other } = observed;
  const here = sideAfter(desired, observed, decided);
  if (other !== null && other.content === null) {
    const message = `cannot read ${other.path}: conflicts with it are unknown`;
    const next = `Run sremote plan${scope === "user" ? " --global" : ""} to see why`;
    yield finding("warning", "other-unreadable", message, next);
  }
  const there = other?.content ?? null;
  const known = there ?? NO_REMOTES;
  const sides = scope === "user" ? { user: here, global: known } : { user: known, global: here };
  const otherFile = other?.path ?? "the global file";
  yield* names(desired, observed, sides, otherFile);
  const { remote } = decided.after;
  if (isUnknown(remote, scope === "user" ? [here, there] : [here])) {
    const isWanted = desired.default[scope].kind === "remote";
    const message = `the default ${quote(remote)} ` +
      (isWanted ? `is a global remote, but ${otherFile} does not have it` : "does not exist");
    const next = isWanted
      ? "Run sremote apply --global first"
      : "Set a default in the config, or choose one with sremote use NAME";
    yield finding(isWanted ? "error" : "warning", "default-unknown", message, next, remote);
  }
  if (scope === "global") yield* exclusives(decided.after);
  else if (there !== null) {
    yield* exclusiveOver(desired, observed, sides, { user: file, global: otherFile });
  }
}

const NO_REMOTES: Side = { remotes: new Map() };

/** The file after the plan. */
function sideAfter(
  desired: Desired,
  { target, file }: Observed,
  { changes, removed, after }: Decided,
): Side {
  const kept = Array.from(file.content.remotes).filter(([name]) => !removed.has(name));
  const remotes = new Map<string, { system: boolean; exclusive: boolean }>(kept);
  for (const one of changes) {
    if (one.kind !== "update") continue;
    const { exclusive } = remotes.get(one.remote)!;
    remotes.set(one.remote, { system: one.after.system, exclusive });
  }
  for (const name of desired.remotes[target.scope].keys()) {
    remotes.set(name, { system: target.scope === "global", exclusive: after.exclusive.includes(name) });
  }
  return { remotes };
}

/** An error only if the plan for a user causes it. A plan for the global file knows one user file of many. */
function* names(desired: Desired, { target }: Observed, sides: Sides, otherFile: string): Iterable<Finding> {
  const { works, effect } = nameInBoth(target.runtime);
  for (const name of namesInBoth(sides)) {
    const causes = target.scope === "user" && desired.remotes.user.has(name);
    const message = `${quote(name)} is both a user remote and a global remote: ${effect}`;
    const inConfig = desired.remotes[target.scope].has(name);
    const next = inConfig
      ? `Rename it in the config, or remove it from ${otherFile}`
      : "Remove one of them, and add it under another name";
    yield finding(causes && !works ? "error" : "warning", "name-in-both-scopes", message, next, name);
  }
}

/** The config sets another default for a user than the exclusive remote. Only the global file tells whether a copy is one. */
function* exclusiveOver(
  desired: Desired,
  { target }: Observed,
  sides: Sides,
  files: Readonly<Record<Scope, string>>,
): Iterable<Finding> {
  const wanted = desired.default.user;
  const only = exclusiveFor(target.runtime, sides);
  if (only === null || wanted.kind !== "remote" || wanted.name === only.name) return;
  const [name, file] = [quote(only.name), files[only.scope]];
  const message = `${name} is exclusive in ${file}: the default cannot be ${quote(wanted.name)}`;
  const next = `Make ${name} the default, or remove Exclusive from ${file}`;
  yield finding("error", "exclusive-elsewhere", message, next, only.name);
}

function* exclusives(after: DefaultState): Iterable<Finding> {
  const trouble = exclusiveTrouble(after);
  if (trouble === null) return;
  const names = listed(after.exclusive);
  const now = after.remote === null ? "there is no default" : `the default is ${quote(after.remote)}`;
  const { message, remote } = {
    several: { message: `more than one remote is exclusive: ${names}`, remote: undefined },
    "not-default": { message: `${names} is exclusive, but ${now}`, remote: after.exclusive[0] },
  }[trouble];
  const next = "Set exclusive: true or exclusive: false in the config";
  yield finding("error", "exclusive-elsewhere", message, next, remote);
}

function* dangers(desired: Desired, observed: Observed, { removed, changes }: Decided): Iterable<Finding> {
  const { target, file, ambiguous } = observed;
  const { scope } = target;
  const counted = Array.from(file.content.remotes.values()).filter((one) => !isCopy(scope, one));
  // A remote that moves to the other file is not lost.
  const elsewhere = desired.remotes[scope === "user" ? "global" : "user"];
  const lost = Array.from(removed).filter((name) => !elsewhere.has(name)).length;
  const many = lost > MASS_REMOVAL && lost * 2 > counted.length;
  const all = lost > 0 && lost === file.content.remotes.size &&
    !changes.some(({ kind }) => kind === "add" || kind === "login");
  if (many || all) {
    const message = `${lost} of ${counted.length} remotes would be removed`;
    yield finding("warning", "mass-removal", message, "If that is intended, apply with --allow-mass-removal");
  }
  if (ambiguous) {
    const { title } = PROGRAMS[target.runtime];
    const message =
      `both /etc and /usr/local/etc hold a remote.yaml of ${title}; this plan is for ${target.file}`;
    const next = "Set the one that the program reads: sysconfdir in the config, or --sysconfdir";
    yield finding("warning", "ambiguous-sysconfdir", message, next);
  }
  if (scope === "global") yield* globalDangers(desired, observed, removed);
  else yield* readable(observed);
  for (const change of changes) {
    if (change.kind !== "remove" || removed.has(change.remote)) continue;
    const { remote } = change;
    const message = `${quote(remote)} was a copy of a global remote that no longer exists`;
    yield finding("info", "adopted", message, undefined, remote);
  }
}

function* globalDangers(
  desired: Desired,
  { file: { content }, hidden }: Observed,
  removed: ReadonlySet<string>,
): Iterable<Finding> {
  for (const { name } of Array.from(desired.remotes.global.values()).filter((one) => one.insecure)) {
    const message = `${quote(name)} is insecure, but users contact it over https: ${NOT_CARRIED}`;
    const next = "Serve it over https, or set its scope to user";
    yield finding("warning", "insecure-not-carried", message, next, name);
  }
  // While users cannot read the file, that is said, with the token.
  for (const { name, token } of hidden.length > 0 ? [] : content.remotes.values()) {
    if (token === null || removed.has(name)) continue;
    yield finding("warning", "token-in-global-file", `${quote(name)} ${PUBLIC_TOKEN}`, REVOKE, name);
  }
}

/** SingularityCE 4.5 and Apptainer 1.5; the view of a user has global remotes without the field. */
export const NOT_CARRIED = "the programs do not copy Insecure to users";
/** A token in the global file, behind the name of its remote. */
export const PUBLIC_TOKEN = "has a token that everyone can read";
/** The remedy for it. */
export const REVOKE = "Revoke the token and remove it from the file by hand";

function* readable({ target: { file: path }, file: { content, mode } }: Observed): Iterable<Finding> {
  if (mode === null || (mode & 0o077) === 0) return;
  if (!holdsSecret(content)) return;
  const message = `${path} holds tokens and has mode ${showMode(mode)}`;
  yield finding("warning", "readable-by-others", message, `Run chmod 600 ${shellWord(path)}`);
}

/** The remotes of a file that have a token. */
export function tokenHolders({ remotes }: RemoteFile): readonly string[] {
  return Array.from(remotes.values()).filter(({ token }) => token !== null).map(({ name }) => name);
}

/** A default that the config sets, and that is an endpoint without a library. */
function* withoutLibrary(
  { remotes, default: defaults }: Desired,
  { target: { scope } }: Observed,
): Iterable<Finding> {
  const wanted = defaults[scope];
  if (wanted.kind !== "remote") return;
  const uri = (remotes.user.get(wanted.name) ?? remotes.global.get(wanted.name))?.uri;
  if (uri === undefined || keyserverAlone(uri) === null) return;
  const message = `the default ${quote(wanted.name)} has no library: library:// fails`;
  const next = "Choose a default with a library for library://";
  yield finding("warning", "no-library", message, next, wanted.name);
}

/** What the program refuses or ignores in the file as it is after the plan, and in the other one. */
function* refusals(
  { target, file, other, cutsOff, elsewhere, hidden }: Observed,
  { changes }: Decided,
): Iterable<Finding> {
  const { scope } = target;
  const changed = changes.length > 0;
  const after = applyChanges(
    file.content,
    changes.filter(({ kind }) => kind !== "login" && kind !== "logout"),
  );
  const quirks = changed ? quirksAfter(file.quirks, file.content, after) : file.quirks;
  const here = { scope, path: target.file, content: after, quirks };
  for (
    const one of [
      ...refusedWhole(target, here),
      ...refusedLater(target, here),
      ...ignoredParts(target, here),
    ]
  ) yield refusal(one);
  // What sremote writes has the right mode, unless the file holds a token.
  const keepsMode = !changed || holdsToken(file.content);
  const holders = tokenHolders(after);
  const stay = hidden.filter(({ kind }) => kind === "directory" || keepsMode);
  for (const one of hiddenParts(target, stay, holders)) yield refusal(one);
  // The administrator's own user file is not the machine's.
  if (scope === "user" && other !== null && other.content !== null) {
    const there = {
      scope: "global",
      path: other.path,
      content: other.content,
      quirks: other.quirks!,
    } as const;
    for (const one of refusedWhole(target, there)) yield refusal({ ...one, severity: "warning" });
  }
  for (const change of changes) {
    if (change.kind !== "update" || change.before.uri === change.after.uri) continue;
    const why = addressProblem(target, change.before.uri);
    if (why === null) continue;
    const message = `the stored form of the address of ${quote(change.remote)} changes: ${why}`;
    yield finding("info", "address-rewritten", message, undefined, change.remote);
  }
  const { title, builtIn, takesOver } = PROGRAMS[target.runtime];
  const left = after.remotes.size + (scope === "user" ? other?.content?.remotes.size ?? 1 : 0);
  if (changed && left === 0) {
    const message = `no remote is left: ${title} then uses its built-in default, ${builtIn.uri}`;
    yield finding("warning", "no-remotes", message, "Keep a remote if that is not intended");
  }
  if (elsewhere !== null) {
    const { message, next } = elsewhereProblem(target, target.file, elsewhere);
    yield finding("warning", "read-elsewhere", message, next);
  }
  if (changed && cutsOff !== null) {
    const message = `${title} would take over ${cutsOff} on its first run, but not once ` +
      `${target.file} exists`;
    const next = `Run ${target.runtime} once first if you need the keys and tokens of ~/${takesOver}`;
    yield finding("warning", "takeover-cut-off", message, next);
  }
}

function refusal({ severity, code, message, next, remote }: Refusal): Finding {
  return finding(severity, code, message, next, remote);
}

/** Remotes that stay unchanged, and those that become managed. */
function* bystanders(
  desired: Desired,
  { target: { scope }, file, ours, ledger }: Observed,
): Iterable<Finding> {
  const wanted = desired.remotes[scope];
  const others = desired.remotes[scope === "user" ? "global" : "user"].size;
  if (wanted.size === 0 && others > 0) {
    const remotes = `${others} ${scope === "user" ? "global" : "user"} ${
      others === 1 ? "remote" : "remotes"
    }`;
    const message = `${remotes} of the config ${others === 1 ? "is" : "are"} not part of this plan`;
    yield finding("info", "other-scope", message, scope === "user" ? "Add --global" : "Omit --global");
  }
  const present = Array.from(file.content.remotes.values()).filter((one) => !isCopy(scope, one))
    .map((one) => one.name);
  const foreign = present.filter((name) => !wanted.has(name) && !ours.has(name));
  if (foreign.length > 0) {
    const next = 'Add them to the config, or set unmanaged: "remove"';
    yield finding("info", "unmanaged", `unmanaged remotes, left unchanged: ${listed(foreign)}`, next);
  }
  const adopted = present.filter((name) => wanted.has(name) && !ledger.has(name));
  if (adopted.length > 0) {
    yield finding("info", "adopted", `already present; managed by sremote after apply: ${listed(adopted)}`);
  }
}

/** Problems with the tokens that the config names, and tokens that could not be checked. */
function* tokens(desired: Desired, { target, endpoints }: Observed, { changes }: Decided): Iterable<Finding> {
  const logins = new Set(changes.flatMap((one) => one.kind === "login" ? [one.remote] : []));
  const asleep: string[] = [];
  for (const { remote, token: { state, trouble, same, source, exposed } } of endpoints.values()) {
    const its = `the token of ${quote(remote)}`;
    if (exposed !== null) {
      const message = `${exposed.file} holds ${its} and has mode ${showMode(exposed.mode)}`;
      const next = `Run chmod 600 ${shellWord(exposed.file)}`;
      yield finding("warning", "readable-by-others", message, next, remote);
    }
    if (logins.has(remote)) {
      if (source === null) continue;
      yield finding("warning", "login-source", `${its} is needed: ${source.why}`, source.next, remote);
    } else if (state === "unknown" && trouble !== null) {
      const message = `cannot verify ${its}: ${trouble.message}`;
      yield finding("warning", "token-unverified", message, trouble.next, remote);
    } else if (source !== null && same === null) {
      const message = `cannot compare ${its} with its source: ${source.why}`;
      yield finding("info", "token-unverified", message, source.next, remote);
    }
    const login = (desired.remotes.user.get(remote) ?? desired.remotes.global.get(remote))?.login ?? null;
    const due = target.scope === "user" && login !== null && login !== false;
    if (due && state === "not-looked-at" && !logins.has(remote)) asleep.push(remote);
  }
  if (asleep.length > 0) {
    yield finding("info", "not-looked-at", `stored tokens not checked: ${listed(asleep)}`);
  }
}

/** A remote moves, and its token does not go along. */
function* moved({ changes }: Decided): Iterable<Finding> {
  const logouts = new Set(changes.flatMap((one) => one.kind === "logout" ? [one.remote] : []));
  for (const change of changes) {
    if (change.kind !== "update" || mayReceive(change.before, change.after) || !logouts.has(change.remote)) {
      continue;
    }
    const { remote, before } = change;
    const from = `${before.insecure ? "" : "https://"}${before.uri}`;
    const message = `the token of ${quote(remote)} is for ${from} and is dropped: ` +
      "it is never sent to another host, or without TLS";
    const next = `To log in again, run ${sremoteCommand(["login"], [remote])}`;
    yield finding("warning", "token-of-old-address", message, next, remote);
  }
}

/** Tokens that go with their remotes: whoever needs one again should know before. */
function* dropped(
  { remotes }: Desired,
  { file, other, target: { scope } }: Observed,
  { changes, removed }: Decided,
): Iterable<Finding> {
  const logins = new Set(changes.flatMap((one) => one.kind === "login" ? [one.remote] : []));
  const again = new Set(changes.flatMap((one) => one.kind === "add" ? [one.remote] : []));
  const gone: string[] = [];
  for (const { name, token, system, exclusive } of file.content.remotes.values()) {
    if (token === null || logins.has(name)) continue;
    const why = exclusive ? "the stored remote is exclusive" : "the token is for another address";
    const next = `To log in again, run ${sremoteCommand(["login"], [name])}`;
    if (system && scope === "user" && again.has(name)) {
      const message = `${quote(name)} becomes a user remote, and its token is dropped: ${why}`;
      yield finding("warning", "token-dropped", message, next, name);
      continue;
    }
    if (!removed.has(name)) continue;
    const moves = scope === "user" && !system && remotes.global.get(name);
    if (!moves || moves.login === false) {
      gone.push(name);
      continue;
    }
    const there = other?.content?.remotes.has(name);
    const message = `${quote(name)} moves to the global file, and its token is dropped: ${
      there ? why : "the global file does not have it yet"
    }`;
    const first = "Run sremote apply --global first: then the token is kept if the address is the same";
    yield finding("warning", "token-dropped", message, there ? next : first, name);
  }
  if (gone.length === 0) return;
  const message = `removed together with ${gone.length === 1 ? "its token" : "their tokens"}: ${
    listed(gone)
  }`;
  const next = `Revoke ${gone.length === 1 ? "it" : "them"} at the endpoint if no longer needed`;
  yield finding("info", "token-dropped", message, next);
}

/** Tokens that expire soon, or have: those that stay, and those that the plan would store. */
function* expiring(
  { remotes }: Desired,
  { target: { scope }, file, endpoints, horizon }: Observed,
  { changes, removed }: Decided,
): Iterable<Finding> {
  if (scope === "global") return;
  const touched = new Set(
    changes.flatMap((one) => one.kind === "login" || one.kind === "logout" ? [one.remote] : []),
  );
  for (const { name, token } of file.content.remotes.values()) {
    const when = removed.has(name) || touched.has(name) ? null : expiryWarning(expiryOf(token), horizon);
    if (when === null) continue;
    const login = (remotes.user.get(name) ?? remotes.global.get(name))?.login;
    const byHand = !login || "prompt" in login;
    const next = byHand
      ? `With a new API key, run ${sremoteCommand(["login"], [name])}`
      : "Put a new API key into its source, and apply";
    yield finding("warning", "token-expires", `the token of ${quote(name)} ${when}`, next, name);
  }
  for (const change of changes) {
    if (change.kind !== "login") continue;
    const when = expiryWarning(endpoints.get(change.remote)?.token.expires ?? null, horizon);
    if (when === null) continue;
    const message = `the token that the source of ${quote(change.remote)} gives ${when}`;
    yield finding("warning", "token-expires", message, "Put a new API key into the source", change.remote);
  }
}

/** In the user file, `System: true` marks a copy of a global remote; in the global file every entry has it. */
export function isCopy(scope: Scope, remote: StoredRemote): boolean {
  return scope === "user" && remote.system;
}

function finding(
  severity: Finding["severity"],
  code: FindingCode,
  message: string,
  next?: string,
  remote?: string,
): Finding {
  return {
    severity,
    code,
    message,
    ...(remote === undefined ? {} : { remote }),
    ...(next === undefined ? {} : { next }),
  };
}
