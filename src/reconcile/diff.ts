/** desired × observed → Plan: a pure function, the heart of sremote. */
import { mayReceive, sameEndpoint } from "../base/uri.ts";
import type {
  Change,
  DefaultState,
  Desired,
  DesiredRemote,
  Entry,
  Finding,
  Observed,
  Plan,
  Step,
  StoredRemote,
} from "../model.ts";
import { defaultOf } from "../remotefile/changes.ts";
import { entryOf, sameEntry, sameKeyservers } from "../remotefile/entry.ts";
import { findConflicts, isCopy } from "./findings.ts";
import { seenOf } from "./seen.ts";
import { machineRemotes, watched } from "./watched.ts";

/** What would be done to one file so that it says what the config wants, and what a person should know of it. */
export function diff(desired: Desired, observed: Observed): Plan {
  const { target, file, endpoints } = observed;
  const remotes = diffRemotes(desired, observed);
  const removed = new Set(remotes.flatMap((one) => one.kind === "remove" ? [one.remote] : []));
  for (const one of remotes) if (one.kind === "add") removed.delete(one.remote);
  const before = defaultOf(file.content);
  const after = wantedDefault(desired, observed, before, removed);
  const tokens = target.scope === "user" ? diffTokens(desired, observed, remotes) : [];
  const changes: readonly Change[] = [
    ...remotes,
    ...tokens,
    ...(sameState(before, after) ? [] : [{ kind: "use", before, after } as const]),
  ];
  const steps: readonly Step[] = [
    ...tokens.flatMap((one): readonly Step[] =>
      one.kind === "login" ? [{ kind: "verify-token", remote: one.remote, from: one.from }] : []
    ),
    ...checksOf(desired, observed),
    ...(changes.length === 0 ? [] : [{ kind: "replace-file", basis: file.digest, changes } as const]),
  ];
  const findings: readonly Finding[] = findConflicts(desired, observed, { changes, removed, after });
  const seen = seenOf(file.digest, file.content);
  return { formatVersion: 1, target, seen, endpoints: [...endpoints.values()], steps, findings };
}

type Place = Pick<Entry, "uri" | "insecure">;

/**
 * `login` where a token is missing, no longer valid, differs from its source, or was made for another place; `logout` where
 * the config wants none, or where the remote moves and the config names no source: a token is never sent to another host,
 * nor without TLS where there was TLS. A copy of one of the machine's remotes moves along with a login.
 */
function diffTokens(
  desired: Desired,
  { file, other, endpoints }: Observed,
  remotes: readonly Change[],
): readonly Change[] {
  const present = file.content.remotes;
  // What is added, or removed to make room for the machine's of that name, has no token.
  const fresh = new Set(
    remotes.flatMap((one) => one.kind === "add" || one.kind === "remove" ? [one.remote] : []),
  );
  const own = ({ name, login }: DesiredRemote, place: Place): readonly Change[] => {
    const stored = fresh.has(name) ? undefined : present.get(name);
    const token = stored?.token ?? null;
    const stays = stored !== undefined && mayReceive(stored, place);
    if (login === null || login === false) {
      const gone = token !== null && (login === false || !stays && !stored!.system);
      return gone ? [{ kind: "logout", remote: name }] : [];
    }
    const seen = endpoints.get(name)?.token;
    const due = token === null || !stays || seen?.state === "invalid" || seen?.same === false;
    return due ? [{ kind: "login", remote: name, from: login }] : [];
  };
  const machines = machineRemotes(file.content, other?.content ?? null);
  const copy = (wanted: DesiredRemote): readonly Change[] => {
    const stored = fresh.has(wanted.name) ? undefined : present.get(wanted.name);
    const machine = machines.get(wanted.name);
    // One of the user's own that has the name: a conflict, and not ours to log in to.
    if (machine === undefined || stored?.system === false) return [];
    const changes = own(wanted, machine);
    const moves = stored !== undefined && !mayReceive(stored, machine) &&
      changes.some((one) => one.kind === "login");
    if (!moves) return changes;
    const before = entryOf(stored);
    const after = { ...before, uri: machine.uri, insecure: machine.insecure };
    return [{ kind: "update", remote: wanted.name, before, after }, ...changes];
  };
  return [
    ...Array.from(desired.remotes.user.values()).flatMap((one) => own(one, one)),
    ...Array.from(desired.remotes.global.values()).flatMap(copy),
  ];
}

/** One step a remote with required services. */
function checksOf(desired: Desired, { target: { scope }, file, other }: Observed): readonly Step[] {
  return watched(desired, scope, file.content, other?.content ?? null).flatMap(({ remote, required }) =>
    required.length === 0 ? [] : [{ kind: "check-services", remote: remote.name, required } as const]
  );
}

/** Adds and updates in the config's order, then removals in the file's. */
function diffRemotes(desired: Desired, { target, file, ours, other }: Observed): readonly Change[] {
  const wanted = desired.remotes[target.scope];
  const present = file.content.remotes;
  const changes: Change[] = [];
  for (const one of wanted.values()) {
    const now = present.get(one.name);
    if (now === undefined) changes.push({ kind: "add", remote: one.name, after: entryOf(one) });
    else if (isCopy(target.scope, now)) {
      // What Singularity left behind of a global remote that is no longer: it becomes the user's own.
      if (other?.content?.remotes.has(one.name)) continue;
      changes.push({ kind: "remove", remote: one.name, before: entryOf(now) });
      changes.push({ kind: "add", remote: one.name, after: entryOf(one) });
    } else {
      const after = wantedEntry(one, now);
      if (!sameEntry(now, after)) {
        changes.push({ kind: "update", remote: one.name, before: entryOf(now), after });
      }
    }
  }
  for (const now of present.values()) {
    if (wanted.has(now.name) || !ours.has(now.name) || isCopy(target.scope, now)) continue;
    changes.push({ kind: "remove", remote: now.name, before: entryOf(now) });
  }
  return changes;
}

/**
 * The default and exclusive remotes that the file should have. The user's default may be a global remote: the user's
 * `Active` then holds its name, and nothing is needed where the global file's own default says the same (it counts
 * while the user's has none).
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
      case "unspoken":
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

/** The entry as it should be: what the config does not speak of stays. */
function wantedEntry(wanted: DesiredRemote, now: StoredRemote): Entry {
  const own = now.keyservers.filter((one) => !one.external);
  const external = now.keyservers.filter((one) => one.external);
  const sameServers = wanted.keyservers === null || sameKeyservers(external, wanted.keyservers);
  return entryOf({
    ...now,
    ...wanted,
    uri: sameEndpoint(now.uri, wanted.uri) ? now.uri : wanted.uri,
    // The endpoint's own keyservers are not the config's to say.
    keyservers: sameServers ? now.keyservers : [...own, ...wanted.keyservers!],
  });
}
