/** Who can change a file: whatever leads to it, and wherever that is broken. */
import assert from "node:assert/strict";
import { othersHands, type OwnersWorld } from "./owners.ts";

interface Entry {
  readonly uid?: number;
  readonly mode?: number;
  readonly link?: string;
}

/** Root's files and directories, and links; a path below a file or in a loop throws, as in the system. */
function worldOf(entries: Readonly<Record<string, Entry>>): OwnersWorld {
  const files = {
    stat: (path: string) => {
      if (path.startsWith("/broken/")) throw Object.assign(new Error(), { code: "ENOTDIR" });
      const its = entries[path];
      if (its === undefined) return null;
      const kind = its.link === undefined ? "folder" : "symlink";
      return { uid: its.uid ?? 0, gid: 0, mode: its.mode ?? 0o755, kind };
    },
    readLink: (path: string) => entries[path]?.link ?? null,
  };
  return { files: files as unknown as OwnersWorld["files"], here: { folder: "/site", uid: 0 } };
}

const OTHERS = { uid: 65_534 };
/** What there is, the path that is asked for, and whose place is found. */
const places: readonly (readonly [
  story: string,
  entries: Readonly<Record<string, Entry>>,
  path: string,
  expected: readonly string[],
])[] = [
  ["nothing", {}, "/a/b", []],
  ["a file of somebody else", { "/a/b": OTHERS }, "/a/b", ["/a/b"]],
  ["a directory above it", { "/a": OTHERS, "/a/b": {} }, "/a/b", ["/a"]],
  ["the target of a link", { "/a/b": { link: "/c/d" }, "/c": OTHERS }, "/a/b", ["/c"]],
  [
    "a link between",
    {
      "/a/b": { link: "/c/d" },
      "/c/d": { link: "/e/f" },
      "/c": OTHERS,
      "/e/f": {},
    },
    "/a/b",
    ["/c"],
  ],
  [
    "a link between, in another directory",
    {
      "/a": { link: "/x/y" },
      "/x/y": { link: "../z" },
      "/x": OTHERS,
      "/z/b": OTHERS,
    },
    "/a/b",
    ["/x", "/z/b"],
  ],
  ["a relative path", { "/site/b": { link: "c/d" }, "/site/c": OTHERS }, "b", ["/site/c"]],
  ["a broken link", { "/a/b": { link: "/c/none" }, "/c": OTHERS }, "/a/b", ["/c"]],
  ["a loop", { "/a/b": { link: "/a/c" }, "/a/c": { link: "/a/b" } }, "/a/b", []],
  ["a link into itself", { "/a/b": { link: "b/b" }, "/a": OTHERS }, "/a/b", ["/a"]],
  ["below a file", { "/broken": OTHERS }, "/broken/a/b", ["/broken"]],
];

for (const [story, entries, path, expected] of places) {
  Deno.test(`owners: ${story}`, () => {
    assert.deepEqual(othersHands(worldOf(entries), [path]).map((one) => one.path), expected);
  });
}
