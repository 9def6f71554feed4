/**
 * The module that a config imports: `import { defineConfig, env } from "sremote"`. An editor needs only this file for
 * types and help; when sremote evaluates a config, a built-in module of the same name replaces it.
 */

// `deno task schema` generates the types below from schema/config.ts.
// begin generated
// deno-fmt-ignore-start
/** The remote endpoints of Singularity and Apptainer that `sremote plan` compares with remote.yaml and `sremote apply` writes to it. */
export interface Config {
  /** Location of this schema, for editors. sremote ignores it. */
  readonly $schema?: string;
  /** The programs whose remote.yaml files sremote manages. singularity@3.8: version 3.8 and later have to read the file. Unset: Apptainer if only its directories exist, otherwise Singularity. */
  readonly runtimes?: readonly ("singularity" | "apptainer" | `${"singularity" | "apptainer"}@${number}.${number}` | `${"singularity" | "apptainer"}@${number}.${number}.${number}`)[];
  /** All remotes, of both scopes, by name. */
  readonly remotes: Readonly<Record<string, Remote>>;
  /** The default remote. null: none. Unset: left unchanged. { user, global } sets a different one in each file. */
  readonly default?: string | null | {
    /** Default remote of the user file: any remote of this config. null: none. Unset: left unchanged. */
    readonly user?: string | null;
    /** Default remote of the global file: a remote with scope global. null: none. Unset: left unchanged. */
    readonly global?: string | null;
  };
  /** Make the global default the only remote that users can use. Unset: left unchanged. */
  readonly exclusive?: boolean;
  /** What to do with remotes in the file that sremote does not manage. Default: `"keep"`. */
  readonly unmanaged?: "keep" | "remove";
  /** Absolute path of the directory that contains singularity/ and apptainer/. Unset: /etc or /usr/local/etc, whichever contains them. */
  readonly sysconfdir?: string;
  /** Path of a PEM file with CA certificates to trust in addition to the system's, relative to the config. */
  readonly cacert?: string;
}

/** A service of an endpoint. keyserver is another name for keystore. */
export type Service = "library" | "builder" | "keystore" | "keyserver" | "token" | "consent";

/** A keyserver in addition to the endpoint's own. */
export interface Keyserver {
  /** Address with a scheme: https, http, hkps or hkp (http on port 11371). */
  readonly uri: string;
  /** Do not verify the TLS certificate. Default: `false`. */
  readonly insecure?: boolean;
  /** Keep the keyserver in the list, but do not use it. Default: `false`. */
  readonly skip?: boolean;
}

/** A remote endpoint of Singularity or Apptainer. */
export interface Remote {
  /** Address of the endpoint: host[:port][/path]. The scheme is optional; http:// means insecure. It cannot contain credentials. */
  readonly uri: string;
  /** The remote.yaml that holds this remote: the user file, or the global file of the machine (written with --global). Default: `"user"`. */
  readonly scope?: "user" | "global";
  /** Where the token comes from: a reference, never the token itself. false: no token may be stored. Unset: left unchanged, unless the remote moves to another host. */
  readonly login?: {
    /** Name of an environment variable that holds the token when sremote runs. */
    readonly env: string;
  } | {
    /** Path of a file that contains only the token, relative to the config. */
    readonly file: string;
  } | {
    /** A program and its arguments, run without a shell. */
    readonly command: readonly string[];
  } | {
    /** Always true. */
    readonly prompt: true;
  } | false;
  /** Services that must respond before apply changes the file. Default: `[]`. */
  readonly check?: readonly Service[];
  /** All external keyservers of this remote, in order of use. They replace the endpoint's own keyserver, unless the file lists that one too (as sremote keyserver add does). Unset: left unchanged. */
  readonly keyservers?: readonly Keyserver[];
}
// deno-fmt-ignore-end
// end generated

/** The argument of a config that is a function, and its only input: a config is hermetic. */
export interface ConfigInput {
  /** The values given with `--var name=value`. */
  readonly vars: Readonly<Record<string, string>>;
  /** The machine that the config is evaluated for. */
  readonly host: {
    /** Its host name. */
    readonly name: string;
    /** Its operating system: `linux`, … */
    readonly os: string;
    /** Its processor architecture: `x64`, `arm64`, … */
    readonly arch: string;
  };
}

/** An unknown field has the type `never`, so that an editor marks a mistyped name. */
type Exactly<T, Shape> = T extends string | number | boolean | null | undefined ? T
  : T extends readonly unknown[] ? { readonly [I in keyof T]: Exactly<T[I], ItemOf<Shape>> }
  : { readonly [K in keyof T]: K extends KeyOf<Shape> ? Exactly<T[K], FieldOf<Shape, K>> : never };
type KeyOf<Shape> = Shape extends readonly unknown[] ? never : Shape extends object ? keyof Shape : never;
type FieldOf<Shape, K> = Shape extends object ? K extends keyof Shape ? Shape[K] : never : never;
type ItemOf<Shape> = Shape extends readonly (infer Item)[] ? Item : never;

/**
 * Declares the config in a `remotes.ts`. It returns its argument unchanged and adds type checking.
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
 * @example A function of the `--var` values and the host
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

/** Reads the token from the environment variable `name` when sremote runs. */
export function env(name: string): { readonly env: string } {
  return { env: text(name, "env(name)") };
}

/** Reads the token from the file at `path`, relative to the config. */
export function file(path: string): { readonly file: string } {
  return { file: text(path, "file(path)") };
}

/**
 * Runs a program that prints the token: `command("pass", "show", "company")`. It runs without a shell and requires
 * `--allow-command`.
 */
export function command(
  ...words: readonly [program: string, ...args: string[]] | readonly [argv: readonly string[]]
): { readonly command: readonly string[] } {
  const [first] = words;
  const argv = typeof first === "string" ? words as readonly string[] : first;
  if (!Array.isArray(argv) || argv.length === 0) {
    throw new TypeError("command(...) takes the program and its arguments");
  }
  if (!argv.every((word) => typeof word === "string")) throw new TypeError("command(...) takes strings only");
  return { command: [...argv] };
}

/** Prompts for the API key on the terminal. */
export function prompt(): { readonly prompt: true } {
  return { prompt: true };
}

function text(value: string, call: string): string {
  if (typeof value !== "string" || value === "") {
    throw new TypeError(`${call} takes one string that is not empty`);
  }
  return value;
}
