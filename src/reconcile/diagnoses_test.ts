import assert from "node:assert/strict";
import { Secret } from "../base/secret.ts";
import type { EndpointStatus, RemoteFile, Runtime } from "../model.ts";
import { diagnoseBoth, diagnoseEndpoint, diagnoseExpiry, diagnoseNetwork } from "./diagnoses.ts";
import { merge } from "./merge.ts";
import { file, stored, troubles, typed } from "./testing.ts";

Deno.test("diagnoses: both files, for each program", () => {
  const exclusive = stored("g", { exclusive: true });
  const token = new Secret("CANARY");
  const STOCK = stored("DefaultRemote", { uri: "cloud.apptainer.org", system: true });
  const BOTH = "it is both in /u and in /g";
  const cases: readonly (readonly [Runtime, RemoteFile, RemoteFile, readonly string[]])[] = [
    ["singularity", file([stored("a")], "a"), file([stored("g")]), []],
    ["singularity", file([]), file([stored("g")], "g"), []],
    ["singularity", file([]), file([]), [
      "warning default: there is no remote: Singularity uses its built-in default, cloud.sylabs.io",
    ]],
    ["apptainer", file([]), file([]), [
      "warning default: there is no remote: Apptainer uses its built-in default, cloud.apptainer.org, " +
      "which has no library: library:// fails",
    ]],
    ["apptainer", file([]), file([stored("d", { uri: "cloud.apptainer.org" })], "d"), [
      'warning default: library:// fails: the default remote "d" (cloud.apptainer.org) has no library',
    ]],
    ["singularity", file([stored("a"), stored("d", { uri: "Cloud.Apptainer.org" })], "d"), file([]), [
      'warning default: library:// fails: the default remote "d" (Cloud.Apptainer.org) has no library',
    ]],
    ["singularity", file([stored("a"), stored("d", { uri: "cloud.apptainer.org" })], "a"), file([]), []],
    ["apptainer", file([stored("a")]), file([]), ["warning default: there is no default remote"]],
    ["apptainer", file([], "x"), file([]), ['error default: the default "x" does not exist']],
    ["singularity", file([stored("g")], "g"), file([stored("g")]), [
      `error g: ${BOTH}: Singularity fails every command`,
    ]],
    ["apptainer", file([stored("g")], "g"), file([stored("g")]), [
      `warning g: ${BOTH}: Apptainer uses the user remote`,
    ]],
    ["singularity", file([stored("g", { system: true })], "g"), file([stored("g")]), []],
    ["apptainer", file([stored("g", { system: true })], "g"), file([stored("g")]), []],
    ["singularity", file([stored("a"), stored("g", { system: true })], "a"), file([]), [
      "warning g: it is a copy of a global remote that /g does not have",
    ]],
    // What is in use is not removed.
    ["singularity", file([stored("g", { system: true })], "g"), file([]), [
      "note g: it is a copy of a global remote that /g does not have",
    ]],
    ["singularity", file([stored("a"), stored("g", { system: true, token })], "a"), file([]), [
      "note g: it is a copy of a global remote that /g does not have",
    ]],
    ["singularity", file([stored("g", { system: true, token, uri: "old" })], "g"), file([stored("g")]), [
      "warning g: its token was made for old, but Singularity sends it to g.example.com, the address in /g",
    ]],
    [
      "apptainer",
      file([stored("g", { system: true, token, uri: "G.example.com/" })], "g"),
      file([stored("g")]),
      [],
    ],
    ["apptainer", file([stored("g", { system: true, uri: "old" })], "g"), file([stored("g")]), []],
    // A default that came with the program was nobody's choice.
    ["apptainer", file([]), file([STOCK], "DefaultRemote"), [
      'note default: library:// fails: the default remote "DefaultRemote" (cloud.apptainer.org) has no library',
    ]],
    ["apptainer", file([], "DefaultRemote"), file([STOCK, stored("g")], "g"), [
      'warning default: library:// fails: the default remote "DefaultRemote" (cloud.apptainer.org) has no library',
    ]],
    ["singularity", file([]), file([STOCK], "DefaultRemote"), [
      'warning default: library:// fails: the default remote "DefaultRemote" (cloud.apptainer.org) has no library',
    ]],
    ["singularity", file([stored("a")], "a"), file([exclusive], "g"), [
      'warning exclusive: "g" is exclusive: your default "a" has no effect',
    ]],
    ["apptainer", file([stored("a"), stored("g")], "a"), file([exclusive], "g"), [
      `warning g: ${BOTH}: Apptainer uses the user remote`,
    ]],
    ["singularity", file([]), file([exclusive, stored("h", { exclusive: true })], "g"), [
      'error exclusive: more than one remote is exclusive: "g", "h"',
    ]],
  ];
  for (const [runtime, mine, shared, expected] of cases) {
    const view = {
      merged: merge(runtime, mine, shared),
      user: { path: "/u", digest: "x", document: { content: mine } },
      global: { path: "/g", digest: "x", document: { content: shared } },
    };
    assert.deepEqual(troubles(diagnoseBoth(runtime, view, typed)), expected);
  }
});

Deno.test("diagnoses: remedies of conflicts work, whatever the names, and remove nothing that is in use", () => {
  const token = new Secret("CANARY");
  const remedies = (mine: RemoteFile, shared: RemoteFile, digest: string | null = "x") => {
    const view = {
      merged: merge("singularity", mine, shared),
      user: { path: "/u", digest: "x", document: { content: mine } },
      global: { path: "/g", digest, document: { content: shared } },
    };
    return Array.from(diagnoseBoth("singularity", view, typed)).flatMap(({ next }) => next ?? []);
  };
  const ok = stored("ok");
  assert.deepEqual(remedies(file([ok, stored("-x", { system: true })], "ok"), file([])), [
    "Run sremote --root /r remove -- -x",
  ]);
  // Without a global file, people write System: true by hand.
  assert.deepEqual(remedies(file([stored("x", { system: true, token })], "x"), file([]), null), []);
  assert.deepEqual(remedies(file([ok, stored("x", { system: true })], "ok"), file([]), null), []);
  assert.deepEqual(remedies(file([stored("x", { system: true, token })], "x"), file([])), [
    "Set System: false if it is your own remote",
  ]);
  assert.deepEqual(remedies(file([stored("my lab")], "my lab"), file([stored("my lab")])), [
    "Run sremote --root /r remove 'my lab', then add it under another name: " +
    "sremote --root /r add NEW-NAME 'my lab.example.com'",
  ]);
  const two = [stored("a", { exclusive: true }), stored("b", { exclusive: true })];
  assert.deepEqual(remedies(file([]), file(two, "a")), [
    "Run as root: sremote --root /r use --global --exclusive NAME",
  ]);
  assert.deepEqual(remedies(file([]), file([ok], "gone")), [
    "Run as root: sremote --root /r use --global NAME, or for yourself: sremote --root /r use NAME",
  ]);
  assert.deepEqual(remedies(file([ok], "gone"), file([])), ["Run sremote --root /r use NAME"]);
  const moved = file([stored("my lab", { system: true, token, uri: "old.example.com" })], "my lab");
  assert.deepEqual(remedies(moved, file([stored("my lab")])), [
    "Run sremote --root /r login 'my lab', or sremote --root /r logout 'my lab'",
  ]);
});

Deno.test("diagnoses: the remedy for certificates is about what names them", () => {
  const cases: readonly (readonly [message: string, subject: string, next: RegExp])[] = [
    [
      "cannot read /x of SSL_CERT_FILE: it does not exist",
      "SSL_CERT_FILE",
      /^Correct SSL_CERT_FILE or unset it$/,
    ],
    ["cannot read a directory of SSL_CERT_DIR: /x:/y", "SSL_CERT_DIR", /^Correct SSL_CERT_DIR or unset it$/],
    ["cannot read /ca: permission denied", "/ca", /^Make it readable/],
    ["skipped block 2 of /ca (line 9): it is damaged", "/ca", /^Remove it from the store/],
  ];
  for (const [message, subject, next] of cases) {
    const found = [...diagnoseNetwork(() => undefined, { file: "/ca", certificates: [] }, [message])];
    const its = found.find(({ severity }) => severity === "warning")!;
    assert.deepEqual([its.subject, its.message], [subject, message]);
    assert.match(its.next!, next);
  }
});

Deno.test("diagnoses: proxies and the certificate store", () => {
  const env = (variables: Readonly<Record<string, string>>) => (name: string) => variables[name];
  const store = { file: "/ca", certificates: ["one"] };
  assert.deepEqual(troubles(diagnoseNetwork(env({ HTTPS_PROXY: "http://p:1", NO_PROXY: "x" }), store)), []);
  assert.deepEqual(troubles(diagnoseNetwork(env({ HTTP_PROXY: "gopher://p" }), store)), [
    "error HTTP_PROXY: HTTP_PROXY is not the address of an http, https or socks5 proxy",
  ]);
  assert.deepEqual(troubles(diagnoseNetwork(env({}), { file: null, certificates: [] })), [
    "error certificates: this system has no certificate store",
  ]);
  const wrong = ["skipped block 2 of /ca (line 9): it is damaged"];
  assert.deepEqual(troubles(diagnoseNetwork(env({ all_proxy: "http://p" }), store, wrong)), [
    "note all_proxy: neither sremote nor the programs read it",
    "warning /ca: skipped block 2 of /ca (line 9): it is damaged",
  ]);
});

Deno.test("diagnoses: an endpoint, its services and the login", () => {
  const why = { kind: "status", message: "no", next: "Try again" } as const;
  const login = { state: "none", identity: null, expires: null, trouble: null } as const;
  const service = {
    service: "library",
    uri: "u",
    ok: true,
    version: "v",
    milliseconds: 1,
    trouble: null,
  } as const;
  const up: EndpointStatus = {
    remote: "a",
    uri: "u",
    insecure: false,
    services: [service],
    login,
    trouble: null,
  };
  const keys = { ...service, service: "keystore" };
  const cases: readonly (readonly [
    status: EndpointStatus,
    expected: readonly string[],
    ofDefault?: readonly string[],
  ])[] = [
    [up, []],
    [
      { ...up, services: [keys] },
      ["note a: it has no library: library:// fails while it is the default"],
      ['warning default: library:// fails: the default remote "a" (u) has no library'],
    ],
    // Of this one it is known without asking, and said of the default.
    [
      { ...up, uri: "cloud.apptainer.org", services: [keys] },
      ["note a: it has no library: library:// fails while it is the default"],
      [],
    ],
    // Only the default is in the way of a command.
    [{ ...up, trouble: why }, ["warning a: no"], ["error a: no"]],
    [
      { ...up, services: [{ ...service, ok: false, trouble: why }] },
      ["warning a.library: no"],
      ["error a.library: no"],
    ],
    [{ ...up, login: { ...login, state: "valid" } }, []],
    [{ ...up, login: { ...login, state: "invalid" } }, ["error a: the stored API key is not valid"]],
    [{ ...up, login: { ...login, state: "unknown", trouble: why } }, ["warning a: no"]],
  ];
  for (const [status, expected, ofDefault = expected] of cases) {
    assert.deepEqual(troubles(diagnoseEndpoint(status, false, typed)), expected);
    assert.deepEqual(troubles(diagnoseEndpoint(status, true, typed)), ofDefault);
  }
});

Deno.test("diagnoses: tokens that expire within the horizon, or have", () => {
  const now = Date.UTC(2026, 10, 25);
  const part = (value: object) => btoa(JSON.stringify(value)).replace(/=+$/, "");
  const jwt = (days: number) => {
    const exp = (now + days * 86_400_000) / 1000;
    return new Secret(`${part({ alg: "none" })}.${part({ exp })}.CANARY`);
  };
  const content = file([
    stored("gone", { token: jwt(-1) }),
    stored("soon", { token: jwt(6) }),
    stored("later", { token: jwt(8) }),
    stored("opaque", { token: new Secret("CANARY") }),
    stored("none"),
  ]);
  assert.deepEqual(troubles(diagnoseExpiry(content, { now, days: 7 }, typed)), [
    "warning gone: the stored API key expired on 2026-11-24",
    "warning soon: the stored API key expires in 6 days (2026-12-01)",
  ]);
});
