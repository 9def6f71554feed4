import assert from "node:assert/strict";
import fc from "fast-check";
import { proxyFor, proxyHint, shownProxy } from "./proxy.ts";

type Variables = Readonly<Record<string, string>>;
const P = "http://proxy:3128";

/** An address, the environment, and the host of the proxy; null: none. */
const cases: readonly (readonly [url: string, env: Variables, expected: string | null])[] = [
  ["https://a.org/", {}, null],
  ["https://a.org/", { HTTPS_PROXY: P }, "proxy:3128"],
  ["https://a.org/", { https_proxy: P }, "proxy:3128"],
  ["https://a.org/", { HTTPS_PROXY: "http://upper", https_proxy: P }, "upper"],
  ["https://a.org/", { HTTPS_PROXY: "", https_proxy: P }, "proxy:3128"],
  ["https://a.org/", { HTTP_PROXY: P, ALL_PROXY: P }, null],
  ["http://a.org/", { HTTP_PROXY: P }, "proxy:3128"],
  ["http://a.org/", { HTTPS_PROXY: P }, null],
  ["https://a.org/", { HTTPS_PROXY: "proxy:3128" }, "proxy:3128"],
  ["https://a.org/", { HTTPS_PROXY: "https://secure:8443" }, "secure:8443"],
  ["https://a.org/", { HTTPS_PROXY: "socks5://me:pass@proxy:1080" }, "proxy:1080"],
  ["http://a.org/", { http_proxy: "socks5h://proxy" }, "proxy"],
  // In a web server's script, HTTP_PROXY is a header of the request.
  ["http://a.org/", { HTTP_PROXY: P, REQUEST_METHOD: "GET" }, null],
  ["http://a.org/", { http_proxy: P, REQUEST_METHOD: "GET" }, null],
  ["https://a.org/", { HTTPS_PROXY: P, REQUEST_METHOD: "GET" }, "proxy:3128"],
  // Go never sends these through a proxy.
  ["https://localhost/", { HTTPS_PROXY: P }, null],
  ["https://127.9.9.9/", { HTTPS_PROXY: P }, null],
  ["https://[::1]:8443/", { HTTPS_PROXY: P }, null],
  ["https://[::ffff:127.0.0.1]/", { HTTPS_PROXY: P }, null],
  ["https://[::ffff:10.1.2.3]/", { HTTPS_PROXY: P, NO_PROXY: "10.0.0.0/8" }, null],
  // NO_PROXY.
  ["https://a.org/", { HTTPS_PROXY: P, NO_PROXY: "*" }, null],
  ["https://a.org/", { HTTPS_PROXY: P, NO_PROXY: "a.org" }, null],
  ["https://A.org./", { HTTPS_PROXY: P, no_proxy: "b.org, A.ORG" }, null],
  ["https://x.a.org/", { HTTPS_PROXY: P, NO_PROXY: "a.org" }, null],
  ["https://ba.org/", { HTTPS_PROXY: P, NO_PROXY: "a.org" }, "proxy:3128"],
  ["https://a.org/", { HTTPS_PROXY: P, NO_PROXY: ".a.org" }, "proxy:3128"],
  ["https://x.a.org/", { HTTPS_PROXY: P, NO_PROXY: ".a.org" }, null],
  ["https://x.a.org/", { HTTPS_PROXY: P, NO_PROXY: "*.a.org" }, null],
  ["https://a.org/", { HTTPS_PROXY: P, NO_PROXY: "a.org:443" }, null],
  ["https://a.org:8443/", { HTTPS_PROXY: P, NO_PROXY: "a.org:443" }, "proxy:3128"],
  ["https://a.org:8443/", { HTTPS_PROXY: P, NO_PROXY: "a.org:8443" }, null],
  ["https://10.1.2.3/", { HTTPS_PROXY: P, NO_PROXY: "10.1.2.3" }, null],
  ["https://10.1.2.3/", { HTTPS_PROXY: P, NO_PROXY: "10.0.0.0/8" }, null],
  ["https://11.1.2.3/", { HTTPS_PROXY: P, NO_PROXY: "10.0.0.0/8" }, "proxy:3128"],
  ["https://10.1.2.3/", { HTTPS_PROXY: P, NO_PROXY: "10.0.0.0/99" }, "proxy:3128"],
  ["https://10.1.2.3/", { HTTPS_PROXY: P, NO_PROXY: "2001:db8::/32" }, "proxy:3128"],
  ["https://[2001:db8::5]/", { HTTPS_PROXY: P, NO_PROXY: "2001:DB8::/32" }, null],
  ["https://[2001:db9::5]/", { HTTPS_PROXY: P, NO_PROXY: "2001:db8::/32" }, "proxy:3128"],
  ["https://[2001:db8::5]:8443/", { HTTPS_PROXY: P, NO_PROXY: "[2001:db8:0::5]:8443" }, null],
  ["https://a.org/", { HTTPS_PROXY: P, NO_PROXY: " , ,b.org" }, "proxy:3128"],
];

for (const [url, env, expected] of cases) {
  Deno.test(`proxy: ${url} with ${JSON.stringify(env)}`, () => {
    assert.equal(proxyFor(new URL(url), (name) => env[name])?.url.host ?? null, expected);
  });
}

Deno.test("proxy: an invalid address of a proxy is an error that names the variable", () => {
  for (const value of ["gopher://p", "socks4://p:1080", "socks5://", "http://["]) {
    const ask = () =>
      proxyFor(new URL("https://a.org"), (name) => name === "https_proxy" ? value : undefined);
    assert.throws(ask, /https_proxy is not the address of an http, https or socks5 proxy/);
  }
});

Deno.test("proxy: no password is shown", () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Z]{4,12}$/), fc.stringMatching(/^[A-Z]{4,12}$/), (user, password) => {
      const choice = proxyFor(
        new URL("https://a.org"),
        (name) => name === "HTTPS_PROXY" ? `http://${user}:${password}@proxy:3128` : undefined,
      );
      assert.equal(shownProxy(choice!), "http://proxy:3128 of HTTPS_PROXY");
    }),
  );
});

Deno.test("proxy: a host in NO_PROXY is excluded, whatever the case of its letters and the rest of the list", () => {
  const host = fc.domain();
  fc.assert(fc.property(host, fc.array(host), fc.nat(5), (one, others, at) => {
    const list = [...others.slice(0, at), one.toUpperCase(), ...others.slice(at)].join(", ");
    const env: Variables = { HTTPS_PROXY: P, NO_PROXY: list };
    assert.equal(proxyFor(new URL(`https://${one}/`), (name) => env[name]), null);
  }));
});

/** An address, the environment, and what the hint says; null: there is none. */
const hints: readonly (readonly [url: string, env: Variables, hint: RegExp | null])[] = [
  ["https://a.org/", {}, null],
  ["https://a.org/", { ALL_PROXY: P }, /^set HTTPS_PROXY: .* do not read ALL_PROXY$/],
  ["http://a.org/", { all_proxy: P }, /^set HTTP_PROXY: .* do not read all_proxy$/],
  [
    "https://a.org/",
    { SUDO_USER: "me" },
    /^behind a proxy, run sudo --preserve-env=HTTPS_PROXY,NO_PROXY sremote/,
  ],
  ["https://a.org/", { SUDO_USER: "me", HTTP_PROXY: P }, null],
  [
    "https://a.org/",
    { HTTPS_PROXY: P, ALL_PROXY: P, NO_PROXY: "a.org" },
    /^if the host needs the proxy of HTTPS_PROXY, remove it from NO_PROXY$/,
  ],
  ["http://a.org/", { HTTP_PROXY: P, REQUEST_METHOD: "GET" }, /^unset REQUEST_METHOD/],
  // No proxy would be used for these.
  ["https://localhost/", { ALL_PROXY: P }, null],
  ["https://127.0.0.1/", { SUDO_USER: "me" }, null],
];

for (const [url, env, hint] of hints) {
  Deno.test(`proxy: the hint for ${url} with ${JSON.stringify(env)}`, () => {
    const given = proxyHint(new URL(url), (name) => env[name]);
    if (hint === null) assert.equal(given, null);
    else assert.match(given ?? "", hint);
  });
}

Deno.test("proxy: a % in the user or the password must begin an escape, and is never shown", () => {
  for (const scheme of ["http", "https", "socks5", "socks5h"]) {
    for (const user of ["us%er:CANARY", "user:CANARY%", "%zz:CANARY", "u:CANARY%ff", "%:CANARY"]) {
      const env: Variables = { HTTPS_PROXY: `${scheme}://${user}@h:1` };
      assert.throws(() => proxyFor(new URL("https://a.org"), (name) => env[name]), (error: Error) => {
        assert.match(error.message, /^HTTPS_PROXY has a % .* is not an escape: % itself is %25$/);
        assert.doesNotMatch(error.message, /CANARY/);
        return error instanceof TypeError;
      });
    }
    const env: Variables = { HTTPS_PROXY: `${scheme}://us%25er:p%c3%a9@h:1` };
    assert.equal(proxyFor(new URL("https://a.org"), (name) => env[name])?.url.hostname, "h");
  }
});
