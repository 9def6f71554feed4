/** Files and endpoints → observed. */
import { Failure } from "../base/failure.ts";
import { type Look, watched } from "./watched.ts";
import type { Desired, Observed, ObservedOther, Runtime, Scope } from "../model.ts";
import { ambiguousSysconfdir, findTarget, type PathOptions } from "../remotefile/paths.ts";
import { readStored, type StoredFile } from "../remotefile/store.ts";
import type { World } from "../world.ts";

/** The observed state, and the file with its text for those who show or edit it. */
export interface Found {
  readonly observed: Observed;
  readonly stored: StoredFile;
}

/**
 * Reads the file of one runtime and scope and that of the other scope (for conflicts between the two), and asks the endpoints
 * that the config gives `login` or `check`.
 * @throws {Failure} remote-file-…, ledger-invalid, io
 */
export async function observe(
  world: Pick<World, "files" | "here" | "programs">,
  desired: Desired,
  look: Look,
  place: { readonly runtime: Runtime; readonly scope: Scope; readonly paths: PathOptions },
): Promise<Found> {
  const { runtime, scope, paths } = place;
  const target = await findTarget(runtime, scope, paths, world);
  const stored = await readStored(world, target.file);
  const { content } = stored.document;
  const other = paths.remoteFile === null ? await observeOther(world, runtime, scope, paths) : null;
  const found: Omit<Observed, "endpoints"> = {
    target,
    file: { digest: stored.digest, content, mode: stored.mode },
    other,
    ours: desired.unmanaged === "remove" ? new Set(content.remotes.keys()) : stored.ledger.remotes,
    ledger: stored.ledger.remotes,
    ambiguous: scope === "global" && ambiguousSysconfdir(runtime, paths, world),
  };
  const list = watched(desired, found);
  const endpoints = list.length === 0
    ? new Map()
    : await (await import("./look.ts")).lookAt(world, list, look);
  return { observed: { ...found, endpoints }, stored };
}

async function observeOther(
  world: Pick<World, "files" | "here">,
  runtime: Runtime,
  scope: Scope,
  paths: PathOptions,
): Promise<ObservedOther | null> {
  let path: string;
  try {
    path = (await findTarget(runtime, scope === "user" ? "global" : "user", paths, world)).file;
  } catch (error) {
    // No home directory: then there is no user file to conflict with.
    if (error instanceof Failure) return null;
    throw error;
  }
  try {
    return { path, content: (await readStored(world, path)).document.content };
  } catch (error) {
    if (error instanceof Failure) return { path, content: null };
    throw error;
  }
}
