/** What a person should know of a plan: conflicts (apply refuses), dangers, and what stays as it is. Pure. */
import { mayReceive } from "../base/uri.ts";
import { showMode } from "../base/mode.ts";
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

/** What the diff has decided. */
export interface Decided {
  readonly changes: readonly Change[];
  /** Names that will be gone. */
  readonly removed: ReadonlySet<string>;
  readonly after: DefaultState;
}

/** More than half of a file's remotes, and more than this many, are removed only when that is said to be meant. */
const MASS_REMOVAL = 2;

/** All findings: errors first, then warnings, then what is only said. */
export function findConflicts(desired: Desired, observed: Observed, decided: Decided): readonly Finding[] {
  const found = [
    ...names(desired, observed, decided),
    ...defaults(desired, observed, decided),
    ...exclusives(desired, observed, decided),
    ...dangers(desired, observed, decided),
    ...tokens(desired, observed, decided),
    ...bystanders(desired, observed),
  ];
  const rank = { error: 0, warning: 1, info: 2 } as const;
  return found.sort((a, b) => rank[a.severity] - rank[b.severity]);
}

/**
 * A name of the user's own that the global file has too: Singularity fails every command with "name collision while
 * syncing"; Apptainer takes the user's (SingularityCE 4.5, Apptainer 1.5).
 */
function* names(
  desired: Desired,
  { target, file, other }: Observed,
  { removed }: Decided,
): Iterable<Finding> {
  if (other === null) return;
  if (other.content === null) {
    yield finding(
      "warning",
      "other-unreadable",
      `${other.path} cannot be read: conflicts with it are not known`,
      {
        next: "read the plan of the other scope, which says why",
      },
    );
    return;
  }
  const [user, global] = target.scope === "user"
    ? [file.content, other.content]
    : [other.content, file.content];
  const own = new Set(Array.from(user.remotes.values()).flatMap((one) => one.system ? [] : [one.name]));
  const machine = new Set(global.remotes.keys());
  const after = target.scope === "user" ? own : machine;
  for (const name of desired.remotes[target.scope].keys()) after.add(name);
  for (const name of removed) after.delete(name);
  for (const name of own) {
    if (!machine.has(name)) continue;
    const wanted = desired.remotes[target.scope].has(name);
    const fatal = target.scope === "user" && wanted && target.runtime === "singularity";
    const effect = target.runtime === "singularity"
      ? "Singularity fails every command of this user"
      : "Apptainer uses the user's own";
    yield finding(
      fatal ? "error" : "warning",
      "name-in-both-scopes",
      `${quote(name)} is a remote of the user's and of the machine's: ${effect}`,
      { remote: name, next: `give one of the two another name, or take it out of ${other.path}` },
    );
  }
}

/** A default that is no remote. */
function* defaults(desired: Desired, { target, file, other }: Observed, decided: Decided): Iterable<Finding> {
  const name = decided.after.remote;
  if (name === null) return;
  const { scope } = target;
  const here = desired.remotes[scope].has(name) ||
    file.content.remotes.has(name) && !decided.removed.has(name);
  if (here) return;
  if (scope === "user" && (other === null || other.content === null || other.content.remotes.has(name))) {
    return;
  }
  if (desired.default[scope].kind === "remote") {
    yield finding(
      "error",
      "default-unknown",
      `the default ${quote(name)} is a remote of the machine's, and ${
        other?.path ?? "the global file"
      } has no such remote`,
      { remote: name, next: "run sremote apply --global first" },
    );
  } else {
    yield finding("warning", "default-unknown", `the default ${quote(name)} is no remote`, {
      remote: name,
      next: "say in the config which one is, or choose one with sremote use",
    });
  }
}

/** `Exclusive: true` in the global file is the default for everyone, and `use` of another one fails. */
function* exclusives(desired: Desired, { target, other }: Observed, decided: Decided): Iterable<Finding> {
  if (target.scope === "user") {
    const wanted = desired.default.user;
    const only = Array.from(other?.content?.remotes.values() ?? []).find((one) => one.exclusive)?.name;
    if (only === undefined || wanted.kind !== "remote" || wanted.name === only) return;
    yield finding(
      "error",
      "exclusive-elsewhere",
      `${quote(only)} is exclusive on this machine: the user's default cannot be ${quote(wanted.name)}`,
      {
        remote: only,
        next: `make ${quote(only)} the user's default, or take Exclusive out of ${other!.path}`,
      },
    );
    return;
  }
  const { remote, exclusive } = decided.after;
  if (exclusive.length > 1) {
    yield finding("error", "exclusive-elsewhere", `more than one remote is exclusive: ${listed(exclusive)}`, {
      next: "say exclusive: true or false in the config",
    });
  } else if (exclusive.length === 1 && exclusive[0] !== remote) {
    yield finding(
      "error",
      "exclusive-elsewhere",
      `${quote(exclusive[0]!)} is exclusive, and the default is ${remote === null ? "none" : quote(remote)}`,
      { remote: exclusive[0]!, next: "say exclusive: true or false in the config" },
    );
  }
}

function* dangers(desired: Desired, observed: Observed, { removed, changes }: Decided): Iterable<Finding> {
  const { target, file, ambiguous } = observed;
  const { scope } = target;
  const counted = Array.from(file.content.remotes.values()).filter((one) => !isCopy(scope, one));
  if (removed.size > MASS_REMOVAL && removed.size * 2 > counted.length) {
    yield finding(
      "warning",
      "mass-removal",
      `${removed.size} of ${counted.length} remotes would be removed`,
      {
        next: "if that is meant, apply with --allow-mass-removal",
      },
    );
  }
  if (ambiguous) {
    yield finding(
      "warning",
      "ambiguous-sysconfdir",
      `both /etc and /usr/local/etc hold a remote.yaml of ${target.runtime}; this plan is about ${target.file}`,
      { next: "say which one the program reads: sysconfdir in the config, or --sysconfdir" },
    );
  }
  if (scope === "global") yield* globalDangers(desired, file.content, removed);
  else yield* readable(observed);
  for (const change of changes) {
    if (change.kind !== "remove" || removed.has(change.remote)) continue;
    yield finding(
      "info",
      "adopted",
      `${quote(change.remote)} was a copy of a global remote that is no more`,
      {
        remote: change.remote,
        next: "log in to it again: a token of the copy is dropped",
      },
    );
  }
}

function* globalDangers(desired: Desired, file: RemoteFile, removed: ReadonlySet<string>): Iterable<Finding> {
  for (const one of desired.remotes.global.values()) {
    if (!one.insecure) continue;
    // A bug of SingularityCE 4.5 and Apptainer 1.5: the user's view of a global remote is without `Insecure`.
    yield finding(
      "warning",
      "insecure-not-carried",
      `${
        quote(one.name)
      } is insecure: users will contact it over https, for the programs do not carry Insecure over`,
      { remote: one.name, next: "serve it over https, or give it scope user" },
    );
  }
  for (const one of file.remotes.values()) {
    if (one.token === null || removed.has(one.name)) continue;
    yield finding(
      "warning",
      "token-in-global-file",
      `${quote(one.name)} has a token that everyone can read`,
      {
        remote: one.name,
        next: "revoke the token, and take it out of the file by hand",
      },
    );
  }
}

function* readable({ target, file }: Observed): Iterable<Finding> {
  if (file.mode === null || (file.mode & 0o077) === 0) return;
  const secrets = file.content.credentials.length > 0 ||
    Array.from(file.content.remotes.values()).some((one) => one.token !== null);
  if (!secrets) return;
  yield finding(
    "warning",
    "readable-by-others",
    `${target.file} holds tokens and has mode ${showMode(file.mode)}`,
    {
      next: `chmod 600 ${target.file}`,
    },
  );
}

/** What is there and stays, and what is taken over. */
function* bystanders(desired: Desired, { target, file, ours, ledger }: Observed): Iterable<Finding> {
  const wanted = desired.remotes[target.scope];
  const present = Array.from(file.content.remotes.values());
  const foreign = present.filter((one) =>
    !wanted.has(one.name) && !ours.has(one.name) && !isCopy(target.scope, one)
  );
  if (foreign.length > 0) {
    yield finding(
      "info",
      "unmanaged",
      `not in the config, and kept: ${listed(foreign.map((one) => one.name))}`,
      {
        next: 'take them into the config, or say unmanaged: "remove"',
      },
    );
  }
  const adopted = present.filter((one) =>
    wanted.has(one.name) && !ledger.has(one.name) && !isCopy(target.scope, one)
  );
  if (adopted.length > 0) {
    yield finding(
      "info",
      "adopted",
      `there already, and sremote's from now on: ${listed(adopted.map((one) => one.name))}`,
    );
  }
}

/** What is not as it should be with the tokens that the config names, or could not be looked at. */
function* tokens(desired: Desired, observed: Observed, { changes }: Decided): Iterable<Finding> {
  const logins = new Set(changes.flatMap((one) => one.kind === "login" ? [one.remote] : []));
  const asleep: string[] = [];
  for (const { remote, token: { state, trouble, same, source, exposed } } of observed.endpoints.values()) {
    if (exposed !== null) {
      yield finding(
        "warning",
        "readable-by-others",
        `${exposed.file} holds the token of ${quote(remote)} and has mode ${showMode(exposed.mode)}`,
        { remote, next: `chmod 600 ${exposed.file}` },
      );
    }
    if (logins.has(remote)) {
      if (source === null) continue;
      const message = `the token of ${quote(remote)} is needed: ${source.why}`;
      yield finding("warning", "login-source", message, { remote, next: source.next });
    } else if (state === "unknown" && trouble !== null) {
      yield finding(
        "warning",
        "token-unverified",
        `the token of ${quote(remote)} cannot be verified: ${trouble.message}`,
        {
          remote,
          ...(trouble.next === undefined ? {} : { next: trouble.next }),
        },
      );
    } else if (source !== null && same === null) {
      yield finding(
        "info",
        "token-unverified",
        `the token of ${quote(remote)} is not held against its source: ${source.why}`,
        {
          remote,
          next: source.next,
        },
      );
    }
    const login = (desired.remotes.user.get(remote) ?? desired.remotes.global.get(remote))?.login ?? null;
    const due = observed.target.scope === "user" && login !== null && login !== false;
    if (due && state === "not-looked-at" && !logins.has(remote)) asleep.push(remote);
  }
  if (asleep.length > 0) {
    yield finding("info", "not-looked-at", `stored tokens not looked at: ${listed(asleep)}`);
  }
  for (const change of changes) {
    if (change.kind !== "update" || mayReceive(change.before, change.after)) continue;
    if (!changes.some((one) => one.kind === "logout" && one.remote === change.remote)) continue;
    yield finding(
      "warning",
      "token-of-old-address",
      `the token of ${quote(change.remote)} is for ${
        change.before.insecure ? "" : "https://"
      }${change.before.uri} and is dropped: it is never sent to another host, or without TLS`,
      { remote: change.remote, next: `log in to it again: sremote login ${change.remote}` },
    );
  }
}

/** In the user's file, `System: true` marks a copy of a global remote; in the global file it says nothing. */
export function isCopy(scope: Scope, remote: StoredRemote): boolean {
  return scope === "user" && remote.system;
}

function finding(
  severity: Finding["severity"],
  code: FindingCode,
  message: string,
  more: Pick<Finding, "next" | "remote"> = {},
): Finding {
  return { severity, code, message, ...more };
}

function quote(name: string): string {
  return JSON.stringify(name);
}

const LISTED = 10;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, LISTED).map(quote).join(", ");
  return names.length > LISTED ? `${shown} and ${names.length - LISTED} more` : shown;
}
