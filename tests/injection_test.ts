/**
 * The binary's system calls fail, or it is killed at them (by strace, Debian's package): afterwards the file is wholly the old
 * or wholly the new one, with its mode; what is said is no stack trace; and the next apply succeeds without help and leaves
 * nothing behind. Each `SREMOTE_STRIDE`th of the calls is taken (`deno task torture`: all). Without a strace that works here,
 * the tests are passed over.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { CANARY, LITTER, PROGRAMS } from "./scenario.ts";

const STRIDE = Number(process.env.SREMOTE_STRIDE ?? 4);
const binary = PROGRAMS.find((one) => one.name === "binary")?.command[0];
const works = binary !== undefined && spawnSync("strace", ["-qq", "-o", "/dev/null", "true"]).status === 0;

/** Calls that change something, or on the way of which something can go wrong. */
const CALLS = [
  "mkdir",
  "openat",
  "write",
  "fchmod",
  "fsync",
  "rename",
  "statx",
  "utimensat",
  "unlinkat",
  "close",
];
const ERRORS = ["ENOSPC", "EIO", "EACCES", "EROFS"];
/** Where an error is injected: what writes, syncs and renames. */
const FALLIBLE = ["mkdir", "write", "fchmod", "fsync", "rename", "utimensat"];

const OLD = `# mine\nRemotes:\n  mine:\n    URI: mine.example.com\n    Token: ${CANARY}\n`;

interface Ran {
  readonly status: number | null;
  readonly stderr: string;
}

class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), "sremote-injection-"));
  private readonly before = join(this.folder, "before");
  readonly files = join(this.folder, "files");
  private readonly config = join(this.folder, "remotes.json");

  constructor() {
    mkdirSync(this.before);
    writeFileSync(join(this.before, "remote.yaml"), OLD, { mode: 0o600 });
    writeFileSync(this.config, '{"remotes":{"a":{"uri":"a.example.com"}},"default":"a"}');
  }

  /** The files as they were at first. */
  reset(): void {
    rmSync(this.files, { recursive: true, force: true });
    cpSync(this.before, this.files, { recursive: true, preserveTimestamps: true });
  }

  apply(strace: readonly string[] = []): Ran {
    const file = join(this.files, "remote.yaml");
    const args = [
      binary!,
      "apply",
      "-c",
      this.config,
      "--yes",
      "--quiet",
      "--remote-file",
      file,
      "--lock-timeout",
      "2",
    ];
    const [first, ...rest] = [...strace, ...args] as [string, ...string[]];
    const { status, stderr } = spawnSync(first, rest, {
      cwd: this.folder,
      env: { PATH: "/usr/bin:/bin" },
      encoding: "utf8",
    });
    return { status, stderr };
  }

  /** An apply of the files as they were at first, one of its calls tampered with. */
  inject(how: string): Ran {
    this.reset();
    return this.apply(["strace", "-f", "-qq", "-o", "/dev/null", "-e", `inject=${how}`]);
  }

  /** How often each call is made, and where in that the first is that concerns the files. */
  count(): ReadonlyMap<string, { readonly first: number; readonly last: number }> {
    const trace = join(this.folder, "trace");
    this.reset();
    assert.equal(this.apply(["strace", "-f", "-qq", "-o", trace, "-e", `trace=${CALLS}`]).status, 0);
    const seen = new Map<string, { first: number; last: number }>();
    // Counted a thread; what concerns the files is done by the first.
    const lines = readFileSync(trace, "utf8").split("\n");
    const main = lines[0]!.split(" ")[0];
    let begun = false;
    for (const line of lines) {
      const [, pid, call] = /^(\d+) +(\w+)\(/.exec(line) ?? [];
      if (call === undefined || pid !== main) continue;
      begun ||= line.includes(this.files);
      const one = seen.get(call) ?? { first: 1, last: 0 };
      one.last++;
      if (!begun) one.first = one.last + 1;
      seen.set(call, one);
    }
    return seen;
  }

  text(): string {
    return readFileSync(join(this.files, "remote.yaml"), "utf8");
  }

  /** What has to hold after each injection. */
  check(wanted: string, what: string): "old" | "new" {
    const text = this.text();
    assert.ok(text === OLD || text === wanted, `${what}: neither the old nor the new file:\n${text}`);
    assert.equal(statSync(join(this.files, "remote.yaml")).mode & 0o777, 0o600, what);
    const next = this.apply();
    assert.equal(next.status, 0, `${what}, then: ${next.stderr}`);
    assert.equal(this.text(), wanted, what);
    const litter = readdirSync(this.files).filter((one) => LITTER.test(one));
    assert.deepEqual(litter, [], what);
    return text === OLD ? "old" : "new";
  }
}

function injected(each: (bench: Bench, wanted: string) => number): () => void {
  return () => {
    const bench = new Bench();
    try {
      bench.reset();
      assert.equal(bench.apply().status, 0);
      const injections = each(bench, bench.text());
      assert.ok(injections > 5, `${injections} injections`);
    } finally {
      rmSync(bench.folder, { recursive: true, force: true });
    }
  };
}

Deno.test({
  name: "killed at its system calls",
  ignore: !works,
  fn: injected((bench, wanted) => {
    const seen = { old: 0, new: 0 };
    let at = 0;
    for (const [call, { first, last }] of bench.count()) {
      for (let n = first; n <= last; n++) {
        if (at++ % STRIDE !== 0) continue;
        bench.inject(`${call}:signal=SIGKILL:when=${n}`);
        seen[bench.check(wanted, `killed at ${call} ${n}`)]++;
      }
    }
    console.log(
      `killed at ${seen.old + seen.new} calls: ${seen.old} times the old file, ${seen.new} times the new one`,
    );
    return seen.old + seen.new;
  }),
});

Deno.test({
  name: "its system calls fail",
  ignore: !works,
  fn: injected((bench, wanted) => {
    const seen = { old: 0, new: 0 };
    const counts = bench.count();
    let at = 0;
    for (const call of FALLIBLE) {
      const { first, last } = counts.get(call) ?? { first: 1, last: 0 };
      for (const error of ERRORS) {
        for (let n = first; n <= last; n++) {
          if (at++ % Math.ceil(STRIDE / 3) !== 0) continue;
          const what = `${call} ${n}: ${error}`;
          const ran = bench.inject(`${call}:error=${error}:when=${n}`);
          assert.doesNotMatch(ran.stderr, /\n {4}at |sremote has a bug/, what);
          if (ran.status !== 0) assert.match(ran.stderr, /^Error: .*\nNext: /, what);
          const now = bench.check(wanted, what);
          if (ran.status === 0) assert.equal(now, "new", what);
          seen[now]++;
        }
      }
    }
    console.log(
      `${seen.old + seen.new} failures: ${seen.old} times the old file, ${seen.new} times the new one`,
    );
    return seen.old + seen.new;
  }),
});
