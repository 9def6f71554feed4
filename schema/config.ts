/**
 * The config's schema: the one source of its static types (also of those in `sremote.ts`), of its validation
 * and of `config.schema.json`. `allowed` is what an error says may stand there; it stays out of the JSON schema.
 */
import Type from "typebox";
import type { Static } from "typebox";
import {
  ENDPOINT_ALLOWED,
  ENDPOINT_PATTERN,
  KEYSERVER_ALLOWED,
  KEYSERVER_PATTERN,
  NAME_LIMIT,
  NAME_PATTERN,
} from "../src/base/uri.ts";

/** `T` with everything in it readonly, so that a config may be `as const`. */
export type Immutable<T> = T extends readonly unknown[] | object
  ? { readonly [K in keyof T]: Immutable<T[K]> }
  : T;

const closed = { additionalProperties: false };
// No leading or trailing line breaks or NULs in a path.
const LINE = "[^\\u0000-\\u001f\\u007f-\\u009f]";

const env = Type.Object({
  env: Type.String({
    description: "Name of the environment variable that holds the token when sremote runs.",
    pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
    allowed: "the name of an environment variable: letters, digits and _",
  }),
}, { ...closed, title: "env", description: "The token is in an environment variable." });

const file = Type.Object({
  file: Type.String({
    description: "Path of a file whose content is the token; relative to the config.",
    minLength: 1,
    pattern: `^${LINE}*$`,
    allowed: "the path of a file",
  }),
}, { ...closed, title: "file", description: "The token is in a file." });

const command = Type.Object({
  command: Type.Array(Type.String({ minLength: 1, allowed: "a text that is not empty" }), {
    description: "The program and its arguments. No shell is involved.",
    minItems: 1,
    allowed: 'the program and its arguments: ["vault", "read", …]',
  }),
}, {
  ...closed,
  title: "command",
  description: "A program prints the token. It runs only with --allow-command.",
});

const prompt = Type.Object({
  prompt: Type.Literal(true, { description: "Always true.", allowed: "true" }),
}, { ...closed, title: "prompt", description: "sremote asks for the token on the terminal." });

const LOGIN_ALLOWED = "{ env: NAME }, { file: PATH }, { command: [PROGRAM, …] }, { prompt: true } or false";

const noToken = Type.Literal(false, {
  title: "none",
  description: "No token may be stored: sremote logs out.",
  allowed: LOGIN_ALLOWED,
});

const service = Type.Enum(["library", "builder", "keystore", "keyserver", "token", "consent"], {
  type: "string",
  title: "Service",
  description: "A service of an endpoint. keyserver is another name of keystore.",
});

const keyserver = Type.Object({
  uri: Type.String({
    description: "Address with its scheme: https, http, hkps or hkp (http on port 11371).",
    pattern: KEYSERVER_PATTERN,
    allowed: KEYSERVER_ALLOWED,
    examples: ["https://keys.example.com", "hkps://keys.openpgp.org"],
  }),
  insecure: Type.Optional(Type.Boolean({
    description: "Do not verify the TLS certificate.",
    default: false,
  })),
  skip: Type.Optional(Type.Boolean({
    description: "Keep the keyserver in the list and out of use.",
    default: false,
  })),
}, { ...closed, title: "Keyserver", description: "A keyserver other than the endpoint's own." });

const remote = Type.Object({
  uri: Type.String({
    description:
      "Address of the endpoint: host[:port][/path]. A scheme is optional; http:// means insecure. No credentials.",
    pattern: ENDPOINT_PATTERN,
    allowed: ENDPOINT_ALLOWED,
    examples: ["cloud.sylabs.io", "https://enterprise.example.com", "http://localhost:5000"],
  }),
  scope: Type.Optional(Type.Enum(["user", "global"], {
    type: "string",
    description: "Which remote.yaml holds it: the user's own, or with --global the whole machine's.",
    default: "user",
  })),
  login: Type.Optional(Type.Union([env, file, command, prompt, noToken], {
    description:
      "Where the token comes from: a reference; false: no token may be stored. A token itself never goes into a config.",
    allowed: LOGIN_ALLOWED,
    examples: [{ env: "COMPANY_TOKEN" }, { file: "token.txt" }, { command: ["pass", "show", "company"] }, {
      prompt: true,
    }],
  })),
  check: Type.Optional(Type.Array(service, {
    description: "Services that must answer before this remote is put in use.",
    uniqueItems: true,
    default: [],
    examples: [["library", "keystore"]],
  })),
  keyservers: Type.Optional(Type.Array(keyserver, {
    description:
      "All external keyservers of this remote, in the order of their use. They take the place of the endpoint's own, unless the file lists that too (sremote keyserver add does). Absent: left as they are.",
  })),
}, { ...closed, title: "Remote", description: "A remote endpoint of Singularity or Apptainer." });

// Not Type.Record: its pattern `^.*$` lets a name with a line break escape every check.
const remotes = Type.Unsafe<Record<string, Static<typeof remote>>>({
  type: "object",
  title: "Remotes",
  description: "The remotes by name, of both scopes.",
  propertyNames: { minLength: 1, maxLength: NAME_LIMIT, pattern: NAME_PATTERN },
  additionalProperties: remote,
  allowed: "an object of name → remote: { NAME: { uri: … } }",
  examples: [{ company: { uri: "enterprise.example.com" } }],
});

const oneDefault = (description: string) =>
  Type.Optional(Type.Union([Type.String(), Type.Null()], { description }));

/** The schema of a config. */
export const configSchema = Type.Object({
  $schema: Type.Optional(Type.String({ description: "For editors: where this schema is. Ignored." })),
  runtimes: Type.Optional(Type.Array(Type.Enum(["singularity", "apptainer"], { type: "string" }), {
    description: "The programs whose remote.yaml files are kept.",
    minItems: 1,
    uniqueItems: true,
    default: ["singularity"],
  })),
  remotes,
  default: Type.Optional(Type.Union([
    Type.String(),
    Type.Null(),
    Type.Object({
      user: oneDefault("The user's default: any remote of this config. null: none. Absent: left as it is."),
      global: oneDefault(
        "The machine's default: a remote of scope global. null: none. Absent: left as it is.",
      ),
    }, closed),
  ], {
    description:
      "The remote that is used where none is named. null: none. Absent: left as it is. Different ones for user and machine: { user, global }.",
    examples: ["company", { user: "lab", global: "company" }],
  })),
  exclusive: Type.Optional(Type.Boolean({
    description: "The global default is the only remote that anybody may use. Absent: left as it is.",
  })),
  unmanaged: Type.Optional(Type.Enum(["keep", "remove"], {
    type: "string",
    description: "What becomes of remotes that sremote never put there.",
    default: "keep",
  })),
  sysconfdir: Type.Optional(Type.String({
    description:
      "Absolute path of the folder that holds singularity/ and apptainer/. Absent: /etc or /usr/local/etc, whichever has them.",
    pattern: `^/${LINE}*$`,
    allowed: "an absolute path",
    examples: ["/etc", "/opt/singularity/etc"],
  })),
  cacert: Type.Optional(Type.String({
    description:
      "Path of a PEM file with certificates of authorities to trust beside the system's, relative to the config.",
    minLength: 1,
    pattern: `^${LINE}*$`,
    allowed: "the path of a file",
    examples: ["company-ca.pem"],
  })),
}, {
  ...closed,
  title: "sremote config",
  description:
    "The remote endpoints of Singularity and Apptainer, as `sremote plan` and `sremote apply` want them.",
  if: { properties: { exclusive: { const: true } }, required: ["exclusive"] },
  then: {
    properties: {
      default: {
        anyOf: [{ type: "string" }, {
          type: "object",
          properties: { global: { type: "string" } },
          required: ["global"],
        }],
      },
    },
    required: ["default"],
  },
});

/** A config as a person writes it, in TypeScript, JSON or YAML. */
export type Config = Immutable<Static<typeof configSchema>>;
/** One remote of a {@link Config}. */
export type RemoteConfig = Immutable<Static<typeof remote>>;
