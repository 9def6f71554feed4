/** Rollback restores all that the last command has written, and the hint after an apply is the command that does it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { BINARY, Machine, passwordHome, type Ran } from "./machine.ts";

const OLD = "# mine\nRemotes:\n  mine:\n    URI: mine.example.com\n    System: true\n";
const APPTAINER = { APPTAINER_CONFIGDIR: "/home/me/.apptainer" };
const CONFIG = {
  remotes: { a: { uri: "a.example.com", scope: "global" }, b: { uri: "b.example.com" } },
};

/** Types a line into a shell, in another directory, where `sremote` is the binary. */
function type(line: string, env: Readonly<Record<string, string>>): Ran {
  const { status, stdout, stderr } = spawnSync("/bin/bash", ["-c", line], {
    cwd: "/",
    env,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

/** The command that an apply names. */
function hintIn({ stdout }: Ran): string {
  const [, hint] =
    /(?:^|; )(sremote rollback.*?) restores (?:it|the files as they were before)\.$/m.exec(stdout) ?? [];
  assert.ok(hint !== undefined, stdout);
  return hint;
}

const CASES: readonly {
  readonly what: string;
  readonly runtimes?: readonly string[];
  /** With the machine's directory for @. */
  readonly flags: readonly string[];
  /** Files of the machine that apply changes. */
  readonly files: readonly string[];
}[] = [
  { what: "a user file", flags: ["--root", "@"], files: ["@/home/me/.singularity/remote.yaml"] },
  {
    what: "the global files of two programs",
    runtimes: ["singularity@3.8", "apptainer"],
    flags: ["--global", "--root", "@"],
    files: ["@/etc/singularity/remote.yaml", "@/etc/apptainer/remote.yaml"],
  },
  {
    what: "the user files of two programs",
    runtimes: ["singularity", "apptainer"],
    flags: ["--root", "@"],
    files: ["@/home/me/.singularity/remote.yaml", "@/home/me/.apptainer/remote.yaml"],
  },
  {
    what: "the user file of an old version, which heeds no variable",
    runtimes: ["singularity@3.8", "apptainer"],
    flags: ["--root", "@"],
    files: [`@${passwordHome()}/.singularity/remote.yaml`, "@/home/me/.apptainer/remote.yaml"],
  },
  {
    what: "the program that is not detected",
    runtimes: ["apptainer"],
    flags: ["--global", "--root", "@"],
    files: ["@/etc/apptainer/remote.yaml"],
  },
  {
    what: "one of two programs",
    runtimes: ["singularity", "apptainer"],
    flags: ["--runtime", "apptainer", "--global", "--root=@"],
    files: ["@/etc/apptainer/remote.yaml"],
  },
  {
    what: "a root to be quoted",
    flags: ["--global", "--root", '@/it\'s a; $HOME "root" — \\ *'],
    files: ['@/it\'s a; $HOME "root" — \\ */etc/singularity/remote.yaml'],
  },
  {
    what: "a root with characters that are not shown",
    flags: ["--global", "--root", "@/new\nline \u200b\u001b[31m'"],
    files: ["@/new\nline \u200b\u001b[31m'/etc/singularity/remote.yaml"],
  },
  {
    what: "a relative root",
    flags: ["--global", "--root", "."],
    files: ["@/etc/singularity/remote.yaml"],
  },
  {
    what: "a sysconfdir",
    flags: ["--global", "--sysconfdir", "@/a b", "--root", "/"],
    files: ["@/a b/singularity/remote.yaml"],
  },
  {
    what: "exactly one file",
    flags: ["--runtime", "apptainer", "--remote-file", "x y/r.yaml", "--root", "@"],
    files: ["@/x y/r.yaml"],
  },
];

for (const { what, runtimes, flags, files } of CASES) {
  Deno.test(`the hint after an apply restores all that it has written: ${what}`, () => {
    using machine = new Machine();
    const at = (path: string) => path.replaceAll("@", machine.work);
    const config = machine.put(
      "config/remotes.json",
      JSON.stringify({ ...CONFIG, ...runtimes && { runtimes } }),
    );
    const bystander = "@/etc/singularity/remote.yaml";
    for (const file of [bystander, ...files].map(at)) {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, OLD, { mode: 0o600 });
    }
    const args = ["apply", "--yes", "--quiet", "-c", config, ...flags.map(at)];
    const applied = machine.runSync(args, { env: APPTAINER });
    assert.equal(applied.status, 0, applied.stderr);
    const now = files.map((file) => readFileSync(at(file), "utf8"));
    for (const text of now) assert.notEqual(text, OLD);
    const env = {
      ...machine.env(["--root", "."]),
      ...APPTAINER,
      PATH: `${dirname(BINARY.command[0])}:/usr/bin:/bin`,
    };
    const hint = `${hintIn(applied)} --yes`;
    const back = type(hint, env);
    assert.equal(back.status, 0, `${hint}: ${back.stderr}`);
    for (const file of [bystander, ...files]) assert.equal(readFileSync(at(file), "utf8"), OLD, hint);
    // The ledger too: what was managed before is managed again, here nothing.
    for (const file of files.map(at)) {
      const name = file.endsWith("/remote.yaml") ? ".sremote-ledger.json" : ".r.yaml.sremote-ledger.json";
      assert.deepEqual(JSON.parse(readFileSync(join(dirname(file), name), "utf8")).remotes, []);
    }
    const again = type(hint, env);
    assert.equal(again.status, 0, again.stderr);
    assert.deepEqual(files.map((file) => readFileSync(at(file), "utf8")), now);
  });
}

/** A machine with both programs, and their global files. */
class Both extends Machine {
  readonly files = ["singularity", "apptainer"].map((one) => this.at(`etc/${one}/remote.yaml`));

  constructor() {
    super();
    for (const one of ["singularity", "apptainer"]) this.put(`etc/${one}/remote.yaml`, OLD, 0o644);
  }

  apply(config: object, ...flags: string[]): Ran {
    const file = this.put(
      "remotes.json",
      JSON.stringify({ runtimes: ["singularity", "apptainer"], ...config }),
    );
    return this.sremote("apply", "--yes", "--quiet", "-c", file, ...flags);
  }

  sremote(...args: string[]): Ran {
    const ran = this.runSync([...args, "--global", "--root", this.work]);
    assert.equal(ran.status, 0, ran.stderr);
    return ran;
  }

  texts(): string[] {
    return this.files.map((one) => readFileSync(one, "utf8"));
  }
}

Deno.test("rollback restores what was written last, not more and not less", () => {
  using machine = new Both();
  machine.apply(CONFIG);
  const both = machine.texts();
  // The second apply changes one file only.
  machine.apply(
    { ...CONFIG, remotes: { ...CONFIG.remotes, c: { uri: "c.example.com", scope: "global" } } },
    "--runtime",
    "apptainer",
  );
  assert.equal(machine.texts()[0], both[0]);
  const { stderr } = machine.sremote("rollback", "--yes");
  assert.match(stderr, /^Note: restoring .*apptainer\/remote\.yaml, which was changed last/);
  assert.deepEqual(machine.texts(), both);
  // A change by hand is a change too.
  machine.sremote("use", "a", "--runtime", "singularity");
  machine.sremote("rollback", "--yes");
  assert.deepEqual(machine.texts(), both);
});

Deno.test("rollback of one of two files that cannot be restored restores neither", () => {
  using machine = new Both();
  machine.apply(CONFIG);
  const before = machine.texts();
  mkdirSync(`${machine.files[1]}.lock`);
  writeFileSync(`${machine.files[1]}.lock/owner`, "x y 1 2\n");
  const ran = machine.runSync([
    "rollback",
    "--yes",
    "--global",
    "--root",
    machine.work,
    "--lock-timeout",
    "0.2",
  ]);
  assert.equal(ran.status, 5, ran.stderr);
  assert.deepEqual(machine.texts(), before);
});

Deno.test("another user's files are not restored, whatever a ledger says", () => {
  using machine = new Machine();
  const mine = machine.put("home/me/.singularity/remote.yaml", "", 0o600);
  const theirs = machine.put("home/other/.singularity/remote.yaml", "", 0o600);
  const together = { formatVersion: 1, remotes: [], previous: [], last: { together: "01234567" } };
  for (const file of [mine, theirs]) {
    writeFileSync(`${file}.sremote-backup`, OLD);
    writeFileSync(join(dirname(file), ".sremote-ledger.json"), JSON.stringify(together));
  }
  const ran = machine.runSync(["rollback", "--yes", "--root", machine.work]);
  assert.equal(ran.status, 0, ran.stderr);
  assert.deepEqual([mine, theirs].map((one) => readFileSync(one, "utf8")), [OLD, ""]);
});

Deno.test("rollback asks whether the version that the file was written for can read the previous one", () => {
  using machine = new Machine();
  const file = machine.put(
    "etc/singularity/remote.yaml",
    "Remotes:\n  a:\n    URI: a.example.com\n    System: true\n    Exclusive: true\n",
    0o600,
  );
  const config = machine.put(
    "remotes.json",
    JSON.stringify({ remotes: {}, unmanaged: "remove", runtimes: ["singularity@3.5"] }),
  );
  const sremote = (...args: string[]) =>
    machine.runSync([...args, "--yes", "--global", "--root", machine.work]);
  const applied = sremote("apply", "-c", config, "--quiet", "--allow-mass-removal");
  assert.equal(applied.status, 0, applied.stderr);
  const now = readFileSync(file, "utf8");
  const refused = sremote("rollback");
  assert.equal(refused.status, 65, refused.stdout + refused.stderr);
  assert.match(refused.stderr, /cannot roll back: of the previous file, .*3\.[5-7]/);
  assert.equal(readFileSync(file, "utf8"), now);
  assert.equal(sremote("rollback", "--runtime", "singularity@4.0").status, 0);
});

Deno.test("a file that no program can read is rolled back, and the rest of it kept without tokens", () => {
  using machine = new Machine();
  const file = machine.put(
    "home/me/.singularity/remote.yaml",
    "Remotes:\n  a: {URI: [\n  Token: tok-0123456789\n",
    0o600,
  );
  machine.put("home/me/.singularity/remote.yaml.sremote-backup", OLD, 0o600);
  const ran = machine.runSync(["rollback", "--yes", "--root", machine.work]);
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /remote\.yaml cannot be read: /);
  assert.equal(readFileSync(file, "utf8"), OLD);
  assert.doesNotMatch(ran.stdout + ran.stderr + readFileSync(`${file}.sremote-backup`, "utf8"), /tok-/);
  assert.ok(!existsSync(`${file}.lock`));
});

Deno.test("a file that two programs read is written once", () => {
  using machine = new Machine();
  const config = machine.put(
    "remotes.json",
    JSON.stringify({ ...CONFIG, runtimes: ["singularity", "apptainer"] }),
  );
  const file = machine.put("home/me/.singularity/remote.yaml", OLD, 0o600);
  // Apptainer heeds SINGULARITY_CONFIGDIR.
  const sremote = (...args: string[]) => machine.runSync([...args, "--yes", "--root", machine.work]);
  const applied = sremote("apply", "-c", config, "--quiet");
  assert.equal(applied.status, 0, applied.stderr);
  assert.match(readFileSync(file, "utf8"), /mine[\s\S]*b\.example\.com/);
  assert.equal(sremote("rollback").status, 0);
  assert.equal(readFileSync(file, "utf8"), OLD);
});
