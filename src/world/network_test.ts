/** Answers as Go's client reads them: packed, with long headers, and no more than is allowed. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer, type OutgoingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { gzipSync } from "node:zlib";
import { codeOf } from "../base/errno.ts";
import { derOf, readBundle } from "../endpoint/trust.ts";
import { network } from "./network.ts";

const LIMIT = 1024 * 1024;
const TEXT = new TextEncoder().encode('{"data":{}}');
const PACKED = { "content-encoding": "gzip" };

/** What a server sends, and the body that is read, or the code of the error. */
const answers: readonly (readonly [
  story: string,
  body: Uint8Array,
  headers: OutgoingHttpHeaders,
  expected: Uint8Array | string,
])[] = [
  ["plain", TEXT, {}, TEXT],
  ["gzip that nobody asked for", gzipSync(TEXT), PACKED, TEXT],
  ["gzip by name alone", TEXT, PACKED, TEXT],
  ["gzip that is cut", gzipSync(TEXT).subarray(0, 15), PACKED, "EHALF"],
  ["gzip of more than the limit", gzipSync(new Uint8Array(LIMIT + 1)), PACKED, "ETOOLARGE"],
  ["gzip of the limit", gzipSync(new Uint8Array(LIMIT)), PACKED, new Uint8Array(LIMIT)],
  ["more than the limit", new Uint8Array(LIMIT + 1), {}, "ETOOLARGE"],
  ["a header of 200 KB", TEXT, { "x-long": "a".repeat(200_000) }, TEXT],
];

for (const [story, body, headers, expected] of answers) {
  Deno.test(`network: ${story}`, async () => {
    const server = createServer((_, response) => response.writeHead(200, headers).end(body));
    await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
    try {
      const read = await network.get({
        url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
        headers: { connection: "close" },
        proxy: null,
        trust: null,
        judge: () => null,
        timeout: 10_000,
        limit: LIMIT,
      }).then((answer) => Uint8Array.from(answer.body), (error) => codeOf(error));
      assert.deepEqual(read, expected);
    } finally {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  });
}

Deno.test("network: a signature is that of one key, and what cannot be read has none", () => {
  const [of, root, other] = ["good", "root", "root-sha1"].map((name) => {
    const file = new URL(`../../tests/tls/path/${name}.pem`, import.meta.url);
    return derOf(readBundle(readFileSync(file, "utf8")).certificates[0]!);
  });
  assert.ok(network.signed(of!, root!));
  assert.ok(network.signed(root!, root!));
  assert.ok(!network.signed(of!, other!));
  assert.ok(!network.signed(root!, of!));
  for (const bad of [new Uint8Array(), of!.subarray(1)]) {
    assert.ok(!network.signed(bad, root!));
    assert.ok(!network.signed(of!, bad));
  }
});
