/** The findings of `sremote doctor` on conflicts, the network and endpoints; each with its remedy. Pure. */
import { expiryOf, expiryWarning, type Horizon } from "../base/expiry.ts";
import { quote, sremoteCommand } from "../base/text.ts";
import { proxyFor, shownProxy } from "../endpoint/proxy.ts";
import type { Diagnosis, EndpointStatus, RemoteFile, Runtime, Scope, Trouble } from "../model.ts";
import { builtInDefault, keyserverAlone } from "../programs.ts";
import { defaultOf } from "../remotefile/changes.ts";
import { exclusiveTrouble, isUnknown, nameInBoth } from "./conflicts.ts";
import { say } from "./diagnosis.ts";
import type { Merged } from "./merge.ts";

/** A `remote.yaml` as it was read. */
export interface ReadFile {
  readonly path: string;
  readonly document: { readonly content: RemoteFile };
}

/** Conflicts between both files, the default, and copies of global remotes that no longer exist. */
export function* diagnoseBoth(
  runtime: Runtime,
  { merged, user, global }: { readonly merged: Merged } & Readonly<Record<Scope, ReadFile>>,
): Iterable<Diagnosis> {
  const [mine, shared] = [user.document.content, global.document.content];
  const { works, effect } = nameInBoth(runtime);
  for (const name of merged.collisions) {
    const message = `it is both in ${user.path} and in ${global.path}: ${effect}`;
    yield say(works ? "warning" : "error", "conflict", name, message, "Rename one of them");
  }
  yield* diagnoseDefault(runtime, merged, mine, shared);
  const [own, only] = [mine.default, merged.exclusive?.name ?? null];
  const { exclusive } = defaultOf(shared);
  if (exclusiveTrouble({ remote: only, exclusive }) === "several") {
    const message = `more than one remote is exclusive: ${exclusive.map(quote).join(", ")}`;
    yield say("error", "conflict", "exclusive", message, "Run as root: sremote use --global NAME");
  } else if (only !== null && own !== null && own !== only) {
    const message = `${quote(only)} is exclusive: your default ${quote(own)} has no effect`;
    yield say("warning", "conflict", "exclusive", message, `Run ${sremoteCommand(["use"], [only])}`);
  }
  for (const { remote: { name, system } } of merged.remotes.values()) {
    if (!system || shared.remotes.has(name)) continue;
    const message = "it is a copy of a global remote that no longer exists";
    yield say("warning", "conflict", name, message, `Run ${sremoteCommand(["remove"], [name])}`);
  }
}

function* diagnoseDefault(
  runtime: Runtime,
  { default: name, remotes }: Merged,
  user: RemoteFile,
  global: RemoteFile,
): Iterable<Diagnosis> {
  const about = ["conflict", "default"] as const;
  if (name === null) {
    yield remotes.size === 0
      ? say("warning", ...about, builtInDefault(runtime), "Add a remote")
      : say("warning", ...about, "there is no default remote", "Run sremote use NAME");
    return;
  }
  if (isUnknown(name, [user, global])) {
    yield say("error", ...about, `the default ${quote(name)} does not exist`, "Run sremote use NAME");
    return;
  }
  yield say("ok", ...about, `the default remote is ${quote(name)}`);
  const uri = remotes.get(name)?.remote.uri;
  if (uri !== undefined && keyserverAlone(uri) !== null) yield withoutLibrary(name, uri);
}

/** The most asked question of Apptainer's users. */
function withoutLibrary(name: string, uri: string): Diagnosis {
  const message = `library:// fails: the default remote ${quote(name)} (${uri}) has no library`;
  const next = "Run sremote use NAME with a remote that has one, or pass --library to pull, push and search";
  return say("warning", "conflict", "default", message, next);
}

// ---------------------------------------------------------------- network

/**
 * Proxies that the environment names, and the certificate store. `file`: null if there is none.
 * @param wrong what is wrong in the store, each as a clause
 */
export function* diagnoseNetwork(
  env: (name: string) => string | undefined,
  store: { readonly file: string | null; readonly certificates: readonly string[] },
  wrong: readonly string[] = [],
): Iterable<Diagnosis> {
  for (const scheme of ["https", "http"]) {
    try {
      // A host that NO_PROXY cannot name.
      const proxy = proxyFor(new URL(`${scheme}://sremote.invalid`), env);
      if (proxy === null) continue;
      yield say("ok", "proxy", proxy.variable, `${scheme} goes through the proxy ${shownProxy(proxy)}`);
    } catch (error) {
      const name = `${scheme.toUpperCase()}_PROXY`;
      yield say("error", "proxy", name, (error as Error).message, "Correct the variable or unset it");
    }
  }
  const direct = env("NO_PROXY") || env("no_proxy");
  if (direct) yield say("ok", "proxy", "NO_PROXY", `not through a proxy: ${direct}`);
  const all = ["ALL_PROXY", "all_proxy"].find((name) => env(name));
  if (all !== undefined) {
    const message = "neither sremote nor the programs read it";
    yield say("note", "proxy", all, message, "Set HTTPS_PROXY if there is a proxy");
  }
  for (const one of wrong) {
    const next = "Remove it from the store, or replace it; what is left is used";
    yield say("warning", "certificates", store.file ?? "certificates", one, next);
  }
  const count = store.certificates.length;
  yield store.file === null
    ? say(
      "error",
      "certificates",
      "certificates",
      "this system has no certificate store",
      "Install ca-certificates, or pass --cacert FILE",
    )
    : say("ok", "certificates", store.file, `${count} CA ${count === 1 ? "certificate" : "certificates"}`);
}

/** The services of an endpoint, and the login to it. `isDefault`: it is the endpoint of the default remote. */
export function* diagnoseEndpoint(status: EndpointStatus, isDefault: boolean): Iterable<Diagnosis> {
  const { remote, uri, services, login, trouble } = status;
  if (trouble !== null) {
    yield troubled("error", remote, trouble);
    return;
  }
  const up = services.filter((one) => one.ok).map((one) => one.service).join(", ");
  const answers = `${uri} ${keyserverAlone(uri) === null ? "answers" : "has only a keyserver"}`;
  yield say("ok", "endpoint", remote, `${answers}; OK: ${up || "no service"}`);
  if (!services.some((one) => one.service === "library")) {
    if (!isDefault) {
      const message = "it has no library: library:// fails while it is the default";
      yield say("note", "endpoint", remote, message);
    } else if (keyserverAlone(uri) === null) yield withoutLibrary(remote, uri);
  }
  for (const one of services) {
    if (one.trouble !== null) yield troubled("error", `${remote}.${one.service}`, one.trouble);
  }
  switch (login.state) {
    case "valid":
      yield say("ok", "login", remote, "the stored API key is valid");
      break;
    case "invalid":
      yield say(
        "error",
        "login",
        remote,
        "the stored API key is not valid",
        `Run ${sremoteCommand(["login"], [remote])}`,
      );
      break;
    case "unknown":
      if (login.trouble !== null) yield troubled("warning", remote, login.trouble);
      break;
    case "none":
  }
}

/** Stored tokens that expire soon, or have: offline, so also of those whose endpoint does not answer. */
export function* diagnoseExpiry(user: RemoteFile, horizon: Horizon): Iterable<Diagnosis> {
  for (const { name, token } of user.remotes.values()) {
    const when = expiryWarning(expiryOf(token), horizon);
    if (when === null) continue;
    const next = `Run ${sremoteCommand(["login"], [name])} with a new API key`;
    yield say("warning", "login", name, `the stored API key ${when}`, next);
  }
}

function troubled(
  severity: "error" | "warning",
  subject: string,
  { kind, message, next }: Trouble,
): Diagnosis {
  return say(severity, kind === "dns" ? "dns" : "endpoint", subject, message, next);
}
