/**
 * Who may write what, and who could make root write something else: other users, open directories, symlinks, hard links,
 * umasks and races, with the compiled binary. Tests that need a second user are skipped unless they run as root.
 */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { BINARY, commandsOf, LITTER, Machine, modeAndOwner, type Program, type Ran } from "./machine.ts";

const asRoot = process.getuid?.() === 0;
/** `nobody`, or any other user that is not root. */
const OTHER = 65_534;
const CONFIG = '{ "remotes": { "a": { "uri": "a.example.com" } }, "default": "a" }\n';
const FILE = "# mine\nRemotes:\n  mine:\n    URI: mine.example.com\n    Token: of-mine\n";

/** A machine that every user can enter, with the binary in it. */
class Place extends Machine {
  private readonly program: Program = { name: "binary", command: [join(this.root, "sremote")] };

  constructor() {
    super();
    const [program] = this.program.command;
    copyFileSync(BINARY.command[0], program);
    for (const open of [this.root, program]) chmodSync(open, 0o755);
    this.put("remotes.json", CONFIG);
  }

  override put(name: string, text: string, mode = 0o644): string {
    return super.put(name, text, mode);
  }

  sremote(args: readonly string[], how: { readonly as?: number; readonly umask?: string } = {}): Ran {
    const as = how.as === undefined ? [] : [
      "setpriv",
      `--reuid=${how.as}`,
      `--regid=${how.as}`,
      "--clear-groups",
    ];
    const shell = ["sh", "-c", `umask ${how.umask ?? "022"}; exec "$@"`, "sh"];
    return this.runSync(args, {
      program: this.program,
      under: [...as, ...shell],
      env: { PATH: "/usr/bin:/bin", SINGULARITY_CONFIGDIR: this.work },
    });
  }

  /** The names in the work directory, without those that the test put there. */
  made(...put: readonly string[]): string[] {
    return readdirSync(this.work).filter((one) => one !== "remotes.json" && !put.includes(one)).sort();
  }
}

function place(what: string, needsRoot: boolean, test: (place: Place) => void | Promise<void>): void {
  Deno.test({
    name: `owners: ${what}`,
    ignore: needsRoot && !asRoot,
    fn: async () => {
      using one = new Place();
      await test(one);
    },
  });
}

function lstatIsLink(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** The arguments with which each command that has `--global` writes; null if it only reads. */
const GLOBAL: Readonly<Record<string, readonly string[] | null>> = {
  "plan": null,
  "import": null,
  "apply": ["--yes"],
  "rollback": ["--yes"],
  "add": ["new", "new.example.com"],
  "remove": ["mine"],
  "use": ["mine"],
  "use --exclusive": ["mine"],
};

place("only root may write with --global, and the error says what to do", true, (place) => {
  const { stdout } = place.sremote(["--help"]);
  const commands = commandsOf(stdout);
  assert.ok(commands.length > 15);
  const global = commands.filter((one) =>
    / {2}--global\b/.test(place.sremote([one, "--help"]).stdout.split("Global")[0]!)
  );
  assert.deepEqual(global.filter((one) => !(one in GLOBAL)), []);
  for (const [command, args] of Object.entries(GLOBAL)) {
    const [name, ...flags] = command.split(" ");
    const ran = place.sremote([name!, "--global", ...flags, ...args ?? []], { as: OTHER });
    if (args === null) assert.equal(ran.status, 0, `${command}: ${ran.stderr}`);
    else {
      assert.deepEqual([ran.status, ran.stdout], [1, ""], command);
      assert.match(ran.stderr, /^Error: cannot .*: only root can\nNext: .*sudo sremote /, command);
    }
  }
  // Keyservers belong to global remotes.
  for (const command of ["add", "remove"]) {
    const ran = place.sremote(["keyserver", command, "https://k.example.com"], { as: OTHER });
    assert.equal(ran.status, 1, ran.stderr);
    assert.match(ran.stderr, /only root can\nNext: .*sudo sremote --sysconfdir \S+ keyserver/);
  }
  assert.ok(!existsSync(place.etc));
});

place("a file of another user is refused, and stays unchanged", true, (place) => {
  const file = place.put("remote.yaml", FILE);
  chownSync(place.work, OTHER, OTHER);
  const before = modeAndOwner(file);
  for (
    const args of [
      ["apply", "--yes"],
      ["add", "--no-login", "new", "new.example.com"],
      ["remove", "mine"],
      ["use", "mine"],
      ["logout", "mine"],
    ]
  ) {
    const ran = place.sremote(args, { as: OTHER });
    assert.equal(ran.status, 1, args.join(" "));
    assert.match(
      ran.stderr,
      /it belongs to another user \(uid 0\); nothing was written\nNext: Run sremote as its owner, or as root/,
    );
    assert.deepEqual([place.read("remote.yaml"), modeAndOwner(file)], [FILE, before]);
    assert.deepEqual(place.made("remote.yaml"), []);
  }
});

place("root keeps the owner of a file and gives its backup the same one", true, (place) => {
  const file = place.put("remote.yaml", FILE, 0o600);
  chownSync(file, OTHER, OTHER);
  assert.equal(place.sremote(["apply", "--yes"]).status, 0);
  for (const name of ["remote.yaml", "remote.yaml.sremote-backup", ".sremote-ledger.json"]) {
    assert.equal(modeAndOwner(place.at(name)), `0600 ${OTHER}:${OTHER}`, name);
  }
});

/** Ways in which another user can change what root applies, and the warning of each. */
const HANDS: Readonly<Record<string, readonly [prepare: (place: Place) => void, said: RegExp]>> = {
  "a directory of another user": [
    (place) => chownSync(place.work, OTHER, OTHER),
    new RegExp(`/work: is owned by uid ${OTHER}`),
  ],
  "a parent directory of another user": [
    (place) => chownSync(place.root, OTHER, OTHER),
    new RegExp(`is owned by uid ${OTHER}`),
  ],
  "a config of another user": [
    (place) => chownSync(place.at("remotes.json"), OTHER, 0),
    new RegExp(`/remotes.json: is owned by uid ${OTHER}`),
  ],
  "a config that everyone can write": [
    (place) => chmodSync(place.at("remotes.json"), 0o666),
    /\/remotes.json: is writable by everyone/,
  ],
  "a directory that everyone can write": [
    (place) => chmodSync(place.work, 0o777),
    /\/work: is writable by everyone/,
  ],
  "a config that a group can write": [
    (place) => {
      chownSync(place.at("remotes.json"), 0, OTHER);
      chmodSync(place.at("remotes.json"), 0o664);
    },
    new RegExp(`/remotes.json: is writable by its group \\(gid ${OTHER}\\)`),
  ],
  "a symlink into the directory of another user": [
    (place) => {
      mkdirSync(join(place.root, "theirs"));
      writeFileSync(join(place.root, "theirs/c.json"), CONFIG);
      chownSync(join(place.root, "theirs"), OTHER, OTHER);
      rmSync(place.at("remotes.json"));
      symlinkSync("../theirs/c.json", place.at("remotes.json"));
    },
    new RegExp(`/theirs: is owned by uid ${OTHER}`),
  ],
  "an import of another user": [
    (place) => {
      rmSync(place.at("remotes.json"));
      place.put("remotes.ts", 'import a from "./a.json"; export default a;');
      chownSync(place.put("a.json", CONFIG), OTHER, OTHER);
    },
    new RegExp(`/a.json: is owned by uid ${OTHER}`),
  ],
};

for (const [what, [prepare, said]] of Object.entries(HANDS)) {
  place(`root is warned of ${what}, and --strict-owner refuses it`, true, (place) => {
    prepare(place);
    for (const command of [["plan"], ["apply", "--yes"]]) {
      const strict = place.sremote([...command, "--strict-owner"]);
      assert.equal(strict.status, 1, strict.stderr);
      assert.match(strict.stderr, /^Error: cannot (?:plan|apply) .*: others can change it\n/);
      assert.match(strict.stderr, said);
      assert.match(
        strict.stderr,
        /\nNext: Make root the owner and the only writer of these files and directories/,
      );
      assert.ok(!existsSync(place.at("remote.yaml")));
    }
    const warned = place.sremote(["apply", "--yes"]);
    assert.equal(warned.status, 0, warned.stderr);
    assert.match(warned.stderr, /^Warning: others can change the config that root applies: /);
    assert.match(warned.stderr, said);
  });
}

place("a config that only root or its user can change gives no warning", true, (place) => {
  chmodSync(place.root, 0o1777);
  const strict = place.sremote(["apply", "--yes", "--strict-owner"]);
  assert.deepEqual([strict.status, strict.stderr], [0, ""]);
  rmSync(place.at("remote.yaml"));
  rmSync(place.at(".sremote-ledger.json"));
  chownSync(place.work, OTHER, OTHER);
  const own = place.sremote(["apply", "--yes", "--strict-owner"], { as: OTHER });
  assert.deepEqual([own.status, own.stderr], [0, ""]);
});

place("apply follows no symlink beside the file", false, (place) => {
  const victim = join(place.root, "victim");
  for (
    const name of ["remote.yaml", "remote.yaml.sremote-backup", ".sremote-ledger.json", "remote.yaml.lock"]
  ) {
    writeFileSync(victim, "VICTIM");
    for (const old of place.made()) rmSync(place.at(old), { recursive: true });
    if (name !== "remote.yaml") place.put("remote.yaml", FILE, 0o600);
    symlinkSync("../victim", place.at(name));
    const ran = place.sremote(["apply", "--yes", "--lock-timeout", "0.2"]);
    assert.equal(readFileSync(victim, "utf8"), "VICTIM", name);
    if (name === "remote.yaml.sremote-backup") {
      assert.equal(ran.status, 0, ran.stderr);
      assert.ok(lstatSync(place.at(name)).isFile());
    } else {
      assert.ok(
        ran.status === 65 || ran.status === 5 || ran.status === 1,
        `${name}: ${ran.status} ${ran.stderr}`,
      );
      assert.match(ran.stderr, /^Error: [^]*\nNext: /, name);
      if (name !== "remote.yaml") assert.equal(place.read("remote.yaml"), FILE);
    }
    assert.deepEqual(readdirSync(place.work).filter((one) => /\.sremote-[0-9a-f]{8}$/.test(one)), []);
  }
});

place(
  "root writes through its own link for a program that follows links, never through another user's",
  true,
  (place) => {
    const target = join(place.root, "target.yaml");
    writeFileSync(target, FILE, { mode: 0o600 });
    symlinkSync("../target.yaml", place.at("remote.yaml"));
    const apply = ["--runtime", "apptainer", "apply", "--yes"];
    lchownSync(place.at("remote.yaml"), OTHER, OTHER);
    const refused = place.sremote(apply);
    assert.deepEqual([refused.status, readFileSync(target, "utf8")], [65, FILE]);
    assert.match(refused.stderr, new RegExp(`symbolic link that belongs to another user \\(uid ${OTHER}\\)`));
    lchownSync(place.at("remote.yaml"), 0, 0);
    assert.equal(place.sremote(apply).status, 0);
    assert.match(readFileSync(target, "utf8"), /a\.example\.com/);
    assert.ok(lstatIsLink(place.at("remote.yaml")));
  },
);

place("a hard link elsewhere keeps the old content", false, (place) => {
  const file = place.put("remote.yaml", FILE, 0o600);
  const other = join(place.root, "other");
  linkSync(file, other);
  assert.equal(place.sremote(["apply", "--yes"]).status, 0);
  assert.equal(readFileSync(other, "utf8"), FILE);
  assert.match(place.read("remote.yaml"), /a\.example\.com/);
});

for (const umask of ["000", "077"]) {
  place(`modes do not depend on the umask (${umask})`, false, (place) => {
    const modes = (directory: string) =>
      Object.fromEntries(
        readdirSync(directory, { recursive: true, encoding: "utf8" }).sort().map((name) => [
          name,
          modeAndOwner(join(directory, name)).split(" ")[0],
        ]),
      );
    const made = join(place.root, "made");
    const user = ["--remote-file", join(made, "me/.singularity/remote.yaml")];
    assert.equal(place.sremote(["apply", "--yes", ...user], { umask }).status, 0);
    assert.equal(place.sremote(["use", "a", ...user], { umask }).status, 0);
    assert.equal(place.sremote(["add", "--no-login", "b", "b.example.com", ...user], { umask }).status, 0);
    assert.deepEqual(modes(made), {
      "me": "0700",
      "me/.singularity": "0700",
      "me/.singularity/.sremote-ledger.json": "0600",
      "me/.singularity/remote.yaml": "0600",
      "me/.singularity/remote.yaml.sremote-backup": "0600",
    });
    rmSync(made, { recursive: true });
    place.put("remotes.json", CONFIG.replace('"a.example.com"', '"a.example.com", "scope": "global"'));
    const global = ["--global", "--remote-file", join(made, "etc/singularity/remote.yaml")];
    assert.equal(place.sremote(["apply", "--yes", ...global], { umask }).status, 0);
    assert.equal(place.sremote(["plan", "--out", join(made, "plan.json"), ...global], { umask }).status, 0);
    assert.deepEqual(modes(made), {
      "etc": "0755",
      "etc/singularity": "0755",
      "etc/singularity/.sremote-ledger.json": "0644",
      "etc/singularity/remote.yaml": "0644",
      "etc/singularity/remote.yaml.sremote-backup": "0644",
      "plan.json": "0600",
    });
  });
}

place("a document replaces only regular files", false, (place) => {
  assert.equal(spawnSync("mkfifo", [place.at("pipe")]).status, 0);
  writeFileSync(join(place.root, "victim"), "VICTIM");
  symlinkSync("../victim", place.at("link"));
  mkdirSync(place.at("directory"));
  const said = { pipe: "a device or pipe", link: "a symbolic link", directory: "a directory" };
  for (const [name, what] of Object.entries(said)) {
    const kind = lstatSync(place.at(name)).mode;
    for (const flag of ["--out", "--json-into"]) {
      const ran = place.sremote(["plan", flag, name]);
      assert.equal(ran.status, 1, ran.stderr);
      assert.match(
        ran.stderr,
        new RegExp(`cannot write .*/${name}: it is ${what}\nNext: Name a regular file`),
      );
      assert.equal(lstatSync(place.at(name)).mode, kind);
    }
  }
  assert.equal(readFileSync(join(place.root, "victim"), "utf8"), "VICTIM");
});

place(
  "another user who races for the names in an open directory cannot redirect a write",
  true,
  async (place) => {
    const victim = join(place.root, "victim");
    writeFileSync(victim, "VICTIM");
    chmodSync(victim, 0o644);
    chmodSync(place.work, 0o1777);
    const names = "remote.yaml remote.yaml.lock remote.yaml.sremote-backup .sremote-ledger.json plan.json";
    // On SIGTERM the shell waits for its current command, so that no process outlives it.
    const attack = `trap exit TERM; while :; do for n in ${names} .remote.yaml.sremote-*; do
    ln -s ../victim "$n" 2>/dev/null; ln -sf ../victim "$n" 2>/dev/null; rm -rf "$n" 2>/dev/null; done; done`;
    const attacker = spawn(
      "setpriv",
      [`--reuid=${OTHER}`, `--regid=${OTHER}`, "--clear-groups", "sh", "-c", attack],
      { cwd: place.work, stdio: "ignore" },
    );
    const ended = new Promise((done) => attacker.once("close", done));
    while (!readdirSync(place.work).some((one) => lstatIsLink(place.at(one)))) {
      await new Promise((done) => setTimeout(done, 1));
    }
    const codes = new Map<number | null, number>();
    try {
      for (let i = 0; i < 40; i++) {
        place.put("remotes.json", CONFIG.replace("a.example.com", `a${i}.example.com`));
        const ran = place.sremote(
          i % 2 === 0 ? ["apply", "--yes", "--lock-timeout", "0.3"] : ["plan", "--out", "plan.json"],
        );
        codes.set(ran.status, (codes.get(ran.status) ?? 0) + 1);
        assert.doesNotMatch(ran.stderr, /sremote has a bug|\n {4}at /, ran.stderr);
        assert.equal(readFileSync(victim, "utf8"), "VICTIM");
      }
    } finally {
      attacker.kill("SIGTERM");
      await ended;
    }
    console.log(
      `40 runs against a racing user; exit codes: ${
        [...codes].map(([code, times]) => `${times} × ${code}`).join(", ")
      }`,
    );
    assert.ok((codes.get(0) ?? 0) > 0);
    // Without the other user, apply succeeds.
    for (const name of place.made()) rmSync(place.at(name), { recursive: true });
    const last = place.sremote(["apply", "--yes"]);
    assert.equal(last.status, 0, last.stderr);
    assert.deepEqual(place.made().filter((one) => LITTER.test(one)), []);
  },
);
