import assert from "node:assert/strict";
import { golden } from "../../tests/golden.ts";
import { listNotes, renderList, renderWideList } from "./list.ts";
import { HOSTILE } from "./testing.ts";

const row = (name: string, more = {}) => ({
  name,
  uri: `${name}.example.com`,
  global: false,
  default: false,
  exclusive: false,
  insecure: false,
  loggedIn: false,
  expires: null,
  ...more,
});

Deno.test("remotes are listed as SingularityCE 3.5 does", () => {
  const rows = ["lab", "Zeta", "__proto__", "日本 🚀"].map((name) => row(name));
  rows.push(row("company", { default: true, global: true }), { ...row(HOSTILE), uri: HOSTILE });
  golden("report/list.txt", renderList(rows));
  assert.equal(rows[0]!.name, "lab", "the rows given stay in their order");
});

Deno.test("without remotes there is the heading", () => {
  assert.equal(renderList([]), "NAME  URI  GLOBAL");
});

Deno.test("the wide table has a column for each property", () => {
  const rows = [row("b", { insecure: true, loggedIn: true }), row("a", { global: true, default: true }), {
    ...row(HOSTILE, { exclusive: true }),
    uri: HOSTILE,
  }];
  for (const [name, expires] of [["c", "2026-12-01T00:00:00.000Z"], ["d", "2026-11-30T23:59:59.000Z"]]) {
    rows.push(row(name!, { loggedIn: true, expires }));
  }
  const now = Date.UTC(2026, 11) - 500;
  golden("report/list-wide.txt", renderWideList(rows, now));
  assert.equal(renderWideList([], now), "NAME  URI  GLOBAL  DEFAULT  EXCLUSIVE  INSECURE  LOGIN");
});

Deno.test("what the narrow table does not show is said in at most two notes", () => {
  assert.deepEqual(listNotes([row("a")]), []);
  assert.deepEqual(listNotes([row("b", { exclusive: true }), row("a", { insecure: true })]), [
    'Note: "b" is exclusive: no other can be used.',
    'Note: "a" is insecure: asked over http.',
  ]);
  const many = Array.from({ length: 1000 }, (_, i) => row(`r${1000 + i}`, { insecure: true }));
  assert.deepEqual(listNotes(many), [
    'Note: "r1000", "r1001", "r1002", "r1003", "r1004" and 995 more are insecure: asked over http.',
  ]);
});
