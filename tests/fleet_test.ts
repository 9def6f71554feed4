/** The fleet report of the real program: a directory of real plans, standard input, 10,000 hosts; its page in a real browser. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { Machine } from "./machine.ts";

const CHROMIUM = "/usr/bin/chromium";

/** A machine with real plans of four hosts: one in step, one drifted, one just changed, one broken. */
async function withPlans(): Promise<Machine> {
  const machine = new Machine();
  machine.put("remotes.json", '{ "remotes": { "a": { "uri": "a.example.com", "scope": "global" } } }');
  const on = async (host: string, ...command: string[]) =>
    (await machine.run([...command, "--global", "--json", "--root", host])).stdout;
  const put = (host: string, text: string) => machine.put(`plans/${host}.json`, text);
  await on("node1", "apply", "--yes");
  put("node1", await on("node1", "plan"));
  put("node2", await on("node2", "plan"));
  put("node10", await on("node10", "apply", "--yes"));
  machine.put("node3/etc/singularity/remote.yaml", "Remotes: [");
  put("node3", await on("node3", "plan"));
  return machine;
}

Deno.test("fleet: the report shows real plans of four hosts, from a directory and from standard input", async () => {
  using machine = await withPlans();
  const run = (args: readonly string[], stdin?: string) =>
    machine.run(["fleet", "report", ...args], stdin === undefined ? {} : { stdin });
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
    JSON.stringify({ host, ...JSON.parse(machine.read(`plans/${host}.json`)) })
  );
  const piped = await run([], documents.join("\n"));
  assert.deepEqual([piped.status, piped.stdout.split("\n").at(-2)], [0, "2 hosts: 1 in step, 1 drifted."]);
  for (
    const [args, said] of [[["nowhere"], /no such directory/], [
      ["node1"],
      /no file ends in \.json/,
    ]] as const
  ) {
    const failed = await run(args);
    assert.equal(failed.status, 1);
    assert.match(failed.stderr, said);
  }
  assert.equal((await run([], "")).status, 64);
});

Deno.test("fleet: the report counts 10,000 hosts", async () => {
  using machine = await withPlans();
  const texts = ["node1", "node2"].map((host) => machine.read(`plans/${host}.json`));
  rmSync(machine.at("plans"), { recursive: true });
  for (let i = 0; i < 10_000; i++) machine.put(`plans/n${i}.json`, texts[i % 100 === 0 ? 1 : 0]!);
  const from = performance.now();
  const ran = await machine.run(["fleet", "report", "plans", "--html", "fleet.html", "--quiet"]);
  console.log(`10,000 hosts in ${((performance.now() - from) / 1000).toFixed(2)} s`);
  assert.deepEqual([ran.status, ran.stderr], [0, ""]);
  assert.equal(ran.stdout.split("\n").at(-2), "10000 hosts: 9900 in step, 100 drifted.");
  assert.equal(machine.read("fleet.html").match(/<tr><td>/g)?.length, 10_000);
});

Deno.test({
  name: "fleet: a browser shows the page",
  ignore: spawnSync(CHROMIUM, ["--version"]).status !== 0,
  fn: async () => {
    using machine = await withPlans();
    const odd = '<b onclick="x">&amp; 🐟';
    machine.put(
      "plans/odd.json",
      JSON.stringify({ formatVersion: 1, error: { code: "io", message: odd } }),
    );
    await machine.run(["fleet", "report", "plans", "--html", "fleet.html"]);
    const browse = (...args: string[]) => {
      const ran = spawnSync(CHROMIUM, [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        `--user-data-dir=${machine.at("chromium")}`,
        "--window-size=1000,700",
        ...args,
        `file://${machine.at("fleet.html")}`,
      ], { encoding: "utf8", timeout: 60_000, env: { ...machine.env(), PATH: "/usr/bin:/bin" } });
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
    const picture = machine.at("fleet.png");
    browse(`--screenshot=${picture}`);
    const png = readFileSync(picture);
    assert.deepEqual([png.readUInt32BE(16), png.readUInt32BE(20)], [1000, 700]);
  },
});
