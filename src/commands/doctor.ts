/** `sremote doctor`: gathers the state of files, network and endpoints; `reconcile/diagnoses.ts` judges it. */
import { dirname, join } from "node:path";
import { Failure } from "../base/failure.ts";
import { askEndpoints } from "../endpoint/status.ts";
import { systemStore } from "../endpoint/trust.ts";
import type { Diagnosis, Reader, Scope } from "../model.ts";
import {
  diagnoseAmbiguous,
  diagnoseBoth,
  diagnoseElsewhere,
  diagnoseEndpoint,
  diagnoseFile,
  diagnoseGlobal,
  diagnoseNetwork,
  diagnoseOverrides,
  diagnoseRefused,
  type FileFacts,
  say,
} from "../reconcile/diagnoses.ts";
import { merge } from "../reconcile/merge.ts";
import { hiddenFrom } from "../remotefile/access.ts";
import { danglingAbove, follow } from "../remotefile/links.ts";
import { ambiguousSysconfdir, findTarget, linkRule, readElsewhere } from "../remotefile/paths.ts";
import { backupPath, readStored, type StoredFile } from "../remotefile/store.ts";
import { renderDiagnoses } from "../report/doctor.ts";
import type { Files } from "../world.ts";
import { type Context, pathsOf, type Result } from "./shared/context.ts";
import { askedOf, type MergedView, readerOf } from "./shared/merged.ts";
import { configForCacert, sessionOf, withProgress } from "./shared/session.ts";

/** Checks everything that the commands of a remote depend on. Changes nothing. */
export async function doctor(context: Context): Promise<Result> {
  const { world } = context;
  const reader = await readerOf(context);
  const { runtime } = reader;
  const found: Diagnosis[] = [];
  const user = await lookAtFile(context, reader, "user", found);
  const global = await lookAtFile(context, reader, "global", found);
  if (ambiguousSysconfdir(runtime, pathsOf(context, null), world)) found.push(diagnoseAmbiguous(runtime));
  if (user !== null && global !== null) {
    const merged = merge(runtime, user.document.content, global.document.content);
    const view = { reader, merged, user, global };
    found.push(...diagnoseBoth(runtime, view));
    found.push(...diagnoseOverrides(runtime, (name) => world.here.env(name)));
    found.push(...diagnoseNetwork((name) => world.here.env(name), systemStore(world)));
    found.push(...await withProgress(context, "Asking the endpoints", () => lookAtEndpoints(context, view)));
  }
  const ok = found.every((one) => one.severity !== "error");
  return {
    exit: ok ? 0 : 1,
    text: renderDiagnoses(found, context.style),
    document: { formatVersion: 1, ok, findings: found },
  };
}

/** The file of a scope; null: it cannot be read, and `found` says why. */
async function lookAtFile(
  context: Context,
  reader: Reader,
  scope: Scope,
  found: Diagnosis[],
): Promise<StoredFile | null> {
  const { world } = context;
  const paths = pathsOf(context, null);
  const place = scope === "user" ? paths : { ...paths, remoteFile: null };
  try {
    const { file } = await findTarget(reader, scope, place, world);
    const { root } = linkRule(reader, place, world);
    found.push(...diagnoseFile(factsOf(context, scope, file, root)));
    const elsewhere = scope === "user" ? readElsewhere(reader, place, world) : null;
    if (elsewhere !== null) found.push(diagnoseElsewhere(reader, file, elsewhere));
    const stored = await readStored(world, file, root);
    const { content, quirks } = stored.document;
    const hidden = scope === "global" ? hiddenFrom(world.files, file) : [];
    found.push(...diagnoseRefused(reader, { scope, path: file, content, quirks }, hidden));
    if (scope === "global") found.push(...diagnoseGlobal(stored));
    return stored;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    found.push(say("error", "file", `the ${scope} file`, error.message, error.next));
    return null;
  }
}

function factsOf(
  { world, options }: Context,
  scope: Scope,
  path: string,
  root: string | null,
): FileFacts {
  const { files } = world;
  const at = (file: string) => {
    const stat = files.stat(file);
    return stat === null ? null : { path: file, mode: stat.mode };
  };
  const { real } = follow(files, path, root, world.here.uid);
  const here = options.root === null && options.remoteFile === null;
  return {
    scope,
    path,
    file: files.stat(real),
    directory: directoryOf(files, dirname(real)),
    backup: at(backupPath(real)),
    lock: at(`${real}.lock`)?.path ?? null,
    owner: here ? { user: world.here.uid, global: 0 }[scope] : null,
  };
}

/** The directory itself, if the path is a symbolic link. */
function directoryOf(files: Files, path: string): FileFacts["directory"] {
  const stat = files.stat(path, true);
  if (stat !== null) return { path, mode: stat.mode, link: null };
  const dangling = danglingAbove(files, join(path, "remote.yaml"));
  return dangling === null ? null : { path: dangling.link, mode: 0, link: dangling.target };
}

async function lookAtEndpoints(context: Context, view: MergedView): Promise<readonly Diagnosis[]> {
  const session = await sessionOf(context, await configForCacert(context));
  const names = Array.from(view.merged.remotes.keys()).sort();
  const all = await askEndpoints(session, names.map((name) => askedOf(view, name)), false, () => {});
  return all.flatMap((one) => [...diagnoseEndpoint(one)]);
}
