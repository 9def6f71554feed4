import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { codeOf } from "../base/errno.ts";
import { programs } from "./programs.ts";

const sh = (script: string, timeout = 5_000) =>
  programs.run(["/bin/sh", "-c", script], { timeout, folder: "/" });

Deno.test("programs: what it prints, and how it ends", async () => {
  assert.deepEqual(await sh("printf 'a\\nb'"), { status: 0, stdout: "a\nb", timedOut: false });
  assert.deepEqual(await sh("echo x; exit 3"), { status: 3, stdout: "x\n", timedOut: false });
  assert.deepEqual(await sh("kill -9 $$"), { status: null, stdout: "", timedOut: false });
  assert.deepEqual(await sh("pwd"), { status: 0, stdout: "/\n", timedOut: false });
});

Deno.test("programs: no shell reads the arguments, and nothing is on standard input", async () => {
  const echoed = await programs.run(["/bin/echo", "$HOME;", "`id`"], { timeout: 5_000, folder: "/" });
  assert.equal(echoed.stdout, "$HOME; `id`\n");
  assert.deepEqual(await sh("cat"), { status: 0, stdout: "", timedOut: false });
});

Deno.test("programs: one that takes too long is ended, with what it has printed", async () => {
  const from = performance.now();
  assert.deepEqual(await sh("echo early; sleep 60", 300), {
    status: null,
    stdout: "early\n",
    timedOut: true,
  });
  assert.ok(performance.now() - from < 30_000);
});

Deno.test("programs: one that it leaves running is not waited for", async () => {
  const from = performance.now();
  assert.deepEqual(await sh("sleep 5 & echo done", 10_000), {
    status: 0,
    stdout: "done\n",
    timedOut: false,
  });
  assert.ok(performance.now() - from < 4_500);
});

Deno.test("programs: one that prints without end is ended", async () => {
  const { status, stdout } = await sh("yes", 20_000);
  assert.equal(status, null);
  assert.ok(stdout.length < 1_000_000);
});

Deno.test("programs: one apart gets only the environment that it is given, and no standard error", async () => {
  const script = "env; echo to-stderr >&2";
  const { stdout, status } = await programs.run(["/bin/sh", "-c", script], {
    timeout: 10_000,
    folder: "/",
    apart: { PATH: "/usr/bin:/bin", ONLY: "1" },
  });
  assert.equal(status, 0);
  const names = stdout.trim().split("\n").map((line) => line.split("=", 1)[0]!);
  assert.deepEqual(names.filter((name) => !/^(?:_|PWD|SHLVL|OLDPWD)$/.test(name)).sort(), ["ONLY", "PATH"]);
});

Deno.test("programs: one apart that takes too long is ended with the processes that it started", async () => {
  const script = "sleep 31.4159 & echo $!; wait";
  const { stdout, timedOut } = await programs.run(["/bin/sh", "-c", script], {
    timeout: 500,
    folder: "/",
    apart: { PATH: "/usr/bin:/bin" },
  });
  assert.ok(timedOut);
  const pid = Number(stdout);
  assert.ok(pid > 1);
  // It may stay a zombie until its new parent looks.
  const isAlive = () => {
    try {
      return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  };
  for (let i = 0; i < 100 && isAlive(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  assert.ok(!isAlive());
});

Deno.test("programs: one that is not there is an error with its code", async () => {
  const run = programs.run(["/nowhere/token-helper"], { timeout: 1_000, folder: "/" });
  await assert.rejects(run, (error) => codeOf(error) === "ENOENT");
});
