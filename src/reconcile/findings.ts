/** What a person should know about a plan: conflicts (apply refuses), risks, and what stays unchanged. Pure. */
import { mayReceive } from "../base/uri.ts";
import { showMode } from "../base/mode.ts";
import { quote } from "../base/text.ts";
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
import { PROGRAMS } from "../programs.ts";
import {
  exclusiveFor,
  exclusiveTrouble,
  isUnknown,
  nameInBoth,
  namesInBoth,
  type Side,
} from "./conflicts.ts";

/** The decisions of the diff. */
export interface Decided {
  readonly changes: readonly Change[];
  /** Names that are removed. */
  readonly removed: ReadonlySet<string>;
  readonly after: DefaultState;
}

/** Removing more than half of the remotes of a file, and more than this many, has to be confirmed. */
const MASS_REMOVAL = 2;

/** All findings: errors first, then warnings, then notes. */
export function findConflicts(desired: Desired, observed: Observed, decided: Decided): readonly Finding[] {
  const found = [
    ...conflicts(desired, observed, decided),
    ...dangers(desired, observed, decided),
    ...tokens(desired, observed, decided),
    ...moved(decided),
    ...bystanders(desired, observed),
  ];
  const rank = { error: 0, warning: 1, info: 2 } as const;
  return found.sort((a, b) => rank[a.severity] - rank[b.severity]);
}

/** Conflicts between both files as they are after the plan. */
function* conflicts(desired: Desired, observed: Observed, decided: Decided): Iterable<Finding> {
  const { target: { scope }, other } = observed;
  const here = sideAfter(desired, observed, decided);
  if (other !== null && other.content === null) {
    const next = `Run sremote plan${scope === "user" ? " --global" : ""} to see why`;
    yield finding(
      "warning",
      "other-unreadable",
      `cannot read ${other.path}: conflicts with it are unknown`,
      next,
    );
  }
  const there = other?.content ?? null;
  if (there !== null) yield* names(desired, observed, here, there);
  yield* unknownDefault(desired, observed, decided, scope === "user" ? [here, there] : [here]);
  yield* scope === "user" ? exclusiveOver(desired, observed, here, there) : exclusives(decided.after);
}

/** The file after the plan. */
function sideAfter(
  desired: Desired,
  { target: { scope }, file }: Observed,
  { removed, after }: Decided,
): Side {
  const kept = Array.from(file.content.remotes).filter(([name]) => !removed.has(name));
  const remotes = new Map<string, { system: boolean; exclusive: boolean }>(kept);
  for (const name of desired.remotes[scope].keys()) {
    remotes.set(name, { system: scope === "global", exclusive: after.exclusive.includes(name) });
  }
  return { remotes };
}

function pathOf({ target, other }: Observed, scope: Scope): string {
  return scope === target.scope ? target.file : other?.path ?? `the ${scope} file`;
}

/** An error only if the plan for a user causes it: others can only fix it in the other file. */
function* names(desired: Desired, observed: Observed, here: Side, there: Side): Iterable<Finding> {
  const { target } = observed;
  const { works, effect } = nameInBoth(target.runtime);
  const user = target.scope === "user";
  for (const name of namesInBoth(user ? { user: here, global: there } : { user: there, global: here })) {
    const severity = user && !works && desired.remotes.user.has(name) ? "error" : "warning";
    const message = `${quote(name)} is both a user remote and a global remote: ${effect}`;
    const next = `Rename one of them, or remove it from ${pathOf(observed, user ? "global" : "user")}`;
    yield finding(severity, "name-in-both-scopes", message, next, name);
  }
}

function* unknownDefault(
  desired: Desired,
  observed: Observed,
  { after: { remote } }: Decided,
  files: readonly (Side | null)[],
): Iterable<Finding> {
  if (!isUnknown(remote, files)) return;
  if (desired.default[observed.target.scope].kind === "remote") {
    const file = pathOf(observed, "global");
    const message = `the default ${quote(remote)} is a global remote, but ${file} does not have it`;
    yield finding("error", "default-unknown", message, "Run sremote apply --global first", remote);
  } else {
    const next = "Set `default` in the config, or choose one with sremote use NAME";
    yield finding("warning", "default-unknown", `the default ${quote(remote)} does not exist`, next, remote);
  }
}

/** The config sets another default for a user than the exclusive remote. */
function* exclusiveOver(
  desired: Desired,
  observed: Observed,
  user: Side,
  global: Side | null,
): Iterable<Finding> {
  const wanted = desired.default.user;
  const only = exclusiveFor(observed.target.runtime, { user, global: global ?? { remotes: new Map() } });
  if (only === null || wanted.kind !== "remote" || wanted.name === only.name) return;
  const [name, file] = [quote(only.name), pathOf(observed, only.scope)];
  const message = `${name} is exclusive in ${file}: the default cannot be ${quote(wanted.name)}`;
  const next = `Make ${name} the default, or remove Exclusive from ${file}`;
  yield finding("error", "exclusive-elsewhere", message, next, only.name);
}

function* exclusives(after: DefaultState): Iterable<Finding> {
  const next = "Set `exclusive` to true or false in the config";
  const [first] = after.exclusive;
  switch (exclusiveTrouble(after)) {
    case "several": {
      const message = `more than one remote is exclusive: ${listed(after.exclusive)}`;
      yield finding("error", "exclusive-elsewhere", message, next);
      break;
    }
    case "not-default": {
      const now = after.remote === null ? "there is no default" : `the default is ${quote(after.remote)}`;
      yield finding("error", "exclusive-elsewhere", `${quote(first!)} is exclusive, but ${now}`, next, first);
      break;
    }
    case null:
  }
}

function* dangers(desired: Desired, observed: Observed, { removed, changes }: Decided): Iterable<Finding> {
  const { target, file, ambiguous } = observed;
  const { scope } = target;
  const counted = Array.from(file.content.remotes.values()).filter((one) => !isCopy(scope, one));
  if (removed.size > MASS_REMOVAL && removed.size * 2 > counted.length) {
    const message = `${removed.size} of ${counted.length} remotes would be removed`;
    yield finding("warning", "mass-removal", message, "If that is intended, apply with --allow-mass-removal");
  }
  if (ambiguous) {
    const { title } = PROGRAMS[target.runtime];
    const message =
      `both /etc and /usr/local/etc hold a remote.yaml of ${title}; this plan is for ${target.file}`;
    const next = "Set the one that the program reads: sysconfdir in the config, or --sysconfdir";
    yield finding("warning", "ambiguous-sysconfdir", message, next);
  }
  if (scope === "global") yield* globalDangers(desired, file.content, removed);
  else yield* readable(observed);
  for (const change of changes) {
    if (change.kind !== "remove" || removed.has(change.remote)) continue;
    const { remote } = change;
    const message = `${quote(remote)} was a copy of a global remote that no longer exists`;
    yield finding("info", "adopted", message, "Log in to it again: the token of the copy is dropped", remote);
  }
}

function* globalDangers(desired: Desired, file: RemoteFile, removed: ReadonlySet<string>): Iterable<Finding> {
  for (const { name } of Array.from(desired.remotes.global.values()).filter((one) => one.insecure)) {
    const message = `${quote(name)} is insecure, but users contact it over https: ${NOT_CARRIED}`;
    const next = "Serve it over https, or set its scope to user";
    yield finding("warning", "insecure-not-carried", message, next, name);
  }
  for (const { name, token } of file.remotes.values()) {
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
  const secrets = content.credentials.length > 0 ||
    Array.from(content.remotes.values()).some((one) => one.token !== null);
  if (!secrets) return;
  const message = `${path} holds tokens and has mode ${showMode(mode)}`;
  yield finding("warning", "readable-by-others", message, `Run chmod 600 ${path}`);
}

/** Remotes that stay unchanged, and those that become managed. */
function* bystanders(
  desired: Desired,
  { target: { scope }, file, ours, ledger }: Observed,
): Iterable<Finding> {
  const wanted = desired.remotes[scope];
  const present = Array.from(file.content.remotes.values()).filter((one) => !isCopy(scope, one))
    .map((one) => one.name);
  const foreign = present.filter((name) => !wanted.has(name) && !ours.has(name));
  if (foreign.length > 0) {
    const next = 'Add them to the config, or set `unmanaged: "remove"`';
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
      yield finding("warning", "readable-by-others", message, `Run chmod 600 ${exposed.file}`, remote);
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
    yield finding("warning", "token-of-old-address", message, `Run sremote login ${remote}`, remote);
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
    ...(next === undefined ? {} : { next }),
    ...(remote === undefined ? {} : { remote }),
  };
}

const LISTED = 10;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, LISTED).map(quote).join(", ");
  return names.length > LISTED ? `${shown} and ${names.length - LISTED} more` : shown;
}
