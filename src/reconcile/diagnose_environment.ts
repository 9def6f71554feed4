/** The findings of `sremote doctor` on environment variables. Pure. */
import type { Diagnosis, Runtime } from "../model.ts";
import { flagVariables, overrideVariables, PROGRAMS } from "../programs.ts";
import { say } from "./diagnosis.ts";

type Env = (name: string) => string | undefined;

/**
 * Variables that override services of every remote.
 * @param services the addresses that the default remote gives; null: unknown
 */
export function* diagnoseOverrides(
  runtime: Runtime,
  env: Env,
  services: ReadonlyMap<string, string> | null,
): Iterable<Diagnosis> {
  const decided = new Set<string>();
  for (const { name, service } of overrideVariables(runtime)) {
    const given = env(name);
    if (!given || decided.has(service)) continue;
    decided.add(service);
    const instead = services?.get(service);
    if (instead !== undefined && sameAddress(instead, given)) {
      yield say("ok", "environment", name, `it names the ${service} that the default remote has`);
      continue;
    }
    const shown = given.includes("@") ? "an address with credentials" : given;
    const those = instead === undefined ? "" : `; the default remote has ${instead}`;
    const message = `${
      PROGRAMS[runtime].title
    } uses ${shown} in place of the ${service} of every remote${those}`;
    yield say("warning", "environment", name, message, "Unset it if that is not intended");
  }
}

function sameAddress(a: string, b: string): boolean {
  const plain = (text: string) => URL.canParse(text) ? new URL(text).href.replace(/\/+$/, "") : text;
  return plain(a) === plain(b);
}

/** Variables that stand for a flag. The value of none is shown. */
export function* diagnoseFlagVariables(runtime: Runtime, env: Env): Iterable<Diagnosis> {
  for (const { name, command, flag, secret } of flagVariables(runtime)) {
    if (!env(name)) continue;
    if (secret) {
      const message = "it holds a secret, which every program that is started from here can read";
      const next = "Unset it, and pass the secret with --tokenfile or --password-stdin";
      yield say("warning", "environment", name, message, next);
      continue;
    }
    const message = `it is set: ${command} acts as with ${flag}`;
    yield say("warning", "environment", name, message, "Unset it if that is not intended");
  }
}

/** What decides which user file is used. */
export interface HomeFacts {
  /** The variable in use that replaces the directory in the home directory; null: none. */
  readonly variable: string | null;
  /** The user file; null: there is no home directory. */
  readonly file: string | null;
  /** `$HOME`; null: unset or empty. */
  readonly home: string | null;
  /** The home directory in the password database; null: none. */
  readonly password: string | null;
}

/** Where the user file is, if that is not what `$HOME` suggests. */
export function* diagnoseHome(runtime: Runtime, facts: HomeFacts): Iterable<Diagnosis> {
  const { variable, file, home, password } = facts;
  const { title, homeVariable } = PROGRAMS[runtime];
  if (variable !== null) {
    if (file !== null) yield say("note", "environment", variable, `it is set: the user file is ${file}`);
    return;
  }
  if (homeVariable !== null) {
    if (home === null && password !== null) {
      yield say(
        "note",
        "environment",
        homeVariable,
        `it is unset: ${title} uses ${password} of the password database`,
      );
    }
    return;
  }
  if (home === null || password === null || home.replace(/\/+$/, "") === password.replace(/\/+$/, "")) return;
  const message = `it is ${home}, but ${title} uses ${password}, the home directory in the password database`;
  yield say(
    "warning",
    "environment",
    "HOME",
    message,
    `Expect the user file in ${password}, or pass --remote-file`,
  );
}
