/**
 * What a config imports: `import { defineConfig, env } from "sremote"`. This one file is all that an editor
 * needs for types and help; inside sremote's sandbox a built-in module of the same name takes its place.
 */

// The types below are made from schema/config.ts by `deno task schema`.
// begin generated
// deno-fmt-ignore-start
/** The remote endpoints of Singularity and Apptainer, as `sremote plan` and `sremote apply` want them. */
export interface Config {
  /** For editors: where this schema is. Ignored. */
  readonly $schema?: string;
  /** The programs whose remote.yaml files are kept. Default: `["singularity"]`. */
  readonly runtimes?: readonly ("singularity" | "apptainer")[];
  /** The remotes by name, of both scopes. */
  readonly remotes: Readonly<Record<string, Remote>>;
  /** The remote that is used where none is named. null: none. Absent: left as it is. Different ones for user and machine: { user, global }. */
  readonly default?: string | null | {
    /** The user's default: any remote of this config. null: none. Absent: left as it is. */
    readonly user?: string | null;
    /** The machine's default: a remote of scope global. null: none. Absent: left as it is. */
    readonly global?: string | null;
  };
  /** The global default is the only remote that anybody may use. Absent: left as it is. */
  readonly exclusive?: boolean;
  /** What becomes of remotes that sremote never put there. Default: `"keep"`. */
  readonly unmanaged?: "keep" | "remove";
  /** Absolute path of the folder that holds singularity/ and apptainer/. Absent: /etc or /usr/local/etc, whichever has them. */
  readonly sysconfdir?: string;
  /** Path of a PEM file with certificates of authorities to trust beside the system's, relative to the config. */
  readonly cacert?: string;
}

/** A service of an endpoint. keyserver is another name of keystore. */
export type Service = "library" | "builder" | "keystore" | "keyserver" | "token" | "consent";

/** A keyserver other than the endpoint's own. */
export interface Keyserver {
  /** Address with its scheme: https, http, hkps or hkp (http on port 11371). */
  readonly uri: string;
  /** Do not verify the TLS certificate. Default: `false`. */
  readonly insecure?: boolean;
  /** Keep the keyserver in the list and out of use. Default: `false`. */
  readonly skip?: boolean;
}

/** A remote endpoint of Singularity or Apptainer. */
export interface Remote {
  /** Address of the endpoint: host[:port][/path]. A scheme is optional; http:// means insecure. No credentials. */
  readonly uri: string;
  /** Which remote.yaml holds it: the user's own, or with --global the whole machine's. Default: `"user"`. */
  readonly scope?: "user" | "global";
  /** Where the token comes from: a reference; false: no token may be stored. A token itself never goes into a config. */
  readonly login?: {
    /** Name of the environment variable that holds the token when sremote runs. */
    readonly env: string;
  } | {
    /** Path of a file whose content is the token; relative to the config. */
    readonly file: string;
  } | {
    /** The program and its arguments. No shell is involved. */
    readonly command: readonly string[];
  } | {
    /** Always true. */
    readonly prompt: true;
  } | false;
  /** Services that must answer before this remote is put in use. Default: `[]`. */
  readonly check?: readonly Service[];
  /** All external keyservers of this remote, in the order of their use. They take the place of the endpoint's own, unless the file lists that too (sremote keyserver add does). Absent: left as they are. */
  readonly keyservers?: readonly Keyserver[];
}
// deno-fmt-ignore-end
// end generated

/** What a config that is a function is called with. Nothing else comes in: a config is hermetic. */
export interface ConfigInput {
  /** The values of `--var name=value`. */
  readonly vars: Readonly<Record<string, string>>;
  /** The machine that the config is for. */
  readonly host: {
    /** Its host name. */
    readonly name: string;
    /** Its operating system: `linux`, … */
    readonly os: string;
    /** Its processor: `x64`, `arm64`, … */
    readonly arch: string;
  };
}

/** A field that the config does not have is `never`, so that an editor marks a mistyped one. */
type Exactly<T, Shape> = T extends string | number | boolean | null | undefined ? T
  : T extends readonly unknown[] ? { readonly [I in keyof T]: Exactly<T[I], ItemOf<Shape>> }
  : { readonly [K in keyof T]: K extends KeyOf<Shape> ? Exactly<T[K], FieldOf<Shape, K>> : never };
type KeyOf<Shape> = Shape extends readonly unknown[] ? never : Shape extends object ? keyof Shape : never;
type FieldOf<Shape, K> = Shape extends object ? K extends keyof Shape ? Shape[K] : never : never;
type ItemOf<Shape> = Shape extends readonly (infer Item)[] ? Item : never;

/**
 * Declares the remotes of a `remotes.ts`. Gives back what it is given; its worth is in the types.
 *
 * @example
 * ```ts
 * import { defineConfig, env } from "sremote";
 *
 * export default defineConfig({
 *   remotes: {
 *     company: { uri: "enterprise.example.com", login: env("COMPANY_TOKEN"), check: ["library"] },
 *   },
 *   default: "company",
 * });
 * ```
 *
 * @example A function, called with the `--var`s and the host
 * ```ts
 * import { defineConfig } from "sremote";
 *
 * export default defineConfig(({ vars, host }) => ({
 *   remotes: { site: { uri: vars.site ?? "site.example.com", scope: host.os === "linux" ? "global" : "user" } },
 * }));
 * ```
 */
export function defineConfig<const C extends Config>(config: C & Exactly<C, Config>): C;
export function defineConfig<const C extends Config>(
  config: (input: ConfigInput) => (C & Exactly<C, Config>) | Promise<C & Exactly<C, Config>>,
): (input: ConfigInput) => C | Promise<C>;
export function defineConfig(config: unknown): unknown {
  return config;
}

/** The token is in the environment variable `name` when sremote runs. */
export function env(name: string): { readonly env: string } {
  return { env: text(name, "env(name)") };
}

/** The token is the content of the file at `path`, relative to the config. */
export function file(path: string): { readonly file: string } {
  return { file: text(path, "file(path)") };
}

/**
 * A program prints the token: `command("pass", "show", "company")`. No shell is involved, and it runs only
 * with `--allow-command`.
 */
export function command(
  ...words: readonly [program: string, ...args: string[]] | readonly [argv: readonly string[]]
): { readonly command: readonly string[] } {
  const [first] = words;
  const argv = typeof first === "string" ? words as readonly string[] : first;
  if (!Array.isArray(argv) || argv.length === 0) {
    throw new TypeError("command(...) takes the program and its arguments");
  }
  if (!argv.every((word) => typeof word === "string")) throw new TypeError("command(...) takes texts only");
  return { command: [...argv] };
}

/** sremote asks for the token on the terminal. */
export function prompt(): { readonly prompt: true } {
  return { prompt: true };
}

function text(value: string, call: string): string {
  if (typeof value !== "string" || value === "") {
    throw new TypeError(`${call} takes one text that is not empty`);
  }
  return value;
}
