/**
 * `doctor` on real files with stand-ins for the programs: whom it asks, whom it does not, and that no single bad thing stops
 * it. The world is the real one, except for the environment and the home directory.
 */
import assert from "node:assert/strict";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Diagnosis } from "../src/model.ts";
import type { World } from "../src/world.ts";
import { runInProcess } from "./in_process.ts";
import { Machine, OWNER } from "./machine.ts";

type Environment = Readonly<Record<string, string>>;

async function findings(
  machine: Machine,
  args: readonly string[],
  env: Environment = {},
  home: string | null = machine.home,
): Promise<{ readonly exit: number; readonly found: readonly Diagnosis[] }> {
  const outside = (world: World) => ({
    ...world,
    here: {
      ...world.here,
      env: (name: string) => ({ HOME: machine.home, PATH: join(machine.root, "bin"), ...env })[name],
      passwordHome: () => Promise.resolve(home),
    },
  });
  const { exit, out, err } = await runInProcess(["doctor", "--offline", "--json", ...args], machine, outside);
  assert.match(out, /^\{/, err);
  const { findings } = JSON.parse(out) as { readonly findings: readonly Diagnosis[] };
  return { exit, found: findings };
}

/** The findings of a kind that are not ok, without the machine's own path. */
function shown(
  machine: Machine,
  found: readonly Diagnosis[],
  about: Diagnosis["about"] = "program",
): string[] {
  return found.filter((one) => one.about === about && one.severity !== "ok").map(
    ({ severity, subject, message }) => `${severity} ${subject}: ${message}`.replaceAll(machine.root, ""),
  );
}

/** A stand-in that notes its environment and arguments, and answers as the program of this version does. */
function standIn(machine: Machine, path: string, version: string, sysconfdir = machine.etc): string {
  const file = join(machine.root, path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(
    file,
    `#!/bin/sh
{ echo "$@"; env; } > '${machine.root}/ran.'"$1"
case $1 in
--version) echo '${version}';;
buildcfg) printf 'PACKAGE_NAME=x\\nSYSCONFDIR=${sysconfdir}\\nSINGULARITY_CONFDIR=/other\\n';;
esac
`,
  );
  chmodSync(file, 0o755);
  return file;
}

const ran = (machine: Machine) => existsSync(join(machine.root, "ran.--version"));
// Whether a program belongs to root can be tested only by root.
const ignore = OWNER === null;

Deno.test(
  { name: "doctor asks an installed program in a clean environment, without a shell", ignore },
  async () => {
    using machine = new Machine();
    chmodSync(machine.root, 0o755);
    standIn(machine, "bin/singularity", "singularity-ce version 4.5.1-noble");
    const secret = { SINGULARITY_LOGIN_PASSWORD: "CANARY", LD_PRELOAD: "/x.so" };
    const { found } = await findings(machine, [], secret);
    const told = found.find(({ about }) => about === "program")!;
    assert.deepEqual([told.severity, told.message], ["ok", `Singularity 4.5.1, sysconfdir ${machine.etc}`]);
    const names = (argument: string) => {
      const [args, ...env] = readFileSync(join(machine.root, `ran.${argument}`), "utf8").trim().split("\n");
      assert.equal(args, argument);
      return env.map((line) => line.split("=", 1)[0]).filter((name) =>
        !/^(?:_|PWD|SHLVL|OLDPWD)$/.test(name!)
      ).sort();
    };
    const clean = ["APPTAINER_CONFIGDIR", "HOME", "LC_ALL", "PATH", "SINGULARITY_CONFIGDIR"];
    assert.deepEqual(names("--version"), clean);
    assert.deepEqual(names("buildcfg"), clean);
  },
);

Deno.test({ name: "doctor says which program is installed, and which files it reads", ignore }, async () => {
  type Case = readonly [
    programs: Readonly<Record<string, readonly [version: string, sysconfdir?: string]>>,
    args: readonly string[],
    expected: readonly string[],
  ];
  const ce = "singularity-ce version 4.5.1";
  const other =
    "its global file is /opt/etc/singularity/remote.yaml, and sremote uses /etc/singularity/remote.yaml";
  const cases: readonly Case[] = [
    [{ singularity: [ce] }, [], []],
    [{ singularity: ["singularity version 4.2.0-1.el8"] }, [], []],
    [{ apptainer: ["apptainer version 1.5.3"] }, ["--runtime", "apptainer"], []],
    [{ singularity: [ce, "/opt/etc"] }, [], [`warning /bin/singularity: ${other}`]],
    [{ singularity: ["apptainer version 1.5.3"] }, ["--runtime", "singularity"], [
      "warning /bin/singularity: this `singularity` is Apptainer, which has its own files",
      "warning singularity: Singularity is not installed, but Apptainer is",
    ]],
    // Nobody named a program: it is about the one that is installed, whatever directories there are.
    [{ singularity: ["apptainer version 1.5.3"] }, [], [
      "note apptainer: only Apptainer is installed, so this is about it; " +
      "other commands are about Singularity, whose directory is there, too",
    ]],
    [{ singularity: ["2.6.1-dist"] }, [], [
      "warning /bin/singularity: it does not say its version as Singularity does",
    ]],
    [{ singularity: ["singularity version 3.8.7"] }, ["--runtime", "singularity@3.9"], [
      "warning /bin/singularity: it is older than singularity@3.9, which the files are for",
      "note /bin/singularity: it cannot be asked for its sysconfdir without a change to the home directory: " +
      "its global file is usually in /etc/singularity or /usr/local/etc/singularity",
    ]],
  ];
  for (const [programs, args, expected] of cases) {
    using machine = new Machine();
    chmodSync(machine.root, 0o755);
    for (const [name, [version, sysconfdir]] of Object.entries(programs)) {
      standIn(machine, `bin/${name}`, version, sysconfdir);
    }
    assert.deepEqual(shown(machine, (await findings(machine, args)).found), expected);
  }
});

Deno.test({ name: "doctor judges the files for the installed version", ignore }, async () => {
  for (
    const [version, expected] of [
      ["3.6.4", [
        'error it has the field Exclusive (of "a"), and every command of Singularity before 3.7 fails on it',
      ]],
      ["3.8.4", []],
    ] as const
  ) {
    using machine = new Machine();
    chmodSync(machine.root, 0o755);
    standIn(machine, "bin/singularity", `singularity version ${version}`);
    const file = join(machine.home, ".singularity/remote.yaml");
    mkdirSync(join(file, ".."), { mode: 0o700 });
    writeFileSync(file, "Remotes:\n  a:\n    URI: a.example.com\n    Exclusive: true\n", { mode: 0o600 });
    const { exit, found } = await findings(machine, []);
    const its = found.filter(({ subject, severity }) => subject === file && severity !== "ok");
    assert.deepEqual(its.map(({ severity, message }) => `${severity} ${message}`), expected, version);
    assert.equal(exit, expected.length > 0 ? 1 : 0);
    if (expected.length > 0) {
      assert.equal(its[0]!.next, "Remove the field, or install Singularity 3.7 or later");
    }
  }
});

Deno.test({ name: "doctor runs no program that somebody else than root can replace", ignore }, async () => {
  const { uid, gid } = OWNER!;
  const cases:
    readonly (readonly [string, (machine: Machine, at: (path: string) => string) => void, string | null])[] =
      [
        ["root's own", () => {}, null],
        [
          "a directory of another",
          (_, at) => chownSync(at("bin"), uid, gid),
          `/bin belongs to uid ${uid}, not to root`,
        ],
        [
          "a directory that everyone can write to",
          (_, at) => chmodSync(at("bin"), 0o777),
          "others can change /bin",
        ],
        [
          "a directory that a group can write to",
          (_, at) => chmodSync(at("bin"), 0o775),
          "others can change /bin",
        ],
        ["a sticky directory", (_, at) => chmodSync(at("bin"), 0o1777), "others can change /bin"],
        [
          "below a directory of another",
          (machine) => chownSync(machine.root, uid, gid),
          ` belongs to uid ${uid}, not to root`,
        ],
        [
          "below one that everyone can write to",
          (machine) => chmodSync(machine.root, 0o777),
          "others can change ",
        ],
        ["below a sticky one", (machine) => chmodSync(machine.root, 0o1777), null],
        [
          "a file of another",
          (_, at) => chownSync(at("bin/singularity"), uid, gid),
          `/bin/singularity belongs to uid ${uid}, not to root`,
        ],
        [
          "a file that others can write to",
          (_, at) => chmodSync(at("bin/singularity"), 0o757),
          "others can change /bin/singularity",
        ],
        ["a link of root to a safe place", (machine, at) => {
          standIn(machine, "opt/tool", "singularity version 4.5.1");
          rmSync(at("bin/singularity"));
          symlinkSync("../opt/tool", at("bin/singularity"));
        }, null],
        ["a link to a place of another", (machine, at) => {
          standIn(machine, "opt/tool", "singularity version 4.5.1");
          chownSync(at("opt"), uid, gid);
          rmSync(at("bin/singularity"));
          symlinkSync(at("opt/tool"), at("bin/singularity"));
        }, `/opt belongs to uid ${uid}, not to root`],
      ];
  for (const [story, prepare, why] of cases) {
    using machine = new Machine();
    chmodSync(machine.root, 0o755);
    standIn(machine, "bin/singularity", "singularity version 4.5.1");
    chmodSync(join(machine.root, "bin"), 0o755);
    prepare(machine, (path) => join(machine.root, path));
    const { found } = await findings(machine, []);
    assert.equal(ran(machine), why === null, story);
    const told = why?.includes("belongs to uid")
      ? `warning /bin/singularity: it was not run, because ${why}: ` +
        "what root runs by this name is that user's program"
      : `note /bin/singularity: it was not asked for its version, because ${why}`;
    const expected = why === null ? [] : [told];
    assert.ok(found.every(({ next }) => !/^Run \S+singularity/.test(next ?? "")), story);
    assert.deepEqual(shown(machine, found), expected, story);
  }
});

Deno.test({ name: "a program is run neither with --root nor by plan and apply", ignore }, async () => {
  using machine = new Machine();
  chmodSync(machine.root, 0o755);
  standIn(machine, "bin/singularity", "singularity version 4.5.1");
  const { found } = await findings(machine, ["--root", machine.work]);
  assert.ok(found.every(({ about }) => about !== "program"));
  machine.put("remotes.json", '{ "remotes": { "a": { "uri": "a.example.com" } } }');
  const path = { PATH: join(machine.root, "bin") };
  for (const args of [["plan", "--offline"], ["apply", "--yes"], ["list"]]) {
    const seen = await runInProcess(args, machine, (world) => ({
      ...world,
      here: {
        ...world.here,
        env: (name) => (path as Environment)[name],
        passwordHome: () => Promise.resolve(machine.home),
      },
    }));
    assert.equal(seen.exit, 0, seen.err);
  }
  assert.ok(!ran(machine));
});

Deno.test("doctor reports everything, whatever else is broken", async () => {
  type Case = readonly [
    story: string,
    prepare: (machine: Machine, user: string) => void,
    RegExp,
    home?: null,
  ];
  const good = "Remotes:\n  a:\n    URI: a.example.com\n";
  const cases: readonly Case[] = [
    [
      "a broken user file",
      (_, user) => writeFileSync(user, "Remotes: ["),
      /^error the user file: cannot read /,
    ],
    [
      "an unknown field",
      (_, user) => writeFileSync(user, "Nonsense: 1\n"),
      /^error the user file: .*unknown field/,
    ],
    [
      "no text",
      (_, user) => writeFileSync(user, new Uint8Array([255, 254, 0])),
      /^error the user file: .*not UTF-8/,
    ],
    ["a directory in its place", (_, user) => mkdirSync(user), /^error the user file: .*not a regular file/],
    [
      "a circle of links",
      (_, user) => symlinkSync("remote.yaml", user),
      /^error the user file: .*lead in a circle/,
    ],
    ["a broken global file", (machine) => {
      mkdirSync(join(machine.etc, "singularity"), { recursive: true });
      writeFileSync(join(machine.etc, "singularity/remote.yaml"), "- 1");
    }, /^error the global file: cannot read /],
    ["no home directory", () => {}, /^error the user file: .*no home directory/, null],
    ["a broken ledger", (_, user) => {
      writeFileSync(user, good, { mode: 0o600 });
      writeFileSync(join(user, "../.sremote-ledger.json"), "{");
    }, /^error the user file: cannot read .*ledger/],
    ["a directory in place of the backup", (_, user) => {
      writeFileSync(user, good, { mode: 0o644 });
      mkdirSync(`${user}.sremote-backup`, { mode: 0o700 });
    }, /^warning \S+remote.yaml: others can read it/],
  ];
  for (const [story, prepare, expected, home] of cases) {
    using machine = new Machine();
    const user = join(machine.home, ".singularity/remote.yaml");
    mkdirSync(join(user, ".."), { mode: 0o700 });
    prepare(machine, user);
    const env = { HTTPS_PROXY: "gopher://proxy", SINGULARITY_LIBRARY: "https://l.example.com" };
    const { exit, found } = await findings(machine, [], env, home);
    assert.equal(exit, 1, story);
    const lines = found.map(({ severity, subject, message }) => `${severity} ${subject}: ${message}`);
    assert.ok(lines.some((line) => expected.test(line)), `${story}\n${lines.join("\n")}`);
    // What comes after the files is looked at all the same.
    for (const subject of ["HTTPS_PROXY", "SINGULARITY_LIBRARY"]) {
      assert.ok(found.some((one) => one.subject === subject), `${story}: ${subject}`);
    }
    for (const one of found) assert.equal(one.next === undefined, /ok|note/.test(one.severity), one.message);
  }
});

Deno.test("doctor reports certificates that cannot be read as one finding among the others", async () => {
  using machine = new Machine();
  const { exit, out } = await runInProcess(["doctor", "--cacert", "/nowhere.pem"], machine);
  assert.equal(exit, 1);
  assert.match(out, /^error {4}endpoints: cannot read the CA certificates in \/nowhere\.pem/m);
  assert.match(out, /^ok .*the global file/m);
});

Deno.test("doctor finds what killed processes and other programs left beside remote.yaml", async () => {
  using machine = new Machine();
  const user = join(machine.home, ".singularity/remote.yaml");
  const beside = (name: string) => join(user, "..", name);
  mkdirSync(beside("remote.yaml.lock"), { recursive: true, mode: 0o700 });
  chmodSync(beside("."), 0o700);
  const remote = (name: string, token: string) =>
    `  ${name}:\n    URI: ${name}.example.com\n    Token: ${token}\n`;
  writeFileSync(user, `Remotes:\n${remote("kept", "CANARY1")}${remote("new", "CANARY2")}`, { mode: 0o600 });
  const backup =
    `Remotes:\n${remote("kept", "CANARY1")}${remote("new", "CANARY0")}${remote("gone", "CANARY3")}` +
    "Credentials:\n- URI: https://k.example.com\n  Auth: CANARY4\n  Insecure: false\n";
  writeFileSync(beside("remote.yaml.sremote-backup"), backup, { mode: 0o600 });
  writeFileSync(beside(".remote.yaml.sremote-0123abcd"), "", { mode: 0o600 });
  writeFileSync(beside("..sremote-ledger.json.sremote-0123abcd"), "", { mode: 0o600 });
  writeFileSync(beside(".remote.yaml.sremote-mine"), "", { mode: 0o600 });
  writeFileSync(
    beside(".sremote-ledger.json"),
    '{ "formatVersion": 1, "remotes": ["kept", "removed"], "previous": [] }',
  );
  const look = async () => {
    const { found } = await findings(machine, []);
    assert.ok(!JSON.stringify(found).includes("CANARY"));
    return shown(machine, found, "file").map((one) => one.replaceAll("/home/.singularity/", ""));
  };
  const backupHolds =
    'warning remote.yaml.sremote-backup: it holds tokens of "new", "gone" and credentials of ' +
    '"https://k.example.com" that remote.yaml no longer has';
  const ledger = 'warning .sremote-ledger.json: it lists remotes that remote.yaml does not have: "removed"';
  // The lock was made just now: its process may be at work, and the temporary files be its own.
  assert.deepEqual(await look(), [
    backupHolds,
    "warning remote.yaml.lock: a lock is held by a running or killed sremote process",
    ledger,
  ]);
  const then = new Date(Date.now() - 60_000);
  utimesSync(beside("remote.yaml.lock"), then, then);
  const left = "it was left behind by an sremote process that was killed, and may hold a token";
  assert.deepEqual(await look(), [
    backupHolds,
    "warning remote.yaml.lock: this lock was left behind by an sremote process that was killed",
    `warning ..sremote-ledger.json.sremote-0123abcd: ${left}`,
    `warning .remote.yaml.sremote-0123abcd: ${left}`,
    ledger,
  ]);
  // It changes nothing.
  assert.ok(existsSync(beside("remote.yaml.lock")) && existsSync(beside(".remote.yaml.sremote-0123abcd")));
  // The remedy works: what was killed is gone with the next change, and what is not sremote's stays.
  const add = ["add", "--no-login", "more", "more.example.com"];
  assert.equal((await runInProcess(add, machine)).exit, 0);
  for (const name of [".remote.yaml", "..sremote-ledger.json"]) {
    assert.ok(!existsSync(beside(`${name}.sremote-0123abcd`)), name);
  }
  assert.ok(existsSync(beside(".remote.yaml.sremote-mine")) && !existsSync(beside("remote.yaml.lock")));
});

Deno.test("doctor finds every directory that keeps users from the global file", async () => {
  using machine = new Machine();
  chmodSync(machine.root, 0o755);
  const file = join(machine.etc, "singularity/remote.yaml");
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, "Remotes:\n  a:\n    URI: a.example.com\n    System: true\n");
  for (
    const [path, mode, kind] of [[file, 0o644, "read"], [join(file, ".."), 0o755, "enter"], [
      machine.etc,
      0o755,
      "enter",
    ]] as const
  ) {
    chmodSync(path, 0o700);
    const { found } = await findings(machine, []);
    const its = found.filter(({ subject, severity }) => subject === path && severity !== "ok");
    assert.deepEqual(its.map(({ next }) => next), [
      `Run${OWNER === null ? "" : " as root:"} chmod ${mode.toString(8)} ${path}`,
    ]);
    assert.match(its[0]!.message, new RegExp(`^it has mode 0700: users cannot ${kind} it`));
    // The remedy is one.
    chmodSync(path, mode);
    assert.deepEqual(shown(machine, (await findings(machine, [])).found, "file"), []);
  }
});

Deno.test("doctor finds the directories behind links that keep users from the global file", async () => {
  const cases: readonly (readonly [story: string, link: (at: (path: string) => string) => void])[] = [
    ["the file is a link", (at) => {
      mkdirSync(at("etc/singularity"), { recursive: true });
      symlinkSync(at("hidden/inner/remote.yaml"), at("etc/singularity/remote.yaml"));
    }],
    ["its directory is a link", (at) => symlinkSync("../hidden/inner", at("etc/singularity"))],
    ["a chain of links", (at) => {
      symlinkSync(at("hidden/inner"), at("step"));
      symlinkSync("../step", at("etc/singularity"));
    }],
    ["a link inside what a link leads to", (at) => {
      mkdirSync(at("open"));
      symlinkSync("../hidden/inner/remote.yaml", at("open/remote.yaml"));
      symlinkSync(at("open"), at("etc/singularity"));
    }],
  ];
  for (const [story, link] of cases) {
    using machine = new Machine();
    chmodSync(machine.root, 0o755);
    const at = (path: string) => join(machine.root, path);
    mkdirSync(at("hidden/inner"), { recursive: true });
    mkdirSync(machine.etc, { recursive: true });
    writeFileSync(
      at("hidden/inner/remote.yaml"),
      "Remotes:\n  a:\n    URI: a.example.com\n    System: true\n",
    );
    link(at);
    const args = ["--runtime", "singularity@4.4"];
    const hides = async () =>
      shown(machine, (await findings(machine, args)).found, "file").filter((one) => one.includes("has mode"));
    assert.deepEqual(await hides(), [], story);
    for (const hidden of ["hidden", "hidden/inner"]) {
      chmodSync(at(hidden), 0o700);
      assert.deepEqual(await hides(), [
        `error /${hidden}: it has mode 0700: users cannot enter it, and every command of Singularity fails for them`,
      ], story);
      chmodSync(at(hidden), 0o755);
    }
    chmodSync(at("hidden/inner/remote.yaml"), 0o600);
    assert.equal((await hides()).length, 1, story);
  }
});

Deno.test("doctor compares home directories behind links, and says that one does not exist", async () => {
  using machine = new Machine();
  chmodSync(machine.root, 0o755);
  const link = join(machine.root, "link");
  symlinkSync(machine.home, link);
  const about = async (HOME: string, home: string) =>
    shown(
      machine,
      (await findings(machine, ["--runtime", "singularity"], { HOME }, home)).found,
      "environment",
    );
  assert.deepEqual(await about(link, machine.home), []);
  assert.deepEqual(await about(machine.home, link), []);
  assert.deepEqual(await about("/nonexistent", "/nonexistent"), [
    "warning home directory: the home directory /nonexistent does not exist: " +
    "Singularity has no place for its user file",
  ]);
  assert.equal((await about(machine.work, machine.home)).length, 1);
});

Deno.test({ name: "what doctor runs changes nothing in the home directory", ignore }, async () => {
  // Every command of these versions makes the directory of the password database, and corrects modes in it.
  const cases: readonly (readonly [name: string, says: string, heeds: string])[] = [
    ["singularity", "singularity version 3.5.3", ""],
    ["singularity", "singularity-ce version 3.11.3", ""],
    ["singularity", "singularity-ce version 3.11.4", "$SINGULARITY_CONFIGDIR"],
    ["apptainer", "apptainer version 1.1.9", "$HOME/.apptainer"],
    ["apptainer", "apptainer version 1.2.0", "$APPTAINER_CONFIGDIR"],
  ];
  for (const [name, says, heeds] of cases) {
    using machine = new Machine();
    chmodSync(machine.root, 0o755);
    const own = join(machine.home, `.${name}`);
    mkdirSync(join(machine.root, "bin"));
    const program = join(machine.root, "bin", name);
    const directory = heeds === "" ? own : heeds;
    writeFileSync(
      program,
      `#!/bin/sh
case $1 in
--version) echo '${says}';;
*) mkdir -p "${directory}"; chmod 700 "${directory}"; echo SYSCONFDIR=/etc;;
esac
`,
    );
    chmodSync(program, 0o755);
    const { found } = await findings(machine, ["--runtime", name]);
    assert.ok(found.some(({ severity, subject }) => severity === "ok" && subject === program), says);
    assert.ok(!existsSync(own), says);
  }
});

Deno.test("doctor tells whether Apptainer's takeover of ~/.singularity is ahead, cut off or done", async () => {
  using machine = new Machine();
  chmodSync(machine.root, 0o755);
  const [old, own] = [join(machine.home, ".singularity"), join(machine.home, ".apptainer")];
  mkdirSync(join(old, "sypgp"), { recursive: true });
  writeFileSync(join(old, "docker-config.json"), "{}");
  const look = async () =>
    shown(machine, (await findings(machine, ["--runtime", "apptainer"])).found, "file");
  assert.deepEqual(await look(), [
    "note /home/.apptainer: Apptainer takes over /home/.singularity on its first run, as long as this directory does not exist",
  ]);
  mkdirSync(own, { mode: 0o700 });
  const cut =
    "note /home/.apptainer: it exists, so Apptainer does not take over /home/.singularity any more, which has";
  assert.deepEqual(await look(), [`${cut} docker-config.json, sypgp`]);
  mkdirSync(join(own, "keys"));
  assert.deepEqual(await look(), [`${cut} docker-config.json`]);
  writeFileSync(join(own, "docker-config.json"), "{}");
  assert.deepEqual(await look(), []);
});

Deno.test("doctor accepts a user directory behind a symbolic link", async () => {
  using machine = new Machine();
  chmodSync(machine.root, 0o755);
  mkdirSync(join(machine.root, "scratch"), { mode: 0o700 });
  symlinkSync(join(machine.root, "scratch"), join(machine.home, ".singularity"));
  writeFileSync(join(machine.root, "scratch/remote.yaml"), "Remotes:\n  a:\n    URI: a.example.com\n", {
    mode: 0o600,
  });
  const { exit, found } = await findings(machine, []);
  assert.equal(exit, 0);
  assert.deepEqual(shown(machine, found, "file"), []);
});
