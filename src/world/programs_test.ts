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
  assert.ok(await ends(Number(stdout)));
});

/** It may stay a zombie until its new parent looks. */
async function ends(pid: number): Promise<boolean> {
  const isAlive = () => {
    try {
      return !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
    } catch {
      return false;
    }
  };
  assert.ok(pid > 1);
  for (let i = 0; i < 150 && isAlive(); i++) await new Promise((resolve) => setTimeout(resolve, 20));
  return !isAlive();
}

Deno.test("programs: those that one apart leaves running are ended, however it ends", async () => {
  for (
    const script of [
      "sleep 31.4 & echo $!",
      "sleep 31.4 >&- & echo $!; exit 3",
      "sleep 31.4 & echo $!; kill -9 $$",
    ]
  ) {
    const { stdout } = await programs.run(["/bin/sh", "-c", script], {
      timeout: 10_000,
      folder: "/",
      apart: { PATH: "/usr/bin:/bin" },
    });
    assert.ok(await ends(Number(stdout)), script);
  }
});

Deno.test("programs: a signal to sremote ends those apart, too", async () => {
  const { spawn } = await import("node:child_process");
  const module = new URL("./programs.ts", import.meta.url).href;
  const run = `import { programs } from ${JSON.stringify(module)};
    await programs.run(["/bin/sh", "-c", "echo $$ > " + Deno.args[0] + "; exec sleep 31.4"], {
      timeout: 60_000, folder: "/", apart: { PATH: "/usr/bin:/bin" } });`;
  const { mkdtempSync, rmSync, writeFileSync, existsSync } = await import("node:fs");
  const directory = mkdtempSync("/tmp/sremote-test-");
  try {
    writeFileSync(`${directory}/run.ts`, run);
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
      const file = `${directory}/${signal}`;
      const child = spawn(Deno.execPath(), ["run", "-A", `${directory}/run.ts`, file], { stdio: "ignore" });
      const ended = new Promise<string | null>((resolve) => child.on("exit", (_, by) => resolve(by)));
      for (let i = 0; i < 500 && !(existsSync(file) && readFileSync(file, "utf8") !== ""); i++) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      child.kill(signal);
      assert.equal(await ended, signal);
      assert.ok(await ends(Number(readFileSync(file, "utf8"))), signal);
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

Deno.test("programs: one that is not there is an error with its code", async () => {
  const run = programs.run(["/nowhere/token-helper"], { timeout: 1_000, folder: "/" });
  await assert.rejects(run, (error) => codeOf(error) === "ENOENT");
});
