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
    "warning SINGULARITY_URL: Singularity uses an address with credentials in place of the keystore of every remote";
  assert.deepEqual(found("singularity"), [
    "warning SINGULARITY_LIBRARY: Singularity uses https://s.example.com in place of the library of every remote",
    keystore,
  ]);
  assert.deepEqual(found("apptainer"), [
    "warning APPTAINER_LIBRARY: Apptainer uses https://a.example.com in place of the library of every remote",
    "warning SINGULARITY_URL: Apptainer uses an address with credentials in place of the keystore of every remote",
  ]);
  // One that names what the default remote gives anyway changes nothing.
  assert.deepEqual(found("singularity", new Map([["library", "https://S.example.com/"]])), [keystore]);
  assert.deepEqual(found("singularity", new Map([["library", "https://l.example.com"]])), [
    "warning SINGULARITY_LIBRARY: Singularity uses https://s.example.com in place of the library of every remote; " +
    "the default remote has https://l.example.com",
    keystore,
  ]);
});

Deno.test("diagnoses: variables that stand for flags, without their values", () => {
  const found = (runtime: Runtime, set: readonly string[]) =>
    troubles(diagnoseFlagVariables(runtime, (name) => set.includes(name) ? "CANARY" : undefined));
  const all = ["USERNAME", "PASSWORD", "INSECURE"].map((one) => `SINGULARITY_LOGIN_${one}`);
  const expected = [
    "warning SINGULARITY_LOGIN_USERNAME: it is set: login acts as with --username",
    "warning SINGULARITY_LOGIN_PASSWORD: it holds a secret, which every program that is started from here can read",
    "warning SINGULARITY_LOGIN_INSECURE: it is set: login acts as with --insecure",
  ];
  assert.deepEqual(found("singularity", all), expected);
  assert.deepEqual(found("apptainer", all), expected);
  const other = ["APPTAINER_ADD_INSECURE"];
  assert.deepEqual(found("apptainer", other), [
    "warning APPTAINER_ADD_INSECURE: it is set: add acts as with --insecure",
  ]);
  assert.deepEqual(found("singularity", other), []);
  assert.deepEqual(found("apptainer", []), []);
});

Deno.test("diagnoses: the home directory, by program", () => {
  const facts: HomeFacts = { variable: null, file: "/h/.x/remote.yaml", home: "/h", password: "/h/" };
  const cases:
    readonly (readonly [Partial<HomeFacts>, singularity: readonly string[], apptainer: readonly string[]])[] =
      [
        [{}, [], []],
        [{ home: "/other" }, [
          "warning HOME: it is /other, but Singularity uses /h/, the home directory in the password database",
        ], []],
        [{ home: null }, [], ["note HOME: it is unset: Apptainer uses /h/ of the password database"]],
        [{ home: null, password: null, file: null }, [], []],
        [{ password: null }, [], []],
        [
          { variable: "SINGULARITY_CONFIGDIR", home: "/other" },
          ["note SINGULARITY_CONFIGDIR: it is set: the user file is /h/.x/remote.yaml"],
          ["note SINGULARITY_CONFIGDIR: it is set: the user file is /h/.x/remote.yaml"],
        ],
      ];
  for (const [given, singularity, apptainer] of cases) {
    assert.deepEqual(troubles(diagnoseHome("singularity", { ...facts, ...given })), singularity);
    assert.deepEqual(troubles(diagnoseHome("apptainer", { ...facts, ...given })), apptainer);
  }
});
