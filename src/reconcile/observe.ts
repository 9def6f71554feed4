/** Files and endpoints → observed. */
import { Failure } from "../base/failure.ts";
import { type Look, watched } from "./watched.ts";
import type { Desired, Observed, ObservedOther, Reader, Scope } from "../model.ts";
import { hiddenFrom } from "../remotefile/access.ts";
import {
  ambiguousSysconfdir,
  findTarget,
  linkRule,
  type PathOptions,
  readElsewhere,
  takenOver,
} from "../remotefile/paths.ts";
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
  place: { readonly reader: Reader; readonly scope: Scope; readonly paths: PathOptions },
): Promise<Found> {
  const { reader, scope, paths } = place;
  const target = await findTarget(reader, scope, paths, world);
  const { root } = linkRule(reader, paths, world);
  const stored = await readStored(world, target.file, root);
  const { content, quirks } = stored.document;
  const other = paths.remoteFile === null ? await observeOther(world, reader, scope, paths) : null;
  const found: Omit<Observed, "endpoints"> = {
    target,
    file: { digest: stored.digest, content, quirks, mode: stored.mode },
    other,
    ours: desired.unmanaged === "remove" ? new Set(content.remotes.keys()) : stored.ledger.remotes,
    ledger: stored.ledger.remotes,
    cutsOff: scope === "user" && stored.digest === null ? await takenOver(reader, paths, world) : null,
    elsewhere: scope === "user" ? readElsewhere(reader, paths, world) : null,
    hidden: scope === "global" && paths.remoteFile === null ? hiddenFrom(world.files, target.file, root) : [],
    horizon: look.horizon,
    ambiguous: scope === "global" && ambiguousSysconfdir(reader.runtime, paths, world),
  };
  const list = watched(desired, found);
  const endpoints = list.length === 0
    ? new Map()
    : await (await import("./look.ts")).lookAt(world, list, look);
  return { observed: { ...found, endpoints }, stored };
}

async function observeOther(
  world: Pick<World, "files" | "here">,
  reader: Reader,
  scope: Scope,
  paths: PathOptions,
): Promise<ObservedOther | null> {
  let path: string;
  try {
    path = (await findTarget(reader, scope === "user" ? "global" : "user", paths, world)).file;
  } catch (error) {
    // No home directory: then there is no user file to conflict with.
    if (error instanceof Failure) return null;
    throw error;
  }
  try {
    const { content, quirks } = (await readStored(world, path, linkRule(reader, paths, world).root)).document;
    return { path, content, quirks };
  } catch (error) {
    if (error instanceof Failure) return { path, content: null, quirks: null };
    throw error;
  }
}
