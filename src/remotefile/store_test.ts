import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Failure } from "../base/failure.ts";
import { realWorld } from "../world/real.ts";
import type { World } from "../world.ts";
import { refuses } from "../../tests/refuses.ts";
import { parseLedger } from "./ledger.ts";
import { backupPath, type Change, commit as commitOne, commitAll, readStored, tidy } from "./store.ts";
import { unfinishedPath } from "./stored.ts";

const world = realWorld();
const OLD = "# mine\nRemotes:\n  a:\n    URI: a.example.com\n";
const NEW = "# mine\nRemotes:\n  b:\n    URI: b.example.com\n";
const options = { scope: "user", lockTimeout: 300 } as const;
const putNew = () => ({ text: NEW, ours: new Set(["b"]) });

/** Changes a file that may not be a link. */
const commit = (
  world: World,
  path: string,
  { lockTimeout, scope }: { readonly scope: "user" | "global"; readonly lockTimeout: number },
  edit: Change["edit"],
) => commitOne(world, lockTimeout, { path, scope, links: { root: null, refuse: "which it refuses" }, edit });

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
const digest = (path: string) => `sha256:${createHash("sha256").update(fs.readFileSync(path)).digest("hex")}`;

/** The real World, except for what happens when a file is staged, or about to be renamed. */
function writing(
  { staging = () => {}, renaming = () => {} }: {
    readonly staging?: (file: string) => void;
    readonly renaming?: (file: string) => void;
  },
): World {
  const stage: World["files"]["stage"] = (file, bytes, given) => {
    staging(file);
    const staged = world.files.stage(file, bytes, given);
    const commit: typeof staged.commit = (to) => {
      renaming(to ?? file);
      staged.commit(to);
    };
    return { ...staged, commit };
  };
  return { ...world, files: { ...world.files, stage } };
}

const NOTHING = { remotes: [], credentials: [] };
const systemError = (code: string) => Object.assign(new Error("no"), { code });

/** The old file, and neither a lock, a temporary file nor a backup. */
function untouched(path: string, folder: string, text = OLD): void {
  assert.equal(read(path), text);
  assert.deepEqual(fs.readdirSync(folder), ["remote.yaml"]);
}

scene("a change keeps the previous file, and the ledger the previous names", async (path, folder) => {
  assert.deepEqual(await commit(world, path, options, putNew), {
    changed: true,
    backup: backupPath(path),
    notes: [],
    gone: NOTHING,
  });
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
  assert.deepEqual(ledger, {
    remotes: new Set(["c"]),
    previous: new Set(["b"]),
    last: { at: ledger.last!.at, wrote: digest(path), kept: digest(backupPath(path)) },
  });
  assert.ok(Math.abs(Date.now() - ledger.last!.at!) < 60_000);
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
  assert.deepEqual(committed, { changed: false, backup: null, notes: [], gone: NOTHING });
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

scene("a file gets the mode that the programs give it", async (path) => {
  for (
    const [scope, present, expected] of [
      ["user", 0o400, "600"],
      ["user", 0o640, "640"],
      ["user", 0o664, "664"],
      ["user", 0o666, "664"],
      ["global", 0o600, "644"],
      ["global", 0o640, "644"],
      ["global", 0o666, "644"],
    ] as const
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

scene("another user's file is refused, unless there is nothing to change", async (path, folder) => {
  const uid = fs.statSync(path).uid + 1;
  const other: World = { ...world, here: { ...world.here, uid } };
  await refuses("remote-file-owner", () => commit(other, path, options, putNew));
  const same = await commit(
    other,
    path,
    options,
    (now) => ({ text: now.document.text, ours: now.ledger.remotes }),
  );
  assert.equal(same.changed, false);
  untouched(path, folder);
});

scene("the previous file is kept to the byte", async (path) => {
  const bytes = new TextEncoder().encode("\ufeff# \u00e9\r\nRemotes: {}\r\n# end");
  fs.writeFileSync(path, bytes);
  await commit(world, path, options, putNew);
  assert.deepEqual(new Uint8Array(fs.readFileSync(backupPath(path))), bytes);
});

scene("the ledger comes after the file, and last", async (path) => {
  const order: string[] = [];
  const watched = writing({
    renaming: (file) => {
      order.push(file.slice(file.lastIndexOf("/") + 1));
    },
  });
  await commit(watched, path, options, putNew);
  assert.deepEqual(order, ["remote.yaml", "remote.yaml.sremote-backup", ".sremote-ledger.json"]);
});

scene("names alone change the ledger alone, and not what rollback needs", async (path, folder) => {
  await commit(world, path, options, putNew);
  await commit(world, path, options, () => ({ text: OLD, ours: new Set(["a"]) }));
  const { ino } = fs.statSync(path);
  const done = await commit(world, path, options, () => ({ text: OLD, ours: new Set(["a", "c"]) }));
  assert.deepEqual(done, { changed: false, backup: null, notes: [], gone: NOTHING });
  assert.deepEqual([read(path), read(backupPath(path)), fs.statSync(path).ino], [OLD, NEW, ino]);
  const ledger = parseLedger(read(join(folder, ".sremote-ledger.json")), "");
  assert.deepEqual(ledger, {
    remotes: new Set(["a", "c"]),
    previous: new Set(["b"]),
    last: { at: ledger.last!.at, wrote: digest(path), kept: digest(backupPath(path)) },
  });
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
  assert.ok(fs.statSync(path).isDirectory());
  fs.rmdirSync(path);
  assert.equal(spawnSync("mkfifo", [path]).status, 0);
  await refuses("remote-file-not-a-file", () => commit(world, path, options, putNew));
  assert.ok(fs.statSync(path).isFIFO());
  assert.deepEqual(fs.readdirSync(folder).sort(), ["remote.yaml", "target.yaml"]);
  await refuses("io", () => commit(world, join(folder, "target.yaml/remote.yaml"), options, putNew));
  await refuses("remote-file-not-a-file", () => readStored(world, join(folder, "target.yaml/remote.yaml")));
});

const TOKEN = "Remotes:\n  a:\n    URI: a.example.com\n    Token: t\n";

scene("a global file that holds a token is not opened to others", async (path) => {
  for (const [present, expected] of [[0o600, "600"], [0o640, "640"], [0o666, "644"]] as const) {
    fs.chmodSync(path, present);
    const text = read(path).replace(/^(#.*\n)?/, `# ${expected}\n`);
    await commit(world, path, { ...options, scope: "global" }, () => ({ text, ours: new Set() }));
    assert.deepEqual([mode(path), mode(backupPath(path))], [expected, "600"]);
  }
  // Once it holds none, every user has to read it again.
  fs.chmodSync(path, 0o600);
  const { notes } = await commit(world, path, { ...options, scope: "global" }, putNew);
  assert.deepEqual([mode(path), mode(backupPath(path))], ["644", "644"]);
  assert.deepEqual(notes, [`The mode of ${path} is now 0644 instead of 0600: every user has to read it.`]);
}, TOKEN);

/** Changes a file that may be a link. */
const through = (path: string, root: string | null = null) =>
  commitOne(world, 300, { path, scope: "user", links: { root, refuse: null }, edit: putNew });

scene("the target of a symbolic link is replaced, and what is kept is beside it", async (path, folder) => {
  fs.mkdirSync(join(folder, "dotfiles"));
  fs.renameSync(path, join(folder, "dotfiles/r.yaml"));
  fs.symlinkSync("hop", path);
  fs.symlinkSync(join(folder, "dotfiles/r.yaml"), join(folder, "hop"));
  assert.equal((await readStored(world, path)).document.quirks.symlink, true);
  await through(path);
  assert.equal(read(join(folder, "dotfiles/r.yaml")), NEW);
  assert.ok(fs.lstatSync(path).isSymbolicLink() && fs.lstatSync(join(folder, "hop")).isSymbolicLink());
  assert.deepEqual(fs.readdirSync(folder).sort(), ["dotfiles", "hop", "remote.yaml"]);
  assert.deepEqual(fs.readdirSync(join(folder, "dotfiles")).sort(), [
    ".r.yaml.sremote-ledger.json",
    "r.yaml",
    "r.yaml.sremote-backup",
  ]);
});

scene("a link to nothing makes its target, but no directory", async (path, folder) => {
  fs.symlinkSync("new.yaml", path);
  assert.equal((await readStored(world, path)).digest, null);
  await through(path);
  assert.equal(read(join(folder, "new.yaml")), NEW);
  fs.rmSync(path);
  fs.symlinkSync("purged/new.yaml", path);
  await refuses("io", () => through(path));
  assert.ok(!fs.existsSync(join(folder, "purged")));
}, null);

scene("a link to a directory that is gone is named", async (_path, folder) => {
  fs.symlinkSync("/scratch/purged", join(folder, "home"));
  const failure = await refuses("io", () => through(join(folder, "home/remote.yaml")));
  assert.match(failure.message, /home is a symbolic link to \/scratch\/purged, which does not exist$/);
  assert.deepEqual(fs.readdirSync(folder), ["home"]);
}, null);

scene("a link below a root starts there, and does not leave it", async (path, folder) => {
  const root = join(folder, "root");
  fs.mkdirSync(join(root, "etc/a"), { recursive: true });
  fs.mkdirSync(join(root, "data"));
  const link = join(root, "etc/a/remote.yaml");
  fs.symlinkSync("/data/remote.yaml", link);
  await through(link, root);
  assert.equal(read(join(root, "data/remote.yaml")), NEW);
  for (const target of ["../../../remote.yaml", "/../remote.yaml", "/data/../../remote.yaml"]) {
    fs.rmSync(link);
    fs.symlinkSync(target, link);
    if (target.startsWith("/..")) continue; // the root is its own parent
    await refuses("remote-file-symlink", () => through(link, root));
    await refuses("remote-file-symlink", () => readStored(world, link, root));
  }
  assert.equal(read(path), OLD);
});

scene("links in a circle are refused", async (path, folder) => {
  fs.symlinkSync("b", path);
  fs.symlinkSync("remote.yaml", join(folder, "b"));
  await refuses("remote-file-symlink", () => readStored(world, path));
  await refuses("remote-file-symlink", () => through(path));
}, null);

scene("root does not write through another user's link", async (path, folder) => {
  if (process.getuid!() !== 0) return; // only root can make one
  fs.renameSync(path, join(folder, "target.yaml"));
  fs.symlinkSync("target.yaml", path);
  fs.lchownSync(path, 12_345, 12_345);
  await refuses("remote-file-symlink", () => through(path));
  assert.equal(read(join(folder, "target.yaml")), OLD);
});

scene("of several files none is written unless all can be", async (path, folder) => {
  const other = join(folder, "other/remote.yaml");
  const links = { root: null, refuse: null };
  const both = (edit: Change["edit"]) =>
    commitAll(world, 300, [
      { path, scope: "user", links, edit: putNew },
      { path: other, scope: "user", links, edit },
    ]);
  fs.mkdirSync(join(folder, "other"));
  const lock = (await world.files.tryLock(other))!;
  await refuses("locked", () => both(putNew));
  lock.release();
  await refuses("stale", () =>
    both(() => {
      throw new Failure("stale", "no");
    }));
  fs.mkdirSync(backupPath(other));
  fs.writeFileSync(other, OLD);
  await refuses("io", () => both(putNew));
  assert.equal(read(path), OLD);
  assert.deepEqual(fs.readdirSync(folder).sort(), ["other", "remote.yaml"]);
  fs.rmdirSync(backupPath(other));
  await both(putNew);
  assert.deepEqual([read(path), read(other)], [NEW, NEW]);
});

scene("who writes several files hears of those that were written before one failed", async (path, folder) => {
  const other = join(folder, "other.yaml");
  const broken = writing({
    renaming: (file) => {
      if (file === other) throw systemError("ENOSPC");
    },
  });
  const links = { root: null, refuse: null };
  const told: string[] = [];
  const changes = [path, other].map((one) => ({ path: one, scope: "user", links, edit: putNew } as const));
  const failure = await refuses(
    "io",
    () => commitAll(broken, 300, changes, (change) => told.push(change.path)),
  );
  assert.deepEqual([told, read(path), fs.existsSync(other)], [[path], NEW, false]);
  assert.ok(failure.message.endsWith(`; ${path} is already written`), failure.message);
  assert.doesNotMatch(failure.next!, /nothing was written/);
});

scene("bytes that are no text are refused, in the file and in the ledger", async (path, folder) => {
  fs.writeFileSync(join(folder, ".sremote-ledger.json"), new Uint8Array([0x41, 0xff, 0xfe]));
  await refuses("ledger-invalid", () => readStored(world, path));
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

scene(
  "a writer that comes right before the rename is not overwritten, even half-way",
  async (path, folder) => {
    const theirs = [Uint8Array.of(), new TextEncoder().encode("Remotes:\n  \u00e9").slice(0, -1)];
    for (const bytes of theirs) {
      fs.writeFileSync(path, OLD);
      const late = writing({
        staging: (file) => {
          if (file === path) fs.writeFileSync(path, bytes);
        },
      });
      const failure = await refuses("stale", () => commit(late, path, options, putNew));
      assert.match(failure.next!, /Plan again/);
      assert.deepEqual(new Uint8Array(fs.readFileSync(path)), bytes);
      assert.deepEqual(fs.readdirSync(folder), ["remote.yaml"]);
    }
  },
);

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

scene("a lock that is taken over while the edit runs ends the work", async (path, folder) => {
  const failure = await refuses("stale", () =>
    commit(world, path, options, async () => {
      fs.rmSync(`${path}.lock`, { recursive: true });
      await world.clock.sleep(50); // the new folder may get the old one's inode, and the kernel's clock is coarse
      fs.mkdirSync(`${path}.lock`);
      return putNew();
    }));
  assert.match(failure.message, /took the lock over/);
  assert.equal(read(path), OLD);
  assert.deepEqual(fs.readdirSync(folder), ["remote.yaml", "remote.yaml.lock"]); // the other one's
});

scene("Ctrl-C before the commit leaves everything as it was", async (path, folder) => {
  const pressed: World = {
    ...world,
    signals: { ...world.signals, hold: (work) => work(() => Promise.resolve(true)) },
  };
  await refuses("interrupted", () => commit(pressed, path, options, putNew));
  untouched(path, folder);
});

scene("Ctrl-C while the lock is waited for ends the wait", async (path) => {
  const lock = await world.files.tryLock(path);
  const pressed: World = {
    ...world,
    signals: { ...world.signals, hold: (work) => work(() => Promise.resolve(true)) },
  };
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
      const full = writing({
        staging: (file) => {
          if (file === join(folder, fails)) throw systemError("ENOSPC");
        },
      });
      const failure = await refuses("io", () => commit(full, path, options, putNew));
      assert.match(failure.message, /the disk is full/);
      assert.equal(read(path), OLD);
      assert.equal(read(backupPath(path)), "# earlier\n");
      assert.deepEqual(fs.readdirSync(folder).sort(), ["remote.yaml", "remote.yaml.sremote-backup"]);
    },
  );
}

scene("a ledger that cannot be written says that the file was", async (path, folder) => {
  const full = writing({
    renaming: (file) => {
      if (file.endsWith("ledger.json")) throw systemError("EACCES");
    },
  });
  const failure = await refuses("io", () => commit(full, path, options, putNew));
  assert.match(failure.message, /itself is written/);
  assert.equal(read(path), NEW);
  assert.ok(!fs.existsSync(join(folder, "remote.yaml.lock")));
});

scene(
  "a full disk: the old file, no rest of the new one, and no folder that was made",
  async (_path, folder) => {
    // A disk of 64 KiB, for root where mounting is allowed; else there is nothing to try.
    const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]);
    if (mounted.status !== 0) {
      assert.ok(process.getuid!() !== 0 || /denied|not permitted/i.test(String(mounted.stderr)));
      return;
    }
    try {
      const path = join(folder, "remote.yaml");
      fs.writeFileSync(path, OLD);
      const big = () => ({ text: NEW + "# filler\n".repeat(20_000), ours: new Set<string>() });
      for (const one of [path, join(folder, "a/b/remote.yaml")]) {
        const failure = await refuses("io", () => commit(world, one, options, big));
        assert.match(failure.message, /the disk is full/);
        assert.match(failure.next!, /Free some space/);
        untouched(path, folder);
      }
    } finally {
      assert.equal(spawnSync("umount", [folder]).status, 0);
    }
  },
  null,
);

scene("where the previous file cannot be kept, nothing is written", async (path, folder) => {
  fs.mkdirSync(backupPath(path));
  const failure = await refuses("io", () => commit(world, path, options, putNew));
  assert.match(failure.message, /a directory of that name exists/);
  assert.equal(read(path), OLD);
  assert.deepEqual(fs.readdirSync(folder), ["remote.yaml", "remote.yaml.sremote-backup"]);
});

scene("a backup that fails after the file was written says so", async (path) => {
  const full = writing({
    renaming: (file) => {
      if (file === backupPath(path)) throw systemError("ETEST");
    },
  });
  const failure = await refuses("io", () => commit(full, path, options, putNew));
  assert.match(failure.message, /itself is written/);
  assert.doesNotMatch(failure.next!, /nothing was/);
  assert.equal(read(path), NEW);
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

// ---------------------------------------------------------------- tokens that are gone

const T1 = "token-one-0123456789";
const T2 = "token-two-0123456789";
const withToken = (token: string) => `# mine\nRemotes:\n  a:\n    URI: a.example.com\n    Token: ${token}\n`;

/** The files of a directory in which a text occurs. */
const holding = (folder: string, text: string) =>
  fs.readdirSync(folder).filter((one) => read(join(folder, one)).includes(text)).sort();

for (
  const [what, text, left] of [
    ["logged out", OLD, OLD],
    ["replaced", withToken(T2), OLD],
    ["removed with its remote", NEW, OLD],
  ] as const
) {
  scene(`a token that is ${what} is in no file afterwards`, async (path, folder) => {
    fs.writeFileSync(backupPath(path), `# earlier\n${withToken(T1)}`);
    fs.writeFileSync(join(folder, ".remote.yaml.sremote-01234567"), withToken(T1)); // a killed process
    const { gone } = await commit(world, path, options, () => ({ text, ours: new Set() }));
    assert.deepEqual(gone.remotes.map((one) => one.name), ["a"]);
    assert.deepEqual([holding(folder, T1), read(path), read(backupPath(path))], [[], text, left]);
    const { last } = parseLedger(read(join(folder, ".sremote-ledger.json")), "");
    const [wrote, kept] = [digest(path), digest(backupPath(path))];
    assert.deepEqual(last, { at: last!.at, wrote, kept, remotes: ["a"] });
  }, withToken(T1));

  scene(
    `a crash while a token is ${what} leaves it in no backup of a file without it`,
    async (path, folder) => {
      for (const at of [path, backupPath(path), join(folder, ".sremote-ledger.json")]) {
        for (const one of fs.readdirSync(folder)) fs.rmSync(join(folder, one));
        fs.writeFileSync(path, withToken(T1));
        fs.writeFileSync(backupPath(path), withToken(T1));
        const killed = writing({
          renaming: (file) => {
            if (file === at) throw systemError("ETEST");
          },
        });
        await refuses("io", () => commit(killed, path, options, () => ({ text, ours: new Set() })));
        if (!read(path).includes(T1)) assert.deepEqual(holding(folder, T1), []);
      }
    },
    withToken(T1),
  );
}

scene(
  "a token that a program has logged out goes from the backup too, although nothing changes",
  async (path, folder) => {
    fs.writeFileSync(backupPath(path), withToken(T1));
    await commit(world, path, options, (now) => ({ text: now.document.text, ours: now.ledger.remotes }));
    assert.deepEqual([holding(folder, T1), read(backupPath(path))], [[], OLD]);
    fs.writeFileSync(backupPath(path), withToken(T1));
    await tidy(world, path, null);
    assert.deepEqual([holding(folder, T1), read(backupPath(path))], [[], OLD]);
  },
);

scene("a token that stays is in the backup, which only its owner can read", async (path) => {
  await commit(
    world,
    path,
    options,
    () => ({ text: withToken(T1).replace("# mine", "# ours"), ours: new Set() }),
  );
  assert.deepEqual([read(backupPath(path)), mode(backupPath(path)), mode(path)], [
    withToken(T1),
    "600",
    "600",
  ]);
}, withToken(T1));

// ---------------------------------------------------------------- modes

scene(
  "a user file keeps the mode that a group shares, until it gets a token, which is said",
  async (path) => {
    fs.chmodSync(path, 0o660);
    assert.deepEqual((await commit(world, path, options, putNew)).notes, []);
    assert.deepEqual([mode(path), mode(backupPath(path))], ["660", "660"]);
    const { notes } = await commit(world, path, options, () => ({ text: withToken(T1), ours: new Set() }));
    assert.deepEqual(notes, [`The mode of ${path} is now 0600 instead of 0660: it holds an API key.`]);
    assert.deepEqual([mode(path), mode(backupPath(path))], ["600", "600"]);
    const next = await commit(world, path, options, () => ({ text: withToken(T2), ours: new Set() }));
    assert.deepEqual(next.notes, []);
  },
);

// ---------------------------------------------------------------- files that cannot be replaced

/** A World in which this file is a mount point. */
const mounted = (path: string, code = "EBUSY") =>
  writing({
    renaming: (file) => {
      if (file === path) throw systemError(code);
    },
  });

for (const code of ["EBUSY", "EXDEV"]) {
  scene(
    `a mounted file is written in place, after the previous one was kept (${code})`,
    async (path, folder) => {
      const { ino } = fs.statSync(path);
      const { notes, backup } = await commit(mounted(path, code), path, options, putNew);
      assert.match(notes[0]!, /is a mount point and cannot be replaced: it was written in place/);
      assert.deepEqual([read(path), read(backup!), fs.statSync(path).ino], [NEW, OLD, ino]);
      assert.deepEqual(fs.readdirSync(folder).sort(), [
        ".sremote-ledger.json",
        "remote.yaml",
        "remote.yaml.sremote-backup",
      ]);
    },
  );
}

scene(
  "a write in place that is interrupted is finished by the next command, and read as finished",
  async (path, folder) => {
    const text = `${OLD}  b:\n    URI: b.example.com\n`;
    for (const part of [0, 1, 20, text.length - 1]) {
      for (const one of fs.readdirSync(folder)) fs.rmSync(join(folder, one), { recursive: true });
      fs.writeFileSync(path, OLD);
      let dead = false;
      const killed = mounted(path);
      const files = {
        ...killed.files,
        overwrite: (file: string, bytes: Uint8Array, given: number) => {
          if (!dead) world.files.overwrite(file, bytes.slice(0, part), given);
          dead = true;
          throw new Error("killed");
        },
      };
      await refuses(
        "io",
        () => commit({ ...killed, files }, path, options, () => ({ text, ours: new Set() })),
      );
      assert.equal(read(path), text.slice(0, part));
      assert.equal(read(backupPath(path)), OLD);
      assert.equal((await readStored(world, path)).document.text, text);
      const { notes } = await commit(
        world,
        path,
        options,
        (now) => ({ text: now.document.text, ours: new Set() }),
      );
      assert.match(notes[0]!, /interrupted write .* was completed/);
      assert.equal(read(path), text);
      assert.ok(
        !fs.readdirSync(folder).some((one) => one.includes("unfinished")),
      );
    }
  },
);

scene("an interrupted write in place does not overwrite what a program has written since", async (path) => {
  fs.writeFileSync(unfinishedPath(path), NEW);
  await commit(world, path, options, (now) => ({ text: now.document.text, ours: new Set() }));
  assert.equal(read(path), OLD);
  assert.ok(!fs.existsSync(unfinishedPath(path)));
});

scene(
  "a mounted file that cannot be written leaves everything, the earlier backup too",
  async (path, folder) => {
    fs.writeFileSync(backupPath(path), "# earlier\n");
    const busy = mounted(path);
    const requireWritable = () => {
      throw systemError("EROFS");
    };
    const readOnly = { ...busy, files: { ...busy.files, requireWritable } };
    const failure = await refuses("io", () => commit(readOnly, path, options, putNew));
    assert.match(
      `${failure.message}. ${failure.next}`,
      /the file system is read-only\. .*; nothing was written$/,
    );
    assert.deepEqual([read(path), read(backupPath(path))], [OLD, "# earlier\n"]);
    const overwrite = (file: string, bytes: Uint8Array, given: number) => {
      world.files.overwrite(file, bytes.slice(0, 10), given);
      if (bytes.length > OLD.length - 1 && new TextDecoder().decode(bytes) !== OLD) {
        throw systemError(
          "ENOSPC",
        );
      }
      world.files.overwrite(file, bytes, given);
    };
    const full = { ...busy, files: { ...busy.files, overwrite } };
    const late = await refuses("io", () => commit(full, path, options, putNew));
    assert.match(`${late.message}. ${late.next}`, /the disk is full\. .*; nothing was written$/);
    assert.equal(read(path), OLD);
    assert.ok(!fs.readdirSync(folder).some((one) => one.includes("unfinished")));
  },
);

// ---------------------------------------------------------------- file systems

for (const code of ["EROFS", "ENOSPC", "EDQUOT", "EACCES"]) {
  scene(
    `of two files neither is written where the second one's directory refuses it: ${code}`,
    async (path, folder) => {
      const other = join(folder, "other/remote.yaml");
      fs.mkdirSync(join(folder, "other"));
      for (const fails of [other, backupPath(other), join(folder, "other/.sremote-ledger.json")]) {
        const refusing = writing({
          staging: (file) => {
            if (file === fails) throw systemError(code);
          },
        });
        const links = { root: null, refuse: null };
        const changes = [path, other].map((
          one,
        ) => ({ path: one, scope: "user", links, edit: putNew } as const));
        const failure = await refuses("io", () => commitAll(refusing, 300, changes));
        assert.match(failure.next!, /; nothing was written$/);
        assert.doesNotMatch(failure.message, /already written|\(E[A-Z]+\)/);
        assert.equal(read(path), OLD);
        assert.deepEqual(fs.readdirSync(folder).sort(), ["other", "remote.yaml"]);
        assert.deepEqual(fs.readdirSync(join(folder, "other")), []);
      }
    },
  );
}

scene(
  "files that are written in one go say so in their ledgers, one alone does not",
  async (path, folder) => {
    const other = join(folder, "other.yaml");
    const links = { root: null, refuse: null };
    const changes = [path, other].map((one) => ({ path: one, scope: "user", links, edit: putNew } as const));
    await commitAll(world, 300, changes);
    const last = async (file: string) => (await readStored(world, file)).ledger.last?.together;
    assert.match((await last(path))!, /^[0-9a-f]{8}$/);
    assert.equal(await last(other), await last(path));
    await commit(world, path, options, () => ({ text: OLD, ours: new Set(["a"]) }));
    assert.equal(await last(path), undefined);
  },
);

scene(
  "two processes that need the same locks in another order do not wait for each other",
  async (path, folder) => {
    const other = join(folder, "other.yaml");
    const links = { root: null, refuse: null };
    const order: string[][] = [];
    const both = async (paths: readonly string[]) => {
      const asked: string[] = [];
      order.push(asked);
      const tryLock: World["files"]["tryLock"] = async (file) => {
        if (asked.at(-1) !== file) asked.push(file);
        await world.clock.sleep(20);
        return await world.files.tryLock(file);
      };
      const slow = { ...world, files: { ...world.files, tryLock } };
      const changes = paths.map((one) =>
        ({
          path: one,
          scope: "user",
          links,
          edit: (now) => ({ text: `${now.document.text}# x\n`, ours: new Set() }),
        }) as Change
      );
      const done = await commitAll(slow, 3_000, changes);
      assert.deepEqual(done.map((one) => one.backup), paths.map(backupPath));
    };
    await Promise.all([both([path, other]), both([other, path])]);
    assert.equal(read(path), `${OLD}# x\n# x\n`);
    assert.deepEqual(order[0], order[1]);
  },
);

scene("one file by two paths is locked and written once", async (path, folder) => {
  fs.symlinkSync(folder, join(folder, "link"));
  const links = { root: null, refuse: null };
  const changes = [path, join(folder, "link/remote.yaml")].map((one) =>
    ({ path: one, scope: "user", links, edit: putNew }) as Change
  );
  const done = await commitAll(world, 300, changes);
  assert.deepEqual(done.map((one) => one.changed), [true, false]);
  assert.equal(read(path), NEW);
});

scene("an interruption names every file once", async (path, folder) => {
  const pressed: World = {
    ...world,
    signals: { ...world.signals, hold: (work) => work(() => Promise.resolve(true)) },
  };
  const links = { root: null, refuse: null };
  const other = join(folder, "other.yaml");
  for (
    const [paths, told] of [[[path], `${path} was`], [[path, other], `${path} and ${other} were`]] as const
  ) {
    const changes = paths.map((one) => ({ path: one, scope: "user", links, edit: putNew }) as Change);
    const failure = await refuses("interrupted", () => commitAll(pressed, 300, changes));
    assert.equal(failure.message, `interrupted before ${told} changed: nothing was written`);
  }
});

scene("a new mode is explained by what changed", async (path) => {
  const broken = "Remotes: [\n";
  const cases: readonly (readonly [
    scope: "user" | "global",
    old: string,
    now: string,
    mode: number,
    why: string | null,
  ])[] = [
    ["user", OLD, NEW, 0o2660, null],
    ["user", OLD, NEW, 0o660, null],
    ["user", OLD, NEW, 0o666, "0664 instead of 0666: others could write to it"],
    ["user", OLD, NEW, 0o440, "0640 instead of 0440: its owner has to read and write it"],
    ["user", OLD, withToken(T1), 0o644, "0600 instead of 0644: it holds an API key"],
    ["user", broken, NEW, 0o644, "0600 instead of 0644: it may have held an API key"],
    ["global", OLD, NEW, 0o600, "0644 instead of 0600: every user has to read it"],
    ["global", OLD, NEW, 0o666, "0644 instead of 0666: others could write to it"],
    ["global", OLD, NEW, 0o755, "0644 instead of 0755: it is not a program"],
    ["global", withToken(T1), NEW, 0o600, "0644 instead of 0600: every user has to read it"],
    ["global", withToken(T1), `${withToken(T1)}# x\n`, 0o660, "0640 instead of 0660: it holds an API key"],
  ];
  for (const [scope, old, text, given, why] of cases) {
    fs.rmSync(path, { force: true });
    fs.writeFileSync(path, old);
    fs.chmodSync(path, given);
    const links = { root: null, refuse: null };
    const edit = () => ({ text, ours: new Set<string>() });
    const { notes } = await commitOne(world, 300, { path, scope, links, edit, broken: true });
    assert.deepEqual(notes, why === null ? [] : [`The mode of ${path} is now ${why}.`]);
  }
});

for (
  const [what, make] of [
    ["a link", (at: string) => fs.symlinkSync("/etc/passwd", at)],
    ["a directory", (at: string) => fs.mkdirSync(at)],
    ["a pipe", (at: string) => assert.equal(spawnSync("mkfifo", [at]).status, 0)],
  ] as const
) {
  scene(`an interrupted write that is ${what} is ignored, with a note`, async (path) => {
    make(unfinishedPath(path));
    assert.equal((await readStored(world, path)).document.text, OLD);
    const { notes } = await commit(world, path, options, putNew);
    assert.deepEqual(notes, [
      `${unfinishedPath(path)} is not a regular file: sremote ignores it. Remove it.`,
    ]);
    assert.ok(fs.lstatSync(unfinishedPath(path)));
  });
}

scene("links that lead nowhere or in a circle are named", async (path, folder) => {
  const at = (name: string) => join(folder, name);
  fs.symlinkSync("/nowhere/r.yaml", path);
  const file = await refuses("io", () => through(path));
  assert.match(
    file.message,
    /remote\.yaml: it is a symbolic link to \/nowhere\/r\.yaml, whose directory does not exist$/,
  );
  fs.symlinkSync("loop", at("loop"));
  for (
    const work of [() => readStored(world, at("loop/remote.yaml")), () => through(at("loop/remote.yaml"))]
  ) {
    const loop = await work().then(() => null, (error: unknown) => error as Failure);
    assert.match(
      `${loop?.message}. ${loop?.next}`,
      /: \S+\/loop is a symbolic link to loop, which leads back to it\. Correct the link/,
    );
  }
}, null);

scene("a key that only a comment calls one leaves the backup with its comment", async (path, folder) => {
  const comments = [
    `# Token: ${T1}`,
    `#Auth = "${T1}"`,
    `# Authorization: Bearer ${T1}`,
    `# token:${T1}, old`,
  ];
  for (const comment of comments) {
    for (const place of ["file", "remote"]) {
      const text = place === "file" ? `${comment}\n${OLD}` : OLD.replace("  a:", `  a: ${comment}`);
      fs.writeFileSync(path, text);
      await commit(
        world,
        path,
        options,
        () => ({ text: text.replace("a.example", "c.example"), ours: new Set() }),
      );
      assert.deepEqual(holding(folder, T1), ["remote.yaml", "remote.yaml.sremote-backup"]);
      // A person removes it; or an edit, with the remote.
      fs.writeFileSync(path, OLD);
      await tidy(world, path, null);
      assert.deepEqual(holding(folder, T1), [], comment);
      fs.writeFileSync(path, text);
      await commit(world, path, options, putNew);
      assert.deepEqual(holding(folder, T1), [], comment);
    }
  }
});

scene("what is taken out of a backup later is recorded for rollback", async (path) => {
  await commit(world, path, options, () => ({ text: `${withToken(T1)}# x\n`, ours: new Set(["a"]) }));
  const before = (await readStored(world, path)).ledger;
  fs.writeFileSync(path, `${withToken(T2)}# x\n`);
  await tidy(world, path, null);
  const { ledger } = await readStored(world, path);
  const last = { ...before.last, kept: digest(backupPath(path)), remotes: ["a"] };
  assert.deepEqual(ledger, { ...before, last });
}, withToken(T1));

for (const fails of ["remote.yaml.sremote-backup", ".sremote-ledger.json"]) {
  scene(
    `what fails after the file is written is completed by the next command: ${fails}`,
    async (path, folder) => {
      await commit(world, path, options, () => ({ text: `${OLD}# x\n`, ours: new Set(["a"]) }));
      const failing = writing({
        renaming: (file) => {
          if (file === join(folder, fails)) throw systemError("EIO");
        },
      });
      await refuses("io", () => commit(failing, path, options, putNew));
      const { ledger } = await readStored(world, path);
      assert.deepEqual([ledger.remotes, ledger.previous], [new Set(["b"]), new Set(["a"])]);
      await tidy(world, path, null);
      assert.deepEqual([read(path), read(backupPath(path))], [NEW, `${OLD}# x\n`]);
      assert.deepEqual(parseLedger(read(join(folder, ".sremote-ledger.json")), ""), ledger);
      assert.deepEqual(fs.readdirSync(folder).sort(), [
        ".sremote-ledger.json",
        "remote.yaml",
        "remote.yaml.sremote-backup",
      ]);
    },
  );
}

scene(
  "a killed write that belongs to another text, or to another user, is not completed",
  async (path, folder) => {
    await commit(world, path, options, putNew);
    const before = read(join(folder, ".sremote-ledger.json"));
    const staged = (wrote: string, kept: string) =>
      JSON.stringify({ formatVersion: 1, remotes: ["x"], previous: [], last: { at: 1, wrote, kept } });
    const temporary = join(folder, "..sremote-ledger.json.sremote-01234567");
    const [file, backup] = [digest(path), digest(backupPath(path))];
    for (
      const [text, uid, is] of [
        [staged(file, backup), 0, true],
        [staged(file, "none"), 0, true],
        [staged(file, `sha256:${"0".repeat(64)}`), 0, false],
        [staged(`sha256:${"0".repeat(64)}`, backup), 0, false],
        [staged("absent", backup), 0, false],
        ["{", 0, false],
        [staged(file, backup), 12_345, false],
      ] as const
    ) {
      if (uid !== 0 && process.getuid!() !== 0) continue; // only root can give a file away
      fs.writeFileSync(join(folder, ".sremote-ledger.json"), before);
      fs.writeFileSync(backupPath(path), OLD);
      fs.writeFileSync(temporary, text);
      if (uid !== 0) fs.chownSync(temporary, uid, uid);
      assert.equal((await readStored(world, path)).ledger.remotes.has("x"), is, text);
      await tidy(world, path, null);
      assert.equal(read(join(folder, ".sremote-ledger.json")), is ? text : before);
      assert.ok(!fs.existsSync(temporary));
    }
  },
);
