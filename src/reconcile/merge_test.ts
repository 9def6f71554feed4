import assert from "node:assert/strict";
import { file, stored } from "./testing.ts";
import { Secret } from "../base/secret.ts";
import { merge } from "./merge.ts";

// What SingularityCE 4.5 and Apptainer 1.5 do at every command of a user.

const RUNTIMES = ["singularity", "apptainer"] as const;

Deno.test("merge: a global remote that the user does not have is added", () => {
  const { remotes, collisions } = merge("singularity", file([stored("own")]), file([stored("g")]));
  assert.deepEqual([...remotes].map(([name, { global }]) => [name, global]), [["own", false], ["g", true]]);
  assert.equal(remotes.get("g")!.remote.system, true);
  assert.equal(remotes.get("own")!.remote.system, false);
  assert.deepEqual(collisions, []);
});

Deno.test("merge: a copy is refreshed from the global file and keeps its token", () => {
  const token = new Secret("t");
  const keyservers = [{ uri: "https://k", skip: false, external: true, insecure: false }];
  const { remotes } = merge(
    "singularity",
    file([stored("g", { system: true, token, uri: "old.example.com", exclusive: true })]),
    file([stored("g", { uri: "new.example.com", keyservers })]),
  );
  const { remote, global } = remotes.get("g")!;
  assert.equal(global, true);
  assert.deepEqual(
    { uri: remote.uri, keyservers: remote.keyservers, exclusive: remote.exclusive, token: remote.token },
    { uri: "new.example.com", keyservers, exclusive: false, token },
  );
});

Deno.test("merge: a user remote with the name of a global remote is a collision, and the one in the view", () => {
  for (const runtime of RUNTIMES) {
    const { remotes, collisions } = merge(
      runtime,
      file([stored("a", { uri: "mine.example.com" })]),
      file([stored("a", { uri: "theirs.example.com" })]),
    );
    assert.deepEqual(collisions, ["a"]);
    assert.deepEqual([remotes.get("a")!.remote.uri, remotes.get("a")!.global], ["mine.example.com", false]);
  }
});

Deno.test("merge: Active of the global file counts only if the user file has none", () => {
  const global = file([stored("g")], "g");
  assert.equal(merge("singularity", file([]), global).default, "g");
  assert.equal(merge("singularity", file([stored("a")], "a"), global).default, "a");
  assert.equal(merge("singularity", file([]), file([])).default, null);
});

Deno.test("merge: an exclusive remote is the default, whichever file says so; a copy says what the global file says", () => {
  const g = stored("g", { exclusive: true });
  const a = stored("a", { exclusive: true });
  const copy = stored("g", { system: true, exclusive: true });
  // user file, global file, the default
  const cases = [
    [file([stored("a")], "a"), file([g], "g"), "g"],
    [file([stored("a")], "a"), file([stored("x"), g], "x"), "g"],
    [file([a, stored("b")], "b"), file([stored("g")], "g"), "a"],
    [file([a, stored("b")], "b"), file([g], "g"), "g"],
    [file([copy, stored("b")], "b"), file([stored("g")]), "b"],
    [file([copy, stored("b")], "b"), file([]), "g"],
    [file([copy, a], "b"), file([stored("g")]), "a"],
  ] as const;
  for (const runtime of RUNTIMES) {
    for (const [user, global, expected] of cases) {
      assert.equal(merge(runtime, user, global).default, expected);
    }
  }
});

Deno.test("merge: Apptainer ignores an exclusive global remote that a user remote hides", () => {
  const user = file([stored("g"), stored("mine")], "mine");
  const global = file([stored("g", { exclusive: true })], "g");
  assert.equal(merge("apptainer", user, global).default, "mine");
  assert.equal(merge("singularity", user, global).default, "g");
});

Deno.test("merge: Insecure of the global file does not reach users, neither in a copy nor in a new entry", () => {
  const global = file([stored("g", { insecure: true })]);
  assert.equal(
    merge("singularity", file([stored("g", { system: true })]), global).remotes.get("g")!.remote.insecure,
    false,
  );
  assert.equal(merge("singularity", file([]), global).remotes.get("g")!.remote.insecure, false);
  assert.equal(
    merge("singularity", file([stored("g", { system: true, insecure: true })]), global).remotes.get("g")!
      .remote.insecure,
    true,
  );
});

Deno.test("merge: a token in the global file does not reach users", () => {
  const global = file([stored("g", { token: new Secret("leaked") })]);
  for (const user of [file([]), file([stored("g", { system: true })])]) {
    assert.equal(merge("singularity", user, global).remotes.get("g")!.remote.token, null);
  }
});

Deno.test("merge: every collision is listed, and the other remotes are merged", () => {
  const { remotes, collisions } = merge(
    "singularity",
    file([stored("a"), stored("b"), stored("c", { system: true })]),
    file([stored("b"), stored("c"), stored("a"), stored("__proto__")]),
  );
  assert.deepEqual(collisions, ["b", "a"]);
  assert.deepEqual([...remotes.keys()], ["a", "b", "c", "__proto__"]);
});

Deno.test("merge: a copy whose global remote no longer exists stays in the view", () => {
  const { remotes } = merge("singularity", file([stored("g", { system: true })]), file([]));
  assert.equal(remotes.get("g")!.global, true);
});
