/** The present files → a config that describes them, so that its first plan changes only what the program cannot use. Pure. */
import type { Config, RemoteConfig, RuntimeName } from "../../schema/config.ts";
import { plainEndpoint, readAddress } from "../base/address.ts";
import { showReader } from "../base/reader.ts";
import { showName } from "../base/show.ts";
import { keyserverProblem, nameProblem, sameEndpoint } from "../base/uri.ts";
import type { Reader, RemoteFile, Scope, StoredRemote } from "../model.ts";
import { DEFAULT_RUNTIME } from "../programs.ts";

/** A config, and notes about what it does not contain. */
export interface Described {
  readonly config: Config;
  readonly notes: readonly string[];
}

/** The files to describe; null: skip this one. */
export interface DescribedFiles {
  readonly user: RemoteFile | null;
  readonly global: RemoteFile | null;
}

/**
 * The config that describes the files. A token becomes `prompt`, since its source is unknown. What a config cannot express
 * is left out with a note: the file keeps it, since sremote changes only what the config has.
 */
export function describe(files: DescribedFiles, reader: Reader, sysconfdir: string | null): Described {
  const user = files.user === null ? [] : Array.from(files.user.remotes.values());
  const global = files.global === null ? [] : Array.from(files.global.remotes.values());
  const copies = new Map(user.filter((one) => one.system).map((one) => [one.name, one]));
  const notes: string[] = [];
  const remotes: Record<string, RemoteConfig> = {};
  const add = (one: StoredRemote, scope: Scope, token: boolean) => {
    const why = Object.hasOwn(remotes, one.name)
      ? "it is also a global remote, and a config can have only one remote of a name"
      : unfit(one);
    if (why === null) remotes[one.name] = remoteConfig(one, scope, token, notes);
    else notes.push(`${showName(one.name)} is left out: ${why}`);
  };
  for (const one of global) {
    // A token in the global file is nobody's login, and one for an earlier address is of no use.
    const copy = copies.get(one.name);
    add(one, "global", copy !== undefined && copy.token !== null && sameEndpoint(copy.uri, one.uri));
  }
  for (const one of user) if (!one.system) add(one, "user", one.token !== null);
  const wanted = defaultOf(files, remotes, notes);
  return {
    config: {
      ...(showReader(reader) === DEFAULT_RUNTIME ? {} : { runtimes: [showReader(reader) as RuntimeName] }),
      ...(sysconfdir === null ? {} : { sysconfdir }),
      remotes,
      ...(wanted === undefined ? {} : { default: wanted }),
      ...(isExclusive(files.global, notes) ? { exclusive: true } : {}),
    },
    notes,
  };
}

/** Why a config cannot have a remote; null: it can. */
function unfit({ name, uri }: StoredRemote): string | null {
  const read = readAddress(uri);
  return nameProblem(name) ?? ("problem" in read ? `it ${read.problem}` : null);
}

/** The scheme of a stored address says nothing: the programs go by `Insecure`, and so does this. */
function remoteConfig(stored: StoredRemote, scope: Scope, token: boolean, notes: string[]): RemoteConfig {
  const { uri } = plainEndpoint(stored);
  const external = stored.keyservers.filter((one) => one.external);
  const odd = external.find((one) => keyserverProblem(one.uri) !== null);
  if (odd !== undefined) {
    notes.push(
      `the keyservers of ${showName(stored.name)} are left out: ${showName(odd.uri)}: ${
        keyserverProblem(odd.uri)
      }`,
    );
  }
  return {
    uri: stored.insecure ? `http://${uri}` : uri,
    ...(scope === "global" ? { scope } : {}),
    ...(token ? { login: { prompt: true } } : {}),
    ...(external.length === 0 || odd !== undefined ? {} : {
      keyservers: external.map(({ uri, insecure, skip }) => ({
        uri,
        ...(insecure ? { insecure } : {}),
        ...(skip ? { skip } : {}),
      })),
    }),
  };
}

/** A single name where that means the same, otherwise `{ user, global }`; undefined where no file has a default. */
function defaultOf(
  { user, global }: DescribedFiles,
  remotes: Readonly<Record<string, RemoteConfig>>,
  notes: string[],
): Config["default"] {
  const known = (name: string | null | undefined, scopes: readonly (Scope | undefined)[]) => {
    if (name === null || name === undefined) return undefined;
    if (Object.hasOwn(remotes, name) && scopes.includes(remotes[name]!.scope)) return name;
    notes.push(`the default ${showName(name)} is not in the config: it is left unchanged`);
    return undefined;
  };
  const users = known(user?.default, ["user", "global", undefined]);
  const machines = known(global?.default, ["global"]);
  if (
    users !== undefined &&
    (users === machines || machines === undefined && remotes[users]!.scope !== "global")
  ) {
    return users;
  }
  if (users === undefined && machines === undefined) return undefined;
  return {
    ...(users === undefined ? {} : { user: users }),
    ...(machines === undefined ? {} : { global: machines }),
  };
}

function isExclusive(global: RemoteFile | null, notes: string[]): boolean {
  const names = Array.from(global?.remotes.values() ?? []).flatMap((one) => one.exclusive ? [one.name] : []);
  if (names.length === 0) return false;
  if (names.length === 1 && names[0] === global?.default) return true;
  notes.push(
    `exclusive remotes that are not the only default: ${
      names.map(showName).join(", ")
    }: set exclusive to true or false`,
  );
  return false;
}
