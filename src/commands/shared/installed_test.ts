import assert from "node:assert/strict";
import { readBuiltVersion, readSysconfdir, readVersion } from "./installed.ts";

Deno.test("installed: the version of every program as it prints it, and nothing else", () => {
  const cases: readonly (readonly [string, string | null])[] = [
    ["singularity version 3.5.3\n", "singularity 3.5.3"],
    ["singularity-ce version 4.5.1-noble", "singularity 4.5.1"],
    ["singularity-pro version 4.1.6-1.el8", "singularity 4.1.6"],
    ["apptainer version 1.1.9-1.el8", "apptainer 1.1.9"],
    ["apptainer version 1.3", "apptainer 1.3"],
    ["singularity version v3.8.7+204-g2f8c1d4", "singularity 3.8.7"],
    ["WARNING: something\nsingularity version 3.8.7", "singularity 3.8.7"],
    ["2.6.1-dist", null],
    ["docker version 4.5.1", null],
    ["singularity version unknown", null],
    ["singularity version 3", null],
    ["singularity version 3000.1", null],
    ["", null],
  ];
  for (const [text, expected] of cases) {
    const found = readVersion(text);
    assert.equal(found && `${found.runtime} ${found.version}`, expected, text);
  }
});

Deno.test("installed: version and sysconfdir from buildcfg", () => {
  const text = "PACKAGE_NAME=singularity-ce\nPACKAGE_VERSION=3.11.5-jammy\nPREFIX=/usr/local\n" +
    "SYSCONFDIR=/usr/local/etc\nSINGULARITY_CONFDIR=/usr/local/etc/singularity\n";
  assert.deepEqual(readBuiltVersion(text), { runtime: "singularity", version: "3.11.5" });
  assert.equal(readSysconfdir(text), "/usr/local/etc");
  assert.equal(readSysconfdir("SYSCONFDIR=/etc/"), "/etc");
  for (
    const none of [
      "",
      "SYSCONFDIR=",
      "SYSCONFDIR=etc",
      "XSYSCONFDIR=/etc",
      `SYSCONFDIR=/${"a".repeat(5_000)}`,
    ]
  ) {
    assert.equal(readSysconfdir(none), null, none.slice(0, 20));
  }
  assert.equal(readBuiltVersion("PACKAGE_NAME=docker\nPACKAGE_VERSION=1.2.3"), null);
  assert.equal(readBuiltVersion("PACKAGE_NAME=apptainer"), null);
});
