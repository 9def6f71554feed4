/** Bundles of certificates: what is read, what is skipped and named, and how long it takes. */
import assert from "node:assert/strict";
import { effort } from "../../tests/effort.ts";
import { readFileSync } from "node:fs";
import { readBundle } from "./trust.ts";

const PEM = readFileSync(new URL("../../tests/tls/ca.pem", import.meta.url), "utf8");
const [CA] = readBundle(PEM).certificates;
const block = (label: string, body: string) => `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

/** A bundle, how many certificates it has, and the skipped blocks as `block:line why`. */
const bundles:
  readonly (readonly [story: string, text: string, count: number, skipped: readonly (string | RegExp)[]])[] =
    [
      ["nothing", "", 0, []],
      ["a certificate", PEM, 1, []],
      ["text around it, and Windows line ends", `comment\r\n${PEM.replaceAll("\n", "\r\n")}more`, 1, []],
      [
        "a key and a revocation list are skipped",
        block("PRIVATE KEY", "AAAA") + block("X509 CRL", "AAAA") + PEM,
        1,
        [],
      ],
      ["no base64", block("CERTIFICATE", "!") + PEM, 1, [/^1:1 it is not a certificate$/]],
      ["no certificate", `${PEM}${block("CERTIFICATE", "bm90IG9uZQ==")}`, 1, [
        /^2:\d+ it is not a certificate$/,
      ]],
      ["empty", block("CERTIFICATE", "") + PEM, 1, [/^1:1 /]],
      ["headers", block("CERTIFICATE", "Proc-Type: 4\n\nAAAA") + PEM, 1, [/^1:1 /]],
      ["OpenSSL's own kind", block("TRUSTED CERTIFICATE", "AAAA") + PEM, 1, [/^1:1 .*TRUSTED CERTIFICATE$/]],
      ["no END line", `-----BEGIN CERTIFICATE-----\nAAAA\n${PEM}`, 1, [/^1:1 it has no END line$/]],
      ["no END line at the end", `${PEM}-----BEGIN CERTIFICATE-----\nAAAA`, 1, [
        /^2:\d+ it has no END line$/,
      ]],
      ["another END line", `\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END PRIVATE KEY-----\n${PEM}`, 1, [
        /^1:2 .*another kind$/,
      ]],
      ["an END line alone", `-----END CERTIFICATE-----\n${PEM}`, 1, []],
      ["a marker inside a line", `x -----BEGIN CERTIFICATE-----\n${PEM}`, 1, []],
    ];

for (const [story, text, count, expected] of bundles) {
  Deno.test(`bundle: ${story}`, () => {
    const { certificates, skipped } = readBundle(text);
    assert.deepEqual(certificates, Array(count).fill(CA));
    assert.equal(skipped.length, expected.length, JSON.stringify(skipped));
    expected.forEach((one, at) => {
      const { block, line, why } = skipped[at]!;
      assert.match(`${block}:${line} ${why}`, new RegExp(one));
    });
  });
}

Deno.test("bundle: 4 MiB of anything takes no more than a moment", () => {
  const size = 4 * 1024 * 1024;
  for (
    const unit of [
      "-----BEGIN CERTIFICATE-----\n",
      "-----BEGIN CERTIFICATE-----\nA\n",
      "-----END CERTIFICATE-----\n",
      "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      "-----BEGIN " + "A".repeat(100),
      "-----",
      "-",
      "\n",
      " ",
      "-----BEGIN CERTIFICATE-----" + " ".repeat(1_000),
    ]
  ) {
    const text = unit.repeat(Math.floor(size / unit.length));
    const from = effort();
    assert.deepEqual(readBundle(text).certificates, []);
    const took = effort() - from;
    assert.ok(took < 2_000, `${JSON.stringify(unit.slice(0, 40))}: ${took} ms`);
  }
});
