import assert from "node:assert/strict";
import { parseReader } from "../base/reader.ts";
import type { Change, Entry } from "../model.ts";
import { applyChanges } from "../remotefile/changes.ts";
import { editRemoteFile } from "../remotefile/edit.ts";
import { entryOf } from "../remotefile/entry.ts";
import { parseRemoteFile } from "../remotefile/parse.ts";
import { addressProblem, quirksAfter, refusedWhole } from "./refused.ts";

async function codes(text: string, program: string): Promise<readonly string[]> {
  const { content, quirks } = await parseRemoteFile(text, "f");
  const read = { scope: "global", path: "f", content, quirks } as const;
  return [...refusedWhole(parseReader(program), read)].map(({ message }) => message);
}

const lab = (...lines: readonly string[]) =>
  `Remotes:\n  lab:\n    URI: lab.example.com\n${lines.map((line) => `    ${line}\n`).join("")}`;
const KEYSERVERS = ["Keyservers:", "- URI: https://keys.example.com", "  Insecure: false"];
const CREDENTIALS = "Credentials:\n- URI: https://keys.example.com\n  Insecure: true\n";

/** A file, and the field that is refused first; by the versions before this one. */
const FIELDS: readonly (readonly [text: string, field: string, since: string])[] = [
  [lab("Exclusive: true"), 'Exclusive (of "lab")', "3.7"],
  [lab("Exclusive: false"), 'Exclusive (of "lab")', "3.7"],
  [lab("Exclusive:"), 'Exclusive (of "lab")', "3.7"],
  [lab("Insecure: true"), 'Insecure (of "lab")', "3.9"],
  [lab("Insecure: false"), 'Insecure (of "lab")', "3.9"],
  [lab("Keyservers: []"), 'Keyservers (of "lab")', "3.7"],
  // The field of that name in a keyserver or a credential is as old as the list.
  [lab(...KEYSERVERS), 'Keyservers (of "lab")', "3.7"],
  [`${lab()}${CREDENTIALS}`, "Credentials", "3.7"],
  [`${lab()}Credentials: []\n`, "Credentials", "3.7"],
];

Deno.test("a field is refused by every version before the one that has it, and by no other", async () => {
  for (const [text, field, since] of FIELDS) {
    const message = `f has the field ${field}, and every command of Singularity before ${since} fails on it`;
    for (const version of ["3.5", "3.6", "3.7", "3.8", "3.8.4", "3.9", "4.5.1"]) {
      const refused = Number(version.split(".")[1]) < Number(since.split(".")[1]) && version.startsWith("3");
      assert.deepEqual(
        await codes(text, `singularity@${version}`),
        refused ? [message] : [],
        `${version} ${text}`,
      );
    }
    assert.deepEqual(await codes(text, "singularity"), []);
    assert.deepEqual(await codes(text, "apptainer@1.1"), []);
  }
});

const entry = (more: Partial<Entry> = {}) => entryOf({ uri: "lab.example.com", ...more });

/** Changes to a file: the quirks by the content are those of the text that an edit makes. */
const EDITS: readonly (readonly [text: string, changes: readonly Change[]])[] = [
  [lab("Exclusive: false"), [{ kind: "add", remote: "b", after: entry() }]],
  [lab("Exclusive: false"), [{ kind: "remove", remote: "lab" } as Change]],
  [lab("Insecure: true"), [{
    kind: "update",
    remote: "lab",
    before: entry({ insecure: true }),
    after: entry(),
  }]],
  [lab("Insecure: false"), [{
    kind: "update",
    remote: "lab",
    before: entry(),
    after: entry({ insecure: true }),
  }]],
  [lab("Insecure: false"), [{
    kind: "update",
    remote: "lab",
    before: entry(),
    after: entry({ uri: "b.example.com" }),
  }]],
  [`Active: 2001-01-01\n${lab()}`, [{ kind: "logout", remote: "lab" } as Change]],
  [`Active: 2001-01-01\n${lab()}`, [
    { kind: "use", before: { remote: "2001-01-01", exclusive: [] }, after: { remote: "lab", exclusive: [] } },
  ]],
  [lab("Exclusive: true"), [
    { kind: "use", before: { remote: null, exclusive: ["lab"] }, after: { remote: null, exclusive: [] } },
  ]],
  [lab("Token: 2001-01-01"), [{ kind: "logout", remote: "lab" } as Change]],
  [lab("Token: 2001-01-01"), [{ kind: "add", remote: "b", after: entry() }]],
  ["# nothing yet\n", [{ kind: "add", remote: "b", after: entry() }]],
];

Deno.test("what a change leaves is refused as the new file will be", async () => {
  for (const [text, changes] of EDITS) {
    const before = await parseRemoteFile(text, "f");
    const after = applyChanges(before.content, changes);
    const edited = await editRemoteFile(before, changes);
    for (const program of ["singularity@3.5", "singularity@3.8", "singularity", "apptainer"]) {
      const quirks = quirksAfter(before.quirks, before.content, after);
      const foreseen = refusedWhole(parseReader(program), {
        scope: "global",
        path: "f",
        content: after,
        quirks,
      });
      assert.deepEqual([...foreseen].map(({ message }) => message), await codes(edited, program), edited);
    }
  }
});

Deno.test("an address that cannot be used is so before a version, or from one on", () => {
  const why = (uri: string, program: string) => addressProblem(parseReader(program), uri);
  assert.equal(
    why("https://lab.example.com", "singularity@3.8"),
    "Singularity before 3.9 cannot use the address https://lab.example.com",
  );
  assert.equal(
    why("lab.example.com:1", "singularity"),
    "Singularity 3.9 and later cannot use the address lab.example.com:1",
  );
  assert.equal(why("lab.example.com:1", "singularity@3.8"), null);
  assert.equal(why("https://lab.example.com", "apptainer@1.1"), null);
});
