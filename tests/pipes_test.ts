/** A plan that goes through a pipe, and through a program that writes JSON its own way. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Machine } from "./machine.ts";

/** What `jq -S` and Python's `sort_keys` make of a value. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1).map(([key, one]) => [key, sorted(one)]),
  );
}

Deno.test("plan --out - and apply - go through a pipe, and the plan may be written again on its way", () => {
  using machine = new Machine();
  machine.put("remotes.json", '{ "remotes": { "b": { "uri": "b.example.com" } }, "default": "b" }');
  const planned = machine.runSync(["plan", "--out", "-", "--diff"]);
  assert.equal(planned.status, 0);
  assert.match(planned.stderr, /^\+Active: b$/m);
  const text = JSON.stringify(sorted(JSON.parse(planned.stdout)));
  assert.notEqual(text, JSON.stringify(JSON.parse(planned.stdout)));
  const applied = machine.runSync(["apply", "-", "--yes", "--quiet"], { stdin: text });
  assert.deepEqual([applied.status, applied.stderr], [0, ""]);
  assert.match(readFileSync(join(machine.home, ".singularity/remote.yaml"), "utf8"), /^Active: b$/m);
  const again = machine.runSync(["apply", "-", "--yes"], { stdin: text });
  assert.equal(again.status, 4);
  assert.match(again.stderr, /^Error: cannot apply \/dev\/stdin: .* is not what the plan saw/);
});

Deno.test("what comes through a pipe and is no plan, or not the plan, is refused", () => {
  using machine = new Machine();
  machine.put("remotes.json", '{ "remotes": { "b": { "uri": "b.example.com" } } }');
  const text = machine.runSync(["plan", "--out", "-"]).stdout;
  const others = {
    "": /is not JSON/,
    "{}": /is not a plan/,
    [text.replaceAll("b.example.com", "c.example.com")]: /steps/,
  };
  for (const [stdin, why] of Object.entries(others)) {
    const { status, stderr } = machine.runSync(["apply", "-", "--yes"], { stdin });
    assert.equal(status, 65, stderr);
    assert.match(stderr, why);
  }
});

Deno.test("a plan that apply would refuse is shown, and not printed to be applied", () => {
  using machine = new Machine();
  const down = { uri: "http://127.0.0.1:9", check: ["library"] };
  machine.put("remotes.json", JSON.stringify({ remotes: { down } }));
  const { status, stdout, stderr } = machine.runSync(["plan", "--out", "-"]);
  assert.deepEqual([status, stdout], [3, ""]);
  assert.match(stderr, /✗ check down/);
});
