/**
 * For a look at the replays: `deno run -A tests/recordings/report.ts [REGEX] [--quiet]` replays the cases whose id fits, prints
 * each difference with its kind, and the table.
 */
import process from "node:process";
import { kindTable, namesIn, readLists, replayAll, summary } from "./differences.ts";

const [pattern = "", ...rest] = process.argv.slice(2).filter((one) => one !== "--quiet");
if (rest.length > 0) throw new Error("usage: report.ts [REGEX] [--quiet]");
const start = Date.now();
const compared = await replayAll((id) => new RegExp(pattern).test(id));
const lists = readLists();
const kinds = new Map([
  ...lists.stay.flatMap((kind) => namesIn([kind]).map((name) => [name, kind.kind] as const)),
  ...lists.open.flatMap((kind) => namesIn([kind]).map((name) => [name, `OPEN ${kind.kind}`] as const)),
]);
if (!process.argv.includes("--quiet")) {
  for (const { one, target, differences } of compared) {
    for (const { aspect, detail } of differences) {
      const name = `${one.id} ${target.runtime}: ${aspect}`;
      console.log(`${name} (${kinds.get(name) ?? "UNLISTED"})\n    ${detail}`);
    }
  }
}
console.log(summary(lists, compared));
if (pattern === "") {
  console.log(`\nOpen:\n${kindTable(lists.open)}\n\nWith a reason:\n${kindTable(lists.stay)}`);
}
console.log(`\n${Date.now() - start} ms`);
