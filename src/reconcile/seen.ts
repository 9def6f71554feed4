/** A file as a plan saw it, and what has changed since. */
import { sameSeen, seenRemote } from "../remotefile/entry.ts";
import type { RemoteFile, Seen } from "../model.ts";

/** The content of a file without its secrets, and the names in its ledger. */
export function seenOf(digest: string | null, content: RemoteFile, ledger: Iterable<string>): Seen {
  const remotes = Array.from(content.remotes.values(), seenRemote);
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
    else if (!sameSeen(old, one)) phrases.push(`${JSON.stringify(name)} was changed`);
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
