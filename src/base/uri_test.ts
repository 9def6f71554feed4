import assert from "node:assert/strict";
import fc from "fast-check";
import {
  keyserverKey,
  keyserverProblem,
  mayReceive,
  nameProblem,
  parseEndpointUri,
  sameEndpoint,
} from "./uri.ts";

Deno.test("an address loses its scheme and trailing slashes, http is insecure", () => {
  const cases: [string, string, boolean][] = [
    ["cloud.sylabs.io", "cloud.sylabs.io", false],
    ["https://Host:8443/path/", "Host:8443/path", false],
    ["http://host", "host", true],
    ["HTTP://host//", "host", true],
    ["localhost:5000", "localhost:5000", false],
    ["https://[::1]:8080", "[::1]:8080", false],
    ["https://host:443", "host:443", false],
  ];
  for (const [text, uri, insecure] of cases) assert.deepEqual(parseEndpointUri(text), { uri, insecure });
});

Deno.test("what is no address is refused with the reason", () => {
  const cases: [string, RegExp][] = [
    ["", /is empty/],
    ["ftp://host", /scheme/],
    ["http:/host", /port/],
    ["https://me:pw@host", /credentials/],
    ["https://me@host", /credentials/],
    ["host?x", /query/],
    ["host/a?x", /query/],
    ["host/#x", /fragment/],
    ["ho st", /a space or a control/],
    ["host\n", /a space or a control/],
    ["host\u0000", /control/],
    ["host\\x", /backslash/],
    ["https://", /empty/],
    ["/path", /no host/],
    [":80", /no host/],
    ["host:99999", /port/],
    ["host:080", /port/],
    ["a%41", /host/],
  ];
  for (const [text, reason] of cases) {
    const parsed = parseEndpointUri(text);
    assert("problem" in parsed, text);
    assert.match(parsed.problem, reason, text);
  }
});

Deno.test("a reason never repeats the address", () => {
  fc.assert(fc.property(fc.stringMatching(/^[A-Z0-9]{12,20}$/), (secret) => {
    for (const text of [`https://me:${secret}@host`, `${secret}@host`, `host?${secret}`, `host#${secret}`]) {
      assert(!JSON.stringify(parseEndpointUri(text)).includes(secret));
    }
  }));
});

Deno.test("an address that is stored reads back as itself", () => {
  fc.assert(fc.property(fc.webUrl({ validSchemes: ["http", "https"] }), (text) => {
    const first = parseEndpointUri(text);
    if ("problem" in first) return;
    assert.deepEqual(parseEndpointUri(first.uri), { uri: first.uri, insecure: false });
    assert(sameEndpoint(first.uri, `${first.uri}/`));
  }));
});

Deno.test("every accepted address makes a URL", () => {
  const label = fc.stringMatching(/^[a-zA-Z0-9_.:x\/[\]-]{1,12}$/);
  fc.assert(
    fc.property(fc.oneof(label, fc.ipV4(), fc.ipV6().map((ip) => `[${ip}]`), fc.domain()), (text) => {
      if (!("problem" in parseEndpointUri(text))) assert(URL.canParse(`https://${text}`), text);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("the same endpoint: the host's letter case and trailing slashes aside", () => {
  assert(sameEndpoint("host", "host/"));
  assert(sameEndpoint("Host:80/a", "host:80/a//"));
  assert(!sameEndpoint("host/a", "host/A"));
  assert(!sameEndpoint("host", "host:443"));
});

Deno.test("the same endpoint: a host by its name and by its xn-- name, for tokens too", () => {
  const uri = "größe.example.com:8443/straße";
  const ascii = "xn--gre-6ka8i.example.com:8443/straße";
  assert(sameEndpoint(uri, ascii));
  assert(!sameEndpoint(uri, "grösse.example.com:8443/straße"));
  assert(!sameEndpoint(uri, ascii.replace("8443", "443")));
  assert(!sameEndpoint(uri, ascii.replace("straße", "xn--strae-oqa")));
  const insecure = false;
  assert(mayReceive({ uri, insecure }, { uri: ascii, insecure }));
  assert(!mayReceive({ uri, insecure }, { uri: "grösse.example.com:8443", insecure }));
});

Deno.test("hkp is http on port 11371, hkps is https", () => {
  assert.equal(keyserverKey("hkp://keys.example.com"), keyserverKey("http://KEYS.example.com:11371/pks"));
  assert.equal(keyserverKey("hkp://keys.example.com:80"), keyserverKey("http://keys.example.com"));
  assert.equal(keyserverKey("hkps://keys.example.com"), keyserverKey("https://keys.example.com:443/"));
  assert.notEqual(keyserverKey("hkps://keys.example.com"), keyserverKey("http://keys.example.com:443"));
  assert.equal(keyserverKey("hkp://[::1]"), keyserverKey("http://[::1]:11371"));
  for (const text of ["keys.example.com", "ldap://k", "https://u:p@k", "https://", "https://k?x"]) {
    assert.notEqual(keyserverProblem(text), null, text);
  }
});

Deno.test("names", () => {
  for (const name of ["a", "my lab", "a.b/c", "🧪", "constructor", "x".repeat(255), "🧪".repeat(255), "👩‍💻"]) {
    assert.equal(nameProblem(name), null, name);
  }
  for (
    const name of [
      "",
      " a",
      "a ",
      "a\u00a0",
      "a\nb",
      "\u0007",
      "a\u0085b",
      "a\u2028b",
      "__proto__",
      "a\ud800",
    ]
  ) {
    assert.notEqual(nameProblem(name), null, JSON.stringify(name));
  }
  assert.match(nameProblem("x".repeat(256))!, /more than 255/);
});
