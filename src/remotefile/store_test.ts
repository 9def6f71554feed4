import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Failure } from "../failure.ts";
import { realWorld, type World } from "../world.ts";
import { refuses } from "../../tests/refuses.ts";
import { parseLedger } from "./ledger.ts";
import { backupPath, commit, readStored } from "./store.ts";

const world = realWorld();
const OLD = "# mine\nRemotes:\n  a:\n    URI: a.example.com\n";
const NEW = "# mine\nRemotes:\n  b:\n    URI: b.example.com\n";
const options = { scope: "user", lockTimeout: 300 } as const;
const putNew = () => ({ text: NEW, ours: new Set(["b"]) });

/** A folder of one's own with an old `remote.yaml` in it, and nothing of it afterwards. */
function scene(
  name: string,
  play: (path: string, folder: string) => Promise<void>,
  text: string | null = OLD,
): void {
  Deno.test(`store: ${name}`, async () => {
    const folder = fs.mkdtempSync(join(tmpdir(), "sremote-store-"));
    try {
      const path = join(folder, "remote.yaml");
      if (text !== null) fs.writeFileSync(path, text, { mode: 0o600 });
      await play(path, folder);
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
}

const mode = (path: string) => (fs.statSync(path).mode & 0o7777).toString(8);
const read = (path: string) => fs.readFileSync(path, "utf8");

/** The old file, and neither a lock, a temporary file nor a backup. */
function untouched(path: string, folder: string, text = OLD): void {
  assert.equal(read(path), text);
  assert.deepEqual(fs.readdirSync(folder), ["remote.yaml"]);
}

scene("a change keeps the previous file, and the ledger the previous names", async (path, folder) => {
  assert.deepEqual(await commit(world, path, options, putNew), { changed: true, backup: backupPath(path) });
  assert.equal(read(path), NEW);
  assert.equal(read(backupPath(path)), OLD);
  assert.deepEqual(fs.readdirSync(folder).sort(), [
    ".sremote-ledger.json",
    "remote.yaml",
    "remote.yaml.sremote-backup",
  ]);
  await commit(
    world,
    path,
    options,
    (now) => ({ text: now.document.text.replace("b.", "c."), ours: new Set(["c"]) }),
  );
  const ledger = parseLedger(read(join(folder, ".sremote-ledger.json")), "");
  assert.deepEqual(ledger, { remotes: new Set(["c"]), previous: new Set(["b"]) });
  assert.equal(read(backupPath(path)), NEW);
});

scene("the same text writes nothing", async (path, folder) => {
  const before = fs.statSync(path);
  const committed = await commit(
    world,
    path,
    options,
    (now) => ({ text: now.document.text, ours: new Set() }),
  );
  assert.deepEqual(committed, { changed: false, backup: null });
  const after = fs.statSync(path);
  assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs]);
  untouched(path, folder);
});

for (const umask of [0o000, 0o022, 0o077]) {
  scene(`new files have their mode whatever the umask (${umask.toString(8)})`, async (_path, folder) => {
    const before = process.umask(umask);
    try {
      const [user, global] = [join(folder, "u/v/remote.yaml"), join(folder, "g/h/remote.yaml")];
      await commit(world, user, { ...options, scope: "user" }, putNew);
      await commit(world, global, { ...options, scope: "global" }, putNew);
      assert.deepEqual([user, join(folder, "u"), join(folder, "u/v"), backupPath(user)].map(mode), [
        "600",
        "700",
        "700",
        "600",
      ]);
      assert.deepEqual([global, join(folder, "g"), join(folder, "g/h"), backupPath(global)].map(mode), [
        "644",
        "755",
        "755",
        "644",
      ]);
    } finally {
      process.umask(before);
    }
  }, null);
}

scene("a stricter mode stays, a wider one is narrowed", async (path) => {
  for (
    const [scope, present, expected] of [["user", 0o400, "400"], ["user", 0o664, "600"], [
      "global",
      0o640,
      "640",
    ], ["global", 0o666, "644"]] as const
  ) {
    fs.writeFileSync(path, OLD);
    fs.chmodSync(path, present);
    await commit(world, path, { ...options, scope }, putNew);
    assert.equal(mode(path), expected, `${scope} ${present.toString(8)}`);
    assert.equal(mode(backupPath(path)), expected);
    fs.rmSync(path);
  }
});

scene("the owner stays", async (path) => {
  if (process.getuid!() !== 0) return; // only root can give a file away
  fs.chownSync(path, 12_345, 23_456);
  await commit(world, path, options, putNew);
  for (const one of [path, backupPath(path)]) {
    assert.deepEqual([fs.statSync(one).uid, fs.statSync(one).gid], [12_345, 23_456], one);
  }
});

scene("another user's file is refused", async (path, folder) => {
  const uid = fs.statSync(path).uid + 1;
  const other: World = { ...world, here: { ...world.here, uid } };
  await refuses("remote-file-owner", () => commit(other, path, options, putNew));
  untouched(path, folder);
});

scene("folders that were made go again when the work fails", async (_path, folder) => {
  await refuses("conflict", () =>
    commit(world, join(folder, "x/y/remote.yaml"), options, () => {
      throw new Failure("conflict", "no");
    }));
  assert.deepEqual(fs.readdirSync(folder), []);
}, null);

scene("a symbolic link, a folder and a pipe are refused and stay", async (path, folder) => {
  fs.renameSync(path, join(folder, "target.yaml"));
  fs.symlinkSync("target.yaml", path);
  const link = await refuses("remote-file-symlink", () => commit(world, path, options, putNew));
  assert.match(link.next!, /regular file/);
  assert.equal(read(join(folder, "target.yaml")), OLD);
  assert.ok(fs.lstatSync(path).isSymbolicLink());
  fs.rmSync(path);
  fs.mkdirSync(path);
  await refuses("remote-file-not-a-file", () => commit(world, path, options, putNew));
  fs.rmdirSync(path);
  const { spawnSync } = await import("node:child_process");
  assert.equal(spawnSync("mkfifo", [path]).status, 0);
  await refuses("remote-file-not-a-file", () => readStored(world, path));
});

scene("bytes that are no text are refused", async (path) => {
  fs.writeFileSync(path, new Uint8Array([0x41, 0xff, 0xfe]));
  await refuses("remote-file-invalid", () => readStored(world, path));
});

scene("a writer that knows no lock and comes between is not overwritten", async (path, folder) => {
  const theirs = "Remotes:\n  theirs:\n    URI: t.example.com\n";
  await refuses("stale", () =>
    commit(world, path, options, () => {
      fs.writeFileSync(path, theirs);
      return putNew();
    }));
  untouched(path, folder, theirs);
});

scene("a file that is removed or made meanwhile is seen", async (path, folder) => {
  await refuses("stale", () =>
    commit(world, path, options, () => {
      fs.rmSync(path);
      return putNew();
    }));
  assert.deepEqual(fs.readdirSync(folder), []);
  await refuses("stale", () =>
    commit(world, path, options, () => {
      fs.writeFileSync(path, "");
      return putNew();
    }));
  assert.deepEqual(fs.readdirSync(folder), ["remote.yaml"]);
});

scene("a lock that another holds is waited for, for so long", async (path, folder) => {
  const lock = await world.files.tryLock(path);
  assert.ok(lock !== null);
  const failure = await refuses("locked", () => commit(world, path, options, putNew));
  assert.match(failure.message, /0\.3 s/);
  setTimeout(() => lock.release(), 100);
  await commit(world, path, { ...options, lockTimeout: 5_000 }, putNew);
  assert.equal(read(path), NEW);
  assert.ok(!fs.existsSync(join(folder, "remote.yaml.lock")));
});

scene("an abandoned lock is taken over", async (path) => {
  fs.mkdirSync(`${path}.lock`);
  const longAgo = new Date(Date.now() - 60_000);
  fs.utimesSync(`${path}.lock`, longAgo, longAgo);
  await commit(world, path, options, putNew);
  assert.equal(read(path), NEW);
});

scene("Ctrl-C before the commit leaves everything as it was", async (path, folder) => {
  const pressed: World = { ...world, signals: { hold: (work) => work(() => Promise.resolve(true)) } };
  await refuses("interrupted", () => commit(pressed, path, options, putNew));
  untouched(path, folder);
});

scene("Ctrl-C while the lock is waited for ends the wait", async (path) => {
  const lock = await world.files.tryLock(path);
  const pressed: World = { ...world, signals: { hold: (work) => work(() => Promise.resolve(true)) } };
  await refuses("interrupted", () => commit(pressed, path, { ...options, lockTimeout: 60_000 }, putNew));
  lock!.release();
});

for (
  const [what, fails] of [["the file", "remote.yaml"], ["its backup", "remote.yaml.sremote-backup"]] as const
) {
  scene(
    `a full disk while ${what} is written leaves the old file and the earlier backup`,
    async (path, folder) => {
      fs.writeFileSync(backupPath(path), "# earlier\n");
      const full: World = {
        ...world,
        files: {
          ...world.files,
          replace(file, bytes, given) {
            if (file === join(folder, fails)) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
            world.files.replace(file, bytes, given);
          },
        },
      };
      const failure = await refuses("io", () => commit(full, path, options, putNew));
      assert.match(failure.message, /the disk is full/);
      assert.equal(read(path), OLD);
      assert.equal(read(backupPath(path)), "# earlier\n");
      assert.deepEqual(fs.readdirSync(folder).sort(), ["remote.yaml", "remote.yaml.sremote-backup"]);
    },
  );
}

scene("a ledger that cannot be written says that the file was", async (path, folder) => {
  const full: World = {
    ...world,
    files: {
      ...world.files,
      replace(file, bytes, given) {
        if (file.endsWith("ledger.json")) throw Object.assign(new Error("no"), { code: "EACCES" });
        world.files.replace(file, bytes, given);
      },
    },
  };
  const failure = await refuses("io", () => commit(full, path, options, putNew));
  assert.match(failure.message, /itself is written/);
  assert.equal(read(path), NEW);
  assert.ok(!fs.existsSync(join(folder, "remote.yaml.lock")));
});

scene("many at once: no change is lost, and every reader sees a whole file", async (path, folder) => {
  const add = (i: number) =>
    commit(world, path, { ...options, lockTimeout: 20_000 }, (now) => ({
      text: `${now.document.text}  r${i}:\n    URI: r${i}.example.com\n`,
      ours: new Set([...now.ledger.remotes, `r${i}`]),
    }));
  let reading = true;
  const reader = (async () => {
    while (reading) {
      assert.match(
        read(path),
        /^# mine\nRemotes:\n {2}a:\n {4}URI: a\.example\.com\n(?: {2}r(\d+):\n {4}URI: r\1\.example\.com\n)*$/,
      );
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  })();
  await Promise.all(Array.from({ length: 20 }, (_, i) => add(i)));
  reading = false;
  await reader;
  const { document, ledger } = await readStored(world, path);
  assert.equal(document.content.remotes.size, 21);
  assert.equal(ledger.remotes.size, 20);
  assert.deepEqual(fs.readdirSync(folder).sort(), [
    ".sremote-ledger.json",
    "remote.yaml",
    "remote.yaml.sremote-backup",
  ]);
});
