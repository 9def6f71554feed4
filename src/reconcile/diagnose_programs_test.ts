import assert from "node:assert/strict";
import { parseReader } from "../base/reader.ts";
import { diagnosePrograms, type InstalledFiles, installedFor } from "./diagnose_programs.ts";
import { troubles } from "./testing.ts";

const CE: InstalledFiles = {
  command: "singularity",
  path: "/usr/bin/singularity",
  distrusted: null,
  runtime: "singularity",
  version: "4.5.1",
  sysconfdir: "/etc",
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
const SILENT = { runtime: null, version: null, sysconfdir: null, userFile: null, globalFile: null } as const;

Deno.test("diagnoses: installed programs, by what sremote is about", () => {
  const isLink =
    "warning /usr/bin/singularity: it is Apptainer, which has files of its own, under the name singularity";
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
      "note singularity: Apptainer is installed, too, and has files of its own; this is about Singularity",
    ]],
    ["apptainer", [CE, APPTAINER], [
      "note apptainer: Singularity is installed, too, and has files of its own; this is about Apptainer",
    ]],
    ["singularity@4.5", [CE], []],
    ["singularity@4.5.2", [CE], [
      "warning /usr/bin/singularity: it is older than singularity@4.5.2, which the files are for",
    ]],
    ["apptainer@1.2", [CE, APPTAINER], [
      "note apptainer: Singularity is installed, too, and has files of its own; this is about Apptainer",
    ]],
    ["singularity", [{ ...CE, version: "3.8.4" }], [
      "note /usr/bin/singularity: sremote writes for current versions, which have fields or addresses that it cannot read",
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
      "note /usr/bin/singularity: it does not say its sysconfdir, which holds the global file",
    ]],
    // The files of a program that sremote is not about are none of its business.
    ["singularity", [CE, { ...APPTAINER, globalFile: "/other", userFile: "/other" }], [
      "note singularity: Apptainer is installed, too, and has files of its own; this is about Singularity",
    ]],
    ["singularity", [{ ...CE, ...SILENT, distrusted: "others can change /x" }], [
      "note /usr/bin/singularity: it was not asked for its version, because others can change /x",
    ]],
    ["singularity", [{ ...CE, ...SILENT }], [
      "warning /usr/bin/singularity: it does not say its version as Singularity does",
    ]],
  ];
  for (const [name, installed, expected] of cases) {
    const reader = parseReader(name);
    const same = (a: string, b: string) => a === b || b === `/link${a}`;
    const used = { reader, user: "/u", global: "/g", same, places: "HERE" };
    assert.deepEqual(
      troubles(diagnosePrograms(installed, used)),
      expected,
      `${name} ${JSON.stringify(installed)}`,
    );
  }
});

Deno.test("diagnoses: the version and the sysconfdir of a program are shown", () => {
  const used = { reader: parseReader("apptainer"), user: null, global: null, same: () => false, places: "" };
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
