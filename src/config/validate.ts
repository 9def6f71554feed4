/** A parsed config → the desired state, or everything that is wrong with the config. */
import { CONFIG_REMOTES } from "../base/limits.ts";
import type { Config, RemoteConfig } from "../../schema/config.ts";
import configSchema from "../../schema/config.validation.json" with { type: "json" };
import { Failure } from "../base/failure.ts";
import type { Desired, DesiredDefault, DesiredRemote, Keyserver, Scope, ServiceName } from "../model.ts";
import {
  explain,
  isObject,
  type Mistake,
  type PatternWords,
  type SchemaNode,
  toProblems,
} from "./explain.ts";
import { isSecretKey, show, showName } from "../base/show.ts";
import { parseReader } from "../base/reader.ts";
import { nearest } from "../base/suggest.ts";
import { ENDPOINT_PATTERN, endpointProblem, storedEndpoint } from "../base/uri.ts";
import { KEYSERVER_PATTERN, keyserverKey, keyserverProblem } from "../base/uri.ts";
import { NAME_PATTERN, nameProblem } from "../base/uri.ts";

const words: PatternWords = new Map([
  [ENDPOINT_PATTERN, endpointProblem],
  [KEYSERVER_PATTERN, keyserverProblem],
  [NAME_PATTERN, nameProblem],
]);

/**
 * A parsed config (plain data from JSON, YAML or the sandbox) → the desired state.
 * @param source the file's name, for messages
 * @throws {Failure} config-invalid, with all problems
 */
export function validateConfig(value: unknown, source: string): Desired {
  refuseMany(value, source);
  const mistakes = explain(configSchema as SchemaNode, value, words);
  if (isObject(value)) mistakes.push(...crossChecks(value));
  if (mistakes.length > 0) {
    const problems = toProblems(mistakes, value);
    const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
    throw new Failure("config-invalid", `cannot use ${source}: ${count} in the config`, {
      path: source,
      next: "Fix the config, then check it with `sremote validate`",
      problems,
    });
  }
  return toDesired(value as Config);
}

function refuseMany(value: unknown, source: string): void {
  const count = isObject(value) && isObject(value.remotes) ? Object.keys(value.remotes).length : 0;
  if (count <= CONFIG_REMOTES) return;
  throw new Failure("config-invalid", `cannot use ${source}: it has more than ${CONFIG_REMOTES} remotes`, {
    path: source,
    next: "Check what generates so many remotes",
    problems: [{ path: "remotes", message: `has ${count} remotes`, allowed: `at most ${CONFIG_REMOTES}` }],
  });
}

// ---------------------------------------------------------------- rules across fields

type Names = Readonly<Record<string, unknown>>;

function* crossChecks(config: Record<string, unknown>): Iterable<Mistake> {
  const remotes = isObject(config.remotes) ? config.remotes : null;
  if (remotes !== null) {
    yield* sameNames(remotes);
    for (const [name, remote] of Object.entries(remotes)) {
      if (!isObject(remote)) continue;
      if (Array.isArray(remote.check)) yield* sameService(["remotes", name, "check"], remote.check);
      if (Array.isArray(remote.keyservers)) {
        yield* sameKeyservers(["remotes", name, "keyservers"], remote.keyservers);
      }
    }
    yield* defaults(config.default, remotes);
  }
  if (Array.isArray(config.runtimes)) yield* sameRuntimes(config.runtimes);
  if (config.exclusive === true) yield* exclusive(config.default, remotes);
}

/** One program, with two versions: only one version can be the oldest. */
function* sameRuntimes(runtimes: readonly unknown[]): Iterable<Mistake> {
  const programs = runtimes.map((one) => typeof one === "string" ? one.split("@", 1)[0] : null);
  for (const [index, program] of programs.entries()) {
    const first = programs.indexOf(program);
    if (program === null || first === index || runtimes[first] === runtimes[index]) continue;
    const message = `names the same program as runtimes[${first}]`;
    yield {
      place: ["runtimes", index],
      problem: { message, found: show(runtimes[index]), allowed: "one of them" },
    };
  }
}

function* sameNames(remotes: Names): Iterable<Mistake> {
  const names = Object.keys(remotes);
  // Only a name that is not plain ASCII has more than one form.
  // deno-lint-ignore no-control-regex -- the range is ASCII
  if (names.every((name) => /^[\u0000-\u007f]*$/.test(name))) return;
  const before = new Set<string>();
  for (const name of names) {
    const normal = name.normalize("NFC");
    if (before.has(normal)) {
      const message = "looks the same as another name: the two differ only in their Unicode form";
      yield { place: ["remotes", name], problem: { message, allowed: "one Unicode form per name" } };
    }
    before.add(normal);
  }
}

function* sameService(place: readonly string[], services: readonly unknown[]): Iterable<Mistake> {
  const second = services.findLastIndex((service) => service === "keystore" || service === "keyserver");
  const first = services.findIndex((service) => service === "keystore" || service === "keyserver");
  if (first === second || services[first] === services[second]) return;
  const message = "is listed twice: keyserver and keystore are the same service";
  yield {
    place: [...place, second],
    problem: { message, found: show(services[second]), allowed: "one of them" },
  };
}

function* sameKeyservers(place: readonly string[], keyservers: readonly unknown[]): Iterable<Mistake> {
  if (keyservers.length < 2) return;
  const before = new Map<string, number>();
  for (const [index, keyserver] of keyservers.entries()) {
    const uri = isObject(keyserver) ? keyserver.uri : undefined;
    if (typeof uri !== "string" || keyserverProblem(uri) !== null) continue;
    const key = keyserverKey(uri);
    const first = before.get(key);
    if (first === undefined) before.set(key, index);
    else {
      const message = `is the same keyserver as keyservers[${first}]: scheme, host and port agree`;
      yield { place: [...place, index, "uri"], problem: { message, found: show(uri) } };
    }
  }
}

function* defaults(wanted: unknown, remotes: Names): Iterable<Mistake> {
  if (typeof wanted === "string") yield* known(["default"], wanted, remotes);
  if (!isObject(wanted)) return;
  if (typeof wanted.user === "string") yield* known(["default", "user"], wanted.user, remotes);
  if (typeof wanted.global !== "string") return;
  const unknown = [...known(["default", "global"], wanted.global, remotes)];
  yield* unknown;
  if (unknown.length === 0 && scopeOf(remotes[wanted.global]) === "user") {
    const message = "the global default must be a remote with scope global";
    const found = `${showName(wanted.global)}, which has scope user`;
    yield { place: ["default", "global"], problem: { message, found, allowed: namesOf(remotes, "global") } };
  }
}

function* known(place: readonly string[], name: string, remotes: Names): Iterable<Mistake> {
  if (Object.hasOwn(remotes, name)) return;
  const suggestion = nearest(
    name,
    Object.keys(remotes).filter((other) => nameProblem(other) === null && !isSecretKey(other)),
  );
  yield {
    place,
    problem: {
      message: "the config has no such remote",
      found: show(name),
      allowed: namesOf(remotes),
      ...(suggestion === undefined ? {} : { suggestion }),
    },
  };
}

function* exclusive(wanted: unknown, remotes: Names | null): Iterable<Mistake> {
  const name = isObject(wanted) ? wanted.global : wanted;
  const message = "an exclusive default must be a remote with scope global";
  const allowed = "true only with a `default` that names a remote with scope global";
  const nothing = {
    place: ["exclusive"],
    problem: { message, allowed, found: "true, without such a default" },
  };
  if (name === undefined || name === null) {
    yield nothing;
  } else if (typeof wanted === "string" && remotes !== null && Object.hasOwn(remotes, wanted)) {
    if (scopeOf(remotes[wanted]) !== "user") return;
    const found = `true, and the default is ${showName(wanted)}, which has scope user`;
    yield { place: ["exclusive"], problem: { message, found, allowed } };
  }
}

/** A remote's scope; null where it is invalid. */
function scopeOf(remote: unknown): Scope | null {
  if (!isObject(remote)) return null;
  if (remote.scope === undefined) return "user";
  return remote.scope === "user" || remote.scope === "global" ? remote.scope : null;
}

function namesOf(remotes: Names, scope?: Scope): string {
  const names = Object.keys(remotes).filter((name) =>
    scope === undefined || scopeOf(remotes[name]) === scope
  );
  const some = names.slice(0, 5).map(showName).join(", ");
  if (names.length === 0) {
    return scope === undefined
      ? "no name: the config has no remotes"
      : `no name: no remote has scope ${scope}`;
  }
  return names.length > 5 ? `${some}, … (${names.length} remotes)` : some;
}

// ---------------------------------------------------------------- a valid config → the desired state

function toDesired(config: Config): Desired {
  const remotes: Record<Scope, Map<string, DesiredRemote>> = { user: new Map(), global: new Map() };
  for (const [name, remote] of Object.entries(config.remotes)) {
    remotes[remote.scope ?? "user"].set(name, toRemote(name, remote));
  }
  return {
    runtimes: config.runtimes?.map(parseReader) ?? null,
    sysconfdir: config.sysconfdir ?? null,
    remotes,
    default: toDefault(config.default, remotes.global),
    exclusive: config.exclusive ?? null,
    unmanaged: config.unmanaged ?? "keep",
    cacert: config.cacert ?? null,
  };
}

/** A field that has no other form here is carried over as the config has it. */
function toRemote(name: string, remote: RemoteConfig): DesiredRemote {
  const { scope: _, uri, keyservers, login, check, ...asWritten } = remote;
  return {
    ...asWritten,
    name,
    ...storedEndpoint(uri),
    keyservers: keyservers?.map(toKeyserver) ?? null,
    login: login ?? null,
    check: (check ?? []).map((service): ServiceName => service === "keyserver" ? "keystore" : service),
  };
}

function toKeyserver(keyserver: NonNullable<RemoteConfig["keyservers"]>[number]): Keyserver {
  const { uri, skip = false, insecure = false } = keyserver;
  return { uri, skip, external: true, insecure };
}

/** A single name is the user's default, and also the global one where the remote is global. */
function toDefault(wanted: Config["default"], global: ReadonlyMap<string, unknown>): Desired["default"] {
  const one = (name: string | null | undefined): DesiredDefault =>
    name === undefined ? { kind: "unset" } : name === null ? { kind: "none" } : { kind: "remote", name };
  if (wanted === undefined || wanted === null) return { user: one(wanted), global: one(wanted) };
  if (typeof wanted !== "string") return { user: one(wanted.user), global: one(wanted.global) };
  return { user: one(wanted), global: one(global.has(wanted) ? wanted : undefined) };
}
