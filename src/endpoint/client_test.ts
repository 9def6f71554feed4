/** The HTTP interface of an endpoint: each answer, and its result. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { Secret } from "../base/secret.ts";
import { SERVICES_ASKED } from "../base/limits.ts";
import { askEndpoints } from "./status.ts";
import type { SessionWorld } from "./session.ts";
import { Session } from "./session.ts";
import {
  askService,
  checkKeyserver,
  checkToken,
  discover,
  type Endpoint,
  endpointUrl,
  tokenPage,
  whoIs,
} from "./client.ts";

const CA = readFileSync(new URL("../../tests/tls/ca.pem", import.meta.url));
const LAB = { uri: "lab.example.com/api", insecure: false };
const TOKEN = new Secret("CANARY-token");
const HOSTS = new Map(
  [
    ["token", { uri: "https://auth.example.com/token", registryUri: null }],
    ["library", { uri: "https://library.example.com", registryUri: null }],
  ] as const,
);

/** A session in which every request gets this answer, and the requests. */
function answering(
  status: number,
  body: string,
  type = "application/json",
  more: Readonly<Record<string, string>> = {},
  redirected: Readonly<Record<string, string>> = {},
) {
  const warnings: string[] = [];
  const asked: { readonly url: string; readonly authorization: string | undefined }[] = [];
  const world = {
    clock: { now: () => 0, date: () => 0, sleep: () => Promise.resolve() },
    here: { env: () => undefined },
    files: {
      read: () => ({
        bytes: CA,
        mode: 0o644,
        uid: 0,
        gid: 0,
      }),
    },
    network: {
      signed: () => true,
      unusable: () => [],
      get: ({ url, headers }: { url: URL; headers: Record<string, string> }) => {
        asked.push({ url: url.href, authorization: headers.authorization });
        const location = redirected[url.href];
        if (location !== undefined) {
          return Promise.resolve({ status: 302, headers: { location }, body: new Uint8Array() });
        }
        return Promise.resolve({
          status,
          headers: { "content-type": type, ...more },
          body: new TextEncoder().encode(body),
        });
      },
    },
  } as unknown as SessionWorld;
  const session = new Session(world, {
    authorities: [],
    timeout: null,
    deadline: 60_000,
    parallel: 4,
    warn: (message) => warnings.push(message),
  });
  return { session, asked, warnings };
}

const discoveries:
  readonly (readonly [story: string, document: unknown, expected: Readonly<Record<string, string>>])[] = [
    ["a service's name is the key less API", {
      libraryAPI: { uri: "https://l" },
      tokenAPI: { uri: "https://t/token/" },
    }, {
      library: "https://l",
      token: "https://t/token",
    }],
    ["keyserver is another name of keystore", { keyserverAPI: { uri: "https://k" } }, {
      keystore: "https://k",
    }],
    ["keystore wins over keyserver", {
      keyserverAPI: { uri: "https://b" },
      keystoreAPI: { uri: "https://a" },
    }, {
      keystore: "https://a",
    }],
    ["unless it has no address", { keystoreAPI: {}, keyserverAPI: { uri: "https://b" } }, {
      keystore: "https://b",
    }],
    ["entries without an address are skipped", {
      libraryAPI: {},
      builderAPI: { name: "b" },
      tokenAPI: null,
      otherAPI: { uri: "https://o" },
    }, { other: "https://o" }],
    ["addresses that are no text are kept, for the message that they are unusable", {
      libraryAPI: { uri: 5 },
      builderAPI: { uri: null },
      tokenAPI: { uri: ["https://t"] },
    }, { library: "5", builder: "", token: '["https://t"]' }],
    ["nothing", {}, {}],
  ];

for (const [story, document, expected] of discoveries) {
  Deno.test(`discovery: ${story}`, async () => {
    const { session, asked } = answering(200, JSON.stringify(document));
    const found = await discover(session, LAB);
    assert.ok("services" in found);
    assert.deepEqual(
      Object.fromEntries(Array.from(found.services, ([name, { uri }]) => [name, uri])),
      expected,
    );
    assert.deepEqual(asked, [{
      url: "https://lab.example.com/api/assets/config/config.prod.json",
      authorization: undefined,
    }]);
  });
}

/** Answers that every version of the programs refuses, and why sremote does. */
const refused: readonly (readonly [body: string, message: RegExp])[] = [
  ['{"libraryAPI":{"uri":"https://l"},"version":"v1"}', /"version" is not an object/],
  ['{"libraryAPI":{"uri":"https://l"},"enabled":true}', /"enabled" is not an object/],
  ['{"libraryAPI":{"uri":"https://l"},"n":0}', /"n" is not an object/],
  ['{"libraryAPI":"https://l"}', /"libraryAPI" is not an object/],
  ['{"libraryAPI":{"uri":"https://l"},"list":[]}', /"list" is not an object/],
  ['\uFEFF{"libraryAPI":{"uri":"https://l"}}', /begins with a byte order mark/],
  ['{"libraryAPI":{"uri":"https://l"}} more', /is not JSON/],
  ["[]", /is not a JSON object/],
  ["", /is not JSON/],
];

for (const [body, message] of refused) {
  Deno.test(`discovery: ${JSON.stringify(body)} is refused`, async () => {
    const found = await discover(answering(200, body).session, LAB);
    assert.match("trouble" in found ? found.trouble.message : "", message);
  });
}

Deno.test("discovery: Apptainer's own endpoint is not asked: it only has a keyserver", async () => {
  const { session, asked } = answering(200, "{}");
  const found = await discover(session, { uri: "cloud.apptainer.org", insecure: false });
  assert.deepEqual("services" in found && Array.from(found.services), [
    ["keystore", { uri: "https://keys.openpgp.org", registryUri: null }],
  ]);
  assert.deepEqual(asked, []);
});

Deno.test("the page to create API keys is at the endpoint, with its scheme", () => {
  assert.equal(tokenPage(LAB), "https://lab.example.com/api/auth/tokens");
  assert.equal(tokenPage({ uri: "localhost:5000", insecure: true }), "http://localhost:5000/auth/tokens");
});

const versions:
  readonly (readonly [status: number, body: string, expected: string | null | RegExp, type?: string])[] = [
    [200, '{"data":{"version":"v1.0.4-0-g24d3b74"}}', "v1.0.4-0-g24d3b74"],
    [200, '{"data":{"version":""}}', null],
    [200, '{"data":{}}', null],
    [200, '{"data":null}', null],
    [200, '{"data":{"version":"v9"},"error":null}', "v9"],
    [200, '{"data":{"version":"v9"},"error":{"message":"gone"}}', /answers with an error: gone$/],
    [200, '{"error":{"message":"gone"}}', /answers with an error: gone$/],
    [200, '{"data":{"version":"v9"},"error":"gone"}', /answers with an error$/],
    [200, '\uFEFF{"data":{"version":"v9"}}', /begins with a byte order mark/],
    [429, '{"error":{"message":"slower"}}', /answers 429: slower$/],
    [
      404,
      '{"status":"error","errors":[{"code":404,"detail":"no such thing"}]}',
      /answers 404: no such thing$/,
    ],
    [404, '{"errors":["gone"]}', /answers 404$/],
    [404, '{"errors":[]}', /answers 404$/],
    [404, '{"error":{"code":404,"message":"no such thing"}}', /answers 404: no such thing/],
    [500, "oops", /answers 500$/],
    [503, '{"error":{}}', /answers 503$/],
    [200, "{}", /has no version/],
    [200, '{"data":{"version":5}}', /has no version/],
    [200, "[]", /is not a JSON object/],
    [200, '"v9"', /is not a JSON object/],
    [200, '{"data":', /is not JSON/],
    [200, "<!doctype html>", /is HTML, not JSON/],
    [200, "hello", /is text\/plain, not JSON/, "text/plain; charset=utf-8"],
    [200, "", /is not JSON/, ""],
    [204, "", /answers 204/],
  ];

for (const [status, body, expected, type] of versions) {
  Deno.test(`version: ${status} ${body}`, async () => {
    const { session, asked } = answering(status, body, type);
    const one = await askService(session, LAB, "library", "https://library.example.com");
    assert.equal(one.ok, !(expected instanceof RegExp));
    if (!(expected instanceof RegExp)) assert.equal(one.version, expected);
    else assert.match(one.trouble?.message ?? "", expected);
    assert.deepEqual(asked, [{ url: "https://library.example.com/version", authorization: undefined }]);
  });
}

for (
  const [status, expected] of [
    [200, "valid"],
    [401, "invalid"],
    [404, "invalid"],
    [302, "unknown"],
    [406, "unknown"],
    [429, "unknown"],
    [500, "unknown"],
  ] as const
) {
  Deno.test(`token check: ${status} is ${expected}`, async () => {
    const { session, asked } = answering(status, '{"error":{"message":"bad CANARY-token"}}');
    const seen = await checkToken(session, LAB, HOSTS, TOKEN);
    assert.equal(seen.state, expected);
    assert.deepEqual(asked, [{
      url: "https://auth.example.com/token/v1/token-status",
      authorization: "Bearer CANARY-token",
    }]);
    assert.ok(!JSON.stringify(seen).includes("CANARY"));
  });
}

Deno.test("token check: an endpoint that is busy or broken is to be asked later, any other answer is a wrong address", async () => {
  for (const status of [406, 418, 429, 500, 502, 503, 504]) {
    const seen = await checkToken(answering(status, "").session, LAB, HOSTS, TOKEN);
    const expected = status === 429 || status >= 500 ? /^Try again later/ : /^Check that this is the address/;
    assert.match(seen.trouble?.next ?? "", expected, String(status));
  }
});

/** An answer of the token check, and the user that it names. */
const welcomes: readonly (readonly [body: string, username: string | null, email?: string])[] = [
  [
    '{"data":{"username":"alice","email":"alice@example.com"},"status":"welcome"}',
    "alice",
    "alice@example.com",
  ],
  ['{"data":{"username":"alice"}}', "alice"],
  ['{"data":{"username":"CANARY-token"}}', "***"],
  ['{"data":{"valid":true}}', null],
  ['{"data":{"username":""}}', null],
  ['{"data":{"username":7}}', null],
  ['{"data":null}', null],
  ['{"username":"alice"}', null],
  ["[]", null],
  ["ok", null],
  ["", null],
];

for (const [body, username, email = null] of welcomes) {
  Deno.test(`token check: 200 ${body || "without a body"} is valid, and the user is ${username ?? "unknown"}`, async () => {
    const seen = await checkToken(answering(200, body).session, LAB, HOSTS, TOKEN);
    assert.equal(seen.state, "valid");
    assert.deepEqual(seen.identity, username === null ? null : { username, email, realname: null });
    assert.equal((await checkToken(answering(401, body).session, LAB, HOSTS, TOKEN)).identity, null);
  });
}

Deno.test("token check: a page for people says nothing about the token, whatever its status or type", async () => {
  for (
    const [body, type] of [["<html>", "application/json"], ["Log in", "text/html"], [
      "\n <!doctype html>",
      "",
    ]]
  ) {
    const seen = await checkToken(answering(200, body!, type!).session, LAB, HOSTS, TOKEN);
    assert.equal(seen.state, "unknown", body);
    assert.match(seen.trouble?.message ?? "", /is HTML, not JSON$/);
    assert.match(seen.trouble?.next ?? "", /login page/);
  }
});

/** `Retry-After` of a 429 or 503, and the remedy. */
const later: readonly (readonly [status: number, retryAfter: string | null, next: RegExp])[] = [
  [429, "30", /^Try again in 30 s$/],
  [429, "Wed, 21 Oct 2026 07:28:00 GMT", /^Try again after 21 Oct 2026, 07:28:00 UTC$/],
  [429, null, /^Try again later: it limits the number of requests$/],
  [429, "CANARY", /^Try again later: it limits/],
  [429, "-1", /^Try again later: it limits/],
  [503, "120", /^Try again in 120 s$/],
  [503, "7199", /^Try again in 7199 s$/],
  [503, "7200", /^Try again in 2 hours$/],
  [429, "86400", /^Try again in 24 hours$/],
  [429, "999999", /^Try again in 12 days$/],
  [429, "0", /^Try again later$/],
  [503, "Wed, 21 Oct 1969 07:28:00 GMT", /^Try again later$/],
  [503, null, /^Try again later; if it keeps failing, contact its administrator$/],
  [500, "120", /^Try again later; if it keeps failing/],
  [404, "120", /^Check that this is the address/],
];

for (const [status, retryAfter, next] of later) {
  Deno.test(`later: ${status} with Retry-After ${retryAfter}`, async () => {
    const headers: Record<string, string> = retryAfter === null ? {} : { "retry-after": retryAfter };
    const { session } = answering(status, "{}", "application/json", headers);
    const seen = await askService(session, LAB, "library", "https://library.example.com");
    assert.equal(seen.ok, false);
    assert.match(seen.trouble?.next ?? "", next);
  });
}

/** An endpoint, the address of a service, what is asked for its version, and whether the user is warned. */
const plainServices:
  readonly (readonly [endpoint: Endpoint, uri: string, asked: string | null, warned: boolean])[] = [
    [LAB, "https://lab.example.com/l", "https://lab.example.com/l/version", false],
    [LAB, "http://lab.example.com/l", "http://lab.example.com/l/version", true],
    [LAB, "http://lab.example.com:5000", "http://lab.example.com:5000/version", true],
    [LAB, "http://other.example.com", null, false],
    [{ ...LAB, insecure: true }, "http://other.example.com", "http://other.example.com/version", false],
  ];

for (const [endpoint, uri, expected, warned] of plainServices) {
  Deno.test(`service: ${uri} of ${endpoint.insecure ? "an insecure" : "a secure"} endpoint`, async () => {
    const { session, asked, warnings } = answering(200, '{"data":{"version":"v1"}}');
    const seen = await askService(session, endpoint, "library", uri);
    assert.deepEqual(asked, expected === null ? [] : [{ url: expected, authorization: undefined }]);
    assert.equal(seen.ok, expected !== null);
    assert.equal(warnings.length, warned ? 1 : 0);
    for (const words of [...warnings, seen.trouble?.next ?? ""]) assert.doesNotMatch(words, /insecure/i);
    if (warned) assert.match(warnings[0]!, /over http .* unencrypted/);
  });
}

const PLAIN = { ...LAB, insecure: true };

/** The address of a service, whether the endpoint is insecure, and where the token goes; null: nowhere. */
const tokenPlaces: readonly (readonly [uri: string, endpoint: Endpoint, origin: string | null])[] = [
  ["https://auth.example.com", LAB, "https://auth.example.com"],
  ["http://lab.example.com", LAB, "https://lab.example.com"],
  ["http://lab.example.com:5000", LAB, null],
  ["http://auth.example.com", LAB, null],
  ["https://auth.example.com", PLAIN, "https://auth.example.com"],
  ["http://lab.example.com", PLAIN, "http://lab.example.com"],
  ["http://lab.example.com:5000", PLAIN, "http://lab.example.com:5000"],
  ["http://auth.example.com", PLAIN, null],
  ["http://sub.lab.example.com", PLAIN, null],
  ["http://lab.example.com@auth.example.com", PLAIN, null],
  ["HTTP://auth.example.com", PLAIN, null],
];

for (const [uri, endpoint, origin] of tokenPlaces) {
  const kind = endpoint.insecure ? "an insecure" : "a secure";
  Deno.test(`token: for a service at ${uri} of ${kind} remote, it goes to ${origin ?? "nobody"}`, async () => {
    const services = new Map([["token", { uri, registryUri: null }], ["library", {
      uri,
      registryUri: null,
    }]]);
    const { session, asked } = answering(200, '{"username":"alice"}');
    const seen = await checkToken(session, endpoint, services, TOKEN);
    assert.equal(seen.state, origin === null ? "unknown" : "valid");
    if (origin === null) assert.match(seen.trouble?.next ?? "", /over https/);
    await whoIs(session, endpoint, services, TOKEN);
    assert.deepEqual(asked.map((one) => new URL(one.url).origin), origin === null ? [] : [origin, origin]);
  });
}

Deno.test("token check: without a token service the state is unknown, and nothing is sent", async () => {
  const { session, asked } = answering(200, "{}");
  const seen = await checkToken(session, LAB, new Map(), TOKEN);
  assert.equal(seen.state, "unknown");
  assert.match(seen.trouble?.message ?? "", /has no token service/);
  assert.deepEqual(asked, []);
});

Deno.test("identity: the user, and the password of the registry, which is not shown", async () => {
  const answer = { username: "alice", email: "", realname: "A. Lice", oidc_user_meta: { secret: "CANARY" } };
  const { session } = answering(200, JSON.stringify(answer));
  const account = await whoIs(session, LAB, HOSTS, TOKEN);
  assert.ok("identity" in account);
  assert.deepEqual(account.identity, { username: "alice", email: null, realname: "A. Lice" });
  assert.equal(account.registryPassword?.reveal(), "CANARY");
  assert.ok(!JSON.stringify(account).includes("CANARY"));
});

for (
  const [status, body, expected] of [
    [401, "{}", /the API key is invalid/],
    [404, "{}", /does not say who/],
    [200, "{}", /names no user/],
    [500, '{"error":{"message":"CANARY-token!"}}', /answers 500: \*\*\*!/],
  ] as const
) {
  Deno.test(`identity: ${status} ${body}`, async () => {
    const account = await whoIs(answering(status, body).session, LAB, HOSTS, TOKEN);
    assert.match("trouble" in account ? account.trouble.message : "", expected);
  });
}

Deno.test("keyserver login: only 200 accepts the credentials", async () => {
  const auth = new Secret("Basic CANARY");
  const good = answering(200, "");
  assert.equal(await checkKeyserver(good.session, "hkp://keys.example.com", auth, false), null);
  assert.deepEqual(good.asked, [{ url: "http://keys.example.com:11371/", authorization: "Basic CANARY" }]);
  for (
    const [status, expected] of [[401, /rejects the credentials/], [403, /rejects the credentials/], [
      201,
      /answers 201/,
    ]] as const
  ) {
    const trouble = await checkKeyserver(answering(status, "").session, "https://k", auth, false);
    assert.match(trouble?.message ?? "", expected);
  }
});

Deno.test("every answer of a server gives a value, and no token comes back in it", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 100, max: 599 }),
      fc.oneof(fc.json(), fc.string({ unit: "binary" }), fc.constant('{"error":{"message":"CANARY-token"}}')),
      async (status, body) => {
        const { session } = answering(status, body);
        const seen = await Promise.all([
          discover(session, LAB),
          askService(session, LAB, "builder", "https://b"),
          checkToken(session, LAB, HOSTS, TOKEN),
          whoIs(session, LAB, HOSTS, TOKEN),
          checkKeyserver(session, "https://k", new Secret("Bearer CANARY-token"), false),
        ]);
        const shown = JSON.stringify(seen.slice(2));
        assert.ok(!shown.includes("CANARY-token"), shown);
      },
    ),
    { numRuns: 2_000 },
  );
});

Deno.test("a token that comes back as the type of an answer, or in another case, is not shown", async () => {
  const token = new Secret("CANARY-token");
  for (const type of ["CANARY-token", "text/canary-token", "Bearer CANARY-token"]) {
    const account = await whoIs(answering(200, "no JSON", type).session, LAB, HOSTS, token);
    assert.doesNotMatch(JSON.stringify(account), /canary/i, type);
    assert.match(JSON.stringify(account), /is not JSON/);
  }
  const refused = answering(500, '{"error":{"message":"who is canary-TOKEN?"}}');
  const seen = await checkToken(refused.session, LAB, HOSTS, token);
  assert.match(seen.trouble?.message ?? "", /answers 500: who is \*\*\*\?/);
});

Deno.test("a token that comes back is masked, whatever its characters mean in a regular expression", async () => {
  const said = async (token: string) => {
    const body = JSON.stringify({ error: { message: `who is ${token.toUpperCase()}?` } });
    const seen = await checkToken(answering(500, body).session, LAB, HOSTS, new Secret(token));
    return seen.trouble?.message;
  };
  const expected = "auth.example.com answers 500: who is ***?";
  assert.equal(await said(String.raw`^a.b*c+d?e(f)[g]{2}|h\i-j/k&&l,m=n!o#p%q@r~s"t'u<v>$`), expected);
  await fc.assert(fc.asyncProperty(fc.stringMatching(/^[\x21-\x7e]{8,40}$/), async (token) => {
    assert.equal(await said(token), expected);
  }));
});

/** Where discovery is redirected to, and whether the user is told who decides where tokens go. */
const redirects: readonly (readonly [location: string, told: boolean])[] = [
  ["https://lab.example.com/moved", false],
  ["https://lab.example.com:444/moved", false],
  ["https://other.example.com/", true],
  ["https://lab.example.com.evil.org/", true],
];

for (const [location, told] of redirects) {
  Deno.test(`discovery: a redirect to ${location} is ${told ? "told" : "followed silently"}`, async () => {
    const first = `${endpointUrl(LAB)}/assets/config/config.prod.json`;
    const { session, warnings } = answering(200, "{}", "application/json", {}, { [first]: location });
    assert.ok("services" in await discover(session, LAB));
    assert.equal(warnings.length, told ? 1 : 0);
    if (told) {
      const host = new URL(location).host.replaceAll(".", "\\.");
      assert.match(
        warnings[0]!,
        new RegExp(`redirected to ${host}, which so decides where API keys are sent`),
      );
    }
  });
}

Deno.test("status: no more services are asked than a limit, and those of the programs first", async () => {
  const count = 9_000;
  const names = [...Array.from({ length: count }, (_, at) => `a${at}`), "token", "library"];
  const document = Object.fromEntries(
    names.map((one) => [`${one}API`, { uri: `https://s.example.com/${one}` }]),
  );
  const { session, asked, warnings } = answering(200, JSON.stringify({ ...document, data: {} }));
  const remote = { remote: "lab", endpoint: LAB, token: null, trouble: null };
  const [status] = await askEndpoints(session, [remote], true, () => {});
  assert.equal(status?.services.length, SERVICES_ASKED);
  assert.equal(asked.length, SERVICES_ASKED + 1);
  const seen = new Set(status.services.map((one) => one.service));
  assert.ok(seen.has("library") && seen.has("token"));
  assert.deepEqual(warnings, [
    `lab.example.com/api names ${count + 2} services; only ${SERVICES_ASKED} of them are asked`,
  ]);
});
