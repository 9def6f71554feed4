/** desired × observed → Plan: a pure function, the core of sremote. */
import { canUse, plainEndpoint, storedAddress } from "../base/address.ts";
import { mayReceive, sameEndpoint } from "../base/uri.ts";
import type {
  Change,
  DefaultState,
  Desired,
  DesiredRemote,
  Endpoint,
  Entry,
  NetworkStep,
  Observed,
  ObservedToken,
  Plan,
  Step,
  StoredRemote,
  Target,
  WriteStep,
} from "../model.ts";
import { PROGRAMS, valueFor } from "../programs.ts";
import { defaultOf } from "../remotefile/changes.ts";
import { entryOf, sameEntry, sameKeyservers } from "../remotefile/entry.ts";
import { checkFinding, failedChecks, failedLogins, loginFinding } from "./checks.ts";
import { findConflicts, isCopy } from "./findings.ts";
import { sameNames, seenOf } from "./seen.ts";
import { globalRemotes, movedToGlobal, watched } from "./watched.ts";

/** Changes one file needs to match the config, and what the user should know about them. */
export function diff(desired: Desired, observed: Observed): Plan {
  const { target, file, ledger } = observed;
  const remotes = diffRemotes(desired, observed);
  const removed = new Set(remotes.flatMap((one) => one.kind === "remove" ? [one.remote] : []));
  for (const one of remotes) if (one.kind === "add") removed.delete(one.remote);
  const before = defaultOf(file.content);
  const after = wantedDefault(desired, observed, before, removed);
  const tokens = target.scope === "user" ? diffTokens(desired, observed, remotes) : [];
  const changes: readonly Change[] = [
    ...remotes,
    ...tokens.map((one) => one.change),
    ...(sameState(before, after) ? [] : [{ kind: "use", before, after } as const]),
  ];
  const steps: readonly Step[] = [
    ...checksOf(desired, observed),
    ...tokens.flatMap(verificationOf),
    ...writeOf(desired, observed, changes),
  ];
  const endpoints = [...observed.endpoints.values()];
  return {
    formatVersion: 1,
    target,
    seen: seenOf(file.digest, file.content, ledger),
    changed: changes.length > 0,
    endpoints,
    steps,
    findings: [
      ...failedChecks({ steps, endpoints }).map(checkFinding),
      ...failedLogins({ steps, endpoints }).map(loginFinding),
      ...findConflicts(desired, observed, { changes, removed, after }),
    ],
  };
}

/** The write that the changes need. After it, every remote of the config is in the file, and these are managed by sremote. */
function writeOf(
  desired: Desired,
  { target, file: { digest: basis }, ledger }: Observed,
  changes: readonly Change[],
): readonly WriteStep[] {
  const managed = [...desired.remotes[target.scope].keys()];
  if (changes.length > 0) return [{ kind: "replace-file", basis, changes, managed }];
  return sameNames(managed, ledger) ? [] : [{ kind: "update-ledger", basis, managed }];
}

/** A change that concerns a token, and the endpoint that a new token is for. */
interface TokenChange {
  readonly change: Change;
  readonly endpoint: Endpoint;
}

function verificationOf({ change, endpoint: { uri, insecure } }: TokenChange): readonly NetworkStep[] {
  if (change.kind !== "login") return [];
  const { remote, from } = change;
  return [{ kind: "verify-token", remote, endpoint: { uri, insecure }, from }];
}

/**
 * `login` if a token is missing, no longer valid, different from its source, or was made for another endpoint; `logout` if
 * the config wants none, or if the remote moves and the config names no source: a token is never sent to another host, nor
 * without TLS if it was sent with TLS before. A copy of a global remote moves together with a login.
 */
function diffTokens(
  desired: Desired,
  observed: Observed,
  remotes: readonly Change[],
): readonly TokenChange[] {
  const { file, endpoints } = observed;
  // A remote that is added, or removed to make room for the global one of that name, has no token.
  const fresh = new Set(
    remotes.flatMap((one) => one.kind === "add" || one.kind === "remove" ? [one.remote] : []),
  );
  const storedOf = (name: string) => fresh.has(name) ? undefined : file.content.remotes.get(name);
  const own = (wanted: DesiredRemote, endpoint: Endpoint): readonly TokenChange[] => {
    const change = tokenChange(wanted, endpoint, storedOf(wanted.name), endpoints.get(wanted.name)?.token);
    return change === null ? [] : [{ change, endpoint }];
  };
  const globals = globalRemotes(observed);
  const copy = (wanted: DesiredRemote): readonly TokenChange[] => {
    const stored = storedOf(wanted.name);
    const global = globals.get(wanted.name);
    // A remote of the user's own with that name is a conflict, and its token is not managed here.
    const foreign = stored?.system === false && movedToGlobal(desired, observed, stored) === null;
    if (global === undefined || foreign) return [];
    const endpoint = plainEndpoint(global);
    const changes = own(wanted, endpoint);
    const moves = stored !== undefined && !mayReceive(stored, endpoint) &&
      changes.some((one) => one.change.kind === "login");
    if (!moves) return changes;
    const before = entryOf(stored);
    const after = { ...before, uri: global.uri, insecure: global.insecure };
    return [{ change: { kind: "update", remote: wanted.name, before, after }, endpoint }, ...changes];
  };
  return [
    ...Array.from(desired.remotes.user.values()).flatMap((one) => own(one, one)),
    ...Array.from(desired.remotes.global.values()).flatMap(copy),
  ];
}

/** The login or logout that a remote needs at this endpoint; null: none. */
function tokenChange(
  { name, login }: DesiredRemote,
  endpoint: Endpoint,
  stored: StoredRemote | undefined,
  seen: ObservedToken | undefined,
): Change | null {
  const token = stored?.token ?? null;
  const stays = stored !== undefined && mayReceive(stored, endpoint);
  if (login === null || login === false) {
    const gone = token !== null && (login === false || !stays && !stored!.system);
    return gone ? { kind: "logout", remote: name } : null;
  }
  const due = token === null || !stays || seen?.state === "invalid" || seen?.same === false;
  return due ? { kind: "login", remote: name, from: login } : null;
}

/** One step for each remote with required services. */
function checksOf(desired: Desired, observed: Observed): readonly NetworkStep[] {
  return watched(desired, observed)
    .filter(({ required }) => required.length > 0)
    .map(({ remote, endpoint, required }) => ({
      kind: "check-services",
      remote: remote.name,
      endpoint,
      required,
    }));
}

/** Adds and updates in the order of the config, then removals in the order of the file. */
function diffRemotes(desired: Desired, observed: Observed): readonly Change[] {
  const { target, file, ours, other } = observed;
  const wanted = desired.remotes[target.scope];
  const present = file.content.remotes;
  const changes: Change[] = [];
  for (const one of wanted.values()) {
    const now = present.get(one.name);
    if (now === undefined) changes.push({ kind: "add", remote: one.name, after: newEntry(one, target) });
    else if (isCopy(target.scope, now)) {
      // A copy of a global remote that no longer exists becomes the user's own remote.
      if (other?.content?.remotes.has(one.name)) continue;
      // With its token, where that may stay; `Exclusive` is the global file's, and goes.
      if (now.token !== null && !now.exclusive && mayReceive(now, one)) {
        changes.push({
          kind: "update",
          remote: one.name,
          before: entryOf(now),
          after: { ...wantedEntry(one, now, target), system: false },
        });
        continue;
      }
      changes.push({ kind: "remove", remote: one.name, before: entryOf(now) });
      changes.push({ kind: "add", remote: one.name, after: newEntry(one, target) });
    } else {
      const after = wantedEntry(one, now, target);
      if (!sameEntry(now, after)) {
        changes.push({ kind: "update", remote: one.name, before: entryOf(now), after });
      }
    }
  }
  for (const now of present.values()) {
    if (wanted.has(now.name) || !ours.has(now.name) || isCopy(target.scope, now)) continue;
    const before = entryOf(now);
    const global = movedToGlobal(desired, observed, now);
    const change = global === null
      ? { kind: "remove", remote: now.name, before } as const
      : { kind: "update", remote: now.name, before, after: copyOf(global) } as const;
    changes.push(change);
  }
  return changes;
}

/**
 * The default and exclusive remotes that the file should have. The default in the user file may be a global remote: `Active`
 * then holds its name, and nothing is needed if the global file has the same default (which applies while the user file has
 * none).
 */
function wantedDefault(
  desired: Desired,
  { target: { scope }, other }: Observed,
  before: DefaultState,
  removed: ReadonlySet<string>,
): DefaultState {
  const kept = before.exclusive.filter((one) => !removed.has(one));
  const wanted = desired.default[scope];
  const remote = () => {
    switch (wanted.kind) {
      case "none":
        return null;
      case "unset":
        return before.remote !== null && removed.has(before.remote) ? null : before.remote;
      case "remote": {
        const inherited = scope === "user" && !desired.remotes.user.has(wanted.name) &&
          before.remote === null && other?.content?.default === wanted.name;
        return inherited ? null : wanted.name;
      }
    }
  };
  const exclusive = () => {
    if (scope === "user" || desired.exclusive === null) return kept;
    return desired.exclusive && wanted.kind === "remote" ? [wanted.name] : [];
  };
  return { remote: remote(), exclusive: exclusive() };
}

function sameState(a: DefaultState, b: DefaultState): boolean {
  return a.remote === b.remote && a.exclusive.length === b.exclusive.length &&
    a.exclusive.every((one) => b.exclusive.includes(one));
}

/** The entry of a copy of a global remote. */
function copyOf(global: StoredRemote): Entry {
  return { ...entryOf(global), system: true };
}

/** The entry of a new remote, with its address in the form that the program reads. */
function newEntry(wanted: DesiredRemote, target: Target): Entry {
  const form = valueFor(PROGRAMS[target.runtime].address, target);
  const uri = storedAddress(wanted.uri, wanted.insecure, form);
  return entryOf({ ...wanted, uri, system: target.scope === "global" });
}

/**
 * The entry that the config wants; fields it does not mention are unchanged. An address that means the same stays as it is
 * stored, if the program can use it.
 */
function wantedEntry(wanted: DesiredRemote, now: StoredRemote, target: Target): Entry {
  const fresh = newEntry(wanted, target);
  const form = valueFor(PROGRAMS[target.runtime].address, target);
  const own = now.keyservers.filter((one) => !one.external);
  const external = now.keyservers.filter((one) => one.external);
  const sameServers = wanted.keyservers === null || sameKeyservers(external, wanted.keyservers);
  return entryOf({
    ...now,
    ...fresh,
    uri: sameEndpoint(now.uri, wanted.uri) && canUse(now.uri, form) ? now.uri : fresh.uri,
    // The config does not define the endpoint's own keyservers.
    keyservers: sameServers ? now.keyservers : [...own, ...wanted.keyservers!],
  });
}
