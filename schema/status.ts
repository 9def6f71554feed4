/** The schema of `sremote status --format json`. `src/model.ts` has its types. */
import Type from "typebox";
import type { Static } from "typebox";
import type { StatusDocument } from "../src/model.ts";
import type { Immutable } from "./config.ts";
import { serviceSchema, troubleSchema } from "./plan.ts";

const closed = { additionalProperties: false };
const nullable = <T extends Type.TSchema>(schema: T, description: string) =>
  Type.Union([schema, Type.Null()], { description });

const identity = Type.Object({
  username: Type.String(),
  email: nullable(Type.String(), "null: it is not told."),
  realname: nullable(Type.String(), "null: it is not told."),
}, { ...closed, title: "Identity", description: "Who a token belongs to." });

const endpoint = Type.Object({
  remote: Type.String({ description: "The remote's name." }),
  uri: Type.String({ description: "host[:port][/path]" }),
  insecure: Type.Boolean({ description: "Contacted over http." }),
  services: Type.Array(serviceSchema, { description: "The services that the endpoint names, sorted." }),
  login: Type.Object({
    state: Type.Enum(["none", "valid", "invalid", "unknown"], {
      type: "string",
      description: "none: no token is stored; unknown: it could not be verified.",
    }),
    identity: nullable(identity, "null: not known, or not asked."),
    trouble: nullable(troubleSchema, "Why it is invalid or unknown."),
  }, { ...closed, description: "The stored token; never the token itself." }),
  trouble: nullable(troubleSchema, "Why nothing is known of its services."),
}, { ...closed, title: "EndpointStatus", description: "What one remote's endpoint said." });

/** The schema of a status document. */
export const statusSchema = Type.Object({
  formatVersion: Type.Literal(1, { description: "Changes when a reader of this format has to." }),
  sremote: Type.String({ description: "Version of the sremote that asked." }),
  default: nullable(Type.String(), "The default remote's name."),
  ok: Type.Boolean({
    description: "Whether everything that was asked is as it should be: else the exit code is 3.",
  }),
  remotes: Type.Array(endpoint),
}, {
  ...closed,
  title: "sremote status",
  description: "What the endpoints say of their services and of the stored tokens.",
});

type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : false : false;
/** Fails to compile when the schema and the model's type part. */
export const statusSchemaFitsModel: Same<Immutable<Static<typeof statusSchema>>, StatusDocument> = true;
