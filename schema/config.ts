/**
 * The schema of the config: the only source of its static types (those in `sremote.ts` too), its validation and
 * `config.schema.json`. `allowed` is what an error message says is allowed; it is not part of the JSON schema.
 */
import Type from "typebox";
import type { Static } from "typebox";
import {
  ENDPOINT_ALLOWED,
  ENDPOINT_PATTERN,
  KEYSERVER_ALLOWED,
  KEYSERVER_PATTERN,
  NAME_PATTERN,
} from "../src/base/uri.ts";
import { NAME_CHARACTERS } from "../src/base/limits.ts";
import { READER_PATTERN, type Runtime } from "../src/base/reader.ts";

/** `T` with everything in it readonly, so that a config can be `as const`. */
export type Immutable<T> = T extends readonly unknown[] | object
  ? { readonly [K in keyof T]: Immutable<T[K]> }
  : T;

/** A program, or a program with the oldest version that has to read the file. */
export type RuntimeName =
  | Runtime
  | `${Runtime}@${number}.${number}`
  | `${Runtime}@${number}.${number}.${number}`;

const closed = { additionalProperties: false };
// A path has no line breaks, NULs or other control characters.
const LINE = "[^\\u0000-\\u001f\\u007f-\\u009f]";

const env = Type.Object({
  env: Type.String({
    description: "Name of an environment variable that holds the token when sremote runs.",
    pattern: "^[A-Za-z_][A-Za-z0-9_]*$",
    allowed: "the name of an environment variable: letters, digits and _",
  }),
}, { ...closed, title: "env", description: "The token is in an environment variable." });

const file = Type.Object({
  file: Type.String({
    description: "Path of a file that contains only the token, relative to the config.",
    minLength: 1,
    pattern: `^${LINE}*$`,
    allowed: "the path of a file",
  }),
}, { ...closed, title: "file", description: "The token is in a file." });

const command = Type.Object({
  command: Type.Array(Type.String({ minLength: 1, allowed: "a string that is not empty" }), {
    description: "A program and its arguments, run without a shell.",
    minItems: 1,
    allowed: 'the program and its arguments: ["vault", "read", …]',
  }),
}, {
  ...closed,
  title: "command",
  description: "A program prints the token. Requires --allow-command.",
});

const prompt = Type.Object({
  prompt: Type.Literal(true, { description: "Always true.", allowed: "true" }),
}, { ...closed, title: "prompt", description: "sremote prompts for the API key on the terminal." });

const LOGIN_ALLOWED = "{ env: NAME }, { file: PATH }, { command: [PROGRAM, …] }, { prompt: true } or false";

const noToken = Type.Literal(false, {
  title: "none",
  description: "No token may be stored: sremote logs out of this remote.",
  allowed: LOGIN_ALLOWED,
});

const service = Type.Enum(["library", "builder", "keystore", "keyserver", "token", "consent"], {
  type: "string",
  title: "Service",
  description: "A service of an endpoint. keyserver is another name for keystore.",
});

const keyserver = Type.Object({
  uri: Type.String({
    description: "Address with a scheme: https, http, hkps or hkp (http on port 11371).",
    pattern: KEYSERVER_PATTERN,
    allowed: KEYSERVER_ALLOWED,
    examples: ["https://keys.example.com", "hkps://keys.openpgp.org"],
  }),
  insecure: Type.Optional(Type.Boolean({
    description: "Do not verify the TLS certificate.",
    default: false,
  })),
  skip: Type.Optional(Type.Boolean({
    description: "Keep the keyserver in the list, but do not use it.",
    default: false,
  })),
}, { ...closed, title: "Keyserver", description: "A keyserver in addition to the endpoint's own." });

/** The schema of one remote; the plan's schema takes from it the fields that it shows unchanged. */
export const remoteSchema = Type.Object({
  uri: Type.String({
    description:
      "Address of the endpoint: host[:port][/path]. The scheme is optional; http:// means insecure. It cannot contain credentials.",
    pattern: ENDPOINT_PATTERN,
    allowed: ENDPOINT_ALLOWED,
    examples: ["cloud.sylabs.io", "https://enterprise.example.com", "http://localhost:5000"],
  }),
  scope: Type.Optional(Type.Enum(["user", "global"], {
    type: "string",
    description:
      "The remote.yaml that holds this remote: the user file, or the global file of the machine (written with --global).",
    default: "user",
  })),
  login: Type.Optional(Type.Union([env, file, command, prompt, noToken], {
    description:
      "Where the token comes from: a reference, never the token itself. false: no token may be stored. Unset: left unchanged, unless the remote moves to another host.",
    allowed: LOGIN_ALLOWED,
    examples: [{ env: "COMPANY_TOKEN" }, { file: "token.txt" }, { command: ["pass", "show", "company"] }, {
      prompt: true,
    }],
  })),
  check: Type.Optional(Type.Array(service, {
    description: "Services that must respond before apply changes the file.",
    uniqueItems: true,
    default: [],
    examples: [["library", "keystore"]],
  })),
  keyservers: Type.Optional(Type.Array(keyserver, {
    description:
      "All external keyservers of this remote, in order of use. They replace the endpoint's own keyserver, unless the file lists that one too (as sremote keyserver add does). Unset: left unchanged.",
  })),
}, { ...closed, title: "Remote", description: "A remote endpoint of Singularity or Apptainer." });

// Not Type.Record: its pattern `^.*$` lets a name with a line break escape every check.
const remotes = Type.Unsafe<Record<string, Static<typeof remoteSchema>>>({
  type: "object",
  title: "Remotes",
  description: "All remotes, of both scopes, by name.",
  propertyNames: { minLength: 1, maxLength: NAME_CHARACTERS, pattern: NAME_PATTERN },
  additionalProperties: remoteSchema,
  allowed: "an object of remotes by name: { NAME: { uri: … } }",
  examples: [{ company: { uri: "enterprise.example.com" } }],
});

const oneDefault = (description: string) =>
  Type.Optional(Type.Union([Type.String(), Type.Null()], { description }));

/** The schema of a config. */
export const configSchema = Type.Object({
  $schema: Type.Optional(
    Type.String({ description: "Location of this schema, for editors. sremote ignores it." }),
  ),
  runtimes: Type.Optional(Type.Array(
    Type.Unsafe<RuntimeName>({
      type: "string",
      pattern: READER_PATTERN,
      typescript:
        '"singularity" | "apptainer" | `${"singularity" | "apptainer"}@${number}.${number}` | `${"singularity" | "apptainer"}@${number}.${number}.${number}`',
      allowed:
        "singularity or apptainer, or with the oldest version that has to read the file: singularity@3.8",
    }),
    {
      description:
        "The programs whose remote.yaml files sremote manages. singularity@3.8: version 3.8 and later have to read the file. Unset: Apptainer if only its directories exist, otherwise Singularity.",
      minItems: 1,
      uniqueItems: true,
      examples: [["singularity"], ["singularity@3.8", "apptainer"]],
    },
  )),
  remotes,
  default: Type.Optional(Type.Union([
    Type.String(),
    Type.Null(),
    Type.Object({
      user: oneDefault(
        "Default remote of the user file: any remote of this config. null: none. Unset: left unchanged.",
      ),
      global: oneDefault(
        "Default remote of the global file: a remote with scope global. null: none. Unset: left unchanged.",
      ),
    }, closed),
  ], {
    description:
      "The default remote. null: none. Unset: left unchanged. { user, global } sets a different one in each file.",
    examples: ["company", { user: "lab", global: "company" }],
  })),
  exclusive: Type.Optional(Type.Boolean({
    description: "Make the global default the only remote that users can use. Unset: left unchanged.",
  })),
  unmanaged: Type.Optional(Type.Enum(["keep", "remove"], {
    type: "string",
    description: "What to do with remotes in the file that sremote does not manage.",
    default: "keep",
  })),
  sysconfdir: Type.Optional(Type.String({
    description:
      "Absolute path of the directory that contains singularity/ and apptainer/. Unset: /etc or /usr/local/etc, whichever contains them.",
    pattern: `^/${LINE}*$`,
    allowed: "an absolute path",
    examples: ["/etc", "/opt/singularity/etc"],
  })),
  cacert: Type.Optional(Type.String({
    description:
      "Path of a PEM file with CA certificates to trust in addition to the system's, relative to the config.",
    minLength: 1,
    pattern: `^${LINE}*$`,
    allowed: "the path of a file",
    examples: ["company-ca.pem"],
  })),
}, {
  ...closed,
  title: "sremote config",
  description:
    "The remote endpoints of Singularity and Apptainer that `sremote plan` compares with remote.yaml and `sremote apply` writes to it.",
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

/** A config as written in TypeScript, JSON or YAML. */
export type Config = Immutable<Static<typeof configSchema>>;
/** One remote of a {@link Config}. */
export type RemoteConfig = Immutable<Static<typeof remoteSchema>>;
