import assert from "node:assert/strict";
import { file, stored } from "../reconcile/testing.ts";
import { Secret } from "../secret.ts";
import { merge } from "./merge.ts";

// What SingularityCE 4.5 and Apptainer 1.5 do at every command of a user.

Deno.test("merge: a global remote that the user has not is added", () => {
  const { remotes } = merge(file([stored("own")]), file([stored("g")]));
  assert.deepEqual([...remotes].map(([name, { global }]) => [name, global]), [["own", false], ["g", true]]);
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
});

Deno.test("merge: Insecure is not carried over to a copy", () => {
  const { remotes } = merge(file([stored("g", { system: true })]), file([stored("g", { insecure: true })]));
  assert.equal(remotes.get("g")!.remote.insecure, false);
});

Deno.test("merge: a copy whose global remote is no more stays in the user's view", () => {
  const { remotes } = merge(file([stored("g", { system: true })]), file([]));
  assert.equal(remotes.get("g")!.global, true);
});
