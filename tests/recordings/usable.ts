/** Whether the version of a target can use the files that sremote left. */
import { canUse } from "../../src/base/address.ts";
import { parseReader } from "../../src/base/reader.ts";
import { PROGRAMS, valueFor } from "../../src/programs.ts";
import { refusedWhole } from "../../src/reconcile/refused.ts";
import { parseRemoteFile } from "../../src/remotefile/parse.ts";
import { type Case, globalText, type Target } from "./cases.ts";
import type { Replayed } from "./replay.ts";

/**
 * What the version refuses in the files that sremote changed, and the addresses in them that it cannot use and sremote wrote;
 * empty: nothing. The recordings hold the rules that this asks: `recordings_facts_test.ts`.
 */
export async function unusableFiles(
  one: Case,
  target: Target,
  seen: Pick<Replayed, "user" | "global" | "config">,
): Promise<readonly string[]> {
  const reader = parseReader(target.runtime);
  const form = valueFor(PROGRAMS[reader.runtime].address, reader);
  const before = { user: one.user, global: globalText(one, target), config: undefined };
  const found: string[] = [];
  for (const name of ["user", "global", "config"] as const) {
    const text = seen[name];
    if (text === undefined || text === before[name]) continue;
    const { content, quirks } = await parseRemoteFile(text, name);
    const scope = name === "global" ? "global" : "user";
    const refusals = refusedWhole(reader, { scope, path: name, content, quirks });
    found.push(...[...refusals].map(({ message }) => `${one.id} ${target.runtime}: ${message}`));
    for (const { name: remote, uri } of content.remotes.values()) {
      if (before[name]?.includes(uri) || canUse(uri, form)) continue;
      found.push(`${one.id} ${target.runtime}: ${remote} has the address ${uri}`);
    }
  }
  return found;
}
