import assert from "node:assert/strict";
import type { RunOptions } from "../../world.ts";
import { findInstalled, readSysconfdir, readVersion } from "./installed.ts";

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

Deno.test("installed: sysconfdir from buildcfg", () => {
  const text = "PACKAGE_NAME=singularity-ce\nPACKAGE_VERSION=3.11.5-jammy\nPREFIX=/usr/local\n" +
    "SYSCONFDIR=/usr/local/etc\nSINGULARITY_CONFDIR=/usr/local/etc/singularity\n";
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
});

interface Answer {
  readonly status: number | null;
  readonly stdout?: string;
  readonly timedOut?: boolean;
}

/** A machine with one program in /usr/bin that answers so; what was run, and what was found. */
async function asked(answer: (argument: string) => Promise<Answer>) {
  const ran: string[] = [];
  const root = { kind: "folder", mode: 0o755, uid: 0, gid: 0, changed: 0 } as const;
  const found = await findInstalled({
    files: {
      stat: (path) =>
        path === "/usr/bin/singularity"
          ? { ...root, kind: "file" }
          : /^\/(?:usr(?:\/bin)?)?$/.test(path)
          ? root
          : null,
      readLink: () => null,
    },
    here: { env: (name) => name === "PATH" ? "/usr/bin" : undefined },
    programs: {
      async run([, argument], { apart }: RunOptions) {
        ran.push(argument!);
        assert.match(apart!.HOME!, /^\/dev\/null/);
        assert.match(apart!.SINGULARITY_CONFIGDIR!, /^\/dev\/null/);
        return { stdout: "", timedOut: false, ...await answer(argument!) };
      },
    },
  });
  assert.equal(found.length, 1);
  return { ran, one: found[0]! };
}

Deno.test("installed: buildcfg is run only for versions that can be kept from the home directory", async () => {
  const cases: readonly (readonly [says: string, safe: boolean])[] = [
    ["singularity version 3.5.3", false],
    ["singularity version 3.8.7", false],
    ["singularity-ce version 3.11.3", false],
    ["singularity-ce version 3.11.4", true],
    ["singularity-ce version 4.5.1", true],
    ["apptainer version 1.1.9", true],
    ["apptainer version 1.5.3", true],
    ["2.6.1-dist", false],
    ["", false],
  ];
  for (const [says, safe] of cases) {
    const stdout = (argument: string) => argument === "--version" ? says : "SYSCONFDIR=/opt/etc\n";
    const { ran, one } = await asked((argument) => Promise.resolve({ status: 0, stdout: stdout(argument) }));
    assert.deepEqual(ran, ["--version", ...safe ? ["buildcfg"] : []], says);
    assert.equal(one.sysconfdir, safe ? "/opt/etc" : null);
    assert.equal(one.trouble, null);
  }
});

Deno.test("installed: why a program does not answer", async () => {
  const version = { status: 0, stdout: "singularity version 4.5.1" };
  const cases: readonly (readonly [() => Promise<Answer>, string])[] = [
    [() => Promise.resolve({ status: null, timedOut: true }), "it did not answer within 5 s"],
    [() => Promise.resolve({ ...version, status: 3 }), "it exited with 3"],
    [() => Promise.resolve({ status: null }), "it was ended by a signal"],
    [() => Promise.resolve({ status: null, stdout: "x".repeat(100_000) }), "it prints more than 64 KiB"],
    [() => Promise.reject(new Error("ENOEXEC")), "it cannot be started"],
  ];
  for (const [answer, trouble] of cases) {
    const { one, ran } = await asked(answer);
    assert.deepEqual([one.trouble, one.version, ran], [trouble, null, ["--version"]]);
    const later = await asked((argument) => argument === "--version" ? Promise.resolve(version) : answer());
    assert.deepEqual([later.one.trouble, later.one.version, later.one.sysconfdir], [
      `buildcfg: ${trouble}`,
      "4.5.1",
      null,
    ]);
  }
});
