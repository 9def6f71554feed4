/** Requests: which are refused, which redirects are followed, what is sent once and what is never sent. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Secret } from "../base/secret.ts";
import type { HttpRequest, HttpResponse } from "../world.ts";
import { type GetOptions, Session, type SessionOptions, type SessionWorld } from "./session.ts";
import { derOf, readBundle } from "./trust.ts";

const CA = readFileSync(new URL("../../tests/tls/ca.pem", import.meta.url), "utf8");
const OPTIONS: SessionOptions = {
  authorities: [],
  timeout: null,
  deadline: 60_000,
  parallel: 4,
  warn: () => {},
};
const GET: GetOptions = { timeout: 5_000, insecure: false };
const TOKEN = new Secret("Bearer CANARY");

type Answers = Readonly<Record<string, Partial<HttpResponse> | Error>>;

/** What a server with a refused certificate presents: for localhost, 127.0.0.1 and *.example.com, until 2126. */
const presented = readBundle(readFileSync(new URL("../../tests/tls/server.pem", import.meta.url), "utf8"))
  .certificates.map(derOf);

/** A network that answers from a table and records the requests. */
function network(answers: Answers, env: Readonly<Record<string, string>> = {}, store: string | null = CA) {
  const asked: HttpRequest[] = [];
  let time = 0;
  const world: SessionWorld = {
    clock: {
      now: () => time,
      date: () => Date.parse("2030-01-01"),
      sleep: (milliseconds) => {
        time += milliseconds;
        return Promise.resolve();
      },
    },
    here: { env: (name: string) => env[name] } as SessionWorld["here"],
    files: {
      read: () =>
        store === null ? null : { bytes: new TextEncoder().encode(store), mode: 0o644, uid: 0, gid: 0 },
    } as unknown as SessionWorld["files"],
    network: {
      get: async (request: HttpRequest) => {
        asked.push(request);
        await Promise.resolve();
        const answer = answers[request.url.href] ?? { status: 404 };
        if (answer instanceof Error) throw answer;
        return { status: 200, headers: {}, body: new Uint8Array(), ...answer };
      },
      certificatesOf: () => Promise.resolve(presented),
      signed: () => true,
      unusable: () => [],
    } as unknown as SessionWorld["network"],
  };
  return { world, asked, session: new Session(world, OPTIONS) };
}

const to = (location: string): Partial<HttpResponse> => ({ status: 302, headers: { location } });
const failure = (code: string, more: object = {}) => Object.assign(new Error(code), { code, ...more });

const replies: readonly {
  readonly story: string;
  readonly answers: Answers;
  readonly options?: Partial<GetOptions>;
  readonly from?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly expected: number | RegExp;
  readonly next?: RegExp;
  readonly asked: readonly string[];
}[] = [
  { story: "an answer", answers: { "https://a.org/": {} }, expected: 200, asked: ["https://a.org/"] },
  {
    story: "a redirect within https, to another host",
    answers: { "https://a.org/": to("https://b.org/x"), "https://b.org/x": {} },
    expected: 200,
    asked: ["https://a.org/", "https://b.org/x"],
  },
  {
    story: "a redirect on the same host, with a token",
    answers: { "https://a.org/": to("/x"), "https://a.org/x": {} },
    options: { authorization: TOKEN },
    expected: 200,
    asked: ["https://a.org/", "https://a.org/x"],
  },
  {
    story: "no redirect to another host with a token",
    answers: { "https://a.org/": to("https://b.org/x"), "https://b.org/x": {} },
    options: { authorization: TOKEN },
    expected: /^a\.org redirects to another host, to which a token is never sent$/,
    asked: ["https://a.org/"],
  },
  {
    story: "no redirect to a host that contains the token, which is not shown",
    answers: { "https://a.org/": to("https://canary.b.org/CANARY") },
    options: { authorization: TOKEN },
    expected: /^a\.org redirects to another host, to which a token is never sent$/,
    asked: ["https://a.org/"],
  },
  {
    story: "no redirect to another host over http with a token",
    answers: { "https://a.org/": to("http://canary.b.org/") },
    options: { authorization: TOKEN },
    expected: /^a\.org redirects to http, over which this token is never sent$/,
    asked: ["https://a.org/"],
  },
  {
    story: "no redirect to another port with a token",
    answers: { "https://a.org/": to("https://a.org:8443/x") },
    options: { authorization: TOKEN },
    expected: /to which a token is never sent/,
    asked: ["https://a.org/"],
  },
  {
    story: "no redirect from https to http on the same host, with a token",
    answers: { "https://a.org/": to("http://a.org/") },
    options: { authorization: TOKEN, insecure: true },
    expected: /redirects to http, over which this token is never sent/,
    asked: ["https://a.org/"],
  },
  {
    story: "no redirect from http to another host over https, with a token",
    from: "http://a.org/",
    answers: { "http://a.org/": to("https://b.org/") },
    options: { authorization: TOKEN, insecure: true },
    expected: /to which a token is never sent/,
    asked: ["http://a.org/"],
  },
  {
    story: "a redirect from http to https on the same host, with a token",
    from: "http://a.org/x",
    answers: { "http://a.org/x": to("https://a.org/x"), "https://a.org/x": {} },
    options: { authorization: TOKEN, insecure: true },
    expected: 200,
    asked: ["http://a.org/x", "https://a.org/x"],
  },
  {
    story: "a redirect on the same http host, with a token",
    from: "http://a.org/x",
    answers: { "http://a.org/x": to("/x/"), "http://a.org/x/": {} },
    options: { authorization: TOKEN, insecure: true },
    expected: 200,
    asked: ["http://a.org/x", "http://a.org/x/"],
  },
  {
    story: "a redirect from https to http, if http is allowed",
    answers: { "https://a.org/": to("http://b.org/"), "http://b.org/": {} },
    options: { insecure: true },
    expected: 200,
    asked: ["https://a.org/", "http://b.org/"],
  },
  {
    story: "a redirect from http to https, if http is allowed",
    from: "http://a.org/",
    answers: { "http://a.org/": to("https://b.org/"), "https://b.org/": {} },
    options: { insecure: true },
    expected: 200,
    asked: ["http://a.org/", "https://b.org/"],
  },
  {
    story: "no redirect from https to http on the same host",
    answers: { "https://a.org/": to("http://a.org/") },
    expected: /^a\.org redirects to http:\/\/a\.org, and http is not followed: this remote uses https$/,
    next: /^Contact its administrator: it should answer over https/,
    asked: ["https://a.org/"],
  },
  {
    story: "no redirect from https to http on another host",
    answers: { "https://a.org/": to("http://b.org/x") },
    expected: /redirects to http:\/\/b\.org, and http is not followed/,
    next: /^If it has moved, change the address of the remote to https:\/\/b\.org;/,
    asked: ["https://a.org/"],
  },
  {
    story: "no redirect to another scheme",
    answers: { "https://a.org/": to("file:///etc/shadow") },
    options: { insecure: true },
    expected: /which is not an https address/,
    asked: ["https://a.org/"],
  },
  {
    story: "a loop of redirects",
    answers: { "https://a.org/": to("https://a.org/") },
    expected: /redirects more than 9 times/,
    next: /^Check the address/,
    asked: Array.from({ length: 10 }, () => "https://a.org/"),
  },
  {
    story: "a redirect to what is no address of the web",
    answers: { "https://a.org/": to("file:///etc/passwd") },
    expected: /redirects to file:\/\/, which is not an https address$/,
    next: /^Check the address/,
    asked: ["https://a.org/"],
  },
  {
    story: "a token for a service over http",
    from: "http://a.org/",
    answers: {},
    options: { authorization: TOKEN },
    expected: /a\.org is named over http; an API key is sent only over https$/,
    next: /should name its services over https/,
    asked: [],
  },
  {
    story: "407 of a proxy that is asked for the whole address",
    from: "http://a.org/",
    env: { HTTP_PROXY: "http://proxy:3128" },
    options: { insecure: true },
    answers: { "http://a.org/": { status: 407 } },
    expected: /the proxy http:\/\/proxy:3128 of HTTP_PROXY answers 407/,
    next: /^Set a user and a password: HTTP_PROXY=/,
    asked: ["http://a.org/"],
  },
  {
    story: "407 of a server",
    from: "http://a.org/",
    options: { insecure: true },
    answers: { "http://a.org/": { status: 407 } },
    expected: 407,
    asked: ["http://a.org/"],
  },
  {
    story: "a proxy that closes the connection, and should speak SOCKS",
    env: { HTTPS_PROXY: "socks5://proxy:3128" },
    answers: { "https://a.org/": failure("ECONNRESET", { proxy: true }) },
    expected: /the proxy socks5:\/\/proxy:3128 of HTTPS_PROXY does not answer as a SOCKS 5 proxy/,
    next: /^Check HTTPS_PROXY: the proxy may be one for http/,
    asked: ["https://a.org/"],
  },
  {
    story: "a redirect to an invalid address",
    answers: { "https://a.org/": to("https://[") },
    expected: /redirects to an invalid address/,
    asked: ["https://a.org/"],
  },
  {
    story: "http instead of https",
    from: "http://a.org/",
    answers: {},
    expected: /a\.org is named over http, and this remote uses https/,
    asked: [],
  },
  {
    story: "another scheme",
    from: "file:///etc/shadow",
    answers: {},
    expected: /is not an https or http address/,
    asked: [],
  },
  {
    story: "credentials in the address",
    from: "https://me:pass@a.org/",
    answers: {},
    expected: /contains credentials/,
    asked: [],
  },
  { story: "an invalid address", from: "https://[", answers: {}, expected: /is not an address/, asked: [] },
  {
    story: "an invalid proxy variable",
    answers: {},
    env: { HTTPS_PROXY: "gopher://p" },
    expected: /HTTPS_PROXY is not the address/,
    asked: [],
  },
  {
    story: "a certificate of an untrusted authority",
    answers: { "https://a.org/": failure("UNABLE_TO_VERIFY_LEAF_SIGNATURE") },
    expected: /issued by the untrusted authority “sremote test authority”/,
    next: /--cacert FILE/,
    asked: ["https://a.org/"],
  },
  {
    story: "a certificate of another name",
    answers: { "https://a.org/": failure("ERR_TLS_CERT_ALTNAME_INVALID") },
    expected: /the certificate of a\.org is for localhost, \*\.example\.com, 127\.0\.0\.1$/,
    asked: ["https://a.org/"],
  },
  {
    story: "an authority whose certificate has expired",
    answers: { "https://a.org/": failure("CERT_HAS_EXPIRED") },
    expected: /the certificate of an authority behind a\.org has expired/,
    asked: ["https://a.org/"],
  },
  ...([
    ["WRONG_VERSION_NUMBER", /a\.org does not speak TLS/, /^Check the port/],
    ["UNSUPPORTED_PROTOCOL", /offers no version of TLS that is safe/, /TLS 1\.2 or later/],
    ["TLSV1_ALERT_PROTOCOL_VERSION", /offers no version of TLS that is safe/, /TLS 1\.2 or later/],
    ["TLSV13_ALERT_CERTIFICATE_REQUIRED", /asks for a certificate of the client/, /administrator/],
    ["SSLV3_ALERT_HANDSHAKE_FAILURE", /the TLS connection to a\.org failed/, /administrator/],
  ] as const).map(([code, expected, next]) => ({
    story: `${code}: the remedy keeps TLS`,
    answers: { "https://a.org/": failure(`ERR_SSL_${code}`) },
    expected,
    next,
    asked: ["https://a.org/"],
  })),
  ...([
    ...["ENOTFOUND", "EAI_AGAIN", "EAI_NONAME", "EAI_NODATA", "EAI_FAIL", "ESERVFAIL", "ETIMEOUT"]
      .map((code) => [code, /cannot resolve the name a\.org/] as const),
    ["ECONNREFUSED", /a\.org refuses the connection/],
    ...["EHOSTUNREACH", "ENETUNREACH", "EHOSTDOWN", "ENETDOWN", "EADDRNOTAVAIL"]
      .map((code) => [code, /a\.org is unreachable/] as const),
    ...["ETIMEDOUT", "ESOCKETTIMEDOUT"].map((code) => [code, /a\.org did not answer within 5 s/] as const),
    ...["ECONNRESET", "EPIPE", "ECONNABORTED", "UND_ERR_SOCKET"]
      .map((code) => [code, /closed the connection/] as const),
    ["EHALF", /the answer of a\.org is incomplete/],
    ["ETOOLARGE", /larger than 1 MiB/],
    ...["ERR_SSL_OTHER", "EPROTO", "ERR_TLS_X"]
      .map((code) => [code, /the TLS connection to a\.org failed/] as const),
    ["HPE_INVALID_CONSTANT", /the answer of a\.org is not HTTP/],
    ["ESOMETHING", /failed: ESOMETHING/],
    ["constructor", /failed: constructor/],
  ] as const).map(([code, expected]) => ({
    story: code,
    answers: { "https://a.org/": failure(code) },
    expected,
    asked: ["https://a.org/"],
  })),
];

for (const { story, answers, options, from = "https://a.org/", env, expected, next, asked } of replies) {
  Deno.test(`session: ${story}`, async () => {
    const seen = network(answers, env);
    const reply = await seen.session.get(from, { ...GET, ...options });
    if (typeof expected === "number") assert.equal("status" in reply && reply.status, expected);
    else assert.match("trouble" in reply ? reply.trouble.message : JSON.stringify(reply), expected);
    assert.match("trouble" in reply ? reply.trouble.next ?? "" : "", next ?? /^/);
    assert.deepEqual(seen.asked.map((one) => one.url.href), asked);
    assert.doesNotMatch(JSON.stringify(reply), /canary/i);
  });
}

Deno.test("session: each request has the user agent, the token, the authorities, the proxy and the limits", async () => {
  const { session, asked } = network({}, { https_proxy: "me:pass@proxy:3128", NO_PROXY: "b.org" });
  await session.get("https://a.org/", { ...GET, authorization: TOKEN });
  await session.get("https://b.org/", GET);
  await session.get("https://c.org/", { ...GET, anyCertificate: true });
  const [first, second, third] = asked;
  assert.match(first!.headers["user-agent"]!, /^sremote\/\d+\.\d+\.\d+/);
  assert.equal(first!.headers.authorization, "Bearer CANARY");
  assert.equal(first!.proxy?.href, "http://me:pass@proxy:3128/");
  assert.deepEqual(first!.trust, readBundle(CA).certificates);
  assert.equal(first!.timeout, 5_000);
  assert.equal(first!.limit, 1024 * 1024);
  assert.equal(second!.headers.authorization, undefined);
  assert.equal(second!.proxy, null);
  assert.equal(third!.trust, null);
});

Deno.test("session: the same request is sent once, until the answers are forgotten", async () => {
  const { session, asked } = network({ "https://a.org/": {} });
  await Promise.all([session.get("https://a.org/", GET), session.get("https://a.org/", GET)]);
  await session.get("https://a.org/", GET);
  assert.equal(asked.length, 1);
  await session.get("https://a.org/", { ...GET, authorization: TOKEN });
  assert.equal(asked.length, 2);
  session.forget();
  await session.get("https://a.org/", GET);
  assert.equal(asked.length, 3);
});

Deno.test("session: no more requests run at a time than --parallel allows", async () => {
  let flying = 0;
  let most = 0;
  const { world } = network({});
  const slow: SessionWorld = {
    ...world,
    network: {
      ...world.network,
      get: async () => {
        most = Math.max(most, ++flying);
        await new Promise((resolve) => setTimeout(resolve, 1));
        flying--;
        return { status: 200, headers: {}, body: new Uint8Array() };
      },
    },
  };
  const session = new Session(slow, { ...OPTIONS, parallel: 3 });
  const replies = await Promise.all(
    Array.from({ length: 20 }, (_, i) => session.get(`https://a.org/${i}`, GET)),
  );
  assert.equal(replies.filter((one) => "status" in one).length, 20);
  assert.equal(most, 3);
});

Deno.test("session: --timeout is for each request, and the deadline for all of them", async () => {
  const { world, asked } = network({ "https://a.org/": {} });
  const session = new Session(world, { ...OPTIONS, timeout: 60_000, deadline: 10_000 });
  await session.get("https://a.org/", GET);
  assert.equal(asked[0]!.timeout, 10_000);
  await world.clock.sleep(10_000);
  const late = await session.get("https://a.org/2", GET);
  assert.match("trouble" in late ? late.trouble.message : "", /all requests together took too long/);
  assert.equal(asked.length, 1);
});

Deno.test("session: without a certificate store no https server is trusted", async () => {
  const { session, asked } = network({ "https://a.org/": {} }, {}, null);
  const reply = await session.get("https://a.org/", GET);
  assert.match("trouble" in reply ? reply.trouble.message : "", /no certificate store/);
  assert.equal(asked.length, 0);
});

Deno.test("session: if the proxy fails, the message names the proxy without its password", async () => {
  const env = { HTTPS_PROXY: "http://me:CANARY@proxy:3128" };
  for (
    const [error, expected] of [
      [failure("ECONNREFUSED", { proxy: true }), /the proxy http:\/\/proxy:3128 of HTTPS_PROXY refuses/],
      [failure("EPROXY", { proxy: true, status: 407 }), /answers 407/],
      [failure("ENOTFOUND", { proxy: true }), /cannot resolve the name proxy/],
      [
        failure("ECONNRESET"),
        /a\.org closed the connection.*\(through the proxy http:\/\/proxy:3128 of HTTPS_PROXY\)/,
      ],
    ] as const
  ) {
    const { session } = network({ "https://a.org/": error }, env);
    const reply = await session.get("https://a.org/", GET);
    assert.match("trouble" in reply ? reply.trouble.message : "", expected);
    assert.ok(!JSON.stringify(reply).includes("CANARY"));
  }
});

Deno.test("session: a proxy for http that REQUEST_METHOD turns off is told once, whatever NO_PROXY says", async () => {
  for (const env of [{}, { NO_PROXY: "*" }]) {
    const warnings: string[] = [];
    const { world } = network({}, { ...env, HTTP_PROXY: "proxy:3128", REQUEST_METHOD: "GET" });
    const session = new Session(world, { ...OPTIONS, warn: (message) => warnings.push(message) });
    await session.get("http://a.org/", { ...GET, insecure: true });
    await session.get("http://b.org/", { ...GET, insecure: true });
    await session.get("https://a.org/", GET);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]!,
      /^HTTP_PROXY is not used, because REQUEST_METHOD is set; .* Unset REQUEST_METHOD$/,
    );
  }
});
