import assert from "node:assert/strict";
import { golden } from "../../tests/golden.ts";
import { renderList } from "./list.ts";
import { HOSTILE } from "./testing.ts";

Deno.test("remotes are listed as SingularityCE 3.5 does", () => {
  const row = (name: string, more = {}) => ({
    name,
    uri: `${name}.example.com`,
    global: false,
    default: false,
    ...more,
  });
  const rows = ["lab", "Zeta", "__proto__", "日本 🚀"].map((name) => row(name));
  rows.push(row("company", { default: true, global: true }), { ...row(HOSTILE), uri: HOSTILE });
  golden("report/list.txt", renderList(rows));
  assert.equal(rows[0]!.name, "lab", "the rows given stay in their order");
});

Deno.test("without remotes there is the heading", () => {
  assert.equal(renderList([]), "NAME  URI  GLOBAL");
});
