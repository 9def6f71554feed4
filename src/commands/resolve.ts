/** `sremote resolve`: the address that a command would use. */
import { ENDPOINT_ALLOWED, schemeWithoutEndpoint, withoutTrailingSlashes } from "../base/uri.ts";
import { discover, type Discovery, type Endpoint, endpointUrl } from "../endpoint/client.ts";
import { Failure } from "../base/failure.ts";
import type { Reader, ServiceName } from "../model.ts";
import { builtInDefault, overrideVariables, PROGRAMS, valueFor } from "../programs.ts";
import { printable, quote } from "../base/text.ts";
import type { Context, Result } from "./shared/context.ts";
import {
  addressTrouble,
  endpointOf,
  namedOrDefault,
  readMerged,
  refuseOtherThanExclusive,
} from "./shared/merged.ts";
import { sessionOf, withProgress } from "./shared/session.ts";

/** The flags of `resolve`. */
export interface ResolveOptions {
  readonly remote?: string;
  readonly library?: string;
  readonly builder?: string;
  readonly url?: string;
}

/** The override option of each service, as in `pull`, `build --remote` and `key`. */
const OVERRIDES = { library: "library", builder: "builder", keystore: "url" } as const;

/** Prints the address of a service: the override, else the one of the remote. */
export async function resolveService(
  context: Context,
  service: string,
  flags: ResolveOptions,
): Promise<Result> {
  const scheme = schemeWithoutEndpoint(service);
  if (scheme !== null) {
    const message = `cannot resolve ${printable(service)}: ${scheme} does not use a remote endpoint`;
    const failure = new Failure("network", message, {
      next: "Give a service, or an image that begins with library://",
    });
    return { exit: 1, document: { formatVersion: 1, service, uri: null }, failure };
  }
  const name = nameOf(service);
  const view = await readMerged(context);
  const override = overrideOf(name, flags) ?? hostIn(service, view.reader) ??
    overrideFrom(context, view.reader, name);
  if (view.merged.remotes.size === 0 && flags.remote === undefined) {
    return await resolveBuiltIn(context, view.reader, name, override);
  }
  const remote = namedOrDefault(view, flags.remote, "use");
  refuseOtherThanExclusive(view.merged, remote);
  // Scripts read the address alone; `status`, `plan` and `doctor` tell them that the program cannot use it.
  const trouble = addressTrouble(view, remote);
  if (trouble !== null) {
    const warn = context.world.terminal.errIsTerminal ? context.note : context.detail;
    warn(`Warning: ${quote(remote)} cannot be used: ${trouble.message}. ${trouble.next}.`);
  }
  const endpoint = endpointOf(view, remote);
  const ask = async () => {
    const session = await sessionOf(context, null);
    return await withProgress(context, `Asking ${endpoint.uri}`, () => discover(session, endpoint));
  };
  const { exclusive, keyservers } = view.merged.remotes.get(remote)!.remote;
  if (override !== null) {
    if (exclusive) allowOverride(await ask(), name, remote, override);
    return answer(name, remote, [override], "override");
  }
  const listed = name === "keystore" ? keyservers.filter((one) => !one.skip).map((one) => one.uri) : [];
  if (listed.length > 0) return answer(name, remote, listed, "keyservers");
  return answer(name, remote, [discovered(await ask(), name, remote, endpoint)], "discovery");
}

/** With no remote in any file, the programs use an endpoint of their own. */
async function resolveBuiltIn(
  context: Context,
  { runtime }: Reader,
  service: ServiceName,
  override: string | null,
): Promise<Result> {
  const { title, builtIn: { uri } } = PROGRAMS[runtime];
  const name = `built-in default of ${title}`;
  if (override !== null) return answer(service, name, [override], "override");
  context.note(`Note: ${builtInDefault(runtime)}.`);
  const endpoint = { uri, insecure: false };
  const session = await sessionOf(context, null);
  const found = await withProgress(context, `Asking ${uri}`, () => discover(session, endpoint));
  return answer(service, name, [discovered(found, service, name, endpoint)], "built-in");
}

/** An exclusive remote allows only an override that is its own address. @throws {Failure} conflict */
function allowOverride(found: Discovery, service: ServiceName, remote: string, override: string): void {
  if ("services" in found && sameAddress(found.services.get(service)?.uri, override)) return;
  throw new Failure(
    "conflict",
    `cannot use ${quote(override)}: ${quote(remote)} is exclusive on this machine`,
    { next: "Omit the override, or contact the administrator of this machine" },
  );
}

/** The address of a service by discovery. @throws {Failure} network */
function discovered(found: Discovery, service: ServiceName, remote: string, endpoint: Endpoint): string {
  if ("trouble" in found) {
    const { message, next } = found.trouble;
    throw new Failure("network", `cannot resolve the ${service} of ${quote(remote)}: ${message}`, {
      ...(next === undefined ? {} : { next }),
    });
  }
  const its = found.services.get(service);
  if (its !== undefined && URL.canParse(its.uri)) return its.uri;
  if (its !== undefined) {
    const message = `${endpointUrl(endpoint)} gives no usable address for its ${service} service`;
    throw new Failure("network", message, { next: "Contact its administrator" });
  }
  throw new Failure("network", `${quote(remote)} has no ${service} service (${endpointUrl(endpoint)})`, {
    next: service === "library"
      ? "Choose a remote with a library: sremote use NAME"
      : "Contact its administrator",
  });
}

/** @param all the addresses, in the order of their use; the first is the one that a command would use */
function answer(
  service: ServiceName,
  remote: string,
  given: readonly string[],
  from: string,
): Result {
  // A keyserver is asked at the root of its host, whatever path its address has (SingularityCE 3.5 to Apptainer 1.5).
  const all = service === "keystore" ? given.map(atRoot) : given;
  return {
    exit: 0,
    text: all.map(printable).join("\n"),
    document: { formatVersion: 1, service, remote, uri: all[0], from, all },
  };
}

function nameOf(service: string): ServiceName {
  switch (service) {
    case "library":
    case "builder":
    case "keystore":
    case "token":
    case "consent":
      return service;
    case "keyserver":
      return "keystore";
  }
  if (/^library:/i.test(service)) return "library";
  throw new Failure("usage", `unknown service ${quote(service)}`, {
    next: "Give library, builder, keystore, token or consent",
  });
}

function overrideOf(service: ServiceName, flags: ResolveOptions): string | null {
  const flag = service === "token" || service === "consent" ? null : OVERRIDES[service];
  const wrong = (["library", "builder", "url"] as const).find((one) =>
    one !== flag && flags[one] !== undefined
  );
  if (wrong !== undefined) {
    throw new Failure("usage", `--${wrong} and ${quote(service)} cannot be used together`, {
      next: flag === null ? "Omit it" : `Use --${flag}`,
    });
  }
  const given = flag === null ? undefined : flags[flag];
  if (given === undefined) return null;
  const url = URL.parse(/^[a-z]+:\/\//i.test(given) ? given : `https://${given}`);
  if (url !== null && /^(?:https?|hkps?):$/.test(url.protocol) && url.username === "") {
    return withoutTrailingSlashes(given);
  }
  throw new Failure("usage", `--${flag} ${quote(given)} is not an address`, {
    next: `Give it as ${ENDPOINT_ALLOWED}`,
  });
}

/** `library://HOST/user/container`: the host decides, if the first part looks like one and the program heeds it. */
function hostIn(service: string, reader: Reader): string | null {
  if (!valueFor(PROGRAMS[reader.runtime].hostInLibrary, reader)) return null;
  const host = /^library:\/\/([^/]+)\//i.exec(service)?.[1];
  return host !== undefined && /[.:]|^localhost$/.test(host) ? `https://${host}` : null;
}

/** The variable of the environment that overrides a service, as the flag does. */
function overrideFrom({ world }: Context, { runtime }: Reader, service: ServiceName): string | null {
  const variables = overrideVariables(runtime).flatMap((one) => one.service === service ? [one.name] : []);
  const given = variables.map((one) => world.here.env(one)).find((one) => one);
  return given === undefined ? null : withoutTrailingSlashes(given);
}

function atRoot(uri: string): string {
  return /^[a-z]+:\/\/[^/]+/i.exec(uri)?.[0] ?? uri;
}

function sameAddress(own: string | undefined, override: string): boolean {
  const plain = (text: string) => withoutTrailingSlashes(text.replace(/^https?:\/\//i, "")).toLowerCase();
  return own !== undefined && plain(own) === plain(override);
}
