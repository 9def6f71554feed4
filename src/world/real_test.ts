import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import os, { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { codeOf } from "../base/errno.ts";
import { realWorld } from "./real.ts";

const { files, here, clock, signals } = realWorld();
const LIMIT = { limit: 100 };

/** A folder of one's own, and nothing of it afterwards. */
function scene(name: string, play: (folder: string) => void | Promise<void>): void {
  Deno.test(`world: ${name}`, async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "sremote-world-"));
    try {
      await play(folder);
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
}

const mode = (path: string) => fs.statSync(path).mode & 0o7777;
const text = (path: string) => fs.readFileSync(path, "utf8");
const bytes = (one: string) => new TextEncoder().encode(one);

/** The code of the system error that `work` ends with; undefined: none. */
function codeFrom(work: () => unknown): string | undefined {
  try {
    work();
  } catch (error) {
    return codeOf(error) ?? String(error);
  }
  return undefined;
}

// ---------------------------------------------------------------- files

scene("a file is read whole, with its mode and owner; none is null", (folder) => {
  const path = join(folder, "f");
  assert.equal(files.read(path, LIMIT), null);
  fs.writeFileSync(path, "é\0");
  fs.chmodSync(path, 0o640);
  const { uid, gid } = fs.statSync(path);
  assert.deepEqual(files.read(path, LIMIT), { bytes: bytes("é\0"), mode: 0o640, uid, gid });
});

scene("a file may be as large as the limit, and no larger", (folder) => {
  const path = join(folder, "f");
  fs.writeFileSync(path, "x".repeat(100));
  assert.equal(files.read(path, LIMIT)?.bytes.length, 100);
  fs.appendFileSync(path, "x");
  assert.equal(codeFrom(() => files.read(path, LIMIT)), "EFBIG");
  // Files of the kernel's say that they are empty.
  if (fs.existsSync("/proc/version")) {
    assert.equal(codeFrom(() => files.read("/proc/version", { limit: 5 })), "EFBIG");
  }
  fs.truncateSync(path, 2 ** 40); // with no room for it in memory
  assert.equal(codeFrom(() => files.read(path, LIMIT)), "EFBIG");
});

scene("a symbolic link is followed, unless it must not be", (folder) => {
  const [path, link, nowhere] = [join(folder, "f"), join(folder, "link"), join(folder, "nowhere")];
  fs.writeFileSync(path, "a");
  fs.symlinkSync("f", link);
  fs.symlinkSync("gone", nowhere);
  assert.deepEqual(files.read(link, LIMIT)?.bytes, bytes("a"));
  assert.equal(files.read(nowhere, LIMIT), null);
  for (const one of [link, nowhere]) {
    assert.equal(codeFrom(() => files.read(one, { ...LIMIT, nofollow: true })), "ELOOP");
  }
  assert.equal(files.realPath(link), fs.realpathSync(path));
  assert.deepEqual([files.readLink(link), files.readLink(path), files.readLink(`${path}-no`)], [
    fs.readlinkSync(link),
    null,
    null,
  ]);
  assert.deepEqual([files.stat(link)?.kind, files.stat(link, true)?.kind], ["symlink", "file"]);
  assert.deepEqual([link, nowhere, folder].map(files.exists), [true, false, true]);
});

scene("what is no regular file is not read, and a pipe is not waited for", (folder) => {
  const pipe = join(folder, "pipe");
  assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
  for (const nofollow of [true, false]) {
    assert.equal(codeFrom(() => files.read(folder, { ...LIMIT, nofollow })), "EISDIR");
    assert.equal(codeFrom(() => files.read(pipe, { ...LIMIT, nofollow })), "ENOTREG");
    assert.equal(codeFrom(() => files.read("/dev/zero", { ...LIMIT, nofollow })), "ENOTREG");
  }
  fs.writeFileSync(join(folder, "f"), "");
  assert.equal(codeFrom(() => files.read(join(folder, "f/g"), LIMIT)), "ENOTDIR");
});

scene("folders are made with their mode whatever the umask, and those that were there stay", (folder) => {
  const before = process.umask(0o027);
  try {
    fs.mkdirSync(join(folder, "there"));
    const made = files.makeFolder(join(folder, "there/a/b"), 0o755);
    assert.deepEqual(made, [join(folder, "there/a"), join(folder, "there/a/b")]);
    assert.deepEqual(made.map(mode), [0o755, 0o755]);
    assert.equal(mode(join(folder, "there")), 0o750);
    assert.deepEqual(files.makeFolder(join(folder, "there/a/b"), 0o700), []);
    assert.equal(mode(join(folder, "there/a/b")), 0o755);
  } finally {
    process.umask(before);
  }
});

scene("folders that were made go again where one of them cannot be", (folder) => {
  assert.equal(codeFrom(() => files.makeFolder(join(folder, "a/b", "n".repeat(300)), 0o700)), "ENAMETOOLONG");
  fs.writeFileSync(join(folder, "f"), "");
  assert.equal(codeFrom(() => files.makeFolder(join(folder, "f/a"), 0o700)), "ENOTDIR");
  assert.deepEqual(fs.readdirSync(folder), ["f"]);
});

scene("only an empty folder is removed", (folder) => {
  fs.mkdirSync(join(folder, "a/b"), { recursive: true });
  files.removeFolder(join(folder, "a"));
  assert.ok(fs.existsSync(join(folder, "a/b")));
  files.removeFolder(join(folder, "a/b"));
  files.removeFolder(join(folder, "a/b"));
  assert.deepEqual(fs.readdirSync(join(folder, "a")), []);
});

scene("makeFolder: a directory that hands its group down stays so below", (folder) => {
  fs.chmodSync(folder, 0o2775);
  files.makeFolder(join(folder, "x/y"), 0o755);
  assert.deepEqual(["x", "x/y"].map((one) => mode(join(folder, one))), [0o2755, 0o2755]);
});

scene(
  "replace: a whole new file, with its mode whatever the umask, and all on disk before the rename",
  (folder) => {
    const path = join(folder, "f");
    fs.writeFileSync(path, "old");
    const { ino } = fs.statSync(path);
    const content = "é".repeat(300_000);
    let seen: readonly unknown[] = [];
    const before = process.umask(0o077);
    try {
      const staged = files.stage(path, bytes(content), { mode: 0o664, owner: null });
      const temporary = fs.readdirSync(folder).find((one) => one !== "f")!;
      seen = [text(path), text(join(folder, temporary)) === content, mode(join(folder, temporary))];
      staged.commit();
      staged.discard(); // does nothing any more
    } finally {
      process.umask(before);
    }
    assert.deepEqual(seen, ["old", true, 0o664]);
    assert.equal(text(path), content);
    assert.equal(mode(path), 0o664);
    assert.notEqual(fs.statSync(path).ino, ino);
    assert.deepEqual(fs.readdirSync(folder), ["f"]);
    files.replace(path, bytes(""), { mode: 0o600, owner: null });
    assert.equal(text(path), "");
  },
);

scene("replace: the owner is set, and the mode after it", (folder) => {
  if (here.uid !== 0) return; // only root can give a file away
  const path = join(folder, "f");
  files.replace(path, bytes("a"), { mode: 0o4755, owner: { uid: 12_345, gid: 23_456 } });
  const { uid, gid } = fs.statSync(path);
  // A change of owner would have dropped the set-user-ID bit.
  assert.deepEqual([uid, gid, mode(path)], [12_345, 23_456, 0o4755]);
});

scene("replace: an error before the rename leaves the old file, and nothing else", (folder) => {
  const path = join(folder, "f");
  fs.writeFileSync(path, "old");
  const options = { mode: 0o600, owner: null };
  files.stage(path, bytes("new"), options).discard();
  assert.equal(text(path), "old");
  fs.mkdirSync(join(folder, "d"));
  assert.notEqual(codeFrom(() => files.replace(join(folder, "d"), bytes("new"), options)), undefined);
  assert.equal(codeFrom(() => files.replace(join(folder, "gone/f"), bytes("new"), options)), "ENOENT");
  assert.deepEqual(fs.readdirSync(folder).sort(), ["d", "f"]);
});

scene("replace: a symbolic link is replaced, not what it points at", (folder) => {
  fs.writeFileSync(join(folder, "target"), "old");
  fs.symlinkSync("target", join(folder, "link"));
  files.replace(join(folder, "link"), bytes("new"), { mode: 0o600, owner: null });
  assert.deepEqual([text(join(folder, "target")), text(join(folder, "link"))], ["old", "new"]);
});

// ---------------------------------------------------------------- locks

scene("a lock is one's own until it is given back, which may be said twice", async (folder) => {
  const path = join(folder, "f");
  const first = await files.tryLock(path);
  assert.equal(first?.held(), true);
  assert.equal(await files.tryLock(path), null);
  first.release();
  first.release();
  assert.equal(first.held(), false);
  assert.deepEqual(fs.readdirSync(folder), []);
  const second = await files.tryLock(path);
  assert.equal(second?.held(), true);
  first.release();
  assert.equal(second.held(), true);
  second.release();
});

scene(
  "a lock that another process took over is seen to be lost at once, and stays that one's",
  async (folder) => {
    const path = join(folder, "f");
    const lock = await files.tryLock(path);
    fs.rmSync(`${path}.lock`, { recursive: true });
    assert.equal(lock?.held(), false);
    await clock.sleep(50); // the new folder may get the old one's inode, and the kernel's clock is coarse
    fs.mkdirSync(`${path}.lock`);
    assert.equal(lock.held(), false);
    lock.release();
    assert.deepEqual(fs.readdirSync(folder), ["f.lock"]);
    assert.equal(await files.tryLock(path), null);
  },
);

/** Takes a lock in a process of its own, and kills that; gives its number once it is gone. */
async function killedWithLock(path: string): Promise<void> {
  const source = `import { realWorld } from ${JSON.stringify(new URL("./real.ts", import.meta.url).href)};
    await realWorld().files.tryLock(${JSON.stringify(path)});
    console.log("locked");
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["run", "--quiet", "--allow-all", "-"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(source);
  await new Promise((done) => child.stdout.once("data", done));
  assert.equal(await files.tryLock(path), null, "the process holds the lock");
  const ended = new Promise((done) => child.once("close", done));
  child.kill("SIGKILL");
  await ended;
}

scene("a lock whose process was killed is in nobody's way", async (folder) => {
  const path = join(folder, "f");
  await killedWithLock(path);
  assert.deepEqual(fs.readdirSync(folder).sort(), ["f.lock"]);
  const lock = await files.tryLock(path);
  assert.equal(lock?.held(), true);
  assert.equal(await files.tryLock(path), null);
  lock.release();
  assert.deepEqual(fs.readdirSync(folder), []);
});

scene("what a lock's note says is believed of this machine alone", async (folder) => {
  const path = join(folder, "f");
  await killedWithLock(path);
  const note = fs.readFileSync(`${path}.lock/owner`, "utf8");
  const [boot, namespace, pid, start] = note.trim().split(" ");
  const wrong = [
    `another ${namespace} ${pid} ${start}\n`,
    `${boot} pid:[1] ${pid} ${start}\n`,
    `${boot} ${namespace} x ${start}\n`,
    "",
    "?",
  ];
  for (const text of wrong) {
    fs.writeFileSync(`${path}.lock/owner`, text);
    assert.equal(await files.tryLock(path), null, text);
  }
  // A number that another process has by now: ours, which was started at another time.
  fs.writeFileSync(`${path}.lock/owner`, `${boot} ${namespace} ${process.pid} ${start}\n`);
  const lock = await files.tryLock(path);
  assert.equal(lock?.held(), true);
  lock.release();
  assert.deepEqual(fs.readdirSync(folder), []);
});

scene("what a replace left that was killed at it is cleaned up, and nothing else", (folder) => {
  const left = [".f.sremote-0123abcd", ".f.sremote-backup.sremote-0123abcd"];
  const others = [
    ".f.sremote-0123abcg",
    ".g.sremote-0123abcd",
    "f",
    ".f.sremote-0123abcde",
    "xf.sremote-0123abcd",
  ];
  for (const name of [...left, ...others]) fs.writeFileSync(join(folder, name), "");
  // A lock at its making, and one that a process was killed at long ago.
  for (const name of ["f.lock-0123abcd", "f.lock-4567cdef"]) fs.mkdirSync(join(folder, name));
  fs.utimesSync(join(folder, "f.lock-4567cdef"), 0, 0);
  others.push("f.lock-0123abcd");
  files.clean(join(folder, "f"), [join(folder, "f.sremote-backup")]);
  assert.deepEqual(fs.readdirSync(folder).sort(), others.toSorted());
});

scene("an abandoned lock is taken over after some seconds, and not sooner", async (folder) => {
  const path = join(folder, "f");
  fs.mkdirSync(`${path}.lock`);
  const aged = (seconds: number) => {
    const time = new Date(Date.now() - seconds * 1000);
    fs.utimesSync(`${path}.lock`, time, time);
  };
  aged(6);
  assert.equal(await files.tryLock(path), null);
  aged(9);
  const lock = await files.tryLock(path);
  assert.equal(lock?.held(), true);
  lock.release();
  await assert.rejects(() => files.tryLock(join(folder, "gone/f")), { code: "ENOENT" });
});

/** A process that runs `source` with `files` and `path`, and talks in lines. */
function worker(path: string, source: string) {
  const real = JSON.stringify(new URL("./real.ts", import.meta.url).href);
  const child = spawn(process.execPath, ["run", "--quiet", "--allow-all", "-"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  child.stdin.end(`import fs from "node:fs"; import { realWorld } from ${real};
    const { files, clock } = realWorld(); const path = ${JSON.stringify(path)}; ${source}`);
  return {
    child,
    line: () => new Promise<string>((done) => child.stdout.once("data", (one) => done(`${one}`.trim()))),
    ended: new Promise((done) => child.once("close", done)),
  };
}

scene("a lock is refreshed while it is held, and does not keep the process alive", async (folder) => {
  const path = join(folder, "f");
  const { line, ended } = worker(
    path,
    `await files.tryLock(path); fs.utimesSync(path + ".lock", 0, 0); console.log("locked");
    await clock.sleep(2500); console.log(fs.statSync(path + ".lock").mtimeMs);`,
  );
  assert.equal(await line(), "locked");
  assert.ok(Date.now() - Number(await line()) < 2_500);
  assert.equal(await ended, 0);
});

scene("a process that slept through a takeover sees it, and leaves the new lock alone", async (folder) => {
  const path = join(folder, "f");
  const { child, line, ended } = worker(
    path,
    `const lock = await files.tryLock(path); console.log(lock.held());
    while (!fs.existsSync(path + ".go")) await clock.sleep(20);
    console.log(lock.held()); lock.release();`,
  );
  assert.equal(await line(), "true");
  process.kill(child.pid!, "SIGSTOP");
  await clock.sleep(50);
  assert.equal(await files.tryLock(path), null);
  fs.utimesSync(`${path}.lock`, 0, 0);
  const lock = await files.tryLock(path);
  assert.equal(lock?.held(), true);
  fs.writeFileSync(`${path}.go`, "");
  process.kill(child.pid!, "SIGCONT");
  assert.equal(await line(), "false");
  await ended;
  assert.equal(lock.held(), true);
  lock.release();
  assert.deepEqual(fs.readdirSync(folder), ["f.go"]);
});

scene("of many that find an abandoned lock one takes it over, and two never hold it", async (folder) => {
  const path = join(folder, "f");
  const source = `for (let i = 0; i < 40;) {
      const lock = await files.tryLock(path);
      if (lock === null || !lock.held()) { lock?.release(); await clock.sleep(Math.random() * 3); continue; }
      i++;
      fs.mkdirSync(path + ".inside");
      await clock.sleep(Math.random() * 2);
      fs.rmdirSync(path + ".inside");
      // Abandoned every other time, as by another machine.
      if (i % 2) { fs.rmSync(path + ".lock/owner"); fs.utimesSync(path + ".lock", 0, 0); } else lock.release();
    }`;
  const workers = Array.from({ length: 4 }, () => worker(path, source).ended);
  assert.deepEqual(await Promise.all(workers), [0, 0, 0, 0]); // `.inside` was never there twice
  assert.deepEqual(fs.readdirSync(folder).filter((one) => one !== "f.lock"), []);
});

// ---------------------------------------------------------------- who, where, when

Deno.test("world: here is this process", () => {
  assert.equal(here.folder, process.cwd());
  assert.equal(here.uid, process.getuid!());
  assert.deepEqual(here.host, { name: os.hostname(), os: os.platform(), arch: os.arch() });
  assert.equal(here.env("PATH"), process.env.PATH);
  assert.equal(here.env("SREMOTE_NO_SUCH_VARIABLE"), undefined);
});

Deno.test("world: the home folder is the password database's, whatever HOME says", async () => {
  const found = spawnSync("/usr/bin/getent", ["passwd", String(here.uid)], { encoding: "utf8" });
  const expected = found.status === 0 ? found.stdout.split(":")[5] : null;
  const before = process.env.HOME;
  process.env.HOME = "/nowhere";
  try {
    assert.equal(await here.passwordHome(), expected);
  } finally {
    if (before === undefined) delete process.env.HOME;
    else process.env.HOME = before;
  }
});

Deno.test("world: the clock goes forward", async () => {
  const start = clock.now();
  await clock.sleep(20);
  assert.ok(clock.now() - start >= 19);
});

// ---------------------------------------------------------------- signals

Deno.test("world: a signal is held back while there is work, and ends the process afterwards", () => {
  // In a process of its own: `deno test` ends at a SIGINT, whoever listens.
  for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 129]] as const) {
    const { stderr } = output(
      `import process from "node:process";
      const { signals } = realWorld();
      const raise = () => process.kill(process.pid, "${signal}");
      const came = await signals.hold(async (interrupted) => {
        const before = await interrupted();
        raise();
        for (let i = 0; i < 1000 && !await interrupted(); i++);
        return [before, await interrupted()];
      });
      terminal.err(came + "\\n");
      raise();
      await new Promise((resolve) => setTimeout(resolve, 5000));`,
      "cat",
    );
    assert.match(stderr, new RegExp(`^false,true\\n(?:.*\\n)?exit ${status}\\n`), signal);
  }
});

Deno.test("world: many who hold signals back all hear of one, and none listens afterwards", async () => {
  const before = process.listenerCount("SIGHUP");
  let heard = 0;
  const one = () =>
    signals.hold(async (interrupted) => {
      for (let i = 0; i < 200 && !await interrupted(); i++) await clock.sleep(1);
      if (await interrupted()) heard++;
      throw new Error("the work failed");
    });
  const all = Promise.allSettled(Array.from({ length: 20 }, one));
  assert.equal(process.listenerCount("SIGHUP"), before + 1);
  process.kill(process.pid, "SIGHUP");
  assert.ok((await all).every(({ status }) => status === "rejected"));
  assert.equal(heard, 20);
  assert.equal(process.listenerCount("SIGHUP"), before);
  await signals.hold(async (interrupted) => assert.equal(await interrupted(), false));
});

// ---------------------------------------------------------------- output

/** What a program of this World does, with its output in `| reader`. */
function output(program: string, reader: string) {
  const source = `import { realWorld } from ${JSON.stringify(new URL("./real.ts", import.meta.url).href)};
    const { terminal } = realWorld(); ${program}`;
  // By way of the environment: Deno rewrites its own path among the arguments, as if it were Node's.
  const script = `{ "$RUNTIME" eval "$SOURCE"; echo "exit $?" >&2; } | ${reader}`;
  return spawnSync("sh", ["-c", script], {
    encoding: "utf8",
    env: { ...process.env, NO_COLOR: "1", RUNTIME: process.execPath, SOURCE: source },
    input: "",
  });
}

Deno.test("world: output is whole, and a reader that goes away is no error", () => {
  const program = `terminal.out("é".repeat(500_000)); terminal.line("last"); terminal.err("told\\n");`;
  const whole = output(program, "wc -c");
  assert.equal(whole.stdout.trim(), "1000005");
  assert.match(whole.stderr, /told\nexit 0\n/);
  const cut = output(`terminal.out("x".repeat(5_000_000)); terminal.err("told\\n");`, "head -c 3");
  assert.equal(cut.stdout, "xxx");
  assert.match(cut.stderr, /told\nexit 0\n/);
});

Deno.test("world: a pipe is no terminal", () => {
  const { stdout } = output(
    `terminal.out(String([terminal.outIsTerminal, terminal.errIsTerminal, terminal.canAsk]));`,
    "cat",
  );
  assert.equal(stdout, "false,false,false");
});

Deno.test("world: the code of an error is its text, where it has one", () => {
  const cases: readonly (readonly [error: unknown, code: string | undefined])[] = [
    [Object.assign(new Error("x"), { code: "ENOENT" }), "ENOENT"],
    [Object.assign(new Error("x"), { code: 2 }), undefined],
    [new Error("x"), undefined],
    [{ code: "ENOENT" }, undefined],
    [null, undefined],
  ];
  for (const [error, code] of cases) assert.equal(codeOf(error), code);
});
