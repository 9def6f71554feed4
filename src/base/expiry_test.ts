import assert from "node:assert/strict";
import fc from "fast-check";
import { expiryOf, expiryWarning, tokenExpiry } from "./expiry.ts";
import { Secret } from "./secret.ts";

const base64url = (text: string) =>
  btoa(String.fromCharCode(...new TextEncoder().encode(text)))
    .replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
const HEADER = base64url('{"alg":"RS256"}');
const jwt = (claims: string) => `${HEADER}.${base64url(claims)}.c2ln`;

Deno.test("the expiry of a JWT, and of what only looks like one", () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    [jwt('{"exp":1764547200}'), 1_764_547_200_000],
    [jwt('{"exp":1764547200.5}'), 1_764_547_200_500],
    [jwt('{"sub":"héé ÿ?>","exp":-1}'), -1000],
    [`${HEADER}.${base64url('{"exp":1}')}.`, 1000], // alg none
    // JSON may begin with white space.
    ...[" ", "\n", "\r\n", "\t"].map((space): [string, number] => [
      `${base64url(`${space}{"alg":"HS256"}`)}.${base64url(`${space}{"exp":1}`)}.c2ln`,
      1000,
    ]),
    [jwt("{}"), undefined],
    [jwt('{"exp":"1764547200"}'), undefined],
    [jwt('{"exp":null}'), undefined],
    [jwt('{"exp":1e300}'), undefined],
    [jwt('{"exp":8640000000001}'), undefined], // later than a Date can hold
    [jwt("[1]"), undefined],
    [jwt("1"), undefined],
    [jwt('{"exp":1'), undefined],
    [`${HEADER}.${base64url('{"exp":1}')}`, undefined],
    [`${HEADER}.${base64url('{"exp":1}')}.a.b`, undefined],
    [`${base64url('"eyJ"')}.${base64url('{"exp":1}')}.a`, undefined],
    [`${HEADER}.!.a`, undefined],
    [`${HEADER}..a`, undefined],
    ["eyJ", undefined],
    ["", undefined],
    ["0".repeat(64), undefined],
    [`${HEADER}.${base64url(`{"x":"${"y".repeat(64 * 1024)}","exp":1}`)}.a`, undefined],
  ];
  for (const [token, expected] of cases) assert.equal(tokenExpiry(new Secret(token)), expected, token);
  assert.equal(expiryOf(new Secret(jwt('{"exp":1764547200}'))), "2025-12-01T00:00:00.000Z");
  assert.equal(expiryOf(null), null);
});

Deno.test("the expiry of any text is a time or unknown", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), fc.jsonValue(), (text, value) => {
    for (
      const token of [
        text,
        `eyJ${text}`,
        jwt(text),
        jwt(JSON.stringify(value)),
        jwt(JSON.stringify({ exp: value })),
      ]
    ) {
      const time = tokenExpiry(new Secret(token));
      assert.ok(time === undefined || !Number.isNaN(new Date(time).getTime()));
    }
  }));
});

Deno.test("a warning of an expiry names the day, from the horizon to after it", () => {
  const day = 86_400_000;
  const expires = new Date(10 * day).toISOString();
  const at = (now: number, days = 7) => expiryWarning(expires, { now, days });
  assert.equal(at(3 * day - 1), null);
  assert.equal(at(3 * day), "expires in 7 days (1970-01-11)");
  assert.equal(at(8.5 * day), "expires in 1 day (1970-01-11)");
  assert.equal(at(10 * day - 1), "expires in less than a day (1970-01-11)");
  assert.equal(at(10 * day), "expired on 1970-01-11");
  assert.equal(at(9 * day, 0), null);
  assert.equal(at(11 * day, 0), "expired on 1970-01-11");
  assert.equal(expiryWarning(null, { now: 0, days: 7 }), null);
});
