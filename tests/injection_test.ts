/**
 * System calls of the binary fail, or it is killed at them (by strace, Debian's package). Afterwards the file is completely
 * the old or completely the new one, with its mode and owner; no stack trace is printed; and the next apply succeeds and
 * leaves nothing behind. One in `SREMOTE_STRIDE` calls is tested (`deno task torture`: all). Skipped where strace does not
 * work.
 */
import assert from "node:assert/strict";
import { chownSync, cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { CANARY, LITTER, Machine, modeAndOwner, OWNER, STRACE } from "./machine.ts";

const STRIDE = Number(process.env.SREMOTE_STRIDE ?? 10);

/** Calls that change something, or that can fail halfway. */
const CALLS = [
  "mkdir",
  "openat",
  "write",
  "fchown",
  "fchmod",
  "fsync",
  "rename",
  "statx",
  "utimensat",
  "unlinkat",
  "close",
];
const ERRORS = ["ENOSPC", "EIO", "EACCES", "EROFS"];
/** Calls that get an error: those that write, sync and rename. */
const FALLIBLE = ["mkdir", "write", "fchown", "fchmod", "fsync", "rename", "utimensat"];

const OLD = `# mine\nRemotes:\n  mine:\n    URI: mine.example.com\n    Token: ${CANARY}\n`;

class Bench extends Machine {
  readonly files = this.at("files");
  readonly file = join(this.files, "remote.yaml");
  private readonly command = [
    "apply",
    "--yes",
    "--quiet",
    "--remote-file",
    this.file,
    "--lock-timeout",
    "2",
  ];

  constructor() {
    super();
    this.put("before/remote.yaml", OLD, 0o600);
    this.put("remotes.json", '{"remotes":{"a":{"uri":"a.example.com"}},"default":"a"}');
  }

  /** As {@link modeAndOwner} shows it. */
  private ownedAs = "";

  /** Restores the original files. */
  reset(): void {
    rmSync(this.files, { recursive: true, force: true });
    cpSync(this.at("before"), this.files, { recursive: true, preserveTimestamps: true });
    if (OWNER !== null) chownSync(this.file, OWNER.uid, OWNER.gid);
    this.ownedAs = modeAndOwner(this.file);
  }

  apply(strace: readonly string[] = []) {
    return this.runSync(this.command, this.how(strace));
  }

  /** The same, while the test goes on. */
  applying(strace: readonly string[]) {
    return this.run(this.command, this.how(strace));
  }

  private how(under: readonly string[]) {
    return { under, env: { PATH: "/usr/bin:/bin" } };
  }

  /** An apply to the original files, with an error or a signal at one of its calls. */
  inject(how: string) {
    this.reset();
    return this.apply(["strace", "-f", "-qq", "-o", "/dev/null", "-e", `inject=${how}`]);
  }

  /** Per call: how often it is made, and the first time that it concerns the files. */
  count(): ReadonlyMap<string, { readonly first: number; readonly last: number }> {
    const trace = this.at("trace");
    this.reset();
    assert.equal(this.apply(["strace", "-f", "-qq", "-o", trace, "-e", `trace=${CALLS}`]).status, 0);
    const seen = new Map<string, { first: number; last: number }>();
    // strace counts per thread; the first thread works on the files.
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
    return readFileSync(this.file, "utf8");
  }

  /** Checks what must hold after each injection. */
  check(wanted: string, what: string): "old" | "new" {
    const text = this.text();
    assert.ok(text === OLD || text === wanted, `${what}: neither the old nor the new file:\n${text}`);
    assert.equal(modeAndOwner(this.file), this.ownedAs, what);
    const next = this.apply();
    assert.equal(next.status, 0, `${what}, then: ${next.stderr}`);
    assert.equal(this.text(), wanted, what);
    assert.equal(modeAndOwner(this.file), this.ownedAs, what);
    const litter = readdirSync(this.files).filter((one) => LITTER.test(one));
    assert.deepEqual(litter, [], what);
    return text === OLD ? "old" : "new";
  }
}

function injected(each: (bench: Bench, wanted: string) => number): () => void {
  return () => {
    using bench = new Bench();
    bench.reset();
    assert.equal(bench.apply().status, 0);
    const injections = each(bench, bench.text());
    assert.ok(injections > 5, `${injections} injections`);
  };
}

Deno.test({
  name: "a kill at any system call leaves the old or the new file",
  ignore: !STRACE,
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
  name: "a failed system call leaves the old or the new file",
  ignore: !STRACE,
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

/** Where apply waits while another program writes: after each of its syncs, of the backup and of the new file. */
const WAITS = [1, 2];

Deno.test({
  name: "apply does not overwrite what a program without a lock writes meanwhile",
  ignore: !STRACE,
  fn: async () => {
    using bench = new Bench();
    const theirs = [
      OLD.replace("mine.example.com", "theirs.example.com"),
      "",
      OLD.slice(0, 20),
    ];
    for (const n of WAITS) {
      for (const [i, text] of theirs.entries()) {
        bench.reset();
        const what = `fsync ${n}, text ${i}`;
        const present = () => readdirSync(bench.files).filter((one) => LITTER.test(one)).length;
        const applying = bench.applying([
          "strace",
          "-f",
          "-qq",
          "-o",
          "/dev/null",
          "-e",
          `inject=fsync:delay_exit=500000:when=${n}`,
        ]);
        // The lock and this many new files exist: apply has read the old file.
        while (present() < 1 + n) await new Promise((done) => setTimeout(done, 5));
        writeFileSync(bench.file, text); // truncates, then writes: as Singularity does
        const ran = await applying;
        assert.equal(ran.status, 4, `${what}: ${ran.stderr}`);
        assert.match(
          ran.stderr,
          /another program has just written it\nNext: Plan again; nothing was written/,
        );
        assert.equal(bench.text(), text, what);
        assert.deepEqual(readdirSync(bench.files), ["remote.yaml"], what);
      }
    }
  },
});
