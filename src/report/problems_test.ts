import assert from "node:assert/strict";
import { renderProblems } from "./problems.ts";

const problem = (path: string) => ({ path, message: "is missing" });

Deno.test("a problem has a line for each thing that is known of it", () => {
  assert.equal(
    renderProblems([
      { path: "a.b", message: "is wrong", found: "1", allowed: "2", suggestion: "2" },
      problem(""),
    ]),
    "a.b: is wrong\n  found         1\n  allowed       2\n  did you mean  2\n(top level): is missing",
  );
});

Deno.test("beyond the limit they are counted", () => {
  const three = [problem("a"), problem("b"), problem("c")];
  assert.equal(renderProblems(three, 1), "a: is missing\n… and 2 more problems");
  assert.equal(renderProblems(three, 2), "a: is missing\nb: is missing\n… and 1 more problem");
  assert.equal(renderProblems(three, 3), renderProblems(three));
  assert.equal(renderProblems([]), "");
});
