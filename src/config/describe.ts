/** The present files → a config that describes them, so that its first plan is empty. Pure. */
import type { Config, RemoteConfig, RuntimeName } from "../../schema/config.ts";
import { Failure, type Problem } from "../base/failure.ts";
import type { Reader, RemoteFile, Scope, StoredRemote } from "../model.ts";
import { showName } from "../base/show.ts";
import { showReader } from "../base/reader.ts";
import { DEFAULT_RUNTIME } from "../programs.ts";
import {
  ENDPOINT_ALLOWED,
  endpointProblem,
  KEYSERVER_ALLOWED,
  keyserverProblem,
  nameProblem,
} from "../base/uri.ts";

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
 * The config that describes the files. A token becomes `prompt`, since its source is unknown.
 * @throws {Failure} remote-file-invalid, where a config cannot describe a file
 */
export function describe(files: DescribedFiles, reader: Reader, sysconfdir: string | null): Described {
  const user = files.user === null ? [] : Array.from(files.user.remotes.values());
  const global = files.global === null ? [] : Array.from(files.global.remotes.values());
  const own = user.filter((one) => !one.system);
  const copies = new Map(user.filter((one) => one.system).map((one) => [one.name, one]));
  refuseUnfit(own, global);
  const notes: string[] = [];
  const remotes: Record<string, RemoteConfig> = {};
  for (const one of global) {
    remotes[one.name] = remoteConfig(one, "global", (copies.get(one.name) ?? one).token !== null, notes);
  }
  for (const one of own) remotes[one.name] = remoteConfig(one, "user", one.token !== null, notes);
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

function remoteConfig(stored: StoredRemote, scope: Scope, token: boolean, notes: string[]): RemoteConfig {
  if (/^https?:\/\//i.test(stored.uri)) {
    notes.push(
      `${
        showName(stored.name)
      } is stored with a scheme, which the programs do not expect: sremote plan removes it`,
    );
  }
  const external = stored.keyservers.filter((one) => one.external);
  return {
    uri: stored.insecure ? `http://${stored.uri.replace(/^https?:\/\//i, "")}` : stored.uri,
    ...(scope === "global" ? { scope } : {}),
    ...(token ? { login: { prompt: true } } : {}),
    ...(external.length === 0 ? {} : {
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
    notes.push(`the default ${showName(name)} does not exist: it is left unchanged`);
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

function refuseUnfit(own: readonly StoredRemote[], global: readonly StoredRemote[]): void {
  const problems: Problem[] = [];
  const machine = new Set(global.map((one) => one.name));
  for (const one of [...global, ...own]) {
    const path = `Remotes[${showName(one.name)}]`;
    const name = nameProblem(one.name);
    if (name !== null) problems.push({ path, message: name });
    const address = endpointProblem(one.uri);
    if (address !== null) problems.push({ path: `${path}.URI`, message: address, allowed: ENDPOINT_ALLOWED });
    one.keyservers.forEach(({ uri, external }, i) => {
      const wrong = external ? keyserverProblem(uri) : null;
      if (wrong === null) return;
      problems.push({ path: `${path}.Keyservers[${i}].URI`, message: wrong, allowed: KEYSERVER_ALLOWED });
    });
  }
  for (const { name } of own) {
    if (!machine.has(name)) continue;
    const message =
      "is in both the user file and the global file, and a config can have only one remote of a name";
    problems.push({ path: `Remotes[${showName(name)}]`, message });
  }
  if (problems.length === 0) return;
  throw new Failure(
    "remote-file-invalid",
    "cannot describe the files: a config cannot express everything in them",
    {
      next: "Fix the files with `singularity remote` or by hand, then import again",
      problems,
    },
  );
}
