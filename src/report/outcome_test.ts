import assert from "node:assert/strict";
import { golden } from "../../tests/golden.ts";
import { renderOutcomes } from "./outcome.ts";
import { colourStyle, plainStyle } from "./style.ts";
import { entry, EVERYTHING, HOSTILE, planOf } from "./testing.ts";

const rollback = "sremote rollback --root '/a b'";
const done = { changed: false, backup: null, notes: [], gone: { remotes: [], credentials: [] } };
const backup = "/etc/singularity/remote.yaml.sremote-backup";

Deno.test("outcomes with and without changes", () => {
  const outcomes = [
    { ...done, plan: planOf(EVERYTHING), changed: true, backup },
    { ...done, plan: planOf([{ kind: "add", remote: "a", after: entry("a") }]), changed: true },
    { ...done, plan: planOf([]) },
    { ...done, plan: planOf([], { target: { file: `/${HOSTILE}` } }) },
  ];
  const together = [outcomes[0]!, { ...outcomes[1]!, backup }, outcomes[2]!];
  golden(
    "report/outcome.txt",
    [...outcomes.map((one) => [one]), together].map((ones) => renderOutcomes(ones, plainStyle, rollback))
      .join("\n--------\n"),
  );
});

Deno.test("only the word Applied is green", () => {
  const text = renderOutcomes(
    [{ ...done, plan: planOf(EVERYTHING), changed: true, backup }],
    colourStyle,
    rollback,
  );
  assert.equal(text.split("\u001b[32mApplied\u001b[39m").length, 2);
  assert.equal(text.split("\u001b").length, 3);
});
