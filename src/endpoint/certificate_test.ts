/** Certificates as Go reads them: names, what they may be used for, and bytes that are none. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { type Certificate, isFor, namesOf, readCertificate } from "./certificate.ts";
import { derOf, readBundle } from "./trust.ts";

const chainOf = (name: string) =>
  readBundle(readFileSync(new URL(`../../tests/tls/cases/${name}.pem`, import.meta.url), "utf8"))
    .certificates.map(derOf);
const [RIGHT] = chainOf("right");
const read = (der: Uint8Array | undefined): Certificate => readCertificate(der!)!;

Deno.test("certificate: the fields that matter are read", () => {
  const { der, key, issuer, subject, ...rest } = read(RIGHT);
  assert.equal(der, RIGHT);
  assert.equal(issuer.text, "sremote test authority 2");
  assert.equal(subject.text, "localhost");
  assert.match(key, /^[0-9a-f]{100,}$/);
  assert.deepEqual({ ...rest, from: 0, until: new Date(rest.until).getUTCFullYear() }, {
    weak: null,
    from: 0,
    until: 2126,
    names: ["localhost"],
    addresses: ["7f000001"],
    purposes: null,
    authority: false,
    depth: null,
    signs: true,
    constrained: false,
    unknown: null,
    namesIssuer: false,
  });
  assert.equal(new Date(read(chainOf("expired")[0]).until).toISOString(), "2021-01-01T00:00:00.000Z");
});

/** The names of a certificate, a host, and whether it is for that host: `matchHostnames` of Go's crypto/x509. */
const hosts: readonly (readonly [names: readonly string[], host: string, expected: boolean])[] = [
  [["a.org"], "a.org", true],
  [["A.org"], "a.ORG", true],
  [["a.org"], "a.org.", true],
  [["a.org"], "b.a.org", false],
  [["a.org", "b.org"], "b.org", true],
  [["*.a.org"], "b.a.org", true],
  [["*.a.org"], "a.org", false],
  [["*.a.org"], "c.b.a.org", false],
  [["*.org"], "a.org", true],
  [["b*.a.org"], "bc.a.org", false],
  [["a.*.org"], "a.b.org", false],
  [["*"], "localhost", false],
  [[""], "", false],
  [["127.0.0.1"], "127.0.0.1", false],
  [["*.0.0.1"], "127.0.0.1", false],
  [[], "a.org", false],
];

for (const [names, host, expected] of hosts) {
  Deno.test(`certificate: ${JSON.stringify(names)} is ${expected ? "" : "not "}for ${JSON.stringify(host)}`, () => {
    assert.equal(isFor({ ...read(RIGHT), names, addresses: [] }, host), expected);
  });
}

Deno.test("certificate: an IP address is matched as a number, whichever way it is written", () => {
  const its = (...addresses: string[]) => ({ ...read(RIGHT), names: [], addresses });
  assert.ok(isFor(its("0a010203"), "10.1.2.3"));
  assert.ok(isFor(its("0a010203"), "::ffff:10.1.2.3"));
  assert.ok(isFor(its("00000000000000000000ffff0a010203"), "10.1.2.3"));
  assert.ok(isFor(its("20010db8000000000000000000000005"), "2001:DB8:0::5"));
  assert.ok(isFor(its("00000000000000000000000000000001"), "::1"));
  assert.ok(!isFor(its("0a010203"), "10.1.2.4"));
  assert.ok(!isFor(its("20010db8000000000000000000000005"), "2001:db8::6"));
  assert.deepEqual(namesOf(its("0a010203", "20010db8000000000000000000000005")), ["10.1.2.3", "2001:db8::5"]);
});

Deno.test("certificate: a DNS name with other letters than ASCII is none, and the certificate with it", () => {
  const text = new TextEncoder().encode("localhost");
  // The last one: the common name comes first.
  const at = RIGHT!.findLastIndex((_, from) => text.every((one, i) => RIGHT![from + i] === one));
  for (const bytes of [[0xe2, 0x84, 0xaa], [0xc3, 0xa9], [0xff]]) {
    const der = Uint8Array.from(RIGHT!);
    der.set(bytes, at);
    assert.equal(readCertificate(der), null);
  }
});

Deno.test("certificate: what an authority may do is read", () => {
  const its = (name: string) => {
    const file = new URL(`../../tests/tls/path/${name}.pem`, import.meta.url);
    const { authority, depth, signs, constrained, unknown, namesIssuer, purposes } = read(
      derOf(readBundle(readFileSync(file, "utf8")).certificates[0]!),
    );
    return { authority, depth, signs, constrained, unknown, namesIssuer, purposes };
  };
  const plain = {
    authority: true,
    depth: null,
    signs: true,
    constrained: false,
    unknown: null,
    namesIssuer: false,
    purposes: null,
  };
  assert.deepEqual(its("good"), plain);
  assert.deepEqual(its("flat"), { ...plain, depth: 0 });
  assert.deepEqual(its("no-authority"), { ...plain, authority: false });
  assert.deepEqual(its("no-constraints"), { ...plain, authority: false });
  assert.deepEqual(its("no-signing"), { ...plain, signs: false });
  assert.deepEqual(its("names"), { ...plain, constrained: true });
  assert.deepEqual(its("critical"), { ...plain, unknown: "1.2.3.4.5" });
  assert.deepEqual(its("clients"), { ...plain, purposes: ["1.3.6.1.5.5.7.3.2"] });
  assert.deepEqual(its("aia"), { ...plain, authority: false, namesIssuer: true });
});

Deno.test("certificate: damaged bytes give a certificate or null, and never throw", () => {
  const damage = fc.array(fc.tuple(fc.nat(RIGHT!.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
  fc.assert(
    fc.property(damage, fc.nat(RIGHT!.length), (bytes, length) => {
      const der = Uint8Array.from(RIGHT!);
      for (const [at, value] of bytes) der[at] = value;
      readCertificate(der);
      assert.equal(readCertificate(der.subarray(0, Math.min(length, der.length - 1))), null);
    }),
    { numRuns: 2_000 },
  );
});
