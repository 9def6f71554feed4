import assert from "node:assert/strict";
import { Secret } from "../base/secret.ts";
import type { EndpointStatus, RemoteFile, Runtime } from "../model.ts";
import { diagnoseBoth, diagnoseEndpoint, diagnoseExpiry, diagnoseNetwork } from "./diagnoses.ts";
import { merge } from "./merge.ts";
import { file, stored, troubles } from "./testing.ts";

Deno.test("diagnoses: both files, for each program", () => {
  const exclusive = stored("g", { exclusive: true });
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
    ["singularity", file([stored("g", { system: true })], "g"), file([]), [
      "warning g: it is a copy of a global remote that no longer exists",
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
      user: { path: "/u", document: { content: mine } },
      global: { path: "/g", document: { content: shared } },
    };
    assert.deepEqual(troubles(diagnoseBoth(runtime, view)), expected);
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
    [{ ...up, trouble: why }, ["error a: no"]],
    [{ ...up, services: [{ ...service, ok: false, trouble: why }] }, ["error a.library: no"]],
    [{ ...up, login: { ...login, state: "valid" } }, []],
    [{ ...up, login: { ...login, state: "invalid" } }, ["error a: the stored API key is not valid"]],
    [{ ...up, login: { ...login, state: "unknown", trouble: why } }, ["warning a: no"]],
  ];
  for (const [status, expected, ofDefault = expected] of cases) {
    assert.deepEqual(troubles(diagnoseEndpoint(status, false)), expected);
    assert.deepEqual(troubles(diagnoseEndpoint(status, true)), ofDefault);
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
  assert.deepEqual(troubles(diagnoseExpiry(content, { now, days: 7 })), [
    "warning gone: the stored API key expired on 2026-11-24",
    "warning soon: the stored API key expires in 6 days (2026-12-01)",
  ]);
});
