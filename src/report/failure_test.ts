import assert from "node:assert/strict";
import fc from "fast-check";
import { golden } from "../../tests/golden.ts";
import { Failure, type Problem } from "../base/failure.ts";
import { failureDocument, renderFailure } from "./failure.ts";
import { colourStyle, plainStyle } from "./style.ts";
import { HOSTILE } from "./testing.ts";

const excerpt = "3 |   a:\n  |   ^";
const twice: Problem = { path: "remote.yaml:3:3", message: "the key is there twice" };
const unknown: Problem = {
  path: "Remotes.a.Tokn",
  message: 'unknown field "Tokn"',
  allowed: "URI, Token",
  suggestion: "Token",
};
const next = "correct remote.yaml by hand";

Deno.test("failures of every shape", () => {
  const many = Array.from({ length: 53 }, (_, i) => ({ path: `remotes.r${i}.uri`, message: "is missing" }));
  const failures = [
    new Failure("locked", "cannot lock remote.yaml: held for 10 s"),
    new Failure("declined", "nothing was written: there is no terminal to ask", {
      next: "run it again with --yes",
    }),
    new Failure("remote-file-invalid", "cannot read remote.yaml: line 3: the key is there twice", {
      problems: [twice],
      excerpt,
      next,
    }),
    new Failure("remote-file-invalid", 'cannot read remote.yaml: line 3: unknown field "Tokn"', {
      problems: [unknown],
      excerpt,
      next,
    }),
    new Failure("config-invalid", "remotes.ts: 1 problem", { problems: [unknown] }),
    new Failure("config-invalid", "remotes.ts: 53 problems", { problems: many }),
    new Failure("internal", HOSTILE, {
      problems: [{ path: HOSTILE, message: HOSTILE, found: HOSTILE, allowed: HOSTILE, suggestion: HOSTILE }],
      excerpt: `1 | ${HOSTILE}`,
      next: HOSTILE,
    }),
  ];
  golden("report/failure.txt", failures.map((one) => renderFailure(one, plainStyle)).join("\n--------\n"));
});

Deno.test("only the word Error is red, and Next bold", () => {
  const text = renderFailure(new Failure("io", "a", { next: "b", excerpt: "c" }), colourStyle);
  assert.equal(text, "\u001b[31mError:\u001b[39m a\n  c\n\u001b[1mNext:\u001b[22m b");
});

Deno.test("the lines are those of the layout, whatever the texts", () => {
  const text = fc.oneof(fc.string({ unit: "binary" }), fc.string({ unit: fc.constantFrom(...HOSTILE) }));
  fc.assert(fc.property(text, (given) => {
    const problem = { path: `p${given}`, message: given, found: given, allowed: given, suggestion: given };
    const shown = renderFailure(
      new Failure("io", given, { problems: [problem, problem], excerpt: "a\nb", next: given }),
      plainStyle,
    );
    assert.doesNotMatch(shown, /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    assert.equal(shown.split("\n").length, 1 + 2 + 8 + 1);
  }));
});

Deno.test("a document says what is there, and nothing of what is not", () => {
  assert.deepEqual(failureDocument(new Failure("locked", "a", { excerpt: "no", cause: "no" })), {
    formatVersion: 1,
    error: { code: "locked", message: "a" },
  });
  assert.deepEqual(failureDocument(new Failure("io", "a", { path: "/b", next: "c", problems: [unknown] })), {
    formatVersion: 1,
    error: { code: "io", message: "a", path: "/b", next: "c", problems: [unknown] },
  });
});
