/** "Did you mean" for fields, commands and names of remotes. */

/**
 * The candidate that a typo most likely meant, or undefined if none is near.
 *
 * @example
 * ```ts
 * import { nearest } from "./suggest.ts";
 * import assert from "node:assert/strict";
 * assert.equal(nearest("scoep", ["uri", "scope", "login"]), "scope");
 * assert.equal(nearest("banana", ["uri", "scope", "login"]), undefined);
 * ```
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > 255) return undefined;
  const wanted = word.toLowerCase();
  let best: string | undefined;
  // A third of the word may be wrong, and at least one letter must be right.
  let limit = Math.min(Math.ceil(wanted.length / 3), Math.max(wanted.length - 1, 1)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, candidate.toLowerCase(), limit);
    if (distance < limit && distance < candidate.length) {
      limit = distance;
      best = candidate;
    }
  }
  return best;
}

/**
 * The words of a suggestion that may be made. A destructive one is named only for a slip of the fingers (a letter left out,
 * doubled, added or swapped with its neighbour) and where no harmless one is as near: another letter makes another word, such
 * as `remote` for `remove`.
 *
 * @example
 * ```ts
 * import { offered } from "./suggest.ts";
 * import assert from "node:assert/strict";
 * const destructive = new Set(["remove"]);
 * assert.deepEqual(offered("remvoe", ["remove"], destructive), ["remove"]);
 * assert.deepEqual(offered("rename", ["remove"], destructive), []);
 * assert.deepEqual(offered("remoe", ["remove", "remote"], destructive), ["remote"]);
 * ```
 */
export function offered(
  word: string,
  near: readonly string[],
  destructive: ReadonlySet<string>,
): readonly string[] {
  const harmless = near.filter((one) => !destructive.has(one));
  return harmless.length > 0 ? harmless : near.filter((one) => isSlip(word, one));
}

/** Whether a word is another with one letter more or less, or with two neighbours swapped. */
function isSlip(word: string, meant: string): boolean {
  const [short, long] = word.length < meant.length ? [word, meant] : [meant, word];
  if (long.length - short.length > 1) return false;
  let same = 0;
  while (same < short.length && short[same] === long[same]) same++;
  if (long.length > short.length) return short.slice(same) === long.slice(same + 1);
  return short[same] === long[same + 1] && short[same + 1] === long[same] &&
    short.slice(same + 2) === long.slice(same + 2);
}

/** Insertions, deletions, replacements and swaps of neighbours between two words; at most `limit`. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let earlier: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    let least = i;
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replaced, previous[j]! + 1, current[j - 1]! + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        cost = Math.min(cost, earlier[j - 2]! + 1);
      }
      current[j] = cost;
      if (cost < least) least = cost;
    }
    if (least >= limit) return limit;
    earlier = previous;
    previous = current;
  }
  return Math.min(previous[b.length]!, limit);
}
