/** The findings of `sremote doctor` on conflicts, the network and endpoints; each with its remedy. Pure. */
import { expiryOf, expiryWarning, type Horizon } from "../base/expiry.ts";
import { quote } from "../base/text.ts";
import { mayReceive } from "../base/uri.ts";
import { proxyFor, shownProxy } from "../endpoint/proxy.ts";
import type { Diagnosis, EndpointStatus, RemoteFile, Runtime, Scope, Trouble } from "../model.ts";
import { builtInDefault, keyserverAlone, PROGRAMS } from "../programs.ts";
import { defaultOf } from "../remotefile/changes.ts";
import { exclusiveTrouble, isUnknown, nameInBoth } from "./conflicts.ts";
import { say, type Sremote } from "./diagnosis.ts";
import type { Merged } from "./merge.ts";

/** A `remote.yaml` as it was read. */
export interface ReadFile {
  readonly path: string;
  /** null: it does not exist. */
  readonly digest: string | null;
  readonly document: { readonly content: RemoteFile };
}

/** Both files, as they were read, and what a user sees of them. */
export type BothFiles = { readonly merged: Merged } & Readonly<Record<Scope, ReadFile>>;

/** Conflicts between both files, the default, and copies of global remotes that no longer exist or have moved. */
export function* diagnoseBoth(
  runtime: Runtime,
  { merged, user, global }: BothFiles,
  sremote: Sremote,
): Iterable<Diagnosis> {
  const [mine, shared] = [user.document.content, global.document.content];
  const { works, effect } = nameInBoth(runtime);
  for (const name of merged.collisions) {
    const message = `it is both in ${user.path} and in ${global.path}: ${effect}`;
    const again = sremote(["add"], ["NEW-NAME", mine.remotes.get(name)!.uri]);
    const next = `Run ${sremote(["remove"], [name])}, then add it under another name: ${again}`;
    yield say(works ? "warning" : "error", "conflict", name, message, next);
  }
  yield* diagnoseDefault(runtime, merged, mine, shared, sremote);
  const [own, only] = [mine.default, merged.exclusive?.name ?? null];
  const { exclusive } = defaultOf(shared);
  if (exclusiveTrouble({ remote: only, exclusive }) === "several") {
    const message = `more than one remote is exclusive: ${exclusive.map(quote).join(", ")}`;
    yield say(
      "error",
      "conflict",
      "exclusive",
      message,
      `Run as root: ${sremote(["use", "--global", "--exclusive"], ["NAME"])}`,
    );
  } else if (only !== null && own !== null && own !== only) {
    const message = `${quote(only)} is exclusive: your default ${quote(own)} has no effect`;
    yield say("warning", "conflict", "exclusive", message, `Run ${sremote(["use"], [only])}`);
  }
  yield* diagnoseCopies(runtime, merged, mine, global, sremote);
}

/** `System: true` in the user file: copies of global remotes. Where there is no global file, people write it by hand. */
function* diagnoseCopies(
  runtime: Runtime,
  merged: Merged,
  mine: RemoteFile,
  { path, digest, document: { content: shared } }: ReadFile,
  sremote: Sremote,
): Iterable<Diagnosis> {
  for (const copy of mine.remotes.values()) {
    const { name, system, token } = copy;
    if (!system) continue;
    const now = shared.remotes.get(name);
    if (now === undefined) {
      if (digest === null) continue;
      const message = `it is a copy of a global remote that ${path} does not have`;
      if (token !== null || merged.default === name) {
        yield say("note", "conflict", name, message, "Set System: false if it is your own remote");
      } else yield say("warning", "conflict", name, message, `Run ${sremote(["remove"], [name])}`);
    } else if (token !== null && !mayReceive(copy, { uri: now.uri, insecure: copy.insecure })) {
      const message = `its token was made for ${copy.uri}, but ${
        PROGRAMS[runtime].title
      } sends it to ${now.uri}, the address in ${path}`;
      const next = `Run ${sremote(["login"], [name])}, or ${sremote(["logout"], [name])}`;
      yield say("warning", "conflict", name, message, next);
    }
  }
}

function* diagnoseDefault(
  runtime: Runtime,
  { default: name, remotes }: Merged,
  user: RemoteFile,
  global: RemoteFile,
  sremote: Sremote,
): Iterable<Diagnosis> {
  const about = ["conflict", "default"] as const;
  const choose = `Run ${sremote(["use"], ["NAME"])}`;
  if (name === null) {
    yield remotes.size === 0
      ? say("warning", ...about, builtInDefault(runtime), "Add a remote")
      : say("warning", ...about, "there is no default remote", choose);
    return;
  }
  if (isUnknown(name, [user, global])) {
    const inGlobal = user.default === null
      ? `Run as root: ${sremote(["use", "--global"], ["NAME"])}, or for yourself: ${
        sremote(["use"], ["NAME"])
      }`
      : null;
    yield say("error", ...about, `the default ${quote(name)} does not exist`, inGlobal ?? choose);
    return;
  }
  yield say("ok", ...about, `the default remote is ${quote(name)}`);
  const uri = remotes.get(name)?.remote.uri;
  if (uri !== undefined && keyserverAlone(uri) !== null) {
    yield withoutLibrary(name, uri, isShipped(runtime, name, uri, global), sremote);
  }
}

/** The program came with this default, and nobody chose it. */
function isShipped(runtime: Runtime, name: string, uri: string, global: RemoteFile): boolean {
  const { shipped } = PROGRAMS[runtime];
  return name === shipped.name && uri.toLowerCase() === shipped.uri &&
    (global.default === null || global.default === name);
}

/** The most asked question of Apptainer's users. */
function withoutLibrary(name: string, uri: string, shipped: boolean, sremote: Sremote): Diagnosis {
  const message = `library:// fails: the default remote ${quote(name)} (${uri}) has no library`;
  const next = `Run ${
    sremote(["use"], ["NAME"])
  } with a remote that has one, or pass --library to pull, push and search`;
  return say(shipped ? "note" : "warning", "conflict", "default", message, next);
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
    const [, variable] = / of (SSL_CERT_(?:FILE|DIR))\b/.exec(one) ?? [];
    const damaged = one.startsWith("skipped");
    const next = variable !== undefined
      ? `Correct ${variable} or unset it`
      : damaged
      ? "Remove it from the store, or replace it; what is left is used"
      : "Make it readable for everyone, or install the certificates again";
    yield say("warning", "certificates", variable ?? store.file ?? "certificates", one, next);
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
export function* diagnoseEndpoint(
  status: EndpointStatus,
  isDefault: boolean,
  sremote: Sremote,
): Iterable<Diagnosis> {
  const { remote, uri, services, login, trouble } = status;
  // The commands of the program use the default; another remote is in nobody's way.
  const severity = isDefault ? "error" : "warning";
  if (trouble !== null) {
    yield troubled(severity, remote, trouble);
    return;
  }
  const up = services.filter((one) => one.ok).map((one) => one.service).join(", ");
  const answers = `${uri} ${keyserverAlone(uri) === null ? "answers" : "has only a keyserver"}`;
  yield say("ok", "endpoint", remote, `${answers}; OK: ${up || "no service"}`);
  if (!services.some((one) => one.service === "library")) {
    if (!isDefault) {
      const message = "it has no library: library:// fails while it is the default";
      yield say("note", "endpoint", remote, message);
    } else if (keyserverAlone(uri) === null) {
      yield withoutLibrary(remote, uri, false, sremote);
    }
  }
  for (const one of services) {
    if (one.trouble !== null) yield troubled(severity, `${remote}.${one.service}`, one.trouble);
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
        `Run ${sremote(["login"], [remote])}`,
      );
      break;
    case "unknown":
      if (login.trouble !== null) yield troubled("warning", remote, login.trouble);
      break;
    case "none":
  }
}

/** Stored tokens that expire soon, or have: offline, so also of those whose endpoint does not answer. */
export function* diagnoseExpiry(
  user: RemoteFile,
  horizon: Horizon,
  sremote: Sremote,
): Iterable<Diagnosis> {
  for (const { name, token } of user.remotes.values()) {
    const when = expiryWarning(expiryOf(token), horizon);
    if (when === null) continue;
    const next = `Run ${sremote(["login"], [name])} with a new API key`;
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
