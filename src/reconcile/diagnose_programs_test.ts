import assert from "node:assert/strict";
import { parseReader } from "../base/reader.ts";
import {
  diagnosePrograms,
  type InstalledFiles,
  installedFor,
  onlyInstalled,
  type Used,
} from "./diagnose_programs.ts";
import { troubles, typed } from "./testing.ts";

const CE: InstalledFiles = {
  command: "singularity",
  path: "/usr/bin/singularity",
  distrusted: null,
  runtime: "singularity",
  version: "4.5.1",
  sysconfdir: "/etc",
  trouble: null,
  reachedBy: "/usr/bin",
  userFile: "/u",
  globalFile: "/g",
};
const APPTAINER: InstalledFiles = {
  ...CE,
  command: "apptainer",
  path: "/usr/bin/apptainer",
  runtime: "apptainer",
  version: "1.5.3",
};
const LINK: InstalledFiles = { ...APPTAINER, command: "singularity", path: "/usr/bin/singularity" };
const USED: Used = {
  reader: parseReader("singularity"),
  user: null,
  global: null,
  uid: 7,
  same: () => false,
  places: "HERE",
  sysconfdirs: "A or B",
  doctorFor: (runtime) => typed(["--runtime", runtime, "doctor"]),
  assumed: null,
};
const SILENT = { runtime: null, version: null, sysconfdir: null, userFile: null, globalFile: null } as const;

Deno.test("diagnoses: installed programs, by what sremote is about", () => {
  const isLink = "warning /usr/bin/singularity: this `singularity` is Apptainer, which has its own files";
  const cases: readonly (readonly [string, readonly InstalledFiles[], readonly string[]])[] = [
    ["singularity", [CE], []],
    ["apptainer", [APPTAINER], []],
    ["apptainer", [LINK, APPTAINER], []],
    ["apptainer", [LINK], []],
    ["singularity", [], ["note singularity: neither singularity nor apptainer is installed in HERE"]],
    ["singularity", [APPTAINER], ["warning singularity: Singularity is not installed, but Apptainer is"]],
    ["apptainer", [CE], ["warning apptainer: Apptainer is not installed, but Singularity is"]],
    ["singularity", [LINK, APPTAINER], [
      isLink,
      "warning singularity: Singularity is not installed, but Apptainer is",
    ]],
    ["singularity", [CE, APPTAINER], [
      "note singularity: Apptainer is installed, too, and has its own files; this is about Singularity",
    ]],
    ["apptainer", [CE, APPTAINER], [
      "note apptainer: Singularity is installed, too, and has its own files; this is about Apptainer",
    ]],
    ["singularity@4.5", [CE], []],
    ["singularity@4.5.2", [CE], [
      "warning /usr/bin/singularity: it is older than singularity@4.5.2, which the files are for",
    ]],
    ["apptainer@1.2", [CE, APPTAINER], [
      "note apptainer: Singularity is installed, too, and has its own files; this is about Apptainer",
    ]],
    ["singularity", [{ ...CE, version: "3.8.4" }], [
      "note /usr/bin/singularity: this version cannot read some fields and addresses that sremote writes",
    ]],
    ["singularity@3.8", [{ ...CE, version: "3.8.4" }], []],
    ["singularity", [{ ...CE, version: "3.9.0" }], []],
    ["apptainer", [{ ...APPTAINER, version: "1.1.9" }], []],
    ["singularity", [{ ...CE, globalFile: "/other" }], [
      "warning /usr/bin/singularity: its global file is /other, and sremote uses /g",
    ]],
    ["singularity", [{ ...CE, globalFile: "/link/g" }], []],
    ["singularity", [{ ...CE, userFile: "/other" }], [
      "warning /usr/bin/singularity: its user file is /other, and sremote uses /u",
    ]],
    ["singularity", [{ ...CE, sysconfdir: null, globalFile: null }], [
      "note /usr/bin/singularity: it does not say its sysconfdir: its global file is usually in A or B",
    ]],
    // The files of a program that sremote is not about are none of its business.
    ["singularity", [CE, { ...APPTAINER, globalFile: "/other", userFile: "/other" }], [
      "note singularity: Apptainer is installed, too, and has its own files; this is about Singularity",
    ]],
    ["singularity", [{ ...CE, ...SILENT, distrusted: { why: "others can change /x", uid: null } }], [
      "note /usr/bin/singularity: it was not asked for its version, because others can change /x",
    ]],
    ...["it did not answer within 5 s", "it exited with 3", "it cannot be started"].map((trouble) =>
      ["singularity", [{ ...CE, ...SILENT, trouble }], [`warning /usr/bin/singularity: ${trouble}`]] as const
    ),
    ["singularity", [{ ...CE, sysconfdir: null, globalFile: null, trouble: "buildcfg: it exited with 1" }], [
      "note /usr/bin/singularity: buildcfg: it exited with 1: its global file is usually in A or B",
    ]],
    ["singularity@3.8", [{ ...CE, version: "3.8.4", sysconfdir: null, globalFile: null }], [
      "note /usr/bin/singularity: it cannot be asked for its sysconfdir without a change to the home directory: " +
      "its global file is usually in A or B",
    ]],
    ["singularity", [{ ...CE, ...SILENT }], [
      "warning /usr/bin/singularity: it does not say its version as Singularity does",
    ]],
  ];
  for (const [name, installed, expected] of cases) {
    const reader = parseReader(name);
    const same = (a: string, b: string) => a === b || b === `/link${a}`;
    const used = { ...USED, reader, user: "/u", global: "/g", same };
    assert.deepEqual(
      troubles(diagnosePrograms(installed, used)),
      expected,
      `${name} ${JSON.stringify(installed)}`,
    );
  }
});

Deno.test("diagnoses: the version and the sysconfdir of a program are shown", () => {
  const used = { ...USED, reader: parseReader("apptainer") };
  const shown = (one: InstalledFiles) =>
    Array.from(diagnosePrograms([one], used), ({ message }) => message)[0];
  assert.equal(shown(APPTAINER), "Apptainer 1.5.3, sysconfdir /etc");
  assert.equal(shown({ ...APPTAINER, sysconfdir: null }), "Apptainer 1.5.3");
});

Deno.test("diagnoses: the program that reads the files is that of its own name, if it says its version", () => {
  assert.equal(installedFor("apptainer", [LINK, APPTAINER]), APPTAINER);
  assert.equal(installedFor("apptainer", [LINK]), LINK);
  assert.equal(installedFor("singularity", [LINK, APPTAINER]), null);
  assert.equal(installedFor("singularity", [{ ...CE, ...SILENT }]), null);
});

Deno.test("diagnoses: nobody is told to run another user's program, and root is warned of one in PATH", () => {
  const theirs = { ...CE, ...SILENT, path: "/home/alice/bin/singularity", reachedBy: "/home/alice/bin" };
  const owned = { why: "/home/alice belongs to uid 8, not to root", uid: 8 };
  const changeable = { why: "others can change /home/alice", uid: null };
  const remedy = (uid: number, distrusted: typeof owned | typeof changeable, reachedBy: string | null) => {
    const found = [...diagnosePrograms([{ ...theirs, distrusted, reachedBy }], { ...USED, uid })];
    assert.equal(found.length, 1);
    return [found[0]!.severity, found[0]!.next];
  };
  const pass = ["note", "Pass its sysconfdir with --sysconfdir if sremote should use its global file"];
  assert.deepEqual(remedy(8, owned, "/home/alice/bin"), [
    "note",
    "Run /home/alice/bin/singularity buildcfg yourself, and pass its SYSCONFDIR with --sysconfdir",
  ]);
  assert.deepEqual(remedy(7, owned, "/home/alice/bin"), pass);
  assert.deepEqual(remedy(0, owned, "/home/alice/bin"), [
    "warning",
    "Take /home/alice/bin out of root's PATH",
  ]);
  assert.deepEqual(remedy(0, owned, "/usr/local/bin"), [
    "warning",
    "Remove /home/alice/bin/singularity, or make it root's own with all that is above it",
  ]);
  assert.deepEqual(remedy(0, owned, null), pass);
  assert.deepEqual(remedy(0, changeable, "/home/alice/bin"), pass);
});

Deno.test("diagnoses: the only installed program is the one that doctor is about", () => {
  assert.equal(onlyInstalled([LINK, APPTAINER]), "apptainer");
  assert.equal(onlyInstalled([CE]), "singularity");
  assert.equal(onlyInstalled([CE, APPTAINER]), null);
  assert.equal(onlyInstalled([APPTAINER, { ...CE, ...SILENT }]), null);
  assert.equal(onlyInstalled([]), null);
  const used = { ...USED, reader: parseReader("apptainer"), assumed: "singularity" } as const;
  assert.deepEqual(troubles(diagnosePrograms([LINK, APPTAINER], used)), [
    "note apptainer: only Apptainer is installed, so this is about it; " +
    "other commands are about Singularity, whose directory is there, too",
  ]);
});
