/** Rollback and API keys: what the file holds stays, what it has given up does not return, and what is deleted is said before. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import process from "node:process";
import { Machine, STRACE } from "./machine.ts";

const OLD = "token-old-0123456789";
const NEW = "token-new-9876543210";
const withKey = (token: string, uri = "a.example.com") =>
  `Active: a\nRemotes:\n  a:\n    URI: ${uri}\n    Token: ${token}\n`;

/** A machine with one user file, `files/remote.yaml`. */
class User extends Machine {
  readonly file = this.at("files/remote.yaml");

  constructor(text: string | null = withKey(OLD)) {
    super();
    if (text !== null) this.put("files/remote.yaml", text, 0o600);
    this.put("remotes.json", '{"remotes":{"b":{"uri":"b.example.com"}}}');
  }

  /** Fails unless it succeeds. */
  sremote(...args: string[]) {
    const ran = this.try(args);
    assert.equal(ran.status, 0, ran.stderr);
    return ran;
  }

  try(args: readonly string[], under: readonly string[] = []) {
    return this.runSync([...args, "--remote-file", this.file], { under, env: { PATH: "/usr/bin:/bin" } });
  }

  text(): string {
    return readFileSync(this.file, "utf8");
  }

  write(text: string | Uint8Array): void {
    writeFileSync(this.file, text);
  }

  /** The files beside it in which a text occurs. */
  holding(text: string): readonly string[] {
    const directory = dirname(this.file);
    return readdirSync(directory).filter((one) => readFileSync(join(directory, one)).includes(text)).sort();
  }
}

const bytes = (...parts: (string | number[])[]) =>
  new Uint8Array(parts.flatMap((one) => typeof one === "string" ? [...new TextEncoder().encode(one)] : one));

/** What may happen to the file after an apply, and leaves the key NEW in it. */
const KEPT: readonly (readonly [what: string, change: (machine: User) => void])[] = [
  ["replaced by a program", (one) => one.write(one.text().replace(OLD, NEW))],
  ["replaced by a program, and an idle apply came after it", (one) => {
    one.write(one.text().replace(OLD, NEW));
    one.sremote("apply", "--yes");
    assert.deepEqual(one.holding(OLD), []);
  }],
  ["replaced by sremote", (one) => {
    one.sremote("logout", "a");
    one.write(one.text().replace(/( +)URI: a\..*\n/, `$&$1Token: ${NEW}\n`));
  }],
];

/** How the file may be broken afterwards. */
const BROKEN: readonly (readonly [what: string, broken: (text: string) => string | Uint8Array])[] = [
  ["an open list", (text) => `${text}oops: [\n`],
  ["an open brace at the start", (text) => `{\n${text}`],
  ["a tab", (text) => `${text}\tx: y\n`],
  ["an unknown field", (text) => text.replace(/^Remotes/m, "Remots: {}\nRemotes")],
  ["an unknown field of the remote", (text) => text.replace(/( +)Token/, "$1Colour: x\n$1Token")],
  ["marks of a merge", (text) => text.replace(/^ {2}a:/m, "<<<<<<< HEAD\n  a:") + "=======\n>>>>>>> other\n"],
  ["a control character", (text) => `${text}# \u0007\n`],
  ["bytes that are not UTF-8", (text) => bytes(text, "# ", [0xff, 0xfe], "\n")],
  ["a cut end", (text) => `${text}  c:\n    URI: "c.exam`],
  ["CRLF and an open quote", (text) => `${text.replaceAll("\n", "\r\n")}x: "\r\n`],
  [
    "flow style",
    (text) => `${text.replace(/ a:\n +URI: (.*)\n +Token: (.*)/, " a: {URI: $1, Token: $2}")}x: [\n`,
  ],
  ["quotes", (text) => `${text.replace(/(URI|Token): (.*)/g, `$1: "$2" # mine`)}x: [\n`],
];

const IN_A_COMMENT = new Set(["a control character", "bytes that are not UTF-8"]);

for (const [what, change] of KEPT) {
  Deno.test(`rollback keeps an API key that was ${what}`, () => {
    using machine = new User();
    machine.sremote("apply", "--yes");
    change(machine);
    machine.sremote("rollback", "--yes");
    assert.match(machine.text(), new RegExp(`^ {4}Token: ${NEW}$`, "m"));
    assert.deepEqual(machine.holding(OLD), []);
  });
}

for (const [what, broken] of BROKEN) {
  Deno.test(`rollback keeps the API key of a broken file: ${what}`, () => {
    using machine = new User();
    machine.sremote("apply", "--yes");
    machine.write(broken(machine.text().replace(OLD, NEW)));
    const asked = machine.try(["rollback"]);
    assert.equal(asked.status, 6, asked.stderr);
    assert.doesNotMatch(asked.stdout, /Warning/);
    const { stdout } = machine.sremote("rollback", "--yes");
    assert.match(machine.text(), new RegExp(`^ {4}Token: ${NEW}$`, "m"));
    assert.doesNotMatch(machine.text(), /b\.example\.com/);
    assert.deepEqual(machine.holding(OLD), []);
    // What cannot be read cannot be restored.
    assert.doesNotMatch(stdout, /Run rollback again/);
    assert.match(stdout, /The broken file is kept as .*\.sremote-backup, without/);
    const again = machine.try(["rollback", "--yes"]);
    // Without its comments, it may be readable.
    if (IN_A_COMMENT.has(what)) return assert.equal(again.status, 0, again.stderr);
    assert.equal(again.status, 65);
    assert.match(again.stderr, /^Error: cannot roll back: .*\.sremote-backup: /);
    assert.match(again.stderr, /^Next: Fix \S+\.sremote-backup by hand, or remove it/m);
  });
}

Deno.test("rollback says that a broken file may hold keys that cannot be recognised", () => {
  for (
    const key of [
      "Token: |\n      secret-0123456789",
      'Token: "secret-\n      0123456789"',
      "Tokne: secret-0123456789",
    ]
  ) {
    using machine = new User(`Remotes:\n  a:\n    URI: a.example.com\n    ${key}\nx: [\n`);
    machine.put("files/remote.yaml.sremote-backup", "Remotes: {}\n", 0o600);
    const { stdout } = machine.sremote("rollback", "--yes", "--quiet");
    assert.match(stdout, /^Warning: .* seems to hold API keys that cannot be recognised/m, key);
    assert.deepEqual([machine.holding("secret-"), machine.holding("0123456789")], [[], []], key);
  }
});

Deno.test("an API key that a program has given up does not return, and is named", () => {
  const given: readonly (readonly [string, (text: string) => string])[] = [
    ["logged out", (text) => text.replace(/ +Token.*\n/, "")],
    ["another address", () => withKey(NEW, "elsewhere.example.com")],
    ["removed", () => "Remotes:\n  c:\n    URI: c.example.com\n"],
  ];
  for (const [what, change] of given) {
    using machine = new User();
    machine.sremote("apply", "--yes");
    machine.write(change(machine.text()));
    const { stdout } = machine.sremote("rollback", "--yes");
    assert.match(
      stdout,
      /^Rollback does not restore the API key of "a"\. To log in again: sremote .*login a$/m,
      what,
    );
    assert.deepEqual([machine.holding(OLD), machine.holding(NEW)], [[], []], what);
  }
});

Deno.test("a file that is lost or empty has given nothing up: its API key returns", () => {
  for (const lose of [(one: User) => one.write(""), (one: User) => rmSync(one.file)]) {
    using machine = new User();
    machine.sremote("apply", "--yes");
    lose(machine);
    machine.sremote("rollback", "--yes");
    assert.equal(machine.text(), withKey(OLD));
  }
});

Deno.test("rollback says before it asks which API keys it deletes, also with --quiet and in JSON", () => {
  const names = Array.from({ length: 9 }, (_, i) => `r${i}`);
  const remotes = names.map((one) => `  ${one}:\n    URI: ${one}.example.com\n    Token: ${OLD}-${one}\n`)
    .join("");
  const credential = `- URI: https://k.example.com\n  Auth: Basic ${OLD}\n`;
  const full = `Remotes:\n${remotes}Credentials:\n${credential}${credential}`;
  using machine = new User(full);
  machine.put("files/remote.yaml.sremote-backup", "Remotes:\n  r0:\n    URI: r0.example.com\n", 0o600);
  const asked = machine.try(["rollback"]);
  assert.equal(asked.status, 6);
  const warning =
    'Warning: rollback deletes the API keys of "r1", "r2", "r3", "r4", "r5" and 3 more and the credential of ' +
    "https://k.example.com, and no backup keeps them.";
  assert.ok(asked.stdout.split("\n").includes(warning), asked.stdout);
  assert.equal(machine.text(), full);
  const backup = readFileSync(`${machine.file}.sremote-backup`, "utf8");
  const { stdout } = machine.sremote("rollback", "--yes", "--quiet");
  assert.ok(stdout.split("\n").includes(warning), stdout);
  assert.match(stdout, /Run rollback again to undo all but the deletion of API keys\.$/m);
  assert.match(machine.text(), /Token: .*-r0$/m);
  machine.write(full);
  writeFileSync(`${machine.file}.sremote-backup`, backup);
  rmSync(join(dirname(machine.file), ".sremote-ledger.json"));
  const { deleted } = JSON.parse(machine.sremote("rollback", "--yes", "--json").stdout);
  assert.deepEqual(deleted, { remotes: names.slice(1), credentials: ["https://k.example.com"] });
  const again = JSON.parse(machine.sremote("rollback", "--yes", "--json").stdout);
  assert.deepEqual(again.notRestored, deleted);
  const { stdout: lines } = machine.sremote("rollback", "--yes");
  assert.ok(lines.split("\n").length < 60, lines);
});

// ---------------------------------------------------------------- writes that fail or are killed

/** Runs it with an error or a signal at the n-th rename; the first is that of the lock. */
const atRename = (machine: User, how: string, n: number, ...args: string[]) =>
  machine.try(args, ["strace", "-f", "-qq", "-o", "/dev/null", "-e", `inject=/^rename:${how}:when=${n}`]);

Deno.test({
  name: "a logout that fails or is killed leaves no rollback that deletes the key, and says what is written",
  ignore: !STRACE,
  fn: () => {
    const seen = new Set<string>();
    for (const how of ["error=EIO", "error=ENOSPC", "signal=KILL"]) {
      for (let n = 1; n <= 5; n++) {
        using machine = new User();
        machine.sremote("apply", "--yes");
        const backup = () => readFileSync(`${machine.file}.sremote-backup`, "utf8");
        const before = backup();
        const ran = atRename(machine, how, n, "logout", "a");
        if (/nothing was written/.test(ran.stderr)) assert.equal(backup(), before, `${how} ${n}`);
        const isLoggedIn = machine.text().includes(OLD);
        seen.add(`${how} ${isLoggedIn}`);
        machine.sremote("rollback", "--yes");
        assert.equal(machine.text().includes(OLD), isLoggedIn, `${how} ${n}`);
        if (!isLoggedIn) assert.deepEqual(machine.holding(OLD), [], `${how} ${n}`);
      }
    }
    assert.equal(seen.size, 6);
  },
});

Deno.test({
  name: "after a kill at any rename, rollback undoes the last write of that file and nothing else",
  ignore: !STRACE,
  fn: () => {
    const seen = new Set<string>();
    for (let n = 2; n <= 5; n++) {
      using machine = new Machine();
      const files = ["singularity", "apptainer"].map((one) =>
        machine.put(`etc/${one}/remote.yaml`, "", 0o644)
      );
      const config = (names: string[]) =>
        machine.put(
          "remotes.json",
          JSON.stringify({
            runtimes: ["singularity", "apptainer"],
            remotes: Object.fromEntries(
              names.map((one) => [one, { uri: `${one}.example.com`, scope: "global" }]),
            ),
          }),
        );
      const run = (args: string[], under: string[] = []) =>
        machine.runSync([...args, "--global", "--yes", "--root", machine.work], {
          under,
          env: { PATH: "/usr/bin:/bin" },
        });
      const texts = () => files.map((one) => readFileSync(one, "utf8"));
      config(["a"]);
      assert.equal(run(["apply"]).status, 0);
      const first = texts();
      config(["a", "b"]);
      run(["apply", "--runtime", "singularity"], [
        ..."strace -f -qq -o /dev/null -e".split(" "),
        `inject=/^rename:signal=KILL:when=${n}`,
      ]);
      const isWritten = texts()[0] !== first[0];
      seen.add(`${isWritten}`);
      const ran = run(["rollback"]);
      assert.equal(ran.status, 0, ran.stderr);
      // Of the second apply only its own file; where it wrote nothing, the first apply.
      assert.deepEqual(texts(), isWritten ? first : ["", ""], `rename ${n}: ${ran.stdout}`);
      for (const one of files) {
        assert.deepEqual(
          readdirSync(dirname(one)).filter((name) => /\.sremote-[0-9a-f]{8}$|lock/.test(name)),
          [],
        );
      }
    }
    assert.equal(seen.size, 2);
  },
});

// ---------------------------------------------------------------- files that were new

for (const scope of ["user", "global"] as const) {
  Deno.test(`rollback removes a ${scope} file that was new, with the directories that were made for it`, () => {
    for (const other of [null, "before", "after", "program"]) {
      using machine = new Machine();
      const files = ["singularity", "apptainer"].map((one) =>
        machine.at(scope === "global" ? `etc/${one}/remote.yaml` : `home/me/.${one}/remote.yaml`)
      );
      const args = [...scope === "global" ? ["--global"] : [], "--yes", "--root", machine.work];
      const env = { APPTAINER_CONFIGDIR: "/home/me/.apptainer" };
      const run = (...more: string[]) => {
        const ran = machine.runSync([...more, ...args], { env });
        assert.equal(ran.status, 0, ran.stderr);
        return ran.stdout;
      };
      const beside = () =>
        files.forEach((one) => machine.put(join(dirname(one).slice(machine.work.length), "x"), ""));
      if (other === "before") beside();
      const config = machine.put(
        "remotes.json",
        JSON.stringify({
          runtimes: ["singularity", "apptainer"],
          remotes: { a: { uri: "a.example.com", scope } },
        }),
      );
      const applied = run("apply", "-c", config);
      assert.match(applied, /^sremote rollback .*restores the files as they were before\.$/m);
      const now = files.map((one) => readFileSync(one, "utf8"));
      if (other === "after") beside();
      if (other === "program") {
        for (const one of files) writeFileSync(one, `# more\n${readFileSync(one, "utf8")}`);
      }
      const back = run("rollback");
      for (const one of files) assert.ok(!existsSync(one));
      assert.match(back, /did not exist before: it is removed\./);
      if (other === null) {
        assert.deepEqual(readdirSync(machine.work), ["remotes.json"]);
        assert.doesNotMatch(back, /again to undo/);
        continue;
      }
      assert.match(back, /Run rollback again to undo\.$/m);
      run("rollback");
      const more = other === "program" ? "# more\n" : "";
      assert.deepEqual(files.map((one) => readFileSync(one, "utf8")), now.map((one) => more + one));
      run("rollback");
      for (const one of files) assert.ok(!existsSync(one));
    }
  });
}

Deno.test("the hint after a first write is the command that removes the file", () => {
  using machine = new User(null);
  const { stdout } = machine.sremote("apply", "--yes");
  assert.match(stdout, /^There was no such file before; sremote rollback .*--remote-file \S+ removes it\.$/m);
  machine.sremote("rollback", "--yes");
  assert.ok(!existsSync(dirname(machine.file)));
});

Deno.test({
  name: "under sudo the hint has sudo, and for the user file the variables that say where it is",
  ignore: process.getuid?.() !== 0,
  fn: () => {
    for (
      const [global, hint] of [
        [[], /; sudo SINGULARITY_CONFIGDIR='\/home\/my dir' sremote rollback --root /],
        [["--global"], /; sudo sremote rollback --global --root /],
      ] as const
    ) {
      using machine = new Machine();
      machine.put("remotes.json", '{"remotes":{"a":{"uri":"a.org"},"b":{"uri":"b.org","scope":"global"}}}');
      const ran = machine.runSync(["apply", "--yes", ...global, "--root", machine.work], {
        env: { SUDO_UID: "1000", SINGULARITY_CONFIGDIR: "/home/my dir" },
      });
      assert.match(ran.stdout, hint);
    }
  },
});

// ---------------------------------------------------------------- which file

Deno.test("rollback takes the file that was written last, whatever the times of the backups are", () => {
  using machine = new Machine();
  const text = "Remotes:\n  a:\n    URI: a.example.com\n    System: true\n";
  const files = ["singularity", "apptainer"].map((one) => machine.put(`etc/${one}/remote.yaml`, text, 0o644));
  const run = (...args: string[]) => machine.runSync([...args, "--global", "--root", machine.work]);
  assert.equal(run("use", "a", "--runtime", "apptainer").status, 0);
  assert.equal(run("use", "a", "--runtime", "singularity").status, 0);
  // As tidying up does it, and a restore from an archive.
  const backup = `${files[1]}.sremote-backup`;
  writeFileSync(backup, readFileSync(backup));
  const { stderr } = run("rollback", "--yes");
  assert.match(stderr, /^Note: restoring .*singularity\/remote\.yaml, which was changed last/);
  assert.equal(readFileSync(files[0]!, "utf8"), text);
  assert.notEqual(readFileSync(files[1]!, "utf8"), text);
  // The last one has no backup: the other program's is not taken instead.
  assert.equal(run("use", "a", "--runtime", "apptainer").status, 0);
  assert.equal(run("remove", "a", "--runtime", "singularity").status, 0);
  rmSync(`${files[0]}.sremote-backup`);
  const before = readFileSync(files[1]!, "utf8");
  const refused = run("rollback", "--yes");
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /cannot roll back: .*singularity\/remote\.yaml/);
  assert.equal(readFileSync(files[1]!, "utf8"), before);
});
