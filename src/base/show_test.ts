import assert from "node:assert/strict";
import { isSecretField, show, showPlace } from "./show.ts";

Deno.test("values are shown short, escaped and without secrets", () => {
  const cases: [unknown, string][] = [
    ["", '""'],
    ["lab", '"lab"'],
    [5, "5"],
    [null, "null"],
    [undefined, "nothing"],
    [true, "true"],
    [[], "an array of 0 entries"],
    [[1], "an array of 1 entry"],
    [{}, "an empty object"],
    [{ a: 1, "b c": 2, d: 3, e: 4 }, 'an object with a, "b c", d, …'],
    ["a\u001b[31m\n", '"a\\u001b[31m\\n"'],
    ["a\u202eb\u009b", '"a<U+202E>b<U+009B>"'],
    ["https://me:p@ss@host/x", '"https://***@host/x"'],
    ["me:pass@host", '"***@host"'],
    ["https://host/?token=abc", '"https://host/?***"'],
    ["host#abc", '"host#***"'],
    ["a b ".repeat(30), `"${"a b ".repeat(14)}a …`],
  ];
  for (const [value, text] of cases) assert.equal(show(value), text);
});

Deno.test("what may be a token is described", () => {
  const tokens = [
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln",
    "0123456789abcdefABCDEF+/",
    "Bearer abc.def",
    "x eyJhbGciOiJIUzI1NiJ9",
  ];
  for (const token of tokens) {
    assert.match(show(token), /^a string of \d+ characters \(not shown: it may be a token\)$/);
    assert(!show({ [token]: 1 }).includes("eyJ"));
  }
  assert.equal(show("x", true), "a string of 1 character (not shown: it may be a token)");
  assert.equal(show(12345, true), "a number (not shown: it may be a token)");
});

Deno.test("places", () => {
  assert.equal(showPlace([]), "");
  assert.equal(showPlace(["remotes", "company", "uri"]), "remotes.company.uri");
  assert.equal(showPlace(["remotes", "my lab", "check", 0]), 'remotes["my lab"].check[0]');
  assert.equal(showPlace(["remotes", "a\n\u009b"]), 'remotes["a\\n<U+009B>"]');
  assert.equal(
    showPlace(["remotes", "enterprise-production-cluster-eu"]),
    'remotes["enterprise-production-cluster-eu"]',
  );
  assert.equal(showPlace(["eyJhbGciOiJIUzI1NiJ9"]), '["***"]');
});

Deno.test("fields that may hold a secret", () => {
  for (const name of ["login", "token", "Password", "apiKey", "api_key", "clientSecret", "auth"]) {
    assert(isSecretField(name));
  }
  for (const name of ["uri", "scope", "check", "keyservers", "default"]) assert(!isSecretField(name));
});
