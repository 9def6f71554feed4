import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import configSchema from "../schema/config.schema.json" with { type: "json" };
import planSchema from "../schema/plan.schema.json" with { type: "json" };
import { runInProcess, type Seen } from "../tests/in_process.ts";
import { Machine } from "../tests/machine.ts";
import type { World } from "./world.ts";

/** Runs a command on a machine of its own, with a config for both scopes. */
async function sremote(args: readonly string[], outside?: (world: World) => World): Promise<Seen> {
  using machine = new Machine();
  machine.put(
    "remotes.json",
    '{ "remotes": { "a": { "uri": "a.example.com" }, "g": { "uri": "g.example.com", "scope": "global" } } }',
  );
  return await runInProcess(args, machine, outside);
}

const asUser = (world: World): World => ({ ...world, here: { ...world.here, uid: 1000 } });

Deno.test("cli: --global writes for root alone, and says what to type", async () => {
  for (
    const args of [["apply", "--yes"], ["add", "x", "x.example.com"], ["remove", "x"], ["use", "x"], [
      "rollback",
      "--yes",
    ]]
  ) {
    const { exit, out, err } = await sremote([...args, "--global"], asUser);
    assert.deepEqual([exit, out], [1, ""], args[0]);
    assert.match(
      err,
      new RegExp(`only root can\nNext: .*sudo sremote --sysconfdir \\S+ ${args[0]} --global`),
    );
  }
  const add = await sremote(["add", "-gi", "--default", "my lab", "x.example.com"], asUser);
  assert.match(add.err, / add --global --default --insecure 'my lab' x\.example\.com\n$/);
  const exclusive = await sremote(["use", "--exclusive", "x"], asUser);
  assert.match(exclusive.err, /\nNext: Run it as root: sudo sremote --sysconfdir \S+ use --exclusive x\n$/);
  assert.deepEqual([exclusive.exit, /only root can/.test(exclusive.err)], [1, true]);
});

Deno.test("cli: anyone may plan --global, and write elsewhere", async () => {
  const plan = await sremote(["plan", "--global", "--root", "."], asUser);
  assert.deepEqual([plan.exit, plan.err], [0, ""]);
  assert.match(plan.out, /\+ g\n/);
});

Deno.test("cli: colour goes to a terminal, and not where anything says no", async () => {
  const terminal = (world: World): World => ({
    ...world,
    terminal: { ...world.terminal, outIsTerminal: true },
  });
  const quiet = (name: string, value: string) => (world: World): World =>
    terminal({ ...world, here: { ...world.here, env: (asked) => asked === name ? value : undefined } });
  const coloured = async (args: readonly string[], outside: (world: World) => World) =>
    (await sremote(["plan", "--root", ".", ...args], outside)).out.includes("\u001b[");
  assert.equal(await coloured([], terminal), true);
  assert.equal(await coloured([], (world) => world), false);
  assert.equal(await coloured(["--no-color"], terminal), false);
  assert.equal(await coloured(["--json"], terminal), false);
  assert.equal(await coloured([], quiet("NO_COLOR", "1")), false);
  assert.equal(await coloured([], quiet("TERM", "dumb")), false);
  assert.equal(await coloured([], quiet("CI", "true")), true);
});

Deno.test("cli: a bug is one line and no stack trace, and JSON where that was asked for", async () => {
  const broken = (world: World): World => ({
    ...world,
    files: {
      ...world.files,
      exists: () => {
        throw new TypeError("undefined is not a function");
      },
    },
  });
  const { exit, out, err } = await sremote(["plan", "--json"], broken);
  assert.equal(exit, 1);
  assert.equal(JSON.parse(out).error.code, "internal");
  assert.match(err, /^Error: sremote has a bug: TypeError: undefined is not a function\nNext: /);
  assert.doesNotMatch(err, /\.ts:\d+/);
});

Deno.test("cli: schema prints the schemas that the tests hold everything to", async () => {
  assert.deepEqual(JSON.parse((await sremote(["schema"])).out), configSchema);
  assert.deepEqual(JSON.parse((await sremote(["schema", "plan"])).out), planSchema);
});

Deno.test("cli: flags stand before the command or after it", async () => {
  const before = await sremote(["--json", "--root", ".", "list"]);
  const after = await sremote(["list", "--root", ".", "--json"]);
  assert.deepEqual(before, after);
  assert.deepEqual(JSON.parse(before.out), { formatVersion: 1, default: null, remotes: [] });
});

Deno.test("cli: --quiet says no more than the result", async () => {
  const { exit, out, err } = await sremote(["apply", "--global", "--root", ".", "--yes", "--quiet"]);
  assert.deepEqual([exit, err], [0, ""]);
  assert.match(out, /^Applied to .*\nThere was no such file before; sremote rollback .* removes it\.\n$/);
});

Deno.test("cli: the plan's JSON is what its schema says", async () => {
  const validate = new Ajv2020({ strict: true }).compile(planSchema);
  for (const flags of [[], ["--global"]]) {
    const { out } = await sremote(["plan", "--json", "--root", ".", ...flags]);
    assert.ok(validate(JSON.parse(out)), JSON.stringify(validate.errors));
  }
});
