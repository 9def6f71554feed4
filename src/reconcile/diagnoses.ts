/** The findings of `sremote doctor`, from what it gathered; each with its remedy. Pure: the only place with their wording. */
import { showMode } from "../base/mode.ts";
import { quote } from "../base/text.ts";
import { proxyFor, shownProxy } from "../endpoint/proxy.ts";
import type {
  Diagnosis,
  EndpointStatus,
  Hidden,
  ReadElsewhere,
  Reader,
  RemoteFile,
  Runtime,
  Scope,
  Trouble,
} from "../model.ts";
import { builtInDefault, overrideVariables, PROGRAMS } from "../programs.ts";
import { defaultOf } from "../remotefile/changes.ts";
import { exclusiveTrouble, isUnknown, nameInBoth } from "./conflicts.ts";
import { NOT_CARRIED, PUBLIC_TOKEN, REVOKE } from "./findings.ts";
import type { Merged } from "./merge.ts";
import { elsewhereProblem, hiddenParts, ignoredParts, type ReadBy, refusedWhole } from "./refused.ts";

/** What the system says about a `remote.yaml` and the files beside it. `mode`: permission bits. */
export interface FileFacts {
  readonly scope: Scope;
  readonly path: string;
  /** null: it does not exist. */
  readonly file: { readonly kind: string; readonly mode: number; readonly uid: number } | null;
  /** `link`: where it leads, if it is a symbolic link to nothing; its mode is then of no account. */
  readonly directory: { readonly path: string; readonly mode: number; readonly link: string | null } | null;
  readonly backup: { readonly path: string; readonly mode: number } | null;
  readonly lock: string | null;
  /** Who has to own it; null: anyone, because the file is not the one that the program reads here. */
  readonly owner: number | null;
}

/** A `remote.yaml` as it was read. */
export interface ReadFile {
  readonly path: string;
  readonly document: { readonly content: RemoteFile };
}

/** A finding. `next`: the remedy, as an imperative. */
export function say(
  severity: Diagnosis["severity"],
  about: Diagnosis["about"],
  subject: string,
  message: string,
  next?: string,
): Diagnosis {
  return { severity, about, subject, message, ...(next === undefined ? {} : { next }) };
}

// ---------------------------------------------------------------- files

const OTHERS_WRITE = 0o022;
const OTHERS_READ = 0o044;
const STICKY = 0o1000;

/** Existence, owner and modes. */
export function* diagnoseFile(facts: FileFacts): Iterable<Diagnosis> {
  const { scope, path, file, directory, backup, lock, owner } = facts;
  if (file === null) {
    yield say("ok", "file", path, `the ${scope} file was not found and is treated as empty`);
  } else if (file.kind === "file") {
    yield say("ok", "file", path, `the ${scope} file, mode ${showMode(file.mode)}, owner ${file.uid}`);
    if (owner !== null && file.uid !== owner) {
      const message = `it belongs to uid ${file.uid}, not to ${scope === "global" ? "root" : "you"}`;
      yield say("error", "file", path, message, `Run as root: chown ${owner} ${path}`);
    }
    if ((file.mode & OTHERS_WRITE) !== 0) {
      const mode = { user: "600", global: "644" }[scope];
      yield say("error", "file", path, "others can change it", `Run chmod ${mode} ${path}`);
    } else if (scope === "user" && (file.mode & OTHERS_READ) !== 0) {
      yield say("warning", "file", path, "others can read it and its tokens", `Run chmod 600 ${path}`);
    }
  }
  if (directory !== null && directory.link !== null) {
    const message = `it is a symbolic link to ${directory.link}, which does not exist`;
    yield say("error", "file", directory.path, message, "Make that directory, or remove the link");
  } else if (directory !== null && (directory.mode & OTHERS_WRITE) !== 0 && (directory.mode & STICKY) === 0) {
    const message = "others can replace the files in this directory";
    yield say("error", "file", directory.path, message, `Run chmod go-w ${directory.path}`);
  }
  if (backup !== null && scope === "user" && (backup.mode & 0o077) !== 0) {
    yield say("warning", "file", backup.path, "others can read it", `Run chmod 600 ${backup.path}`);
  }
  if (lock !== null) {
    const message = "a lock is held by a running or killed sremote process";
    yield say(
      "warning",
      "file",
      lock,
      message,
      "If none is running, wait 8 s: the lock then counts as abandoned",
    );
  }
}

/** Two global files, and nothing says which one is used. */
export function diagnoseAmbiguous(runtime: Runtime): Diagnosis {
  const message = `both /etc and /usr/local/etc hold a remote.yaml of ${PROGRAMS[runtime].title}`;
  return say("warning", "file", "/usr/local/etc", message, "Pass the one that it reads with --sysconfdir");
}

/** What the program refuses or ignores in a file. */
export function* diagnoseRefused(
  reader: Reader,
  read: ReadBy,
  hidden: readonly Hidden[],
): Iterable<Diagnosis> {
  const all = [...refusedWhole(reader, read), ...ignoredParts(reader, read)];
  for (const { severity, message, next, remote } of all) {
    yield aboutItself(say(severity, "file", remote ?? read.path, message, next));
  }
  for (const one of hidden) {
    for (const { severity, message, next } of hiddenParts(reader, [one])) {
      yield aboutItself(say(severity, "file", one.path, message, next));
    }
  }
}

/** The subject stands before the message, which need not say it again. */
function aboutItself(diagnosis: Diagnosis): Diagnosis {
  const { subject, message } = diagnosis;
  for (const name of [subject, quote(subject)]) {
    if (message.startsWith(`${name} `)) {
      return { ...diagnosis, message: `it ${message.slice(name.length + 1)}` };
    }
  }
  return { ...diagnosis, message: message.replace(` in ${subject}`, "") };
}

/** The user file that newer versions read in place of this one. */
export function diagnoseElsewhere(reader: Reader, file: string, elsewhere: ReadElsewhere): Diagnosis {
  const { message, next } = elsewhereProblem(reader, file, elsewhere);
  return say("warning", "file", file, message, next);
}

/** Entries of the global file that do not do what they say. */
export function* diagnoseGlobal({ path, document }: ReadFile): Iterable<Diagnosis> {
  for (const { name, token, insecure } of document.content.remotes.values()) {
    if (token !== null) yield say("error", "file", path, `${quote(name)} ${PUBLIC_TOKEN}`, REVOKE);
    if (insecure) {
      const message = `it is insecure, but users contact it over https: ${NOT_CARRIED}`;
      yield say("warning", "conflict", name, message, "Serve it over https, or let users add it themselves");
    }
  }
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
  yield diagnoseDefault(runtime, merged, mine, shared);
  const [own, only] = [mine.default, merged.exclusive?.name ?? null];
  const { exclusive } = defaultOf(shared);
  if (exclusiveTrouble({ remote: only, exclusive }) === "several") {
    const message = `more than one remote is exclusive: ${exclusive.map(quote).join(", ")}`;
    yield say("error", "conflict", "exclusive", message, "Run as root: sremote use --global NAME");
  } else if (only !== null && own !== null && own !== only) {
    const message = `${quote(only)} is exclusive: your default ${quote(own)} has no effect`;
    yield say("warning", "conflict", "exclusive", message, `Run sremote use ${only}`);
  }
  for (const { remote: { name, system } } of merged.remotes.values()) {
    if (!system || shared.remotes.has(name)) continue;
    const message = "it is a copy of a global remote that no longer exists";
    yield say("warning", "conflict", name, message, `Run sremote remove ${name}`);
  }
}

function diagnoseDefault(
  runtime: Runtime,
  { default: name, remotes }: Merged,
  user: RemoteFile,
  global: RemoteFile,
): Diagnosis {
  const about = ["conflict", "default"] as const;
  if (name === null && remotes.size === 0) {
    return say("warning", ...about, builtInDefault(runtime), "Add a remote");
  }
  if (name === null) return say("warning", ...about, "there is no default remote", "Run sremote use NAME");
  return isUnknown(name, [user, global])
    ? say("error", ...about, `the default ${quote(name)} does not exist`, "Run sremote use NAME")
    : say("ok", ...about, `the default remote is ${quote(name)}`);
}

/** Variables that override services of every remote. */
export function* diagnoseOverrides(
  runtime: Runtime,
  env: (name: string) => string | undefined,
): Iterable<Diagnosis> {
  const decided = new Set<string>();
  for (const { name, service } of overrideVariables(runtime)) {
    const given = env(name);
    if (!given || decided.has(service)) continue;
    decided.add(service);
    const shown = given.includes("@") ? "an address with credentials" : given;
    const message = `${PROGRAMS[runtime].title} uses ${shown} in place of the ${service} of every remote`;
    yield say("warning", "environment", name, message, "Unset it if that is not intended");
  }
}

// ---------------------------------------------------------------- network

/** Proxies that the environment names, and the certificate store. `file`: null if there is none. */
export function* diagnoseNetwork(
  env: (name: string) => string | undefined,
  store: { readonly file: string | null; readonly certificates: readonly string[] },
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

/** The services of an endpoint, and the login to it. */
export function* diagnoseEndpoint(status: EndpointStatus): Iterable<Diagnosis> {
  const { remote, uri, services, login, trouble } = status;
  if (trouble !== null) {
    yield troubled("error", remote, trouble);
    return;
  }
  const up = services.filter((one) => one.ok).map((one) => one.service).join(", ");
  yield say("ok", "endpoint", remote, `${uri} answers; OK: ${up || "no service"}`);
  if (!services.some((one) => one.service === "library")) {
    const message = "it has no library: library:// fails with this remote";
    yield say("warning", "endpoint", remote, message, "Use a remote with a library for library://");
  }
  for (const one of services) {
    if (one.trouble !== null) yield troubled("error", `${remote}.${one.service}`, one.trouble);
  }
  switch (login.state) {
    case "valid":
      yield say("ok", "login", remote, "the stored API key is valid");
      break;
    case "invalid":
      yield say("error", "login", remote, "the stored API key is not valid", `Run sremote login ${remote}`);
      break;
    case "unknown":
      if (login.trouble !== null) yield troubled("warning", remote, login.trouble);
      break;
    case "none":
  }
}

function troubled(
  severity: "error" | "warning",
  subject: string,
  { kind, message, next }: Trouble,
): Diagnosis {
  return say(severity, kind === "dns" ? "dns" : "endpoint", subject, message, next);
}
