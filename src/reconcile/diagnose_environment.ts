/** The findings of `sremote doctor` on environment variables. Pure. */
import { parseBool } from "../base/bool.ts";
import type { Diagnosis, Runtime } from "../model.ts";
import { flagVariables, newest, overrideVariables, PROGRAMS } from "../programs.ts";
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
    const those = instead === undefined ? "" : `; the default remote has ${instead}`;
    const { title } = PROGRAMS[runtime];
    const message = `${title} uses ${shownAddress(given)} in place of the ${service} of every remote${those}`;
    yield say("warning", "environment", name, message, "Unset it if that is not intended");
  }
}

/** Scheme, host and port: all the rest of an address may be a secret, and so may a value that is none. */
function shownAddress(given: string): string {
  const url = /^[a-z][a-z0-9+.-]*:\/\//i.test(given) && URL.canParse(given) ? new URL(given) : null;
  return url === null || url.host === "" ? "its value, which is no URL," : `${url.protocol}//${url.host}`;
}

function sameAddress(a: string, b: string): boolean {
  const plain = (text: string) => URL.canParse(text) ? new URL(text).href.replace(/\/+$/, "") : text;
  return plain(a) === plain(b);
}

/** Variables that stand for a flag. The value of none is shown. */
export function* diagnoseFlagVariables(runtime: Runtime, env: Env): Iterable<Diagnosis> {
  for (const { names, command, flag, is } of flagVariables(runtime)) {
    const name = names.find((one) => env(one));
    if (name === undefined) continue;
    const unset = "Unset it if that is not intended";
    if (is === "secret") {
      const message = "it holds a secret, which every program that is started from here can read";
      const next = "Unset it, and pass the secret with --tokenfile or --password-stdin";
      yield say("warning", "environment", name, message, next);
    } else if (is === "value" || parseBool(env(name)!) === true) {
      yield say("warning", "environment", name, `it is set: ${command} acts as with ${flag}`, unset);
    } else if (parseBool(env(name)!) === null) {
      const message = `it is ignored: it stands for ${flag} of ${command}, and is neither true nor false`;
      yield say("warning", "environment", name, message, "Set it to true or false, or unset it");
    }
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
  /** Whether both are one directory. */
  readonly same: boolean;
  /** The home directory that the program uses, if it does not exist; else null. */
  readonly absent: string | null;
}

/** Where the user file is, if that is not what `$HOME` suggests. */
export function* diagnoseHome(runtime: Runtime, facts: HomeFacts): Iterable<Diagnosis> {
  const { variable, file, home, password, same, absent } = facts;
  const { title, homeVariable } = PROGRAMS[runtime];
  if (variable !== null) {
    if (file !== null) yield say("note", "environment", variable, `it is set: the user file is ${file}`);
    return;
  }
  if (homeVariable !== null) {
    if (home === null && password !== null) {
      const message = `it is unset: ${title} uses ${password} of the password database`;
      yield say("note", "environment", homeVariable, message);
    }
  } else if (home !== null && password !== null && !same) {
    const message =
      `it is ${home}, but ${title} uses ${password}, the home directory in the password database`;
    const next = `Expect the user file in ${password}, or pass --remote-file`;
    yield say("warning", "environment", "HOME", message, next);
  }
  if (absent === null) return;
  const message = `the home directory ${absent} does not exist: ${title} has no place for its user file`;
  const [replacing] = newest(PROGRAMS[runtime].configVariables);
  const next = `Make the directory, or set ${replacing} to another one`;
  yield say("warning", "environment", "home directory", message, next);
}
