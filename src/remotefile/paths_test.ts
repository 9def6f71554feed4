import assert from "node:assert/strict";
import type { Version } from "../base/reader.ts";
import type { Runtime, Scope } from "../model.ts";
import { refuses } from "../../tests/refuses.ts";
import {
  ambiguousSysconfdir,
  findTarget,
  type PathInputs,
  type PathOptions,
  readElsewhere,
} from "./paths.ts";

const NOWHERE: PathOptions = { root: null, remoteFile: null, sysconfdir: null };

function inputs(
  { env = {}, there = [], links = {}, home = "/home/me" }: {
    readonly env?: Readonly<Record<string, string>>;
    readonly there?: readonly string[];
    /** Files that are others behind links. */
    readonly links?: Readonly<Record<string, string>>;
    readonly home?: string | null;
  },
): PathInputs {
  return {
    files: {
      exists: (file) => there.some((one) => one === file || one.startsWith(`${file}/`)),
      realPath: (file) => links[file] ?? file,
    },
    here: {
      env: (name) => env[name],
      folder: "/here",
      passwordHome: () => Promise.resolve(home),
    },
  };
}

interface Case {
  readonly story: string;
  readonly runtime: Runtime;
  readonly oldest?: Version;
  readonly scope: Scope;
  readonly options?: Partial<PathOptions>;
  readonly outside?: Parameters<typeof inputs>[0];
  readonly expected: string;
}

const HOME = { HOME: "/elsewhere" };
const CONFIGDIRS = { SINGULARITY_CONFIGDIR: "/c", APPTAINER_CONFIGDIR: "/d" };
const cases: readonly Case[] = [
  {
    story: "a version that does not heed SINGULARITY_CONFIGDIR",
    runtime: "singularity",
    oldest: "3.11.3",
    scope: "user",
    outside: { env: { ...HOME, ...CONFIGDIRS } },
    expected: "/home/me/.singularity/remote.yaml",
  },
  {
    story: "the first version that heeds it",
    runtime: "singularity",
    oldest: "3.11.4",
    scope: "user",
    outside: { env: { ...HOME, ...CONFIGDIRS } },
    expected: "/c/remote.yaml",
  },
  {
    story: "a version that does not heed APPTAINER_CONFIGDIR",
    runtime: "apptainer",
    oldest: "1.1",
    scope: "user",
    outside: { env: { ...HOME, ...CONFIGDIRS } },
    expected: "/elsewhere/.apptainer/remote.yaml",
  },
  {
    story: "Singularity's home is the password database's",
    runtime: "singularity",
    scope: "user",
    outside: { env: HOME },
    expected: "/home/me/.singularity/remote.yaml",
  },
  {
    story: "Apptainer's home is $HOME",
    runtime: "apptainer",
    scope: "user",
    outside: { env: HOME },
    expected: "/elsewhere/.apptainer/remote.yaml",
  },
  {
    story: "Apptainer's home is the password database's if HOME is unset",
    runtime: "apptainer",
    scope: "user",
    expected: "/home/me/.apptainer/remote.yaml",
  },
  {
    story: "Apptainer's home is the password database's if HOME is empty",
    runtime: "apptainer",
    scope: "user",
    outside: { env: { HOME: "" } },
    expected: "/home/me/.apptainer/remote.yaml",
  },
  {
    story: "SINGULARITY_CONFIGDIR",
    runtime: "singularity",
    scope: "user",
    outside: { env: { ...HOME, ...CONFIGDIRS } },
    expected: "/c/remote.yaml",
  },
  {
    story: "APPTAINER_CONFIGDIR comes before the older name",
    runtime: "apptainer",
    scope: "user",
    outside: { env: { ...HOME, ...CONFIGDIRS } },
    expected: "/d/remote.yaml",
  },
  {
    story: "Apptainer honours the older name",
    runtime: "apptainer",
    scope: "user",
    outside: { env: { ...HOME, SINGULARITY_CONFIGDIR: "/c", APPTAINER_CONFIGDIR: "" } },
    expected: "/c/remote.yaml",
  },
  {
    story: "an empty variable counts as unset",
    runtime: "singularity",
    scope: "user",
    outside: { env: { SINGULARITY_CONFIGDIR: "" } },
    expected: "/home/me/.singularity/remote.yaml",
  },
  {
    story: "a relative directory starts from the working directory",
    runtime: "singularity",
    scope: "user",
    outside: { env: { SINGULARITY_CONFIGDIR: "c" } },
    expected: "/here/c/remote.yaml",
  },
  {
    story: "--root is / in the user scope",
    runtime: "singularity",
    scope: "user",
    options: { root: "/r" },
    expected: "/r/home/me/.singularity/remote.yaml",
  },
  {
    story: "--root is / for Apptainer too",
    runtime: "apptainer",
    scope: "user",
    options: { root: "/r" },
    outside: { env: HOME },
    expected: "/r/elsewhere/.apptainer/remote.yaml",
  },
  {
    story: "--root is / for a directory that the environment names, and .. does not leave it",
    runtime: "singularity",
    scope: "user",
    options: { root: "/r" },
    outside: { env: { SINGULARITY_CONFIGDIR: "/a/../../c" } },
    expected: "/r/c/remote.yaml",
  },
  {
    story: "the environment names the user directory only",
    runtime: "apptainer",
    scope: "global",
    outside: { env: { ...HOME, ...CONFIGDIRS } },
    expected: "/etc/apptainer/remote.yaml",
  },
  {
    story: "Singularity ignores APPTAINER_CONFIGDIR",
    runtime: "singularity",
    scope: "user",
    outside: { env: { ...HOME, APPTAINER_CONFIGDIR: "/d" } },
    expected: "/home/me/.singularity/remote.yaml",
  },
  {
    story: "the user scope ignores sysconfdir",
    runtime: "singularity",
    scope: "user",
    options: { sysconfdir: "/opt/etc" },
    expected: "/home/me/.singularity/remote.yaml",
  },
  {
    story: "of two directories, the one in /etc",
    runtime: "apptainer",
    scope: "global",
    outside: { there: ["/etc/apptainer/apptainer.conf", "/usr/local/etc/apptainer/apptainer.conf"] },
    expected: "/etc/apptainer/remote.yaml",
  },
  {
    story: "no global file and no directory: /etc",
    runtime: "singularity",
    scope: "global",
    expected: "/etc/singularity/remote.yaml",
  },
  {
    story: "a directory decides if there is no file",
    runtime: "singularity",
    scope: "global",
    outside: { there: ["/usr/local/etc/singularity/singularity.conf"] },
    expected: "/usr/local/etc/singularity/remote.yaml",
  },
  {
    story: "a file comes before a directory",
    runtime: "apptainer",
    scope: "global",
    outside: { there: ["/etc/apptainer/apptainer.conf", "/usr/local/etc/apptainer/remote.yaml"] },
    expected: "/usr/local/etc/apptainer/remote.yaml",
  },
  {
    story: "of two files, the one in /etc",
    runtime: "singularity",
    scope: "global",
    outside: { there: ["/etc/singularity/remote.yaml", "/usr/local/etc/singularity/remote.yaml"] },
    expected: "/etc/singularity/remote.yaml",
  },
  {
    story: "the other program's files do not count",
    runtime: "singularity",
    scope: "global",
    outside: { there: ["/usr/local/etc/apptainer/remote.yaml"] },
    expected: "/etc/singularity/remote.yaml",
  },
  {
    story: "--root is / in the global scope",
    runtime: "singularity",
    scope: "global",
    options: { root: "r" },
    outside: { there: ["/here/r/usr/local/etc/singularity/remote.yaml", "/etc/singularity/remote.yaml"] },
    expected: "/here/r/usr/local/etc/singularity/remote.yaml",
  },
  {
    story: "sysconfdir decides",
    runtime: "singularity",
    scope: "global",
    options: { sysconfdir: "/opt/etc", root: "/r" },
    outside: { there: ["/r/etc/singularity/remote.yaml"] },
    expected: "/r/opt/etc/singularity/remote.yaml",
  },
  {
    story: "a relative sysconfdir starts from the working directory",
    runtime: "apptainer",
    scope: "global",
    options: { sysconfdir: "etc" },
    expected: "/here/etc/apptainer/remote.yaml",
  },
  {
    story: "--remote-file is exactly this file in the user scope, and no home is needed",
    runtime: "apptainer",
    scope: "user",
    options: { remoteFile: "/x/y.yaml" },
    outside: { env: { APPTAINER_CONFIGDIR: "/d" }, home: null },
    expected: "/x/y.yaml",
  },
  {
    story: "--remote-file is exactly this file, whatever else is set",
    runtime: "singularity",
    scope: "global",
    options: { remoteFile: "x/y.yaml", sysconfdir: "/opt", root: "/r" },
    expected: "/here/x/y.yaml",
  },
];

for (const { story, runtime, oldest = null, scope, options = {}, outside = {}, expected } of cases) {
  Deno.test(`paths: ${story}`, async () => {
    const target = await findTarget(
      { runtime, oldest },
      scope,
      { ...NOWHERE, ...options },
      inputs(outside),
    );
    assert.deepEqual(target, { runtime, oldest, scope, file: expected });
  });
}

Deno.test("paths: no home directory is an error that says what to do", async () => {
  const homes = [
    ["singularity", { home: null, env: HOME }, /password database/],
    ["singularity", { home: "" }, /password database/],
    ["singularity", { home: "relative" }, /password database/],
    ["apptainer", { home: null }, /password database/],
    ["apptainer", { home: null, env: { HOME: "" } }, /password database/],
    ["apptainer", { env: { HOME: "relative" } }, /HOME is "relative", not an absolute path/],
  ] as const;
  for (const [runtime, outside, why] of homes) {
    const failure = await refuses(
      "io",
      () => findTarget({ runtime, oldest: null }, "user", NOWHERE, inputs(outside)),
    );
    assert.match(failure.message, why);
    assert.match(failure.next!, new RegExp(`${runtime.toUpperCase()}_CONFIGDIR`));
  }
});

Deno.test("paths: two global files are ambiguous unless something says which", () => {
  const both = inputs({ there: ["/etc/singularity/remote.yaml", "/usr/local/etc/singularity/remote.yaml"] });
  assert.equal(ambiguousSysconfdir("singularity", NOWHERE, both), true);
  assert.equal(ambiguousSysconfdir("apptainer", NOWHERE, both), false);
  assert.equal(ambiguousSysconfdir("singularity", { ...NOWHERE, sysconfdir: "/etc" }, both), false);
  assert.equal(ambiguousSysconfdir("singularity", { ...NOWHERE, remoteFile: "/x" }, both), false);
  assert.equal(ambiguousSysconfdir("singularity", { ...NOWHERE, root: "/r" }, both), false);
  const below = inputs({
    there: [
      "/r/etc/apptainer/remote.yaml",
      "/r/usr/local/etc/apptainer/remote.yaml",
      "/etc/singularity/remote.yaml",
    ],
  });
  assert.equal(ambiguousSysconfdir("apptainer", { ...NOWHERE, root: "/r" }, below), true);
  const linked = {
    there: ["/etc/singularity/remote.yaml", "/usr/local/etc/singularity/remote.yaml"],
    links: { "/usr/local/etc/singularity/remote.yaml": "/etc/singularity/remote.yaml" },
  };
  assert.equal(ambiguousSysconfdir("singularity", NOWHERE, inputs(linked)), false);
  const directories = inputs({ there: ["/etc/singularity/x", "/usr/local/etc/singularity/x"] });
  assert.equal(ambiguousSysconfdir("singularity", NOWHERE, directories), false);
});

Deno.test("paths: newer versions read another user file, by a variable that the reader does not heed", () => {
  const of = (reader: Parameters<typeof readElsewhere>[0], env: Record<string, string>, options = {}) =>
    readElsewhere(reader, { ...NOWHERE, ...options }, inputs({ env: { ...HOME, ...env } }));
  const old = { runtime: "singularity", oldest: "3.8" } as const;
  const since = "3.11.4";
  const file = "/c/remote.yaml";
  assert.deepEqual(of(old, CONFIGDIRS), { variable: "SINGULARITY_CONFIGDIR", since, file });
  assert.deepEqual(of({ runtime: "apptainer", oldest: "1.1" }, CONFIGDIRS), {
    variable: "APPTAINER_CONFIGDIR",
    since: "1.2",
    file: "/d/remote.yaml",
  });
  assert.equal(of(old, CONFIGDIRS, { root: "/r" })?.file, "/r/c/remote.yaml");
  assert.equal(of(old, {}), null);
  assert.equal(of(old, { SINGULARITY_CONFIGDIR: "" }), null);
  assert.equal(of(old, { APPTAINER_CONFIGDIR: "/d" }), null);
  assert.equal(of(old, CONFIGDIRS, { remoteFile: "x" }), null);
  for (const oldest of [since, "4.5.1", null] as const) {
    assert.equal(of({ runtime: "singularity", oldest }, CONFIGDIRS), null);
  }
});
