import assert from "node:assert/strict";
import { Secret } from "../base/secret.ts";
import type { Diagnosis, EndpointStatus, RemoteFile, Runtime } from "../model.ts";
import {
  diagnoseBoth,
  diagnoseElsewhere,
  diagnoseEndpoint,
  diagnoseFile,
  diagnoseGlobal,
  diagnoseNetwork,
  diagnoseOverrides,
  type FileFacts,
} from "./diagnoses.ts";
import { merge } from "./merge.ts";
import { file, stored } from "./testing.ts";

const token = new Secret("CANARY");

/** `severity subject: message`, of what is not ok. */
function troubles(found: Iterable<Diagnosis>): readonly string[] {
  const list = [...found];
  for (const one of list) {
    assert.equal(
      one.next === undefined,
      one.severity === "ok",
      `${one.message}: a remedy where one is needed`,
    );
    if (one.next !== undefined) assert.match(one.next, /^[A-Z].*[^.]$/);
  }
  assert.ok(!JSON.stringify(list).includes("CANARY"));
  return list.flatMap((one) =>
    one.severity === "ok" ? [] : [`${one.severity} ${one.subject}: ${one.message}`]
  );
}

const FACTS: FileFacts = {
  scope: "user",
  path: "/h/remote.yaml",
  file: { kind: "file", mode: 0o600, uid: 7 },
  directory: { path: "/h", mode: 0o700, link: null },
  backup: null,
  lock: null,
  owner: 7,
};

Deno.test("diagnoses: a file, by its modes and owners and by what is beside it", () => {
  const regular = (mode: number, uid = 7) => ({ kind: "file", mode, uid });
  const cases: readonly (readonly [Partial<FileFacts>, readonly string[]])[] = [
    [{}, []],
    [{ file: null }, []],
    [{ file: regular(0o640) }, ["warning /h/remote.yaml: others can read it and its tokens"]],
    [{ file: regular(0o640), scope: "global" }, []],
    [{ file: regular(0o660) }, ["error /h/remote.yaml: others can change it"]],
    [{ file: regular(0o602), scope: "global" }, ["error /h/remote.yaml: others can change it"]],
    [{ file: regular(0o600, 8) }, ["error /h/remote.yaml: it belongs to uid 8, not to you"]],
    [{ file: regular(0o644, 8), scope: "global", owner: 0 }, [
      "error /h/remote.yaml: it belongs to uid 8, not to root",
    ]],
    [{ file: regular(0o600, 8), owner: null }, []],
    [{ file: { kind: "symlink", mode: 0o777, uid: 8 } }, []],
    [{ directory: { path: "/h", mode: 0o777, link: null } }, [
      "error /h: others can replace the files in this directory",
    ]],
    [{ directory: { path: "/h", mode: 0o1777, link: null } }, []],
    [{ directory: { path: "/h", mode: 0o777, link: "/scratch/h" } }, [
      "error /h: it is a symbolic link to /scratch/h, which does not exist",
    ]],
    [{ directory: null }, []],
    [{ backup: { path: "/h/b", mode: 0o640 } }, ["warning /h/b: others can read it"]],
    [{ backup: { path: "/h/b", mode: 0o640 }, scope: "global" }, []],
    [{ lock: "/h/l" }, ["warning /h/l: a lock is held by a running or killed sremote process"]],
  ];
  for (const [facts, expected] of cases) {
    assert.deepEqual(troubles(diagnoseFile({ ...FACTS, ...facts })), expected, JSON.stringify(facts));
  }
});

Deno.test("diagnoses: the file that newer versions read in place of this one", () => {
  const elsewhere = { variable: "SINGULARITY_CONFIGDIR", since: "3.11.4", file: "/c/remote.yaml" } as const;
  assert.deepEqual(diagnoseElsewhere({ runtime: "singularity", oldest: "3.8" }, "/f", elsewhere), {
    severity: "warning",
    about: "file",
    subject: "/f",
    message: "SINGULARITY_CONFIGDIR is set: Singularity 3.11.4 and later read /c/remote.yaml, not /f",
    next: "Unset it, or name singularity@3.11.4 as the program if no older version reads the file",
  });
});

Deno.test("diagnoses: the global file", () => {
  const content = file([stored("a", { token }), stored("b", { insecure: true }), stored("c")]);
  assert.deepEqual(troubles(diagnoseGlobal({ path: "/e", document: { content } })), [
    'error /e: "a" has a token that everyone can read',
    "warning b: it is insecure, but users contact it over https: the programs do not copy Insecure to users",
  ]);
});

Deno.test("diagnoses: both files, for each program", () => {
  const exclusive = stored("g", { exclusive: true });
  const BOTH = "it is both in /u and in /g";
  const cases: readonly (readonly [Runtime, RemoteFile, RemoteFile, readonly string[]])[] = [
    ["singularity", file([stored("a")], "a"), file([stored("g")]), []],
    ["singularity", file([]), file([stored("g")], "g"), []],
    ["singularity", file([]), file([]), [
      "warning default: there is no remote: Singularity uses its built-in default, cloud.sylabs.io",
    ]],
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

Deno.test("diagnoses: variables that override a service, the first of each", () => {
  const variables: Readonly<Record<string, string>> = {
    SINGULARITY_LIBRARY: "https://s.example.com",
    APPTAINER_LIBRARY: "https://a.example.com",
    SINGULARITY_URL: "https://me:CANARY@k.example.com",
    APPTAINER_BUILDER: "",
  };
  const found = (runtime: Runtime) => troubles(diagnoseOverrides(runtime, (name) => variables[name]));
  assert.deepEqual(found("singularity"), [
    "warning SINGULARITY_LIBRARY: Singularity uses https://s.example.com in place of the library of every remote",
    "warning SINGULARITY_URL: Singularity uses an address with credentials in place of the keystore of every remote",
  ]);
  assert.deepEqual(found("apptainer"), [
    "warning APPTAINER_LIBRARY: Apptainer uses https://a.example.com in place of the library of every remote",
    "warning SINGULARITY_URL: Apptainer uses an address with credentials in place of the keystore of every remote",
  ]);
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
  const cases: readonly (readonly [EndpointStatus, readonly string[]])[] = [
    [up, []],
    [{ ...up, trouble: why }, ["error a: no"]],
    [{ ...up, services: [{ ...service, ok: false, trouble: why }] }, ["error a.library: no"]],
    [{ ...up, login: { ...login, state: "valid" } }, []],
    [{ ...up, login: { ...login, state: "invalid" } }, ["error a: the stored API key is not valid"]],
    [{ ...up, login: { ...login, state: "unknown", trouble: why } }, ["warning a: no"]],
  ];
  for (const [status, expected] of cases) assert.deepEqual(troubles(diagnoseEndpoint(status)), expected);
});
