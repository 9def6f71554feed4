/** The endpoint for trials and tests: each part when it works, and each way in which it can misbehave. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { SERVICES } from "../model.ts";
import type { ServedAnswer, ServedRequest } from "../world.ts";
import { ENDPOINT_COMMANDS } from "../arguments/endpoints.ts";
import { answerOf, type EmbeddedOptions } from "./embedded.ts";
import { type Part, PARTS, partsWith, type Wrong, WRONGS } from "./embedded_wrong.ts";

const ALICE = { username: "alice", token: "CANARY-alice" };
const BOB = { username: "bob", token: "CANARY-bob" };
const RIGHT: EmbeddedOptions = {
  like: "enterprise",
  without: new Set(),
  accounts: [ALICE, BOB],
  https: true,
  slow: new Map(),
  down: new Set(),
  wrong: new Map(),
};
const HOST = "try.example.com:8443";
const FINGERPRINT = "A1C044AE519DA70D194CB3938DF3EC021EBD7D0D";

const DISCOVERY = "/assets/config/config.prod.json";
const STATUS = "/token/v1/token-status";
const IDENTITY = "/library/v1/rbac/users/current";
const LOOKUP = "/pks/lookup";
/** A path for each part. */
const PATHS: readonly (readonly [part: Part, path: string])[] = [
  ["discovery", DISCOVERY],
  ["status", STATUS],
  ["identity", IDENTITY],
  ["keystore", "/keystore"],
  ["keystore", `${LOOKUP}?op=get&search=0x${FINGERPRINT}`],
  ...SERVICES.map((one) => [one, `/${one}/version`] as const),
];

/** An answer, and the milliseconds that it slept. */
async function ask(
  path: string,
  options: Partial<EmbeddedOptions> = {},
  request: Partial<ServedRequest> = {},
): Promise<ServedAnswer & { readonly slept: readonly number[] }> {
  const slept: number[] = [];
  const headers = { host: HOST, ...request.headers };
  const answer = await answerOf(
    { ...RIGHT, ...options },
    { method: "GET", path, ...request, headers },
    (milliseconds) => {
      slept.push(milliseconds);
      return Promise.resolve();
    },
  );
  return { ...answer, slept };
}

/** An answer to a request with credentials. */
function askAs(authorization: string, path: string, options: Partial<EmbeddedOptions> = {}) {
  return ask(path, options, { headers: { authorization } });
}

function assertRefused(answer: ServedAnswer, code: number, message: string, about?: string): void {
  assert.equal(answer.status, code, about);
  assert.deepEqual(JSON.parse(answer.body), { error: { code, message } }, about);
}

const basic = (user: string, password: string) => `Basic ${btoa(`${user}:${password}`)}`;

// ---------------------------------------------------------------- right

Deno.test("embedded: discovery lists the five services on the host name of the request", async () => {
  for (const [https, scheme] of [[true, "https"], [false, "http"]] as const) {
    const { status, headers, body } = await ask(DISCOVERY, { https });
    assert.equal(status, 200);
    assert.equal(headers["content-type"], "application/json");
    assert.deepEqual(JSON.parse(body), {
      builderAPI: { uri: `${scheme}://${HOST}/builder` },
      consentAPI: { uri: `${scheme}://${HOST}/consent` },
      keystoreAPI: { uri: `${scheme}://${HOST}/keystore` },
      libraryAPI: { uri: `${scheme}://${HOST}/library`, registryUri: `${scheme}://${HOST}/registry` },
      tokenAPI: { uri: `${scheme}://${HOST}/token` },
    });
  }
});

Deno.test("embedded: each service tells anyone its version", async () => {
  for (const one of SERVICES) {
    const { status, body } = await ask(`/${one}/version`);
    assert.equal(status, 200, one);
    assert.match(JSON.parse(body).data.version, /^v\d+\.\d+\.\d+-0-g[0-9a-f]{7}$/, one);
  }
});

/** An `Authorization`, and the user that it names; null: none. */
const authorizations: readonly (readonly [authorization: string, username: string | null])[] = [
  ["Bearer CANARY-alice", "alice"],
  ["bearer CANARY-bob", "bob"],
  [basic("alice", "CANARY-alice"), "alice"],
  [basic("bob", "CANARY-bob").replace("Basic", "BASIC"), "bob"],
  [basic("bob", "CANARY-alice"), null],
  [basic("", "CANARY-alice"), null],
  ["Basic %%%", null],
  ["Basic", null],
  ["Bearer CANARY", null],
  ["Bearer canary-alice", null],
  ["Bearer ", null],
  ["Token CANARY-alice", null],
  ["CANARY-alice", null],
  ["", null],
];

for (const [authorization, username] of authorizations) {
  Deno.test(`embedded: “${authorization}” is ${username ?? "nobody"}`, async () => {
    const [status, identity] = [await askAs(authorization, STATUS), await askAs(authorization, IDENTITY)];
    const keystore = await askAs(authorization, "/keystore/");
    if (username === null) {
      for (const one of [status, identity, keystore]) assertRefused(one, 401, "unauthorized");
      return;
    }
    assert.deepEqual([status.status, identity.status, keystore.status], [200, 200, 200]);
    const { email, oidc_user_meta: meta, ...said } = JSON.parse(identity.body);
    assert.deepEqual(said, { username, realname: username === "alice" ? "Alice" : "Bob" });
    assert.equal(email, `${username}@example.com`);
    assert.deepEqual(meta, { secret: `registry-password-of-${username}` });
    assert.doesNotMatch(identity.body, /CANARY/);
  });
}

Deno.test("embedded: without a header no one is logged in, and only the keystore answers", async () => {
  for (const path of [STATUS, IDENTITY]) assertRefused(await ask(path), 401, "unauthorized", path);
  for (const path of ["/keystore", "/keystore/"]) assert.equal((await ask(path)).status, 200, path);
});

Deno.test("embedded: no token opens any other account", async () => {
  await fc.assert(fc.asyncProperty(fc.stringMatching(/^[\x21-\x7e]{0,20}$/), async (token) => {
    fc.pre(token !== ALICE.token && token !== BOB.token);
    assert.equal((await askAs(`Bearer ${token}`, STATUS)).status, 401);
    assert.equal((await askAs(basic("alice", token), STATUS)).status, 401);
  }));
});

Deno.test("embedded: an unknown path is 404, another method 405, and an invalid address 400", async () => {
  for (
    const path of [
      "/",
      "/version",
      "/shop/version",
      "/library",
      "/library/version/",
      "/keystore/pks/lookup",
      "/pks",
    ]
  ) {
    assertRefused(await ask(path), 404, "not found", path);
  }
  for (const method of ["POST", "PUT", "DELETE", "HEAD"]) {
    assertRefused(await ask(DISCOVERY, {}, { method }), 405, "only GET is supported", method);
  }
  assertRefused(await ask("http://["), 400, "not an address");
});

Deno.test("embedded: a query does not change the part", async () => {
  assert.equal((await ask("/library/version?x=/token/version")).body, (await ask("/library/version")).body);
});

// ---------------------------------------------------------------- the key

/** A search, and whether it finds the key. */
const searches: readonly (readonly [search: string | null, found: boolean])[] = [
  [`0x${FINGERPRINT}`, true],
  [`0X${FINGERPRINT.toLowerCase()}`, true],
  [`0x${FINGERPRINT.slice(-16)}`, true],
  [`0x${FINGERPRINT.slice(-8)}`, true],
  [`0x${FINGERPRINT.slice(-7)}`, false],
  [`0x${FINGERPRINT.slice(0, 16)}`, false],
  [`0x0${FINGERPRINT}`, false],
  ["0x", false],
  ["test@example.com", true],
  ["SREMOTE", true],
  ["sremote test key <test@example.com>", true],
  ["alice", false],
  [FINGERPRINT, false],
  ["", false],
  [null, false],
];

for (const [search, found] of searches) {
  Deno.test(`embedded: a search for the key by ${JSON.stringify(search)}`, async () => {
    for (const op of ["index", "get"]) {
      const query = new URLSearchParams({ op, ...(search === null ? {} : { search }), options: "mr" });
      const answer = await ask(`${LOOKUP}?${query}`);
      if (found) assert.equal(answer.status, 200, op);
      else assertRefused(answer, 404, "no such key", op);
    }
  });
}

Deno.test("embedded: the index of the key is in the format of HKP", async () => {
  const { headers, body } = await ask(`${LOOKUP}?op=index&search=0x${FINGERPRINT}`);
  assert.equal(headers["content-type"], "text/plain");
  assert.deepEqual(body.split("\n"), [
    "info:1:1",
    `pub:${FINGERPRINT}:22:255:1795484487::`,
    "uid:sremote%20test%20key%20%3Ctest%40example.com%3E:1795484487::",
    "",
  ]);
});

Deno.test("embedded: the key has the fingerprint, the date and the user of the index", async () => {
  const { headers, body } = await ask(`${LOOKUP}?op=get&search=0x${FINGERPRINT}`);
  assert.equal(headers["content-type"], "application/pgp-keys");
  const base64 = /^-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n([\s\S]*?)\n=/.exec(body)?.[1] ?? "";
  const bytes = Uint8Array.from(atob(base64.replaceAll("\n", "")), (one) => one.charCodeAt(0));
  // RFC 9580: an old packet 6 with a length of one byte; of version 4 the SHA-1 of 0x99, two bytes of length, body.
  assert.deepEqual([bytes[0], bytes[2]], [0x98, 4]);
  const key = bytes.slice(2, 2 + bytes[1]!);
  const digest = await crypto.subtle.digest("SHA-1", Uint8Array.of(0x99, 0, key.length, ...key));
  const hex = Array.from(new Uint8Array(digest), (one) => one.toString(16).padStart(2, "0")).join("");
  assert.equal(hex.toUpperCase(), FINGERPRINT);
  assert.equal(new DataView(key.buffer).getUint32(1), 1795484487);
  assert.ok(new TextDecoder("latin1").decode(bytes).includes("sremote test key <test@example.com>"));
});

// ---------------------------------------------------------------- slow, down, wrong

Deno.test("embedded: a slow part sleeps once for its milliseconds, then answers as usual", async () => {
  for (const [part, path] of PATHS) {
    const right = await ask(path);
    assert.deepEqual(right.slept, [], path);
    const slow = await ask(path, { slow: new Map([[part, 250]]) });
    assert.deepEqual({ ...slow, slept: [] }, right, path);
    assert.deepEqual(slow.slept, [250], path);
  }
});

const slownesses: readonly (readonly [slow: readonly (readonly [Part, number])[], expected: number[]])[] = [
  [[["token", 100]], []],
  [[["all", 100]], [100]],
  [[["library", 300], ["all", 100]], [300]],
  [[["library", 100], ["all", 300]], [300]],
  [[["library", 0]], []],
];

for (const [slow, expected] of slownesses) {
  Deno.test(`embedded: with ${JSON.stringify(slow)} slow, the library sleeps ${JSON.stringify(expected)}`, async () => {
    const { slept, status } = await ask("/library/version", { slow: new Map(slow) });
    assert.deepEqual(slept, expected);
    assert.equal(status, 200);
  });
}

Deno.test("embedded: if all is slow, an unknown path is slow, too", async () => {
  const answer = await ask("/nothing", { slow: new Map([["all", 100]]) });
  assert.deepEqual([answer.status, answer.slept], [404, [100]]);
});

Deno.test("embedded: a part that is down answers 503 after its sleep, even if it is wrong", async () => {
  for (const [part, path] of PATHS) {
    for (const one of [part, "all"] as const) {
      const answer = await ask(path, {
        down: new Set([one]),
        slow: new Map([[part, 5]]),
        wrong: new Map([[part, "html"]]),
      });
      assertRefused(answer, 503, "down for maintenance", path);
      assert.deepEqual(answer.slept, [5], path);
    }
  }
});

type Seen = (answer: ServedAnswer, path: string, right: ServedAnswer) => void;
const versioned =
  (seen: (document: unknown, right: Record<string, unknown>) => void): Seen => (answer, path, right) => {
    if (!path.endsWith("/version")) return assert.deepEqual(answer, right, path);
    assert.equal(answer.status, 200, path);
    seen(JSON.parse(answer.body), JSON.parse(right.body));
  };
const inDiscovery: Seen = (answer, path, right) => {
  if (path !== DISCOVERY) assert.deepEqual(answer, right, path);
};

/** The answer of each way to be wrong. What affects discovery is in the tests below. */
const wrongs: Readonly<Record<Wrong, Seen>> = {
  401: (answer) => assertRefused(answer, 401, "unauthorized"),
  404: (answer) => assertRefused(answer, 404, "not found"),
  429: (answer) => {
    assertRefused(answer, 429, "too many requests");
    assert.equal(answer.headers["retry-after"], "30");
  },
  500: (answer) => assertRefused(answer, 500, "internal error"),
  html: ({ status, headers, body }) => {
    assert.deepEqual([status, headers["content-type"]], [200, "text/html"]);
    assert.match(body, /^<!doctype html>/);
  },
  text: ({ status, headers, body }) => {
    assert.deepEqual([status, headers["content-type"], body], [200, "text/plain", "it works\n"]);
  },
  bom: ({ body, ...answer }, path, { body: text, ...right }) => {
    assert.deepEqual(answer, right, path);
    assert.equal(body, `\uFEFF${text}`, path);
  },
  half: ({ status, body, ends }) => {
    assert.deepEqual([status, ends], [200, "cut"]);
    assert.throws(() => JSON.parse(body), SyntaxError);
  },
  endless: ({ status, body, ends }) => {
    assert.deepEqual([status, ends], [200, "endless"]);
    assert.match(body, /^ {1024,}$/);
  },
  redirect: ({ status, headers, body }, path) => {
    assert.deepEqual([status, headers.location, body], [302, `https://elsewhere.invalid${path}`, ""]);
  },
  echo: (answer) => assertRefused(answer, 500, "cannot do that for Bearer CANARY-alice"),
  member: ({ body, ...answer }, path, { body: text, ...right }) => {
    assert.deepEqual(answer, right, path);
    const added = path === DISCOVERY ? { version: "v1" } : {};
    // The index of the key is not JSON.
    if (path.startsWith(LOOKUP)) assert.equal(body, text);
    else assert.deepEqual(JSON.parse(body), { ...JSON.parse(text), ...added }, path);
  },
  missing: inDiscovery,
  http: inDiscovery,
  keyserver: inDiscovery,
  "no-version": versioned((document) => assert.deepEqual(document, { data: {} })),
  error: versioned((document, right) => {
    assert.deepEqual(document, { ...right, error: { code: 500, message: "the database is gone" } });
  }),
};

for (const how of WRONGS) {
  Deno.test(`embedded: a part that is wrong as ${how}`, async () => {
    const parts = partsWith(how);
    for (const [part, path] of PATHS) {
      const right = await askAs("Bearer CANARY-alice", path);
      const { slept: _, ...same } = right;
      for (const one of [part, "all"] as const) {
        const { slept: _, ...answer } = await askAs("Bearer CANARY-alice", path, {
          wrong: new Map([[one, how]]),
        });
        if (parts.includes(part)) wrongs[how](answer, path, same);
        else if (path !== DISCOVERY) assert.deepEqual(answer, same, path);
      }
    }
  });
}

Deno.test("embedded: each way to be wrong changes an answer of each part that can be so", async () => {
  for (const how of WRONGS) {
    for (const part of partsWith(how)) {
      const answers = (wrong: EmbeddedOptions["wrong"]) =>
        Promise.all(PATHS.map(([, path]) => askAs("Bearer CANARY-alice", path, { wrong })));
      const wrong = new Map([[part, how]]);
      assert.notDeepEqual(await answers(wrong), await answers(new Map()), `${part}=${how}`);
    }
  }
});

Deno.test("embedded: the parts of each way to be wrong", () => {
  const some: Partial<Record<Wrong, readonly Part[]>> = {
    member: ["discovery", "all"],
    missing: [...SERVICES, "all"],
    http: [...SERVICES, "all"],
    keyserver: ["keystore", "all"],
    "no-version": [...SERVICES, "all"],
    error: [...SERVICES, "all"],
  };
  for (const how of WRONGS) assert.deepEqual(partsWith(how), some[how] ?? PARTS, how);
});

Deno.test("embedded: if one part is wrong, the others work", async () => {
  const answers = (wrong: EmbeddedOptions["wrong"], but: Part) =>
    Promise.all(
      PATHS.filter(([part, path]) => part !== but && path !== DISCOVERY).map(([, path]) =>
        ask(path, { wrong })
      ),
    );
  for (const part of PARTS.filter((one) => one !== "all")) {
    for (const how of WRONGS) {
      assert.deepEqual(await answers(new Map([[part, how]]), part), await answers(new Map(), part));
    }
  }
});

Deno.test("embedded: a part's own way to be wrong wins over that of all", async () => {
  const wrong = new Map<Part, Wrong>([["library", "404"], ["all", "500"]]);
  assert.equal((await ask("/library/version", { wrong })).status, 404);
  assert.equal((await ask("/token/version", { wrong })).status, 500);
});

Deno.test("embedded: an error that repeats the token names nobody if none was sent", async () => {
  const answer = await ask(STATUS, { wrong: new Map([["status", "echo"]]) });
  assertRefused(answer, 500, "cannot do that for nobody");
});

Deno.test("embedded: only the service that is missing, or on http, is so in discovery", async () => {
  const right = JSON.parse((await ask(DISCOVERY)).body);
  for (const name of SERVICES) {
    const key = `${name}API`;
    const missing = JSON.parse((await ask(DISCOVERY, { wrong: new Map([[name, "missing"]]) })).body);
    const { uri: _, ...rest } = right[key];
    assert.deepEqual(missing, { ...right, [key]: rest });
    const http = JSON.parse((await ask(DISCOVERY, { wrong: new Map([[name, "http"]]) })).body);
    assert.equal(http[key].uri, `http://${HOST}/${name}`);
    assert.deepEqual({ ...http, [key]: right[key] }, right);
  }
});

Deno.test("embedded: the keystore can be named keyserver", async () => {
  const { keystoreAPI, ...right } = JSON.parse((await ask(DISCOVERY)).body);
  const { body } = await ask(DISCOVERY, { wrong: new Map([["keystore", "keyserver"]]) });
  assert.deepEqual(JSON.parse(body), { ...right, keyserverAPI: keystoreAPI });
});

Deno.test("embedded: if all is missing, or on http, every service is so in discovery", async () => {
  const uris = async (how: Wrong) => {
    const { body } = await ask(DISCOVERY, { wrong: new Map([["all", how]]) });
    return Object.values(JSON.parse(body) as Record<string, { uri?: string }>).map((one) => one.uri);
  };
  assert.deepEqual(await uris("missing"), SERVICES.map(() => undefined));
  assert.deepEqual(await uris("http"), SERVICES.map((name) => `http://${HOST}/${name}`));
});

Deno.test("embedded: a service that is left out is not in discovery, and its paths are unknown", async () => {
  const right = JSON.parse((await ask(DISCOVERY)).body);
  const owner = (part: Part) => part === "status" ? "token" : part === "identity" ? "library" : part;
  for (const name of SERVICES) {
    const without = new Set([name]);
    const { [`${name}API`]: _, ...rest } = right;
    assert.deepEqual(JSON.parse((await ask(DISCOVERY, { without })).body), rest, name);
    for (const [part, path] of PATHS.filter(([, path]) => path !== DISCOVERY)) {
      const answer = await askAs("Bearer CANARY-alice", path, { without });
      if (owner(part) === name) assertRefused(answer, 404, "not found", path);
      else assert.deepEqual(answer, await askAs("Bearer CANARY-alice", path), path);
    }
  }
  assert.deepEqual(JSON.parse((await ask(DISCOVERY, { without: new Set(SERVICES) })).body), {});
});

// ---------------------------------------------------------------- hinkskalle

const HINKSKALLE = { like: "hinkskalle" } as const;

function assertErrors(answer: ServedAnswer, code: number, detail: string, about?: string): void {
  assert.equal(answer.status, code, about);
  assert.deepEqual(JSON.parse(answer.body), {
    status: "error",
    errors: [{ title: "Error", code, detail }],
  }, about);
}

Deno.test("embedded hinkskalle: discovery lists the library and the tokens at the root, and a keyserver", async () => {
  for (const [https, scheme] of [[true, "https"], [false, "http"]] as const) {
    assert.deepEqual(JSON.parse((await ask(DISCOVERY, { ...HINKSKALLE, https })).body), {
      keystoreAPI: { uri: `${scheme}://${HOST}/keystore` },
      libraryAPI: { uri: `${scheme}://${HOST}` },
      tokenAPI: { uri: `${scheme}://${HOST}` },
      params: { enable_register: false, singularity_flavor: "apptainer" },
    });
  }
});

Deno.test("embedded hinkskalle: the version is at the root, the keyserver has none and looks keys up at the root", async () => {
  assert.deepEqual(JSON.parse((await ask("/version", HINKSKALLE)).body), { data: { version: "v1.0.0" } });
  const { status, headers, body } = await ask("/keystore/version", HINKSKALLE);
  assert.deepEqual([status, headers["content-type"], body], [404, "text/plain", "not found\n"]);
  for (const path of [`${LOOKUP}?op=get&search=0x${FINGERPRINT}`, `${LOOKUP}?op=index&search=sremote`]) {
    assert.deepEqual(await ask(path, HINKSKALLE), await ask(path), path);
  }
  const missing = await ask(`${LOOKUP}?op=get&search=bob`, HINKSKALLE);
  assert.deepEqual([missing.status, missing.body], [404, "no such key\n"]);
  assert.equal((await ask("/keystore", HINKSKALLE)).status, 200);
});

/** An `Authorization`, and the answer of the token check: a user, or the status. */
const welcomes: readonly (readonly [authorization: string, seen: "alice" | "bob" | 401 | 406])[] = [
  ["Bearer CANARY-alice", "alice"],
  ["bearer CANARY-bob", "bob"],
  ["Bearer CANARY", 401],
  [basic("alice", "CANARY-alice"), 401],
  ["Bearer", 406],
  ["Bearer ", 406],
  ["Bearer CANARY-alice more", 406],
  ["Token CANARY-alice", 406],
  ["CANARY-alice", 406],
  ["", 401],
];

for (const [authorization, seen] of welcomes) {
  Deno.test(`embedded hinkskalle: the token check of “${authorization}” is ${seen}`, async () => {
    const answer = await askAs(authorization, "/v1/token-status", HINKSKALLE);
    if (typeof seen === "string") {
      assert.equal(answer.status, 200);
      assert.deepEqual(JSON.parse(answer.body), {
        status: "welcome",
        data: { username: seen, email: `${seen}@example.com` },
      });
    } else assertErrors(answer, seen, seen === 401 ? "unauthorized" : "not acceptable");
    assertErrors(await askAs(authorization, "/v1/rbac/users/current", HINKSKALLE), 404, "not found");
  });
}

Deno.test("embedded hinkskalle: an unknown path is its front page, except under /v1 and /v2", async () => {
  for (
    const path of ["/", "/builder/version", "/library/version", "/token/v1/token-status", "/v1", "/v11/x"]
  ) {
    const { status, headers, body } = await ask(path, HINKSKALLE);
    assert.deepEqual([status, headers["content-type"]], [200, "text/html"], path);
    assert.match(body, /^<!doctype html>/, path);
  }
  for (const path of ["/v1/nothing", "/v2/"]) {
    assertErrors(await ask(path, HINKSKALLE), 404, "not found", path);
  }
});

Deno.test("embedded hinkskalle: its parts are slow, down and wrong like others, with its own refusals", async () => {
  const paths: readonly (readonly [Part, string])[] = [
    ["discovery", DISCOVERY],
    ["status", "/v1/token-status"],
    ["identity", "/v1/rbac/users/current"],
    ["library", "/version"],
  ];
  for (const [part, path] of paths) {
    assertErrors(
      await ask(path, { ...HINKSKALLE, down: new Set([part]) }),
      503,
      "down for maintenance",
      path,
    );
    const slow = await ask(path, { ...HINKSKALLE, slow: new Map([[part, 5]]) });
    assert.deepEqual(slow.slept, [5], path);
    const wrong = (how: Wrong) => ask(path, { ...HINKSKALLE, wrong: new Map([[part, how]]) });
    assertErrors(await wrong("500"), 500, "internal error", path);
    assertErrors(await wrong("429"), 429, "too many requests", path);
  }
});

Deno.test("embedded: the help of endpoint serve names each part and each way to be wrong", () => {
  const serve = ENDPOINT_COMMANDS.flatMap((one) => one.commands ?? []).find((one) => one.name === "serve");
  const [parts = "", ways = ""] = (serve?.notes ?? "").split("A part can be wrong");
  for (const part of PARTS) assert.match(parts, new RegExp(`\\b${part}\\b`));
  const named = ways.split("\n").slice(1).filter((line) => line.startsWith("  ")).flatMap((line) =>
    line.trim().split(/ {2,}/)[0]!.split(", ")
  );
  assert.deepEqual(named.sort(), [...WRONGS].sort());
});
