/** The fleet report by the real program: a folder of real plans, standard input, 10,000 hosts; its page in a real browser. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROGRAMS, runProgram } from "./scenario.ts";

const program = PROGRAMS.at(-1)!;
const CHROMIUM = "/usr/bin/chromium";

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "sremote-fleet-"));
  try {
    mkdirSync(join(folder, "plans"));
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Real plans of four hosts: one that is in step, one that has drifted, one that just changed, one that is broken. */
async function makePlans(folder: string): Promise<void> {
  writeFileSync(
    join(folder, "remotes.json"),
    '{ "remotes": { "a": { "uri": "a.example.com", "scope": "global" } } }',
  );
  const on = async (host: string, ...command: string[]) => {
    const args = [...command, "--global", "--json", "--root", join(folder, host)];
    return (await runProgram(program, args, { cwd: folder, env: {} })).stdout;
  };
  const put = (host: string, text: string) => writeFileSync(join(folder, "plans", `${host}.json`), text);
  await on("node1", "apply", "--yes");
  put("node1", await on("node1", "plan"));
  put("node2", await on("node2", "plan"));
  put("node10", await on("node10", "apply", "--yes"));
  mkdirSync(join(folder, "node3/etc/singularity"), { recursive: true });
  writeFileSync(join(folder, "node3/etc/singularity/remote.yaml"), "Remotes: [");
  put("node3", await on("node3", "plan"));
}

Deno.test("fleet: real plans of four hosts, from a folder and from standard input", () =>
  inFolder(async (folder) => {
    await makePlans(folder);
    const run = (args: readonly string[], stdin?: string) =>
      runProgram(program, ["fleet", "report", ...args], {
        cwd: folder,
        env: {},
        ...stdin === undefined ? {} : { stdin },
      });
    const table = await run(["plans"]);
    assert.equal(table.status, 1, table.stderr);
    const lines = table.stdout.split("\n").map((line) => line.trimEnd());
    assert.match(lines[1]!, /^node3 +failed +cannot read .*remote\.yaml: .* \(remote-file-invalid\)$/);
    assert.match(lines[2]!, /^node2 +drifted +1 to add$/);
    assert.match(lines[3]!, /^node10 +changed +1 to add$/);
    assert.match(lines[4]!, /^node1 +in step$/);
    assert.equal(lines[6], "4 hosts: 1 in step, 1 changed, 1 drifted, 1 failed.");
    const json = JSON.parse((await run(["plans", "--json"])).stdout);
    assert.deepEqual(json.counts, { failed: 1, drifted: 1, changed: 1, inStep: 1 });
    const documents = ["node1", "node2"].map((host) =>
      JSON.stringify({ host, ...JSON.parse(readFileSync(join(folder, `plans/${host}.json`), "utf8")) })
    );
    const piped = await run([], documents.join("\n"));
    assert.deepEqual([piped.status, piped.stdout.split("\n").at(-2)], [0, "2 hosts: 1 in step, 1 drifted."]);
    for (
      const [args, said] of [[["nowhere"], /no such folder/], [
        ["node1"],
        /no file that ends in \.json/,
      ]] as const
    ) {
      const failed = await run(args);
      assert.equal(failed.status, 1);
      assert.match(failed.stderr, said);
    }
    assert.equal((await run([], "")).status, 64);
  }));

Deno.test("fleet: the plans of 10,000 hosts", () =>
  inFolder(async (folder) => {
    await makePlans(folder);
    const texts = ["node1", "node2"].map((host) => readFileSync(join(folder, `plans/${host}.json`), "utf8"));
    rmSync(join(folder, "plans"), { recursive: true });
    mkdirSync(join(folder, "plans"));
    for (let i = 0; i < 10_000; i++) {
      writeFileSync(join(folder, `plans/n${i}.json`), texts[i % 100 === 0 ? 1 : 0]!);
    }
    const from = performance.now();
    const ran = await runProgram(program, ["fleet", "report", "plans", "--html", "fleet.html", "--quiet"], {
      cwd: folder,
      env: {},
    });
    console.log(`10,000 hosts in ${((performance.now() - from) / 1000).toFixed(2)} s`);
    assert.deepEqual([ran.status, ran.stderr], [0, ""]);
    assert.equal(ran.stdout.split("\n").at(-2), "10000 hosts: 9900 in step, 100 drifted.");
    assert.equal(readFileSync(join(folder, "fleet.html"), "utf8").match(/<tr><td>/g)?.length, 10_000);
  }));

Deno.test({
  name: "fleet: the page in a browser",
  ignore: spawnSync(CHROMIUM, ["--version"]).status !== 0,
  fn: () =>
    inFolder(async (folder) => {
      await makePlans(folder);
      const odd = '<b onclick="x">&amp; 🐟';
      writeFileSync(
        join(folder, "plans/odd.json"),
        JSON.stringify({ formatVersion: 1, error: { code: "io", message: odd } }),
      );
      await runProgram(program, ["fleet", "report", "plans", "--html", "fleet.html"], {
        cwd: folder,
        env: {},
      });
      const browse = (...args: string[]) => {
        const ran = spawnSync(CHROMIUM, [
          "--headless",
          "--no-sandbox",
          "--disable-gpu",
          `--user-data-dir=${join(folder, "chromium")}`,
          "--window-size=1000,700",
          ...args,
          `file://${join(folder, "fleet.html")}`,
        ], { encoding: "utf8", timeout: 60_000 });
        assert.equal(ran.status, 0, ran.stderr);
        return ran.stdout;
      };
      const page = browse("--dump-dom");
      assert.doesNotMatch(page, /<b onclick|src=|href=|url\(|<script/);
      const cells = Array.from(page.matchAll(/<td[^>]*>([^]*?)<\/td>/g), (one) => one[1]!);
      assert.deepEqual(cells.filter((_, i) => i % 3 === 0), ["node3", "odd", "node2", "node10", "node1"]);
      assert.ok(cells[5]!.includes('&lt;b onclick="x"&gt;&amp;amp; 🐟'), cells[5]);
      assert.deepEqual(
        Array.from(
          page.matchAll(/<li class="[a-z-]+"><b>(\d+)<\/b>([a-z ]+)<\/li>/g),
          (one) => `${one[1]} ${one[2]}`,
        ),
        ["2 failed", "1 drifted", "1 changed", "1 in step"],
      );
      const picture = join(folder, "fleet.png");
      browse(`--screenshot=${picture}`);
      const png = readFileSync(picture);
      assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1000, 700]);
    }),
});
