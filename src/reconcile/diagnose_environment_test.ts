import assert from "node:assert/strict";
import type { Runtime } from "../model.ts";
import {
  diagnoseFlagVariables,
  diagnoseHome,
  diagnoseOverrides,
  type HomeFacts,
} from "./diagnose_environment.ts";
import { troubles } from "./testing.ts";

Deno.test("diagnoses: variables that override a service, the first of each", () => {
  const variables: Readonly<Record<string, string>> = {
    SINGULARITY_LIBRARY: "https://s.example.com",
    APPTAINER_LIBRARY: "https://a.example.com",
    SINGULARITY_URL: "https://me:CANARY@k.example.com",
    APPTAINER_BUILDER: "",
  };
  const found = (runtime: Runtime, services: ReadonlyMap<string, string> | null = null) =>
    troubles(diagnoseOverrides(runtime, (name) => variables[name], services));
  const keystore =
    "warning SINGULARITY_URL: Singularity uses https://k.example.com in place of the keystore of every remote";
  assert.deepEqual(found("singularity"), [
    "warning SINGULARITY_LIBRARY: Singularity uses https://s.example.com in place of the library of every remote",
    keystore,
  ]);
  assert.deepEqual(found("apptainer"), [
    "warning APPTAINER_LIBRARY: Apptainer uses https://a.example.com in place of the library of every remote",
    "warning SINGULARITY_URL: Apptainer uses https://k.example.com in place of the keystore of every remote",
  ]);
  // One that names what the default remote gives anyway changes nothing.
  assert.deepEqual(found("singularity", new Map([["library", "https://S.example.com/"]])), [keystore]);
  assert.deepEqual(found("singularity", new Map([["library", "https://l.example.com"]])), [
    "warning SINGULARITY_LIBRARY: Singularity uses https://s.example.com in place of the library of every remote; " +
    "the default remote has https://l.example.com",
    keystore,
  ]);
});

Deno.test("diagnoses: of an address in a variable, scheme, host and port are shown, and nothing of another value", () => {
  const cases: readonly (readonly [given: string, shown: string])[] = [
    ["https://b.example", "https://b.example"],
    ["https://b.example:8443/path", "https://b.example:8443"],
    ["https://me:CANARY@b.example/", "https://b.example"],
    ["https://CANARY@b.example/", "https://b.example"],
    ["https://b.example/?token=CANARY", "https://b.example"],
    ["https://b.example/CANARY", "https://b.example"],
    ["https://b.example/#CANARY", "https://b.example"],
    ["hkp://keys.example:11371/CANARY", "hkp://keys.example:11371"],
    ["ghp_CANARY", "its value, which is no URL,"],
    ["CANARY:x", "its value, which is no URL,"],
    ["b.example/CANARY", "its value, which is no URL,"],
    ["https://", "its value, which is no URL,"],
    ["file:///CANARY", "its value, which is no URL,"],
    ["Bearer CANARY", "its value, which is no URL,"],
  ];
  for (const [given, shown] of cases) {
    for (const [name, service] of [["LIBRARY", "library"], ["BUILDER", "builder"], ["URL", "keystore"]]) {
      const env = (one: string) => one === `SINGULARITY_${name}` ? given : undefined;
      assert.deepEqual(troubles(diagnoseOverrides("singularity", env, null)), [
        `warning SINGULARITY_${name}: Singularity uses ${shown} in place of the ${service} of every remote`,
      ]);
    }
  }
});

Deno.test("diagnoses: variables that stand for flags, without their values", () => {
  const found = (runtime: Runtime, set: readonly string[]) =>
    troubles(diagnoseFlagVariables(runtime, (name) => set.includes(name) ? "CANARY" : undefined));
  const all = ["USERNAME", "PASSWORD", "INSECURE"].map((one) => `SINGULARITY_LOGIN_${one}`);
  // Of LOGIN_INSECURE sremote takes no notice.
  const expected = [
    "warning SINGULARITY_LOGIN_USERNAME: it is set: login acts as with --username",
    "warning SINGULARITY_LOGIN_PASSWORD: it holds a secret, which every program that is started from here can read",
  ];
  assert.deepEqual(found("singularity", all), expected);
  assert.deepEqual(found("apptainer", all), expected);
  assert.deepEqual(found("apptainer", []), []);
});

Deno.test("diagnoses: a variable that is a switch, as Go reads it; Singularity's add has none", () => {
  const acts = ["it is set: add acts as with --insecure"];
  const neither = ["it is ignored: it stands for --insecure of add, and is neither true nor false"];
  const cases: readonly (readonly [values: readonly string[], expected: readonly string[]])[] = [
    [["1", "t", "T", "true", "TRUE", "True"], acts],
    [["0", "f", "F", "false", "FALSE", "False", ""], []],
    [["yes", "no", "on", "tRUE", "2", " 1"], neither],
  ];
  for (const [values, expected] of cases) {
    for (const value of values) {
      for (const prefix of ["APPTAINER", "SINGULARITY"]) {
        const name = `${prefix}_ADD_INSECURE`;
        const env = (one: string) => one === name ? value : undefined;
        const lines = expected.map((one) => `warning ${name}: ${one}`);
        assert.deepEqual(troubles(diagnoseFlagVariables("apptainer", env)), lines, `${name}=${value}`);
        assert.deepEqual(troubles(diagnoseFlagVariables("singularity", env)), []);
      }
    }
  }
});

Deno.test("diagnoses: the home directory, by program", () => {
  const facts: HomeFacts = {
    variable: null,
    file: "/h/.x/remote.yaml",
    home: "/h",
    password: "/h/",
    same: true,
    absent: null,
  };
  const absent = (title: string) => [
    `warning home directory: the home directory /h does not exist: ${title} has no place for its user file`,
  ];
  const cases:
    readonly (readonly [Partial<HomeFacts>, singularity: readonly string[], apptainer: readonly string[]])[] =
      [
        [{}, [], []],
        [{ home: "/link/to/h" }, [], []],
        [{ absent: "/h" }, absent("Singularity"), absent("Apptainer")],
        [{ home: "/other", same: false }, [
          "warning HOME: it is /other, but Singularity uses /h/, the home directory in the password database",
        ], []],
        [{ home: null, same: false }, [], [
          "note HOME: it is unset: Apptainer uses /h/ of the password database",
        ]],
        [{ home: null, password: null, file: null, same: false }, [], []],
        [{ password: null, same: false }, [], []],
        [
          { variable: "SINGULARITY_CONFIGDIR", home: "/other", same: false, absent: "/h" },
          ["note SINGULARITY_CONFIGDIR: it is set: the user file is /h/.x/remote.yaml"],
          ["note SINGULARITY_CONFIGDIR: it is set: the user file is /h/.x/remote.yaml"],
        ],
      ];
  for (const [given, singularity, apptainer] of cases) {
    assert.deepEqual(troubles(diagnoseHome("singularity", { ...facts, ...given })), singularity);
    assert.deepEqual(troubles(diagnoseHome("apptainer", { ...facts, ...given })), apptainer);
  }
});
