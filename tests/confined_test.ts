/** The binary where there is less than usual: no `/proc`, as in chroots and image builds, or a limited address space. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { symlinkSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { BINARY, Machine, type Ran } from "./machine.ts";

const CONFIG =
  'import { defineConfig } from "sremote";\nimport uri from "./uri.json";\nexport default defineConfig({ remotes: { a: { uri } }, default: "a" });\n';

const PATH = { PATH: "/usr/bin:/bin" };

/** Runs a command in a mount namespace of its own with an empty `/proc`; a user who is not root becomes it there. */
const UNSHARE = ["unshare", ...(process.getuid?.() === 0 ? [] : ["--map-root-user"]), "--mount"];
const WITHOUT_PROC = [...UNSHARE, "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"];
const [unshare, ...probe] = [...WITHOUT_PROC, "test", "!", "-e", "/proc/self"] as const;
const canHideProc = spawnSync(unshare!, probe).status === 0;

/** What commands that read, run and write a config do, one after the other, and the files that they leave. */
function session(under: readonly string[]): readonly (readonly [command: string, ran: Ran | string])[] {
  using machine = new Machine();
  machine.put("configs/site/remotes.ts", CONFIG);
  machine.put("configs/site/uri.json", '"a.example.com"\n');
  symlinkSync("configs/site", machine.at("current"));
  const file = machine.put("remote.yaml", "Remotes:\n  mine:\n    URI: mine.example.com\n", 0o600);
  const config = ["--config", "current/remotes.ts", "--remote-file", file];
  const commands = [
    ["--version"],
    ["validate", "--config", "current/remotes.ts"],
    ["plan", ...config],
    ["apply", "--yes", ...config],
    ["plan", "--detailed-exitcode", ...config],
    ["add", "--no-login", "b", "b.example.com", "--remote-file", file],
    ["rollback", "--yes", "--remote-file", file],
    ["list", "--json", "--remote-file", file],
  ];
  const ran = commands.map((args) => {
    const { status, stdout, stderr } = machine.runSync(args, { program: BINARY, under, env: PATH });
    const [out, said] = [stdout, stderr].map((text) => text.replaceAll(machine.root, "MACHINE"));
    return [args[0]!, { status, stdout: out!, stderr: said! }] as const;
  });
  return [...ran, ["remote.yaml", machine.read("remote.yaml")]];
}

/** The same with everything that the system has; all commands succeed. */
function unconfined(under: readonly string[]): ReturnType<typeof session> {
  const usual = session(under);
  for (const [command, ran] of usual) {
    if (typeof ran !== "string") assert.deepEqual([command, ran.status, ran.stderr], [command, 0, ""]);
  }
  return usual;
}

Deno.test({
  name: "confined: without /proc, the binary does what it does with it",
  ignore: process.platform !== "linux" || !canHideProc,
  fn: () => assert.deepEqual(session(WITHOUT_PROC), unconfined(UNSHARE)),
});

/** Runs a command with a limit, in KiB, on its address space. */
const limited = (limit: number) => ["sh", "-c", `ulimit -v ${limit} && exec "$@"`, "sh"];

Deno.test({
  name:
    "confined: with a limited address space of 512 MiB and more, the binary does what it does without a limit",
  ignore: process.platform !== "linux",
  fn: () => {
    const usual = unconfined([]);
    // At 1.2, 1.45, 2.3, 2.5 and 10.7 million, what the runtime reserved just fitted, and left it too little.
    const limits = [524_288, 1e6, 1_200_000, 1_450_000, 2_300_000, 2_500_000, 4_194_304, 8e6, 10_700_000];
    for (const limit of limits) assert.deepEqual(session(limited(limit)), usual, `ulimit -v ${limit}`);
  },
});

Deno.test({
  name: "confined: with less address space, the binary says how much it needs, and does nothing",
  ignore: process.platform !== "linux",
  fn: () => {
    using machine = new Machine();
    const file = join(machine.work, "remote.yaml");
    for (const limit of [150_000, 400_000, 524_287]) {
      const ran = machine.runSync(["add", "--no-login", "a", "a.example.com", "--remote-file", file], {
        program: BINARY,
        under: limited(limit),
        env: PATH,
      });
      assert.deepEqual([ran.status, ran.stdout], [1, ""], `ulimit -v ${limit}`);
      assert.equal(
        ran.stderr,
        "Error: cannot start: the address space is limited to less than 512 MiB\n" +
          'Next: Raise the limit, such as with "ulimit -v 1000000"\n',
      );
      assert.throws(() => machine.read("remote.yaml"), { code: "ENOENT" });
    }
  },
});
