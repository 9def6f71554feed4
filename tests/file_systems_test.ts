/**
 * File systems as they are: without chmod or fsync, mounted single files, read-only, full. By the binary, with system calls
 * that fail (strace, Debian's package) and real mounts (root, `unshare`); skipped where these do not work.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { Machine, modeAndOwner, OWNER, passwordHome, STRACE } from "./machine.ts";

const MOUNTS = process.getuid?.() === 0 && spawnSync("unshare", ["-m", "true"]).status === 0;
const TOOLS = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
const OLD = "# mine\nRemotes:\n  mine:\n    URI: mine.example.com\n";

class Place extends Machine {
  readonly directory = this.at("files");
  readonly file = join(this.directory, "remote.yaml");

  constructor() {
    super();
    this.put("files/remote.yaml", OLD, 0o600);
    this.put("remotes.json", '{"remotes":{"a":{"uri":"a.example.com"}}}');
  }

  apply(under: readonly string[] = []) {
    const args = ["apply", "--yes", "--quiet", "--remote-file", this.file];
    return this.runSync(args, { under, env: TOOLS });
  }

  /** With an error at each call of this name. */
  without(call: string, error: string) {
    return this.apply(["strace", "-f", "-qq", "-o", "/dev/null", "-e", `inject=${call}:error=${error}`]);
  }

  /** After these commands of a shell, in a mount namespace of its own. */
  mounted(script: string, then = '"$@"') {
    return this.apply(["unshare", "-m", "sh", "-ec", `${script}\n${then}`, "sh"]);
  }
}

for (const call of ["fchmod", "fsync"]) {
  for (const error of ["EPERM", "EINVAL", "ENOSYS", "EOPNOTSUPP"]) {
    Deno.test({
      name: `a file system without ${call} (${error}) is served`,
      ignore: !STRACE,
      fn: () => {
        using place = new Place();
        const ran = place.without(call, error);
        assert.deepEqual([ran.status, ran.stderr], [0, ""]);
        assert.match(readFileSync(place.file, "utf8"), /a\.example\.com/);
        assert.equal(modeAndOwner(place.file).slice(0, 4), "0600");
      },
    });
  }
}

for (
  const [call, error, why] of [
    ["mkdir", "EROFS", "the file system is read-only"],
    ["fsync", "ENOSPC", "the disk is full"],
    ["fsync", "EDQUOT", "the disk quota is used up"],
    ["fsync", "EIO", "input/output error"],
  ] as const
) {
  Deno.test({
    name: `what a file system refuses is named, and that nothing was written (${call}: ${error})`,
    ignore: !STRACE,
    fn: () => {
      using place = new Place();
      const ran = place.without(call, error);
      assert.equal(ran.status, 1, ran.stderr);
      assert.match(
        ran.stderr,
        new RegExp(`^Error: cannot .*/remote\\.yaml\\S*: ${why}\nNext: .*; nothing was written\n$`),
      );
      assert.equal(readFileSync(place.file, "utf8"), OLD);
      assert.deepEqual(readdirSync(place.directory), ["remote.yaml"]);
    },
  });
}

Deno.test({
  name: "a mode that the file system does not change is said",
  ignore: !STRACE,
  fn: () => {
    using place = new Place();
    chmodSync(place.file, 0o664);
    const args = ["use", "mine", "--remote-file", place.file];
    const under = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=fchmod:error=EPERM"];
    const before = process.umask(0o022);
    try {
      const ran = place.runSync(args, { under, env: TOOLS });
      assert.equal(ran.status, 0, ran.stderr);
      assert.match(ran.stderr, /^Note: The mode of .*remote\.yaml is 0644 instead of 0664: its file system/m);
    } finally {
      process.umask(before);
    }
  },
});

Deno.test({
  name: "a file that is mounted is written in place, and again, and rolled back",
  ignore: !MOUNTS,
  fn: () => {
    using place = new Place();
    const source = place.put("elsewhere.yaml", OLD, 0o600);
    writeFileSync(place.file, "");
    const { ino } = statSync(source);
    const ran = place.mounted(`mount --bind '${source}' '${place.file}'`);
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(readFileSync(source, "utf8"), /mine\.example\.com[\s\S]*a\.example\.com/);
    assert.equal(statSync(source).ino, ino);
    assert.equal(place.read("files/remote.yaml.sremote-backup"), OLD);
    const back =
      `sremote=$1; shift; "$sremote" rollback --yes --remote-file '${place.file}' --sysconfdir /nowhere`;
    const undone = place.mounted(`mount --bind '${source}' '${place.file}'`, back);
    assert.equal(undone.status, 0, undone.stderr);
    assert.match(undone.stderr, /^Note: .*remote\.yaml is a mount point and cannot be replaced/m);
    assert.equal(readFileSync(source, "utf8"), OLD);
    assert.ok(!readdirSync(place.directory).some((one) => /unfinished|lock/.test(one)));
  },
});

Deno.test({
  name: "a mounted file, a directory and a disk that cannot be written are named",
  ignore: !MOUNTS,
  fn: () => {
    for (
      const [script, why] of [
        [
          "mount --bind FILE FILE; mount -o remount,ro,bind FILE",
          /mounted file .*: the file system is read-only/,
        ],
        ["mount --bind DIR DIR; mount -o remount,ro,bind DIR", /: the file system is read-only/],
        [
          "cp -p FILE /tmp/.s$$; mount --bind DIR DIR; mount -o remount,ro,bind DIR; mount --bind /tmp/.s$$ FILE",
          /beside .*remote\.yaml: the file system is read-only\nNext: .*mount the directory instead of the file alone/,
        ],
        [
          "cp FILE /tmp/.s$$; mount -t tmpfs -o size=8k tmpfs DIR; cp /tmp/.s$$ FILE; rm /tmp/.s$$",
          /: the disk is full/,
        ],
      ] as const
    ) {
      using place = new Place();
      const given = script.replaceAll("FILE", `'${place.file}'`).replaceAll("DIR", `'${place.directory}'`);
      const ran = place.mounted(given);
      assert.equal(ran.status, 1, `${script}: ${ran.stdout}`);
      assert.match(ran.stderr, why);
      assert.match(ran.stderr, /^Next: .*; nothing was written$/m);
      assert.equal(readFileSync(place.file, "utf8"), OLD);
      assert.deepEqual(readdirSync(place.directory), ["remote.yaml"]);
    }
  },
});

Deno.test({
  name: "a kill at any call of a write in place leaves a file that the next command completes",
  ignore: !MOUNTS || !STRACE,
  fn: () => {
    let kills = 0;
    for (const call of ["openat", "ftruncate", "write", "fsync", "rename", "unlink", "unlinkat"]) {
      for (let n = 1; n <= 12; n++) {
        using place = new Place();
        const source = place.put("elsewhere.yaml", OLD, 0o600);
        writeFileSync(place.file, "");
        const mount = `mount --bind '${source}' '${place.file}'`;
        const traced =
          `strace -f -qq -o /dev/null -P '${place.file}' -e inject=${call}:signal=SIGKILL:when=${n} "$@" || echo killed`;
        const ran = place.mounted(mount, traced);
        if (!ran.stdout.includes("killed")) break;
        kills++;
        const next = place.mounted(mount);
        assert.equal(next.status, 0, `${call} ${n}: ${next.stderr}`);
        assert.match(
          readFileSync(source, "utf8"),
          /mine\.example\.com[\s\S]*a\.example\.com/,
          `${call} ${n}`,
        );
        assert.ok(!readdirSync(place.directory).some((one) => /unfinished|lock/.test(one)), `${call} ${n}`);
      }
    }
    assert.ok(kills >= 4, `${kills} kills`);
  },
});

Deno.test("a group that its owner is not in gets no access to the new file", () => {
  if (OWNER === null || !STRACE) return; // only root can give a file away
  using place = new Place();
  chownSync(place.file, 0, OWNER.gid);
  chmodSync(place.file, 0o660);
  const ran = place.without("fchown", "EPERM");
  assert.equal(ran.status, 0, ran.stderr);
  assert.equal(modeAndOwner(place.file), "0600 0:0");
  mkdirSync(place.at("other"));
  const theirs = place.put("other/remote.yaml", OLD, 0o600);
  chownSync(theirs, OWNER.uid, OWNER.gid);
  const under = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "inject=fchown:error=EPERM"];
  const refused = place.runSync(["apply", "--yes", "--quiet", "--remote-file", theirs], {
    under,
    env: TOOLS,
  });
  assert.match(
    refused.stderr,
    /its file system does not let root keep its owner; nothing was written\nNext: Run sremote as that user \(uid 1234\)/,
  );
  assert.equal(modeAndOwner(theirs), "0600 1234:1235");
});

Deno.test("without HOME, the password database says where the user file is; without either, one error does", () => {
  using machine = new Machine();
  for (const one of ["singularity", "apptainer"]) {
    machine.put(`${passwordHome()}/.${one}/remote.yaml`, OLD, 0o600);
  }
  const unset = ["env", "-u", "HOME", "-u", "SINGULARITY_CONFIGDIR", "-u", "APPTAINER_CONFIGDIR"];
  for (const runtime of ["singularity", "apptainer"]) {
    const known = machine.runSync(["list", "--runtime", runtime, "--root", machine.work], {
      under: unset,
      env: TOOLS,
    });
    assert.match(known.stdout, /mine\.example\.com/, `${runtime}: ${known.stderr}`);
  }
  if (process.getuid?.() !== 0) return; // only root can become somebody whom nobody knows
  chmodSync(machine.root, 0o755);
  const nobody = [...unset, "setpriv", "--reuid", "54321", "--clear-groups"];
  for (const runtime of ["singularity", "apptainer"]) {
    const ran = machine.runSync(["list", "--runtime", runtime, "--root", machine.work], {
      under: nobody,
      env: TOOLS,
    });
    assert.equal(ran.status, 1, ran.stdout);
    assert.match(
      ran.stderr,
      /^Error: cannot find the user's remote\.yaml .*: the password database has no home directory for this user\nNext: .*--remote-file\n$/,
    );
  }
});
