import assert from "node:assert/strict";
import { golden } from "../../tests/golden.ts";
import { renderOutcome } from "./outcome.ts";
import { colourStyle, plainStyle } from "./style.ts";
import { entry, EVERYTHING, HOSTILE, planOf } from "./testing.ts";

const backup = "/etc/singularity/remote.yaml.sremote-backup";

Deno.test("outcomes with and without changes", () => {
  const outcomes = [
    { plan: planOf(EVERYTHING), changed: true, backup },
    { plan: planOf([{ kind: "add", remote: "a", after: entry("a") }]), changed: true, backup: null },
    { plan: planOf([]), changed: false, backup: null },
    { plan: planOf([], { target: { file: `/${HOSTILE}` } }), changed: false, backup: null },
  ];
  golden("report/outcome.txt", outcomes.map((one) => renderOutcome(one, plainStyle)).join("\n--------\n"));
});

Deno.test("only the word Applied is green", () => {
  const text = renderOutcome({ plan: planOf(EVERYTHING), changed: true, backup }, colourStyle);
  assert.equal(text.split("\u001b[32mApplied\u001b[39m").length, 2);
  assert.equal(text.split("\u001b").length, 3);
});
