/** Changes to the keyserver list of a remote, as in SingularityCE 3.7 and later. */
import { keyserverKey, keyserverProblem } from "../base/uri.ts";
import type { Keyserver } from "../model.ts";

/** Why a list cannot be changed. */
export interface Refusal {
  readonly problem: string;
  readonly next: string;
}

/**
 * The list with a keyserver added.
 * @param order its position among the keyservers in use, from 1; null: last
 *
 * @example
 * ```ts
 * import { addKeyserver } from "./keyservers.ts";
 * import assert from "node:assert/strict";
 * const server = (uri: string) => ({ uri, skip: false, external: true, insecure: false });
 * const list = addKeyserver([server("https://a.org")], server("https://b.org"), 1);
 * assert.deepEqual(list, [server("https://b.org"), server("https://a.org")]);
 * ```
 */
export function addKeyserver(
  present: readonly Keyserver[],
  added: Keyserver,
  order: number | null,
): readonly Keyserver[] | Refusal {
  const known = present.find((one) => same(one.uri, added.uri));
  // The endpoint's own keyserver is enabled again.
  const back = known !== undefined && !known.external && known.skip;
  if (known !== undefined && !back) {
    return { problem: "it is already in the list", next: "Run sremote keyserver list to see it" };
  }
  const used = present.filter((one) => !one.skip).length + 1;
  const place = order ?? used;
  if (place < 1 || place > used) {
    return { problem: `--order ${place} is out of range`, next: `Give a number from 1 to ${used}` };
  }
  const others = present.filter((one) => one !== known);
  const after = others.filter((one) => !one.skip)[place - 2];
  const at = place === 1 ? 0 : others.indexOf(after!) + 1;
  return [...others.slice(0, at), back ? { ...known, skip: false } : added, ...others.slice(at)];
}

/** The list without a keyserver. The endpoint's own stays in the list, disabled. The last one in use stays. */
export function removeKeyserver(present: readonly Keyserver[], uri: string): readonly Keyserver[] | Refusal {
  const known = present.find((one) => same(one.uri, uri) && !one.skip);
  if (known === undefined) {
    return { problem: "there is no such keyserver in use", next: "Run sremote keyserver list to see them" };
  }
  if (present.filter((one) => !one.skip).length === 1) {
    return { problem: "it is the last one in use", next: "Add another one first" };
  }
  return present.flatMap((one) => one !== known ? [one] : one.external ? [] : [{ ...one, skip: true }]);
}

function same(a: string, b: string): boolean {
  const valid = keyserverProblem(a) === null && keyserverProblem(b) === null;
  return valid ? keyserverKey(a) === keyserverKey(b) : a === b;
}
