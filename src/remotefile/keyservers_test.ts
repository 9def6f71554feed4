import assert from "node:assert/strict";
import type { Keyserver } from "../model.ts";
import { addKeyserver, removeKeyserver } from "./keyservers.ts";

const server = (uri: string, more: Partial<Keyserver> = {}): Keyserver => ({
  uri,
  skip: false,
  external: true,
  insecure: false,
  ...more,
});
const own = server("https://own.org", { external: false });
const skipped = { ...own, skip: true };
const [a, b, c] = ["https://a.org", "https://b.org", "https://c.org"].map((uri) => server(uri)) as [
  Keyserver,
  Keyserver,
  Keyserver,
];

const added: readonly (readonly [
  string,
  readonly Keyserver[],
  Keyserver,
  number | null,
  readonly Keyserver[] | RegExp,
])[] = [
  ["the last where no place is named", [own, a], b, null, [own, a, b]],
  ["the first", [own, a], b, 1, [b, own, a]],
  ["between", [own, a], b, 2, [own, b, a]],
  ["at the end by its number", [own, a], b, 3, [own, a, b]],
  ["places are counted among those in use", [skipped, a, b], c, 2, [skipped, a, c, b]],
  ["the endpoint's own comes back into use", [skipped, a], server("https://OWN.org:443/"), null, [a, own]],
  ["the first in a list of none", [], a, 1, [a]],
  ["no place 0", [a], b, 0, /out of range/],
  ["no place behind the next", [a], b, 3, /out of range/],
  ["not twice, whatever its spelling", [server("hkps://a.org")], a, null, /already in the list/],
];

for (const [story, present, one, order, expected] of added) {
  Deno.test(`keyserver add: ${story}`, () => {
    const list = addKeyserver(present, one, order);
    if (expected instanceof RegExp) assert.match("problem" in list ? list.problem : "", expected);
    else assert.deepEqual(list, expected);
  });
}

const removed: readonly (readonly [string, readonly Keyserver[], string, readonly Keyserver[] | RegExp])[] = [
  ["an external one goes", [own, a, b], "https://a.org", [own, b]],
  ["by another spelling, too", [own, server("hkp://k.org")], "http://k.org:11371", [own]],
  ["the endpoint's own is put out of use", [own, a], "https://own.org", [skipped, a]],
  ["not one that is out of use already", [skipped, a, b], "https://own.org", /no such keyserver/],
  ["not one that is not there", [a, b], "https://c.org", /no such keyserver/],
  ["not the last in use", [skipped, a], "https://a.org", /last one/],
];

for (const [story, present, uri, expected] of removed) {
  Deno.test(`keyserver remove: ${story}`, () => {
    const list = removeKeyserver(present, uri);
    if (expected instanceof RegExp) assert.match("problem" in list ? list.problem : "", expected);
    else assert.deepEqual(list, expected);
  });
}
