/** `sremote doctor`: files, conflicts, proxy, authorities, names, endpoints; each finding with its remedy. */
import { dirname } from "node:path";
import { proxyFor, shownProxy } from "../endpoint/proxy.ts";
import { askEndpoints } from "../endpoint/status.ts";
import { systemStore } from "../endpoint/trust.ts";
import { Failure } from "../base/failure.ts";
import { showMode } from "../base/mode.ts";
import type { Diagnosis, EndpointStatus, Scope, Trouble } from "../model.ts";
import { defaultOf } from "../remotefile/changes.ts";
import { merge } from "../remotefile/merge.ts";
import { ambiguousSysconfdir, findTarget } from "../remotefile/paths.ts";
import { backupPath, readStored, type StoredFile } from "../remotefile/store.ts";
import { renderDiagnoses } from "../report/doctor.ts";
import { type Context, pathsOf, type Result } from "./shared/context.ts";
import { askedOf, type MergedView, runtimeOf } from "./shared/merged.ts";
import { sessionOf, withProgress } from "./shared/session.ts";

/** Looks at everything that a remote's command depends on. Changes nothing. */
export async function doctor(context: Context): Promise<Result> {
  const { world } = context;
  const runtime = runtimeOf(context);
  const paths = pathsOf(context, null);
  const found: Diagnosis[] = [];
  const files: Partial<Record<Scope, StoredFile>> = {};
  for (const scope of ["user", "global"] as const) {
    const place = scope === "user" ? paths : { ...paths, remoteFile: null };
    try {
      const { file } = await findTarget(runtime, scope, place, world);
      found.push(...lookAtFile(context, scope, file));
      files[scope] = await readStored(world, file);
      found.push(...lookAtContent(scope, files[scope]));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      found.push(say("error", "file", `the ${scope} file`, error.message, error.next));
    }
  }
  if (ambiguousSysconfdir(runtime, paths, world)) {
    found.push(
      say(
        "warning",
        "file",
        "/usr/local/etc",
        `both /etc and /usr/local/etc hold a remote.yaml of ${runtime}`,
        "say which one the program reads with --sysconfdir",
      ),
    );
  }
  const { user, global } = files;
  if (user !== undefined && global !== undefined) {
    const view = { merged: merge(user.document.content, global.document.content), user, global };
    found.push(...lookAtBoth(view));
    found.push(...lookAtNetwork(context));
    found.push(...await withProgress(context, "Asking the endpoints", () => lookAtEndpoints(context, view)));
  }
  const errors = found.filter((one) => one.severity === "error").length;
  return {
    exit: errors === 0 ? 0 : 1,
    text: renderDiagnoses(found, context.style),
    document: { formatVersion: 1, ok: errors === 0, findings: found },
  };
}

function say(
  severity: Diagnosis["severity"],
  about: Diagnosis["about"],
  subject: string,
  message: string,
  next?: string,
): Diagnosis {
  return { severity, about, subject, message, ...(next === undefined ? {} : { next }) };
}

// ---------------------------------------------------------------- files

function* lookAtFile({ world, options }: Context, scope: Scope, file: string): Iterable<Diagnosis> {
  const stat = world.files.stat(file);
  const rooted = options.root !== null || options.remoteFile !== null;
  if (stat === null) {
    yield say("ok", "file", file, `the ${scope} file is not there, which is as good as empty`);
  } else if (stat.kind === "file") {
    const owner = scope === "global" ? 0 : world.here.uid;
    yield say("ok", "file", file, `the ${scope} file, mode ${showMode(stat.mode)}, owner ${stat.uid}`);
    if (stat.uid !== owner && !rooted) {
      yield say(
        "error",
        "file",
        file,
        `it belongs to uid ${stat.uid}, not to ${scope === "global" ? "root" : "you"}`,
        `as root: chown ${owner} ${file}`,
      );
    }
    if ((stat.mode & 0o022) !== 0) {
      yield say(
        "error",
        "file",
        file,
        "others can change it",
        `chmod ${scope === "user" ? "600" : "644"} ${file}`,
      );
    } else if (scope === "user" && (stat.mode & 0o044) !== 0) {
      yield say(
        "warning",
        "file",
        file,
        "others can read it, and a token that it holds",
        `chmod 600 ${file}`,
      );
    }
  }
  const folder = world.files.stat(dirname(file));
  if (folder !== null && (folder.mode & 0o022) !== 0 && (folder.mode & 0o1000) === 0) {
    yield say(
      "error",
      "file",
      dirname(file),
      "others can change what is in this folder",
      `chmod go-w ${dirname(file)}`,
    );
  }
  const backup = world.files.stat(backupPath(file));
  if (backup !== null && scope === "user" && (backup.mode & 0o077) !== 0) {
    yield say("warning", "file", backupPath(file), "others can read it", `chmod 600 ${backupPath(file)}`);
  }
  if (world.files.stat(`${file}.lock`) !== null) {
    yield say(
      "warning",
      "file",
      `${file}.lock`,
      "an sremote is at work, or was killed at work",
      "if none runs, it counts as abandoned after 8 s",
    );
  }
}

function* lookAtContent(scope: Scope, { path, document: { content } }: StoredFile): Iterable<Diagnosis> {
  for (const { name, token, insecure } of scope === "global" ? content.remotes.values() : []) {
    if (token !== null) {
      yield say(
        "error",
        "file",
        path,
        `${quote(name)} has a token that everyone can read`,
        "revoke the token, and take it out of the file by hand",
      );
    }
    if (insecure) {
      yield say(
        "warning",
        "conflict",
        name,
        "it is insecure, and the programs do not carry that over: users contact it over https",
        "serve it over https, or let users add it themselves",
      );
    }
  }
}

function* lookAtBoth({ merged, user, global }: MergedView): Iterable<Diagnosis> {
  for (const name of merged.collisions) {
    yield say(
      "error",
      "conflict",
      name,
      `it is both in ${user.path} and in ${global.path}: Singularity fails every command`,
      "give one of the two another name",
    );
  }
  const { default: active } = merged;
  if (active === null) {
    yield say("warning", "conflict", "default", "there is no default remote", "sremote use NAME");
  } else if (!merged.remotes.has(active)) {
    yield say(
      "error",
      "conflict",
      "default",
      `the default ${quote(active)} is no remote`,
      "sremote use NAME",
    );
  } else yield say("ok", "conflict", "default", `the default remote is ${quote(active)}`);
  const only = defaultOf(global.document.content).exclusive;
  const own = user.document.content.default;
  if (only.length > 1) {
    yield say(
      "error",
      "conflict",
      "exclusive",
      `more than one remote is exclusive: ${only.map(quote).join(", ")}`,
      "as root: sremote use --global NAME",
    );
  } else if (only.length === 1 && own !== null && own !== only[0]) {
    yield say(
      "warning",
      "conflict",
      "exclusive",
      `${quote(only[0]!)} is exclusive: your default ${quote(own)} has no effect`,
      `sremote use ${only[0]}`,
    );
  }
  for (const { remote } of merged.remotes.values()) {
    if (!remote.system || global.document.content.remotes.has(remote.name)) continue;
    yield say(
      "warning",
      "conflict",
      remote.name,
      "it is a copy of a remote that the machine no longer has",
      `sremote remove ${remote.name}`,
    );
  }
}

// ---------------------------------------------------------------- network

function* lookAtNetwork({ world }: Context): Iterable<Diagnosis> {
  for (const scheme of ["https", "http"]) {
    const name = `${scheme.toUpperCase()}_PROXY`;
    try {
      // A host that NO_PROXY cannot name.
      const proxy = proxyFor(new URL(`${scheme}://sremote.invalid`), (one) => world.here.env(one));
      if (proxy !== null) {
        yield say("ok", "proxy", proxy.variable, `${scheme} goes through the proxy ${shownProxy(proxy)}`);
      }
    } catch (error) {
      yield say("error", "proxy", name, (error as Error).message, "correct the variable, or unset it");
    }
  }
  const spared = world.here.env("NO_PROXY") || world.here.env("no_proxy");
  if (spared) yield say("ok", "proxy", "NO_PROXY", `not through a proxy: ${spared}`);
  const store = systemStore(world);
  yield store.file === null
    ? say(
      "error",
      "certificates",
      "certificates",
      "this system has no certificate store",
      "install ca-certificates, or give --cacert FILE",
    )
    : say("ok", "certificates", store.file, `${store.certificates.length} certificate authorities`);
}

async function lookAtEndpoints(context: Context, view: MergedView): Promise<readonly Diagnosis[]> {
  const session = await sessionOf(context, null);
  const names = Array.from(view.merged.remotes.keys()).sort();
  const all = await askEndpoints(session, names.map((name) => askedOf(view, name)), false, () => {});
  return all.flatMap(lookAtEndpoint);
}

function lookAtEndpoint({ remote, uri, services, login, trouble }: EndpointStatus): readonly Diagnosis[] {
  if (trouble !== null) return [troubled("error", remote, trouble)];
  const down = services.flatMap((one) =>
    one.trouble === null ? [] : [troubled("error", `${remote}.${one.service}`, one.trouble)]
  );
  const up = services.filter((one) => one.ok).map((one) => one.service);
  return [
    say("ok", "endpoint", remote, `${uri} answers; OK: ${up.length === 0 ? "no service" : up.join(", ")}`),
    ...down,
    ...(login.state === "valid" ? [say("ok", "login", remote, "the stored API Key is valid")] : []),
    ...(login.state === "invalid"
      ? [say("error", "login", remote, "the stored API Key is not valid", `sremote login ${remote}`)]
      : []),
    ...(login.state === "unknown" && login.trouble !== null
      ? [troubled("warning", remote, login.trouble)]
      : []),
  ];
}

function troubled(
  severity: "error" | "warning",
  subject: string,
  { kind, message, next }: Trouble,
): Diagnosis {
  return say(severity, kind === "dns" ? "dns" : "endpoint", subject, message, next);
}

function quote(name: string): string {
  return JSON.stringify(name);
}
