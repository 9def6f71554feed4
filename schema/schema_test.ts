import { Ajv2020 } from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Check } from "typebox/schema";
import type { PlanDocument, StatusDocument } from "../src/model.ts";
import { toJsonSchema, toValidation } from "../tools/schema.ts";
import { configSchema } from "./config.ts";
import { statusSchema, statusSchemaFitsModel } from "./status.ts";
import { planSchema, planSchemaFitsModel } from "./plan.ts";

const read = (name: string) => readFileSync(new URL(name, import.meta.url), "utf8");

Deno.test("the JSON schemas match their sources", () => {
  assert.equal(read("config.schema.json"), toJsonSchema(configSchema), "run `deno task schema`");
  assert.equal(read("config.validation.json"), toValidation(configSchema), "run `deno task schema`");
  assert.equal(read("plan.schema.json"), toJsonSchema(planSchema), "run `deno task schema`");
});

Deno.test("every field of a config has a description", () => {
  const visit = (node: unknown, path: string): void => {
    if (typeof node !== "object" || node === null) return;
    for (const [key, value] of Object.entries(node)) {
      if (key === "if" || key === "then" || key === "examples") continue;
      if (key === "properties") {
        for (const [field, schema] of Object.entries(value as Record<string, { description?: string }>)) {
          assert(schema.description, `${path}.${field} has no description`);
        }
      }
      visit(value, key === "properties" ? path : `${path}.${key}`);
    }
  };
  visit(JSON.parse(read("config.schema.json")), "config");
});

const digest = `sha256:${"0".repeat(64)}`;
const endpoint = { uri: "lab.example.com", insecure: false };
const entry = { ...endpoint, system: false, keyservers: [] };
const document: PlanDocument = {
  formatVersion: 1,
  sremote: "0.1.0",
  config: { file: "/repo/remotes.ts", digest, vars: [["site", "eu"]] },
  changed: true,
  plans: [{
    formatVersion: 1,
    target: {
      runtime: "singularity",
      oldest: "3.8",
      scope: "user",
      file: "/root/.singularity/remote.yaml",
    },
    seen: {
      digest: null,
      default: null,
      remotes: [{ remote: "old", ...entry, exclusive: false, system: true, token: true }],
      managed: ["old"],
    },
    changed: true,
    endpoints: [{
      remote: "lab",
      services: [
        { service: "library", uri: "https://l", ok: true, version: "v1", milliseconds: 12, trouble: null },
        {
          service: "token",
          uri: null,
          ok: false,
          version: null,
          milliseconds: null,
          trouble: { kind: "not-offered", message: "lab has no token service", next: "ask" },
        },
      ],
      token: {
        state: "invalid",
        trouble: { kind: "status", message: "no" },
        same: null,
        source: { why: "LAB is not set", next: "set it" },
        expires: "2027-01-01T00:00:00.000Z",
        exposed: { file: "/token", mode: 0o644 },
      },
    }],
    steps: [
      { kind: "check-services", remote: "lab", endpoint, required: ["library"] },
      { kind: "verify-token", remote: "lab", endpoint, from: { command: ["pass", "lab"] } },
      { kind: "update-ledger", basis: digest, managed: ["lab"] },
      {
        kind: "replace-file",
        basis: null,
        changes: [
          {
            kind: "add",
            remote: "lab",
            after: {
              ...entry,
              keyservers: [{ uri: "https://k", skip: false, external: true, insecure: false }],
            },
          },
          { kind: "update", remote: "a", before: entry, after: { ...entry, insecure: true } },
          { kind: "remove", remote: "b", before: entry },
          {
            kind: "use",
            before: { remote: null, exclusive: [] },
            after: { remote: "lab", exclusive: ["lab"] },
          },
          { kind: "login", remote: "lab", from: { env: "LAB" } },
          { kind: "logout", remote: "a" },
        ],
        managed: ["lab", "a"],
      },
    ],
    findings: [{
      severity: "warning",
      code: "adopted",
      message: "it was there",
      next: "nothing",
      remote: "a",
    }],
  }],
};

Deno.test("a plan matches its schema in TypeBox and ajv; an edited one does not", () => {
  assert(planSchemaFitsModel);
  const ajv = new Ajv2020({ strict: true }).compile(JSON.parse(read("plan.schema.json")));
  assert(Check(planSchema, document));
  assert(ajv(document), JSON.stringify(ajv.errors));
  const edits: unknown[] = [
    { ...document, formatVersion: 2 },
    { ...document, extra: 1 },
    { ...document, config: { ...document.config, digest: "sha256:1" } },
    { ...document, config: { ...document.config, vars: [["a"]] } },
    { ...document, config: { ...document.config, vars: [["a", "b", "c"]] } },
    { ...document, plans: [{ ...document.plans[0], steps: [{ kind: "logout", remote: "a" }] }] },
    {
      ...document,
      plans: [{ ...document.plans[0], steps: [{ kind: "verify-token", remote: "a", from: "token" }] }],
    },
  ];
  for (const edit of edits) {
    assert(!Check(planSchema, edit), JSON.stringify(edit));
    assert(!ajv(edit), JSON.stringify(edit));
  }
});

const status: StatusDocument = {
  formatVersion: 1,
  sremote: "0.1.0",
  default: null,
  ok: false,
  remotes: [{
    remote: "lab",
    uri: "lab.example.com",
    insecure: true,
    services: document.plans[0]!.endpoints[0]!.services!,
    login: {
      state: "valid",
      identity: { username: "alice", email: null, realname: "Alice" },
      expires: null,
      trouble: null,
    },
    trouble: null,
  }],
};

Deno.test("a status matches its schema in TypeBox and ajv; another one does not", () => {
  assert(statusSchemaFitsModel);
  const ajv = new Ajv2020({ strict: true }).compile(JSON.parse(read("status.schema.json")));
  assert(Check(statusSchema, status));
  assert(ajv(status), JSON.stringify(ajv.errors));
  const [remote] = status.remotes;
  const edits: unknown[] = [
    { ...status, formatVersion: 2 },
    { ...status, remotes: [{ ...remote, token: "secret" }] },
    { ...status, remotes: [{ ...remote, login: { ...remote!.login, state: "perhaps" } }] },
    { ...status, remotes: [{ ...remote, services: [{ ...remote!.services[0], service: 5 }] }] },
    { ...status, remotes: [{ ...remote, trouble: { kind: "mood", message: "bad" } }] },
  ];
  for (const edit of edits) {
    assert(!Check(statusSchema, edit), JSON.stringify(edit));
    assert(!ajv(edit), JSON.stringify(edit));
  }
});
