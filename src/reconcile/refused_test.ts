import assert from "node:assert/strict";
import { parseReader } from "../base/reader.ts";
import type { Change, Entry, Quirks, Reader, RemoteFile, Scope } from "../model.ts";
import { applyChanges } from "../remotefile/changes.ts";
import { editRemoteFile } from "../remotefile/edit.ts";
import { entryOf } from "../remotefile/entry.ts";
import { parseRemoteFile } from "../remotefile/parse.ts";
import {
  addressProblem,
  hiddenParts,
  ignoredParts,
  NO_QUIRKS,
  quirksAfter,
  refusedLater,
  refusedWhole,
} from "./refused.ts";
import { file, stored } from "./testing.ts";

const reader = (text: string): Reader => parseReader(text)!;

const ALL = [
  "singularity",
  "singularity@3.5",
  "singularity@3.8",
  "singularity@4.4",
  "apptainer",
  "apptainer@1.1",
];

/** The codes by reader, for a file that has one thing. */
function codes(
  content: RemoteFile,
  quirks: Partial<Quirks>,
  scope: Scope = "user",
): Record<string, string[]> {
  const read = { scope, path: "/remote.yaml", content, quirks: { ...NO_QUIRKS, ...quirks } };
  return Object.fromEntries(
    ALL.map((name) => {
      const found = [...refusedWhole(reader(name), read), ...ignoredParts(reader(name), read)];
      for (const { message, next } of found) {
        assert.ok(message.length > 20 && /^[A-Z]/.test(next) && !next.endsWith("."), `${message} / ${next}`);
      }
      return [name, found.map(({ severity, code }) => `${severity} ${code}`)];
    }).filter(([, list]) => list!.length > 0),
  );
}

const TOO_NEW = ["error field-too-new"];
const UNUSABLE = ["warning address-unusable"];

const EVERYWHERE = Object.fromEntries(ALL.map((one) => [one, UNUSABLE]));

const cases: readonly (readonly [
  story: string,
  content: RemoteFile,
  quirks: Partial<Quirks>,
  expected: Readonly<Record<string, readonly string[]>>,
])[] = [
  ["nothing odd", file([stored("a")]), {}, {}],
  ["a symbolic link", file([stored("a")]), { symlink: true }, { singularity: ["error symlink"] }],
  ["only comments", file([]), { blank: true }, {
    singularity: ["error empty-document"],
    apptainer: ["error empty-document"],
  }],
  [
    "a date as a name",
    file([stored("2001-01-01")]),
    { dates: [{ remote: "2001-01-01", field: "the name" }] },
    {
      singularity: ["error plain-date"],
    },
  ],
  ["a date as the default", file([stored("a")]), { dates: [{ remote: null, field: "Active" }] }, {
    singularity: ["error plain-date"],
  }],
  ["a date in a remote that the plan removes", file([]), { dates: [{ remote: "gone", field: "URI" }] }, {}],
  ["an exclusive remote", file([stored("a", { exclusive: true })]), {}, { "singularity@3.5": TOO_NEW }],
  ["a field without effect", file([stored("a")]), { newFields: [{ remote: "a", field: "Exclusive" }] }, {
    "singularity@3.5": TOO_NEW,
  }],
  ["an insecure remote", file([stored("a", { insecure: true })]), {}, {
    "singularity@3.5": TOO_NEW,
    "singularity@3.8": TOO_NEW,
  }],
  // The older versions can use it, and no newer one.
  ["a bare address with a port", file([stored("a", { uri: "a.example.com:8443" })]), {}, EVERYWHERE],
  ["an address with a scheme", file([stored("a", { uri: "https://a.example.com" })]), {}, {
    "singularity@3.5": UNUSABLE,
    "singularity@3.8": UNUSABLE,
  }],
  ["no address", file([stored("a", { uri: "" })]), {}, EVERYWHERE],
];

for (const [story, content, quirks, expected] of cases) {
  Deno.test(`refused: ${story}, by program and version`, () => {
    assert.deepEqual(codes(content, quirks), expected);
  });
}

Deno.test("refused: only the global file needs System: true, in every version", () => {
  const content = file([stored("a"), stored("b", { system: true })]);
  const missing = ["warning system-missing"];
  assert.deepEqual(codes(content, {}, "global"), Object.fromEntries(ALL.map((one) => [one, missing])));
  assert.deepEqual(codes(content, {}), {});
});

Deno.test("refused: what fails without System: true is a command that the version has", () => {
  const content = file([stored("a")]);
  const says = (name: string) =>
    Array.from(
      ignoredParts(reader(name), { scope: "global", path: "/r", content, quirks: NO_QUIRKS }),
      ({ message }) => message.replace(/^without System: true in \/r: "a"; /, ""),
    ).join();
  const later = ", and keyserver add of Singularity 4.0 and later";
  assert.equal(says("singularity@3.5"), `remote use --global fails for them${later}`);
  assert.equal(says("singularity@3.6"), `remote use --global fails for them${later}`);
  assert.equal(says("singularity@3.7"), `remote add-keyserver fails for them${later}`);
  assert.equal(says("singularity@3.11.5"), `remote add-keyserver fails for them${later}`);
  assert.equal(says("singularity@4.0"), "keyserver add fails for them");
  assert.equal(says("singularity"), "keyserver add fails for them");
  assert.equal(
    says("apptainer@1.1"),
    "remote add-keyserver fails for them, and keyserver add of Apptainer 1.2 and later",
  );
  assert.equal(says("apptainer"), "keyserver add fails for them");
});

Deno.test("refused: what a later version refuses is a warning, until the oldest one refuses it, too", () => {
  const quirks = {
    symlink: true,
    blank: true,
    dates: [{ remote: null, field: "Active" }],
    newFields: [],
  };
  const read = { scope: "user", path: "/r", content: file([]), quirks } as const;
  const found = (name: string) => [
    ...Array.from(refusedWhole(reader(name), read)),
    ...Array.from(refusedLater(reader(name), read)),
  ];
  const all = ["symlink", "empty-document", "plain-date"];
  for (const name of ["singularity@3.5", "singularity@3.8", "singularity@3.11.5", "singularity@4.4.1"]) {
    assert.deepEqual(
      found(name).map(({ severity, code }) => `${severity} ${code}`),
      all.map((one) => `warning ${one}`),
    );
  }
  for (const name of ["singularity", "singularity@4.5", "singularity@4.5.1"]) {
    assert.deepEqual(
      found(name).map(({ severity, code }) => `${severity} ${code}`),
      all.map((one) => `error ${one}`),
    );
  }
  assert.deepEqual(found("singularity@3.8").map(({ message }) => message), [
    "/r is a symbolic link: every command of Singularity 4.5.0 and later fails",
    "/r has only comments or blank lines: every command of Singularity 4.5 and later fails",
    "Active in /r is a date without quotes: every command of Singularity 4.5 and later fails",
  ]);
  const comments = "/r has only comments or blank lines: every command of Apptainer 1.5 and later fails";
  for (
    const [name, severity] of [["apptainer@1.1", "warning"], ["apptainer@1.5", "error"], [
      "apptainer",
      "error",
    ]] as const
  ) {
    assert.deepEqual(found(name).map((one) => `${one.severity} ${one.message}`), [`${severity} ${comments}`]);
  }
  for (const one of found("singularity@3.8")) {
    assert.ok(one.subject === "/r" && !one.itself.includes("/r"), one.itself);
  }
});

Deno.test("refused: a message names the program and the first version that minds", () => {
  const first = (text: string, uri: string) => addressProblem(reader(text), uri);
  assert.equal(
    first("singularity", "a.example.com:1"),
    "Singularity 3.9 and later cannot use the address a.example.com:1",
  );
  assert.equal(
    first("apptainer", "a.example.com:1"),
    "Apptainer 1.1 and later cannot use the address a.example.com:1",
  );
  assert.equal(
    first("singularity@3.7", "https://a.example.com"),
    "Singularity before 3.9 cannot use the address https://a.example.com",
  );
  assert.equal(first("singularity@3.7", "a.example.com:1"), null);
  const content = file([stored("a", { uri: "a.example.com:1" })]);
  const later = Array.from(ignoredParts(reader("singularity@3.7"), {
    scope: "user",
    path: "/r",
    content,
    quirks: NO_QUIRKS,
  }));
  assert.match(
    later[0]!.message,
    /^Singularity 3\.9 and later cannot use the address a\.example\.com:1, and older/,
  );
  assert.equal(first("apptainer", ""), "it has no address");
  const exclusive = { scope: "user", path: "/r", content: file([stored("a", { exclusive: true })]) } as const;
  const [refusal] = refusedWhole(reader("singularity@3.5"), { ...exclusive, quirks: NO_QUIRKS });
  assert.match(refusal!.message, /^\/r has the field Exclusive \(of "a"\), .* Singularity before 3\.7 fails/);
});

Deno.test("refused: a file that users cannot read is an error, unless its group can", () => {
  const cases:
    readonly (readonly [uid: number, holders: readonly string[] | null, file: string, directory: string])[] =
      [
        [7, [], "Run chmod 644 /f", "Run chmod 755 /d"],
        [0, [], "Run as root: chmod 644 /f", "Run as root: chmod 755 /d"],
        // A token must not become public.
        [
          0,
          null,
          "Run as root: chmod 644 /f if it holds no token; users can then read it",
          "Run as root: chmod 755 /d",
        ],
        [
          0,
          ["a"],
          "Remove the token from the file (log in as a user instead). Then run as root: chmod 644 /f",
          "Remove the token from the file (log in as a user instead). Then run as root: chmod 755 /d",
        ],
      ];
  for (const [uid, holders, ofFile, ofDirectory] of cases) {
    const found = [...hiddenParts(reader("apptainer"), [
      { path: "/f", kind: "file", mode: 0o600, group: false, uid },
      { path: "/d", kind: "directory", mode: 0o750, group: true, uid },
    ], holders)];
    assert.deepEqual(found.map(({ severity, next }) => [severity, next]), [
      ["error", ofFile],
      ["warning", ofDirectory],
    ]);
    assert.equal(found[0]!.itself.includes('tokens of "a"'), holders?.length === 1);
  }
});

async function messages(text: string, program: string): Promise<readonly string[]> {
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

Deno.test("refused: a field by every version before the one that has it, and by no other", async () => {
  for (const [text, field, since] of FIELDS) {
    const message = `f has the field ${field}, and every command of Singularity before ${since} fails on it`;
    for (const version of ["3.5", "3.6", "3.7", "3.8", "3.8.4", "3.9", "4.5.1"]) {
      const refused = Number(version.split(".")[1]) < Number(since.split(".")[1]) && version.startsWith("3");
      assert.deepEqual(
        await messages(text, `singularity@${version}`),
        refused ? [message] : [],
        `${version} ${text}`,
      );
    }
    assert.deepEqual(await messages(text, "singularity"), []);
    assert.deepEqual(await messages(text, "apptainer@1.1"), []);
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

Deno.test("refused: what a change leaves is refused as the new file will be", async () => {
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
      assert.deepEqual([...foreseen].map(({ message }) => message), await messages(edited, program), edited);
    }
  }
});
