import assert from "node:assert/strict";
import { file, stored } from "../reconcile/testing.ts";
import { Secret } from "../base/secret.ts";
import { merge } from "./merge.ts";

// What SingularityCE 4.5 and Apptainer 1.5 do at every command of a user.

Deno.test("merge: a global remote that the user has not is added", () => {
  const { remotes, collisions } = merge(file([stored("own")]), file([stored("g")]));
  assert.deepEqual([...remotes].map(([name, { global }]) => [name, global]), [["own", false], ["g", true]]);
  assert.equal(remotes.get("g")!.remote.system, true);
  assert.equal(remotes.get("own")!.remote.system, false);
  assert.deepEqual(collisions, []);
});

Deno.test("merge: the user's copy is refreshed from the global file, and keeps its token", () => {
  const token = new Secret("t");
  const keyservers = [{ uri: "https://k", skip: false, external: true, insecure: false }];
  const { remotes } = merge(
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

Deno.test("merge: the user's own of the same name is a collision, and the one that is seen", () => {
  const { remotes, collisions } = merge(
    file([stored("a", { uri: "mine.example.com" })]),
    file([stored("a", { uri: "theirs.example.com" })]),
  );
  assert.deepEqual(collisions, ["a"]);
  assert.deepEqual([remotes.get("a")!.remote.uri, remotes.get("a")!.global], ["mine.example.com", false]);
});

Deno.test("merge: Active of the global file counts only while the user has none", () => {
  const global = file([stored("g")], "g");
  assert.equal(merge(file([]), global).default, "g");
  assert.equal(merge(file([stored("a")], "a"), global).default, "a");
  assert.equal(merge(file([]), file([])).default, null);
});

Deno.test("merge: an exclusive global remote is everyone's default", () => {
  const global = file([stored("g", { exclusive: true })], "g");
  assert.equal(merge(file([stored("a")], "a"), global).default, "g");
  // A copy that says so, or a remote of the user's own, makes nothing exclusive: the global file decides.
  const stale = file([stored("g", { system: true, exclusive: true }), stored("a", { exclusive: true })], "a");
  assert.equal(merge(stale, file([stored("g")])).default, "a");
});

Deno.test("merge: Insecure of the global file reaches nobody, neither by a copy nor by a new entry", () => {
  const global = file([stored("g", { insecure: true })]);
  assert.equal(merge(file([stored("g", { system: true })]), global).remotes.get("g")!.remote.insecure, false);
  assert.equal(merge(file([]), global).remotes.get("g")!.remote.insecure, false);
  assert.equal(
    merge(file([stored("g", { system: true, insecure: true })]), global).remotes.get("g")!.remote.insecure,
    true,
  );
});

Deno.test("merge: a token of the global file is nobody's", () => {
  const global = file([stored("g", { token: new Secret("leaked") })]);
  for (const user of [file([]), file([stored("g", { system: true })])]) {
    assert.equal(merge(user, global).remotes.get("g")!.remote.token, null);
  }
});

Deno.test("merge: each collision is told, and the other remotes are merged all the same", () => {
  const { remotes, collisions } = merge(
    file([stored("a"), stored("b"), stored("c", { system: true })]),
    file([stored("b"), stored("c"), stored("a"), stored("__proto__")]),
  );
  assert.deepEqual(collisions, ["b", "a"]);
  assert.deepEqual([...remotes.keys()], ["a", "b", "c", "__proto__"]);
});

Deno.test("merge: a copy whose global remote is no more stays in the user's view", () => {
  const { remotes } = merge(file([stored("g", { system: true })]), file([]));
  assert.equal(remotes.get("g")!.global, true);
});
