/** A file as a plan saw it, and what has changed since. */
import { sameKeyservers } from "../remotefile/changes.ts";
import type { RemoteFile, Seen, SeenRemote } from "../model.ts";

/** The content of a file without its secrets, and the names in its ledger. */
export function seenOf(digest: string | null, content: RemoteFile, ledger: Iterable<string>): Seen {
  const remotes = Array.from(content.remotes.values(), (one): SeenRemote => ({
    remote: one.name,
    uri: one.uri,
    insecure: one.insecure,
    keyservers: one.keyservers,
    exclusive: one.exclusive,
    system: one.system,
    token: one.token !== null,
  }));
  return { digest, default: content.default, remotes, managed: [...ledger] };
}

/** The differences between a file then and now, a phrase each; empty if the bytes are the same. */
export function changedMeanwhile(before: Seen, now: Seen): readonly string[] {
  if (before.digest === now.digest) return [];
  const was = new Map(before.remotes.map((one) => [one.remote, one]));
  const is = new Map(now.remotes.map((one) => [one.remote, one]));
  const phrases: string[] = [];
  if (before.digest === null) phrases.push("the file was created");
  if (now.digest === null) phrases.push("the file was removed");
  for (const [name, one] of is) {
    const old = was.get(name);
    if (old === undefined) phrases.push(`${JSON.stringify(name)} was added`);
    else if (!same(old, one)) phrases.push(`${JSON.stringify(name)} was changed`);
  }
  for (const name of was.keys()) if (!is.has(name)) phrases.push(`${JSON.stringify(name)} was removed`);
  if (before.default !== now.default) {
    const shown = (one: string | null) => one === null ? "none" : JSON.stringify(one);
    phrases.push(`the default was changed from ${shown(before.default)} to ${shown(now.default)}`);
  }
  return phrases.length > 0 ? phrases : ["a token, a credential, a comment or the layout was changed"];
}

/** Whether two lists hold the same names, in any order. */
export function sameNames(a: Iterable<string>, b: Iterable<string>): boolean {
  return new Set(a).symmetricDifference(new Set(b)).size === 0;
}

function same(a: SeenRemote, b: SeenRemote): boolean {
  return a.uri === b.uri && a.insecure === b.insecure && a.exclusive === b.exclusive &&
    a.system === b.system && a.token === b.token && sameKeyservers(a.keyservers, b.keyservers);
}
