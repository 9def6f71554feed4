import assert from "node:assert/strict";
import { systemError } from "./errno.ts";
import { Failure } from "./failure.ts";
import { io, reasonOf } from "./io.ts";

const CODES = [
  "EACCES",
  "EPERM",
  "EROFS",
  "ENOSPC",
  "EDQUOT",
  "ENOENT",
  "ENOTDIR",
  "EISDIR",
  "EIO",
  "EBUSY",
  "EXDEV",
  "EINVAL",
  "EMFILE",
  "ENOTSUP",
  "EXYZ",
];

Deno.test("an error of the system names the file that was given, never a temporary one", () => {
  const temporary = "/etc/singularity/.remote.yaml.sremote-1a2b3c4d";
  for (const code of CODES) {
    for (
      const error of [
        // As Node, Deno and Bun write them.
        systemError(code, "was not written whole", temporary),
        Object.assign(
          new Error(`${code}: some words, rename '${temporary}' -> '/etc/singularity/remote.yaml'`),
          {
            code,
          },
        ),
        Object.assign(new Error(`some words (os error 5): rename '${temporary}'`), { code }),
      ]
    ) {
      const failure = io("replace", "/etc/singularity/remote.yaml", error);
      assert.match(failure.message, /^cannot replace \/etc\/singularity\/remote\.yaml: \S/);
      assert.doesNotMatch(`${failure.message} ${failure.next}`, /sremote-|rename|half-written/);
      assert.match(failure.next!, /^[A-Z]/);
    }
  }
});

Deno.test("the words do not speak of remote.yaml where another file was read", () => {
  for (const code of CODES) {
    const failure = io("read the plan", "plan.json", systemError(code, "failed", "plan.json"));
    assert.doesNotMatch(`${failure.message} ${failure.next}`, /remote\.yaml/);
  }
});

Deno.test("a failure that has its words already keeps them", () => {
  const failure = new Failure("stale", "cannot change it");
  assert.equal(io("replace", "f", failure), failure);
  assert.equal(reasonOf(new Error("no code")), "no code");
});
