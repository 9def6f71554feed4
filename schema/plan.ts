/** The schema of `sremote plan --format json`, used to read a saved plan. `src/model.ts` has its types. */
import Type from "typebox";
import type { Static } from "typebox";
import type { PlanDocument, Version } from "../src/model.ts";
import { VERSION_PATTERN } from "../src/base/reader.ts";
import type { Immutable } from "./config.ts";

const closed = { additionalProperties: false };
const nullable = <T extends Type.TSchema>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description });
const digest = Type.String({
  pattern: "^sha256:[0-9a-f]{64}$",
  description: "SHA-256 of the bytes, in hex.",
});
const name = Type.String({ minLength: 1, description: "A remote's name." });

const keyserver = Type.Object({
  uri: Type.String(),
  skip: Type.Boolean({ description: "Disabled." }),
  external: Type.Boolean({ description: "Not the endpoint's own." }),
  insecure: Type.Boolean({ description: "Its TLS certificate is not verified." }),
}, closed);

const endpointFields = {
  uri: Type.String({ description: "host[:port][/path]" }),
  insecure: Type.Boolean({ description: "Contacted over http." }),
};
const endpoint = Type.Object(endpointFields, { ...closed, title: "Endpoint" });

const entryFields = {
  uri: Type.String({ description: "The address in the form that the file has." }),
  system: Type.Boolean({
    description: "Every entry of the global file, and each copy of one in the user file.",
  }),
  insecure: endpointFields.insecure,
  keyservers: Type.Array(keyserver),
};
const entry = Type.Object(entryFields, {
  ...closed,
  title: "Entry",
  description: "A remote as remote.yaml holds it.",
});

const secretRef = Type.Union([
  Type.Object({ env: Type.String() }, closed),
  Type.Object({ file: Type.String() }, closed),
  Type.Object({ command: Type.Array(Type.String()) }, closed),
  Type.Object({ prompt: Type.Literal(true) }, closed),
], { title: "SecretRef", description: "Where a token comes from; never the token." });

const defaultState = Type.Object({
  remote: nullable(Type.String(), "The default remote's name."),
  exclusive: Type.Array(Type.String(), { description: "Remotes marked exclusive." }),
}, closed);

const change = Type.Union([
  Type.Object({ kind: Type.Literal("add"), remote: name, after: entry }, closed),
  Type.Object({ kind: Type.Literal("update"), remote: name, before: entry, after: entry }, closed),
  Type.Object({ kind: Type.Literal("remove"), remote: name, before: entry }, closed),
  Type.Object({ kind: Type.Literal("use"), before: defaultState, after: defaultState }, closed),
  Type.Object({ kind: Type.Literal("login"), remote: name, from: secretRef }, closed),
  Type.Object({ kind: Type.Literal("logout"), remote: name }, closed),
], { title: "Change", description: "A change to one remote.yaml." });

const service = Type.Enum(["library", "builder", "keystore", "token", "consent"], { type: "string" });

const request = { remote: name, endpoint };
const basis = nullable(digest, "Digest of the file that was seen; null: it did not exist.");
const managed = Type.Array(name, { description: "The remotes that sremote manages afterwards." });
const step = Type.Union([
  Type.Object({ kind: Type.Literal("check-services"), ...request, required: Type.Array(service) }, closed),
  Type.Object({ kind: Type.Literal("verify-token"), ...request, from: secretRef }, closed),
  Type.Object({ kind: Type.Literal("replace-file"), basis, changes: Type.Array(change), managed }, closed),
  Type.Object({ kind: Type.Literal("update-ledger"), basis, managed }, closed),
], { title: "Step", description: "What apply does, in order: network steps first, then at most one write." });

/** Why a request failed. */
export const troubleSchema = Type.Object({
  kind: Type.Enum([
    "address",
    "dns",
    "refused",
    "unreachable",
    "timeout",
    "closed",
    "half",
    "too-large",
    "proxy",
    "tls",
    "certificate",
    "insecure",
    "redirect",
    "status",
    "malformed",
    "not-offered",
    "network",
  ], { type: "string", description: "Stable: programs may match on it." }),
  message: Type.String(),
  next: Type.Optional(Type.String({ description: "The remedy." })),
}, { ...closed, title: "Trouble", description: "Why a request failed." });

/** The answer of one service. */
export const serviceSchema = Type.Object({
  service: Type.String({ description: "Its name in discovery, without API." }),
  uri: nullable(Type.String(), "Where it is; null: the endpoint does not offer it."),
  ok: Type.Boolean(),
  version: nullable(Type.String(), "null: unknown."),
  milliseconds: nullable(Type.Number(), "Time until the answer; null: it was not asked."),
  trouble: nullable(troubleSchema, "Why it is not OK; null: it is."),
}, { ...closed, title: "ServiceStatus", description: "The answer of one service of an endpoint." });

const observedEndpoint = Type.Object({
  remote: name,
  services: nullable(Type.Array(serviceSchema), "The required services; null: not checked."),
  token: Type.Object({
    state: Type.Enum(["none", "valid", "invalid", "unknown", "not-looked-at"], { type: "string" }),
    trouble: nullable(troubleSchema, "Why it is invalid or unknown."),
    same: nullable(Type.Boolean(), "Whether it equals its source; null: unknown."),
    source: nullable(
      Type.Object({ why: Type.String(), next: Type.String() }, closed),
      "Why the source could not be read.",
    ),
    expires: nullable(
      Type.String(),
      "When the token of the source expires (ISO 8601), as a JWT says; null: unknown.",
    ),
    exposed: nullable(
      Type.Object({ file: Type.String(), mode: Type.Number() }, closed),
      "The file of the source, if others can read it.",
    ),
  }, { ...closed, description: "The stored token; never the token itself." }),
}, { ...closed, title: "ObservedEndpoint", description: "The token and services of a remote, as observed." });

const finding = Type.Object({
  severity: Type.Enum(["error", "warning", "info"], {
    type: "string",
    description: "With an error, apply refuses.",
  }),
  code: Type.Enum([
    "name-in-both-scopes",
    "exclusive-elsewhere",
    "default-unknown",
    "insecure-not-carried",
    "token-in-global-file",
    "readable-by-others",
    "mass-removal",
    "adopted",
    "unmanaged",
    "ambiguous-sysconfdir",
    "unreadable-by-users",
    "other-scope",
    "symlink",
    "empty-document",
    "plain-date",
    "field-too-new",
    "address-unusable",
    "address-rewritten",
    "system-missing",
    "no-remotes",
    "read-elsewhere",
    "no-library",
    "takeover-cut-off",
    "other-unreadable",
    "check-failed",
    "login-refused",
    "login-source",
    "token-unverified",
    "token-of-old-address",
    "token-dropped",
    "token-expires",
    "not-looked-at",
  ], { type: "string", description: "Stable: programs may match on it." }),
  message: Type.String({ description: "The state, in one sentence." }),
  next: Type.Optional(Type.String({ description: "The remedy." })),
  remote: Type.Optional(Type.String()),
}, { ...closed, title: "Finding", description: "Something the user should know." });

const plan = Type.Object({
  formatVersion: Type.Literal(1),
  target: Type.Object({
    runtime: Type.Enum(["singularity", "apptainer"], { type: "string" }),
    oldest: nullable(
      Type.Unsafe<Version>({ type: "string", pattern: VERSION_PATTERN }),
      "The oldest version that has to read the file; null: only current ones.",
    ),
    scope: Type.Enum(["user", "global"], { type: "string" }),
    file: Type.String({ description: "Absolute path of the remote.yaml." }),
  }, { ...closed, title: "Target", description: "The file that the plan is for." }),
  seen: Type.Object({
    digest: nullable(digest, "null: the file did not exist."),
    default: nullable(Type.String(), "The default remote's name."),
    remotes: Type.Array(Type.Object({
      remote: name,
      ...entryFields,
      exclusive: Type.Boolean(),
      system: Type.Boolean({ description: "A copy that Singularity made of a global entry." }),
      token: Type.Boolean({ description: "Whether a token was stored." }),
    }, closed)),
    managed: Type.Array(name, { description: "The remotes that sremote manages." }),
  }, { ...closed, title: "Seen", description: "The file as the plan saw it." }),
  changed: Type.Boolean({ description: "Whether apply would change the file." }),
  endpoints: Type.Array(observedEndpoint, {
    description: "The endpoints that the config gives login or check.",
  }),
  steps: Type.Array(step),
  findings: Type.Array(finding),
}, { ...closed, title: "Plan", description: "What would be done to one remote.yaml." });

/** The schema of a plan document. */
export const planSchema = Type.Object({
  formatVersion: Type.Literal(1, { description: "Changes when readers of this format must change." }),
  sremote: Type.String({ description: "Version of the sremote that made the plan." }),
  config: Type.Object({
    file: Type.String({ description: "Absolute path of the config." }),
    digest,
    vars: Type.Array(Type.Tuple([Type.String(), Type.String()], { maxItems: 2 }), {
      description: "The --var values: name and value, in order of their names.",
    }),
  }, { ...closed, description: "Where the desired state comes from." }),
  changed: Type.Boolean({ description: "Whether apply would change any file." }),
  plans: Type.Array(plan, { description: "One per file, because a config may name both runtimes." }),
}, {
  ...closed,
  title: "sremote plan",
  description: "What `sremote apply` would do. Holds references to tokens, never tokens.",
});

type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : false : false;
/** Fails to compile when the schema and the type of the model differ. */
export const planSchemaFitsModel: Same<Immutable<Static<typeof planSchema>>, PlanDocument> = true;
