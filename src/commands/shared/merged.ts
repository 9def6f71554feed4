/** What a user command sees: the user remotes and the global remotes as one. */
import { mayReceive } from "../../base/uri.ts";
import type { Secret } from "../../base/secret.ts";
import { nearest } from "../../base/suggest.ts";
import { quote } from "../../base/text.ts";
import type { Endpoint } from "../../endpoint/client.ts";
import type { Asked } from "../../endpoint/status.ts";
import { Failure } from "../../base/failure.ts";
import type { Runtime, Scope } from "../../model.ts";
import { DEFAULT_RUNTIME } from "../../programs.ts";
import { nameInBoth } from "../../reconcile/conflicts.ts";
import { merge, type Merged } from "../../reconcile/merge.ts";
import { findTarget } from "../../remotefile/paths.ts";
import { readStored, type StoredFile } from "../../remotefile/store.ts";
import { type Context, pathsOf } from "./context.ts";

/** Both files and their merged view. */
export interface MergedView {
  readonly merged: Merged;
  readonly user: StoredFile;
  readonly global: StoredFile;
}

/** The program that `--runtime` names; a command without a config is about one. */
export function runtimeOf({ options }: Context): Runtime {
  return options.runtime ?? DEFAULT_RUNTIME;
}

/** Reads both files. `--remote-file` replaces the user file only. @throws {Failure} */
export async function readMerged(context: Context): Promise<MergedView> {
  const { world } = context;
  const runtime = runtimeOf(context);
  const paths = pathsOf(context, null);
  const user = await readStored(world, (await findTarget(runtime, "user", paths, world)).file);
  const machine = await findTarget(runtime, "global", { ...paths, remoteFile: null }, world);
  const global = await readStored(world, machine.file);
  return { merged: merge(runtime, user.document.content, global.document.content), user, global };
}

/** The remotes that a command may name in addition to those of its file; null: it works on one file only. */
export async function mergedFor(context: Context, scope: Scope): Promise<MergedView | null> {
  return scope === "user" && context.options.remoteFile === null ? await readMerged(context) : null;
}

/** The endpoint of a remote. `Insecure` of the global file counts here; the programs do not copy it to users. */
export function endpointOf({ merged, global }: MergedView, name: string): Endpoint {
  const { remote, global: isGlobal } = merged.remotes.get(name)!;
  const machine = isGlobal ? global.document.content.remotes.get(name) : undefined;
  return { uri: remote.uri, insecure: remote.insecure || machine?.insecure === true };
}

/**
 * The stored token of a remote; null: none, or one for another address. The programs send the token of a copy to the
 * address that the global file has now; sremote does not.
 */
export function tokenOf(view: MergedView, name: string): Secret | null {
  const stored = view.user.document.content.remotes.get(name);
  return stored !== undefined && mayReceive(stored, endpointOf(view, name)) ? stored.token : null;
}

/** Warns that a stored token is not sent because it is for another address. */
export function noteMoved(context: Context, view: MergedView, name: string): void {
  const stored = view.user.document.content.remotes.get(name);
  if (stored === undefined || stored.token === null || tokenOf(view, name) !== null) return;
  const now = endpointOf(view, name).uri;
  context.note(
    `Warning: the stored API key of ${
      quote(name)
    } is for ${stored.uri} and is not sent to ${now}. Log in again.`,
  );
}

/** Warns about names that are both a user remote and a global remote. */
export function noteCollisions(context: Context, { merged, user, global }: MergedView): void {
  const { effect } = nameInBoth(runtimeOf(context));
  for (const name of merged.collisions) {
    context.note(
      `Warning: ${quote(name)} is both in ${user.path} and in ${global.path}: ${effect}. Rename one of them.`,
    );
  }
}

/** What `status` and `doctor` ask of a remote. */
export function askedOf(view: MergedView, remote: string): Asked {
  return { remote, endpoint: endpointOf(view, remote), token: tokenOf(view, remote) };
}

/** An exclusive remote is the only one that can be used. @throws {Failure} conflict */
export function refuseOtherThanExclusive({ exclusive }: Merged, name: string): void {
  if (exclusive === null || exclusive.name === name) return;
  const only = quote(exclusive.name);
  const { place, next } = {
    global: { place: "on this machine", next: "Ask the administrator of this machine" },
    user: { place: "in your remote.yaml", next: `Run sremote use ${only} first, which ends that` },
  }[exclusive.scope];
  throw new Failure("conflict", `cannot use ${quote(name)}: ${only} is exclusive ${place}`, { next });
}

/** The named remote, or the default. @throws {Failure} unknown-remote */
export function namedOrDefault({ merged }: MergedView, name: string | undefined, doing: string): string {
  const found = name ?? merged.default;
  if (found === null) {
    throw new Failure("unknown-remote", `cannot ${doing} the default remote: there is none`, {
      next: "Name a remote, or choose a default with sremote use NAME",
    });
  }
  if (merged.remotes.has(found)) return found;
  throw unknown(found, merged.remotes.keys(), doing);
}

/** There is no remote of that name. */
export function unknown(name: string, known: Iterable<string>, doing: string): Failure {
  const meant = nearest(name, known);
  return new Failure("unknown-remote", `cannot ${doing} ${quote(name)}: there is no such remote`, {
    next: meant === undefined ? "Run sremote list to see the remotes" : `Did you mean ${quote(meant)}?`,
  });
}
