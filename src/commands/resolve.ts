/** `sremote resolve`: the address that a command would use. */
import { ENDPOINT_ALLOWED } from "../base/uri.ts";
import { discover, endpointUrl } from "../endpoint/client.ts";
import { Failure } from "../base/failure.ts";
import type { ServiceName } from "../model.ts";
import type { Context, Result } from "./shared/context.ts";
import { endpointOf, namedOrDefault, readMerged, refuseOtherThanExclusive } from "./shared/merged.ts";
import { sessionOf, withProgress } from "./shared/session.ts";

/** The flags of `resolve`. */
export interface ResolveOptions {
  readonly remote?: string;
  readonly library?: string;
  readonly builder?: string;
  readonly url?: string;
}

/** Which override belongs to which service, as `pull`, `build --remote` and `key` have them. */
const OVERRIDES = { library: "library", builder: "builder", keystore: "url" } as const;

/** Prints the address of a service: the override's, else that of the remote. */
export async function resolveService(
  context: Context,
  service: string,
  flags: ResolveOptions,
): Promise<Result> {
  if (/^(?:docker|oras|shub|http|https|docker-archive|oci|oci-archive):/i.test(service)) {
    return {
      exit: 0,
      text: `${service} is not served by remote endpoints.`,
      document: { formatVersion: 1, service, uri: null },
    };
  }
  const name = nameOf(service);
  const view = await readMerged(context);
  const override = overrideOf(name, flags);
  const remote = namedOrDefault(view, flags.remote, "use");
  refuseOtherThanExclusive(view.merged, remote);
  const session = await sessionOf(context, null);
  const endpoint = endpointOf(view, remote);
  const ask = () => withProgress(context, `Asking ${endpoint.uri}`, () => discover(session, endpoint));
  if (override !== null) {
    const only = view.merged.remotes.get(remote)!.remote.exclusive;
    const own = only ? await ask() : null;
    const allowed = own === null || "services" in own && sameAddress(own.services.get(name)?.uri, override);
    if (!allowed) {
      throw new Failure(
        "conflict",
        `cannot use ${override}: ${JSON.stringify(remote)} is exclusive on this machine`,
        {
          next: "leave the override out, or ask the machine's administrator",
        },
      );
    }
    return answer(name, remote, override, "override");
  }
  const listed = name === "keystore"
    ? view.merged.remotes.get(remote)!.remote.keyservers.filter((one) => !one.skip)
    : [];
  if (listed.length > 0) {
    return answer(
      name,
      remote,
      listed[0]!.uri,
      "keyservers",
      listed.map((one) => one.uri),
    );
  }
  const found = await ask();
  if ("trouble" in found) {
    throw new Failure(
      "network",
      `cannot tell the ${name} of ${JSON.stringify(remote)}: ${found.trouble.message}`,
      {
        ...(found.trouble.next === undefined ? {} : { next: found.trouble.next }),
      },
    );
  }
  const its = found.services.get(name);
  if (its === undefined) {
    throw new Failure(
      "network",
      `${JSON.stringify(remote)} has no ${name} service (${endpointUrl(endpoint)})`,
      {
        next: name === "library" ? "choose a remote with a library: sremote use NAME" : "ask who runs it",
      },
    );
  }
  return answer(name, remote, its.uri, "discovery");
}

function answer(
  service: ServiceName,
  remote: string,
  uri: string,
  from: string,
  all: readonly string[] = [uri],
): Result {
  return { exit: 0, text: all.join("\n"), document: { formatVersion: 1, service, remote, uri, from, all } };
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
  throw new Failure("usage", `there is no service ${JSON.stringify(service)}`, {
    next: "give library, builder, keystore, token or consent",
  });
}

function overrideOf(service: ServiceName, flags: ResolveOptions): string | null {
  const flag = service === "token" || service === "consent" ? null : OVERRIDES[service];
  const wrong = (["library", "builder", "url"] as const).find((one) =>
    one !== flag && flags[one] !== undefined
  );
  if (wrong !== undefined) {
    throw new Failure("usage", `--${wrong} does not go with ${service}`, {
      next: flag === null ? "leave it out" : `its override is --${flag}`,
    });
  }
  const given = flag === null ? undefined : flags[flag];
  if (given === undefined) return null;
  const url = URL.parse(/^[a-z]+:\/\//i.test(given) ? given : `https://${given}`);
  if (url !== null && /^(?:https?|hkps?):$/.test(url.protocol) && url.username === "") {
    return given.replace(/\/+$/, "");
  }
  throw new Failure("usage", `--${flag} ${given} is not an address`, {
    next: `give it as ${ENDPOINT_ALLOWED}`,
  });
}

function sameAddress(own: string | undefined, override: string): boolean {
  const plain = (text: string) => text.replace(/^https?:\/\//i, "").replace(/\/+$/, "").toLowerCase();
  return own !== undefined && plain(own) === plain(override);
}
