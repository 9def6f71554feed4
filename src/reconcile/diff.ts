/** desired × observed → Plan: a pure function, the heart of sremote. */
import { sameEndpoint } from "../config/uri.ts";
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
import { defaultOf, sameKeyservers } from "../remotefile/changes.ts";
import { findConflicts, isCopy } from "./findings.ts";
import { seenOf } from "./seen.ts";

/** What would be done to one file so that it says what the config wants, and what a person should know of it. */
export function diff(desired: Desired, observed: Observed): Plan {
  const { target, file } = observed;
  const remotes = diffRemotes(desired, observed);
  const removed = new Set(remotes.flatMap((one) => one.kind === "remove" ? [one.remote] : []));
  for (const one of remotes) if (one.kind === "add") removed.delete(one.remote);
  const before = defaultOf(file.content);
  const after = wantedDefault(desired, observed, before, removed);
  const changes = sameState(before, after)
    ? remotes
    : [...remotes, { kind: "use", before, after } satisfies Change];
  const steps: readonly Step[] = changes.length === 0
    ? []
    : [{ kind: "replace-file", basis: file.digest, changes }];
  const findings: readonly Finding[] = findConflicts(desired, observed, { changes, removed, after });
  return { formatVersion: 1, target, seen: seenOf(file.digest, file.content), steps, findings };
}

/** Adds and updates in the config's order, then removals in the file's. */
function diffRemotes(desired: Desired, { target, file, ours, other }: Observed): readonly Change[] {
  const wanted = desired.remotes[target.scope];
  const present = file.content.remotes;
  const changes: Change[] = [];
  for (const one of wanted.values()) {
    const now = present.get(one.name);
    if (now === undefined) changes.push({ kind: "add", remote: one.name, after: newEntry(one) });
    else if (isCopy(target.scope, now)) {
      // What Singularity left behind of a global remote that is no longer: it becomes the user's own.
      if (other?.content?.remotes.has(one.name)) continue;
      changes.push({ kind: "remove", remote: one.name, before: entryOf(now) });
      changes.push({ kind: "add", remote: one.name, after: newEntry(one) });
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

function newEntry({ uri, insecure, keyservers }: DesiredRemote): Entry {
  return { uri, insecure, keyservers: keyservers ?? [] };
}

/** The entry as it should be: what the config does not speak of stays. */
function wantedEntry(wanted: DesiredRemote, now: StoredRemote): Entry {
  const own = now.keyservers.filter((one) => !one.external);
  const external = now.keyservers.filter((one) => one.external);
  const sameServers = wanted.keyservers === null || sameKeyservers(external, wanted.keyservers);
  return {
    uri: sameEndpoint(now.uri, wanted.uri) ? now.uri : wanted.uri,
    insecure: wanted.insecure,
    // The endpoint's own keyservers are not the config's to say.
    keyservers: sameServers ? now.keyservers : [...own, ...wanted.keyservers!],
  };
}

function entryOf({ uri, insecure, keyservers }: Entry): Entry {
  return { uri, insecure, keyservers };
}

function sameEntry(a: Entry, b: Entry): boolean {
  return a.uri === b.uri && a.insecure === b.insecure && sameKeyservers(a.keyservers, b.keyservers);
}
