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
  email: nullable(Type.String(), "null: not known."),
  realname: nullable(Type.String(), "null: not known."),
}, { ...closed, title: "Identity", description: "Who a token belongs to." });

const endpoint = Type.Object({
  remote: Type.String({ description: "The remote's name." }),
  uri: Type.String({ description: "host[:port][/path]" }),
  insecure: Type.Boolean({ description: "Contacted over http." }),
  services: Type.Array(serviceSchema, { description: "The services of the endpoint, sorted." }),
  login: Type.Object({
    state: Type.Enum(["none", "valid", "invalid", "unknown"], {
      type: "string",
      description: "none: no token is stored; unknown: it could not be verified.",
    }),
    identity: nullable(identity, "null: not known, or not requested."),
    expires: nullable(Type.String(), "When it expires (ISO 8601), as a JWT says; null: unknown."),
    trouble: nullable(troubleSchema, "Why it is invalid or unknown."),
  }, { ...closed, description: "The stored token; never the token itself." }),
  trouble: nullable(troubleSchema, "Why its services are unknown."),
}, { ...closed, title: "EndpointStatus", description: "The status of one remote's endpoint." });

/** The schema of a status document. */
export const statusSchema = Type.Object({
  formatVersion: Type.Literal(1, { description: "Changes when readers of this format have to change." }),
  sremote: Type.String({ description: "Version of sremote." }),
  default: nullable(Type.String(), "The name of the default remote."),
  ok: Type.Boolean({
    description: "Whether all services and stored tokens are all right. If not, the exit code is 3.",
  }),
  remotes: Type.Array(endpoint),
}, {
  ...closed,
  title: "sremote status",
  description: "The status of endpoints, their services and the stored tokens.",
});

type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : false : false;
/** Fails to compile when the schema and the type in the model differ. */
export const statusSchemaFitsModel: Same<Immutable<Static<typeof statusSchema>>, StatusDocument> = true;
