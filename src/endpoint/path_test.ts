/** Paths to trusted certificates: which one counts, whatever else a server sends and in whichever order. */
import assert from "node:assert/strict";
import { effort } from "../../tests/effort.ts";
import { X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { type Certificate, readCertificate } from "./certificate.ts";
import { type Anchors, bestPath, bySubject, faultOn, objectionTo, weakOn } from "./path.ts";
import { derOf, readBundle } from "./trust.ts";

const read = (path: string) =>
  readBundle(readFileSync(new URL(`../../tests/tls/${path}.pem`, import.meta.url), "utf8")).certificates.map(
    derOf,
  );
const named = (names: string) =>
  names.split(" ").filter((one) => one !== "").flatMap((one) => read(`path/${one}`));
const certificate = (der: Uint8Array): Certificate => readCertificate(der)!;
const anchorsOf = (trusted: readonly Uint8Array[]): Anchors => ({
  bySubject: bySubject(trusted.map(readCertificate)),
  signed: ({ der }, issuer) => new X509Certificate(der).verify(new X509Certificate(issuer.der).publicKey),
  now: Date.UTC(2026, 11, 24),
});

/**
 * What a server sends, what is trusted, and the objection of Go to a chain that a TLS library accepts by whichever path it
 * finds: "weak" has SHA-1, and "weak-…" are certificates of the same name and key.
 */
const WEAK = "ERR_TLS_CERT_WEAK_SIGNATURE";
const chains: readonly (readonly [sent: string, trusted: string, expected: string | null])[] = [
  ["by-root", "root", null],
  ["by-good good", "root", null],
  ["by-good good root", "root", null],
  ["by-weak weak", "root", WEAK],
  ["by-weak weak root", "root", WEAK],
  // A trusted certificate that has nothing to do with the path, and that has SHA-1 itself.
  ["by-weak root-sha1 weak", "root root-sha1", WEAK],
  ["by-weak root weak", "root", WEAK],
  ["by-weak good deep flat names weak", "root", WEAK],
  // A weak certificate that has nothing to do with the path.
  ["by-good weak good", "root", null],
  ["by-good good weak root-sha1", "root", null],
  ["by-good root-sha1 weak good", "root", null],
  // The signature of a trusted certificate does not matter, nor what is above it.
  ["by-root-sha1", "root-sha1", null],
  ["by-root-sha1 root-sha1", "root-sha1", null],
  ["by-weak weak", "weak", null],
  ["by-weak weak", "weak root", null],
  ["by-weak", "weak", null],
  ["by-good", "good", null],
  ["by-root", "by-root", null],
  // The way around a weak certificate must be right itself: the TLS library has not said that it is.
  ["by-weak weak weak-renewed", "root", null],
  ["by-weak weak-renewed weak", "root", null],
  ["by-weak weak weak-expired", "root", WEAK],
  ["by-weak weak weak-forged", "root", WEAK],
  ["by-weak weak weak-no-authority", "root", WEAK],
  ["by-weak weak weak-self", "root", WEAK],
  // No path: the TLS library compares names in another way.
  ["by-good", "root", "CERT_UNTRUSTED"],
  ["by-good weak", "root", "CERT_UNTRUSTED"],
];

for (const [sent, trusted, expected] of chains) {
  Deno.test(`path: ${sent}, trusted ${trusted}: ${expected ?? "accepted"}`, () => {
    const objection = objectionTo("localhost", named(sent), () => anchorsOf(named(trusted)));
    assert.equal(objection, expected);
  });
}

Deno.test("path: the order and number of other certificates change nothing", () => {
  const others = "good deep flat names clients critical no-signing root root-sha1";
  const pool = named(others);
  const order = fc.shuffledSubarray(pool).chain((some) => fc.tuple(fc.constant(some), fc.nat(some.length)));
  const anchors = anchorsOf(named("root root-sha1"));
  const [byWeak, weak] = named("by-weak weak");
  const [byGood, good] = named("by-good good");
  const chain = (own: Uint8Array, some: readonly Uint8Array[], its: Uint8Array, at: number) =>
    objectionTo("localhost", [own, ...some.slice(0, at), its, ...some.slice(at)], () => anchors);
  fc.assert(fc.property(order, ([some, at]) => {
    assert.equal(chain(byWeak!, some, weak!, at), WEAK);
    assert.equal(chain(byGood!, [weak!, ...some], good!, at), null);
  }));
});

Deno.test("path: hundreds of other certificates before the weak one, and none is not looked at", () => {
  const [byWeak, weak, good] = named("by-weak weak good");
  for (const count of [8, 9, 10, 100, 1_000, 5_000]) {
    const chain = [byWeak!, ...Array<Uint8Array>(count).fill(good!), weak!];
    assert.equal(objectionTo("localhost", chain, () => anchorsOf(named("root"))), WEAK);
  }
});

Deno.test("path: what cannot be read is refused, wherever it is", () => {
  const [own, good] = named("by-good good");
  const anchors = () => anchorsOf(named("root"));
  const garbage = [new Uint8Array(), new Uint8Array(300_000), good!.subarray(1), good!.subarray(0, 100)];
  for (const one of garbage) {
    assert.equal(objectionTo("localhost", [own!, one, good!], anchors), "ERR_TLS_CERT_UNREADABLE");
    assert.equal(objectionTo("localhost", [own!, good!, one], anchors), "ERR_TLS_CERT_UNREADABLE");
    assert.equal(objectionTo("localhost", [one], anchors), "ERR_TLS_CERT_UNREADABLE");
  }
  assert.equal(objectionTo("localhost", [], anchors), "ERR_TLS_CERT_UNREADABLE");
});

Deno.test("path: the work is bounded if all certificates have one name", () => {
  const [own] = named("by-weak");
  const weak = certificate(named("weak")[0]!);
  const sent = Array.from({ length: 300 }, (_, at): Certificate => ({
    ...weak,
    issuer: weak.subject,
    key: `${at}`,
  }));
  let signatures = 0;
  const anchors: Anchors = {
    ...anchorsOf(named("root")),
    bySubject: bySubject(sent.slice(0, 1)),
    signed: () => {
      signatures++;
      return false;
    },
  };
  const from = effort();
  bestPath(certificate(own!), sent, anchors);
  assert.ok(effort() - from < 1_000);
  assert.ok(signatures <= 100, `${signatures} signatures`);
});

/** A path and its fault: the certificate and the kind. */
const faults: readonly (readonly [sent: string, expected: string | null])[] = [
  ["by-good good", null],
  ["by-no-authority no-authority", "path no authority: no-authority"],
  ["by-no-constraints no-constraints", "path no constraints: no-authority"],
  ["by-no-signing no-signing", "path no signing: no-signing"],
  ["by-clients clients", "path clients: purpose"],
  ["by-names names", "path names: names"],
  ["by-critical critical", "path critical: critical"],
  ["by-deep deep flat", "path flat: depth"],
  ["by-weak weak-forged", "path weak: signature"],
  ["by-weak weak-expired", "path weak: expired"],
  // Those that are not on the path do not matter.
  ["by-good weak-expired names good", null],
  ["by-weak weak-expired weak-renewed", null],
];

for (const [sent, expected] of faults) {
  Deno.test(`path: the fault of ${sent} is ${expected ?? "none"}`, () => {
    const [own, ...others] = named(sent).map(certificate);
    const anchors = anchorsOf(named("root"));
    const fault = faultOn(bestPath(own!, others, anchors), anchors);
    assert.equal(fault === null ? null : `${fault.of.subject.text}: ${fault.kind}`, expected);
  });
}

Deno.test("path: without a trusted certificate it leads as far as it can, and a self-signed end is not weak", () => {
  const best = (sent: string) => {
    const [own, ...others] = named(sent).map(certificate);
    return bestPath(own!, others, anchorsOf([]));
  };
  const names = (sent: string) => best(sent).certificates.map((one) => one.subject.text);
  assert.deepEqual(names("by-deep good flat deep"), ["localhost", "path deep", "path flat"]);
  assert.deepEqual(names("by-root-sha1 weak root-sha1"), ["localhost", "path root of SHA-1"]);
  assert.equal(weakOn(best("by-root-sha1 weak root-sha1")), null);
  assert.equal(weakOn(best("by-weak weak"))?.subject.text, "path weak");
  // Another authority of the same name is trusted.
  const [own] = read("cases/self-signed").map(certificate);
  const other = { ...own!, key: "00" };
  const anchors: Anchors = { ...anchorsOf([]), bySubject: bySubject([other]) };
  const { signed } = anchors;
  const path = bestPath(own!, [], { ...anchors, signed: (a, b) => b !== other && signed(a, b) });
  assert.deepEqual(path, { certificates: [own], trusted: false });
});
