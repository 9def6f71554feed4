import assert from "node:assert/strict";
import { Secret } from "../base/secret.ts";
import { config, file, found, stored, use, wanted } from "./testing.ts";
import { watched } from "./watched.ts";

const token = new Secret("CANARY");
const login = { env: "T" };

Deno.test("watched: global remotes are asked at the address that users get", () => {
  const desired = config({
    user: [wanted("mine", { login }), wanted("quiet")],
    global: ["there", "left", "own", "nowhere"].map((one) =>
      wanted(one, { uri: "wanted.example.com", login })
    ),
  });
  const user = file([
    stored("mine", { token }),
    stored("left", { uri: "left.example.com", system: true, token }),
    stored("own", { token }),
    stored("there", { uri: "before.example.com", system: true, token }),
  ]);
  const machine = file([
    stored("there", { uri: "now.example.com" }),
    stored("own", { uri: "own.example.org" }),
  ]);
  const seen = (other: typeof machine | "unreadable", ours: readonly string[] = []) =>
    watched(desired, found(user, { other, ours })).map((
      one,
    ) => [one.remote.name, one.endpoint.uri, one.token !== null]);
  assert.deepEqual(seen(machine), [
    ["mine", "mine.example.com", true],
    // Its token was made for another host.
    ["there", "now.example.com", false],
    ["left", "left.example.com", true],
  ]);
  assert.deepEqual(seen("unreadable"), [
    ["mine", "mine.example.com", true],
    ["there", "before.example.com", true],
    ["left", "left.example.com", true],
  ]);
  // A managed remote of that name goes, and its token with it.
  assert.deepEqual(seen(machine, ["own"]).slice(2), [["left", "left.example.com", true], [
    "own",
    "own.example.org",
    false,
  ]]);
  assert.deepEqual(watched(desired, found(machine, { scope: "global", other: user })), []);
});

Deno.test("watched: a global remote that is the default in the user file is checked for the user too", () => {
  const desired = config({
    user: [wanted("a", { check: ["library"] })],
    global: [wanted("g", { check: ["token"] }), wanted("h", { check: ["token"] })],
  }, { default: { user: use("g") } });
  const required = (scope: "user" | "global") =>
    watched(desired, found(file([]), { scope, other: null })).map((
      one,
    ) => [one.remote.name, ...one.required]);
  assert.deepEqual(required("user"), [["a", "library"], ["g", "token"]]);
  assert.deepEqual(required("global"), [["g", "token"], ["h", "token"]]);
});
