import assert from "node:assert/strict";
import fc from "fast-check";
import { type Address, canUse, readAddress, storedAddress } from "./address.ts";
import { sameEndpoint } from "./uri.ts";

/** Each stored form, what it means, and who can use it; the first ones as recorded. */
const FORMS: readonly (readonly [stored: string, means: string | null, host: boolean, url: boolean])[] = [
  ["enterprise.example.com", "enterprise.example.com", true, true],
  ["enterprise.example.com/sub", "enterprise.example.com/sub", true, true],
  ["enterprise.example.com/", "enterprise.example.com", true, true],
  ["ENTERPRISE.example.com", "ENTERPRISE.example.com", true, true],
  ["localname", "localname", true, true],
  ["enterprise.example.com.", "enterprise.example.com.", true, true],
  ["192.0.2.7", "192.0.2.7", true, true],
  ["enterprise.example.com:8443", "enterprise.example.com:8443", true, false],
  ["enterprise.example.com:8443/sub", "enterprise.example.com:8443/sub", true, false],
  ["enterprise.example.com:443", "enterprise.example.com:443", true, false],
  ["192.0.2.7:8443", "192.0.2.7:8443", true, false],
  ["[2001:db8::1]", "[2001:db8::1]", true, false],
  ["[2001:db8::1]:8443", "[2001:db8::1]:8443", true, false],
  ["https://enterprise.example.com", "enterprise.example.com", false, true],
  ["http://enterprise.example.com", "enterprise.example.com", false, true],
  ["ftp://enterprise.example.com", "enterprise.example.com", false, true],
  ["https://enterprise.example.com:8443/", "enterprise.example.com:8443", false, true],
  ["HTTPS://[2001:db8::1]:8443", "[2001:db8::1]:8443", false, true],
  ["//enterprise.example.com", "enterprise.example.com", false, true],
  ["//enterprise.example.com:8443", "enterprise.example.com:8443", false, true],
  ["größe.example.com", "größe.example.com", false, true],
  ["grüße.example.com/straße", "grüße.example.com/straße", false, true],
  ["grün.example.com/straße", "grün.example.com/straße", true, true],
  ["xn--gre-6ka8i.example.com", "xn--gre-6ka8i.example.com", true, true],
  ["", null, false, false],
  ["https://", null, false, false],
  ["/sub", null, false, false],
  ["2001:db8::1", null, false, false],
  ["enterprise.example.com ", null, false, false],
  ["alice:secret@enterprise.example.com", null, false, false],
  ["enterprise.example.com?x=1", null, false, false],
  ["enterprise.example.com#frag", null, false, false],
  ["enterprise.example.com:99999", null, false, false],
];

Deno.test("an address is read whichever form it is stored in, and each program's reading is known", () => {
  for (const [stored, means, host, url] of FORMS) {
    const read: Address = readAddress(stored);
    assert.equal("address" in read ? read.address : null, means, stored);
    assert.equal(canUse(stored, "host"), host, `host: ${stored}`);
    assert.equal(canUse(stored, "url"), url, `url: ${stored}`);
  }
});

Deno.test("what is stored for a program is an address that it can use, and that means the same", () => {
  const host = fc.constantFrom(
    "lab",
    "lab.example.com",
    "192.0.2.7",
    "[::1]",
    "LAB.example.com.",
    "größe.example.com",
    "GRÜN.example.com",
  );
  const port = fc.option(fc.integer({ min: 1, max: 65_535 }), { nil: null });
  const path = fc.constantFrom("", "/sub", "/a/b");
  const form = fc.constantFrom("host" as const, "url" as const);
  fc.assert(fc.property(host, port, path, fc.boolean(), form, (host, port, path, insecure, form) => {
    const address = `${host}${port === null ? "" : `:${port}`}${path}`;
    const stored = storedAddress(address, insecure, form);
    assert.ok(canUse(stored, form), stored);
    assert.ok("address" in readAddress(stored));
    assert.ok(sameEndpoint(stored, address), stored);
    // Bare wherever every version reads that.
    if (port === null && !host.startsWith("[") && canUse(address, "host")) assert.equal(stored, address);
  }));
});

Deno.test("an address of only slashes is refused at once", () => {
  assert.ok("problem" in readAddress("/".repeat(1_000_000)));
  assert.ok("problem" in readAddress(`a${"/".repeat(1_000_000)}?`));
});
