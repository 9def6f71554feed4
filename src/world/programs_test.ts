import assert from "node:assert/strict";
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

Deno.test("programs: one that is not there is an error with its code", async () => {
  const run = programs.run(["/nowhere/token-helper"], { timeout: 1_000, folder: "/" });
  await assert.rejects(run, (error) => codeOf(error) === "ENOENT");
});
