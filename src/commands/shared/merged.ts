/** What a user command sees: the user's and the machine's remotes as one. */
import { mayReceive } from "../../base/uri.ts";
import type { Secret } from "../../base/secret.ts";
import { nearest } from "../../base/suggest.ts";
import type { Endpoint } from "../../endpoint/client.ts";
import type { Asked } from "../../endpoint/status.ts";
import { Failure } from "../../base/failure.ts";
import type { Runtime, Scope } from "../../model.ts";
import { merge, type Merged } from "../../remotefile/merge.ts";
import { findTarget } from "../../remotefile/paths.ts";
import { readStored, type StoredFile } from "../../remotefile/store.ts";
import { type Context, pathsOf } from "./context.ts";

/** Both files and their merged view. */
export interface MergedView {
  readonly merged: Merged;
  readonly user: StoredFile;
  readonly global: StoredFile;
}

/** The runtime that `--runtime` names; a command without a config is about one. */
export function runtimeOf({ options }: Context): Runtime {
  return options.runtime ?? "singularity";
}

/** Reads both files. With `--remote-file` the global one is where it always is. @throws {Failure} */
export async function readMerged(context: Context): Promise<MergedView> {
  const { world } = context;
  const runtime = runtimeOf(context);
  const paths = pathsOf(context, null);
  const user = await readStored(world, (await findTarget(runtime, "user", paths, world)).file);
  const machine = await findTarget(runtime, "global", { ...paths, remoteFile: null }, world);
  const global = await readStored(world, machine.file);
  return { merged: merge(user.document.content, global.document.content), user, global };
}

/** What a user's command may name beside the file's own remotes; null where the command is about one file alone. */
export async function mergedFor(context: Context, scope: Scope): Promise<MergedView | null> {
  return scope === "user" && context.options.remoteFile === null ? await readMerged(context) : null;
}

/** Where a remote of the view is. What Singularity does not carry over from the global file, `Insecure`, is honoured. */
export function endpointOf({ merged, global }: MergedView, name: string): Endpoint {
  const { remote, global: isGlobal } = merged.remotes.get(name)!;
  const machine = isGlobal ? global.document.content.remotes.get(name) : undefined;
  return { uri: remote.uri, insecure: remote.insecure || machine?.insecure === true };
}

/**
 * The stored token of a remote; null: none, or one that was made for another place. Singularity would send the token of a
 * copy to wherever the global file has the remote now; sremote does not.
 */
export function tokenOf(view: MergedView, name: string): Secret | null {
  const stored = view.user.document.content.remotes.get(name);
  return stored !== undefined && mayReceive(stored, endpointOf(view, name)) ? stored.token : null;
}

/** Says on standard error that a stored token is not sent, for it was made for another place. */
export function noteMoved(context: Context, view: MergedView, name: string): void {
  const stored = view.user.document.content.remotes.get(name);
  if (stored === undefined || stored.token === null || tokenOf(view, name) !== null) return;
  const now = endpointOf(view, name).uri;
  context.note(
    `Warning: the stored API Key of ${
      JSON.stringify(name)
    } is for ${stored.uri}, and is not sent to ${now}. Log in again.`,
  );
}

/** Says on standard error what the programs would stumble over. */
export function noteCollisions(context: Context, { merged, user, global }: MergedView): void {
  for (const name of merged.collisions) {
    const effect = runtimeOf(context) === "singularity"
      ? "Singularity fails every command"
      : "Apptainer uses the user's own";
    context.note(
      `Warning: ${
        JSON.stringify(name)
      } is both in ${user.path} and in ${global.path}: ${effect}. Rename one of the two.`,
    );
  }
}

/** What `status` and `doctor` ask of a remote. */
export function askedOf(view: MergedView, remote: string): Asked {
  return { remote, endpoint: endpointOf(view, remote), token: tokenOf(view, remote) };
}

/** Where the machine has an exclusive remote, nobody uses another. @throws {Failure} conflict */
export function refuseOtherThanExclusive({ remotes }: Merged, name: string): void {
  const only = Array.from(remotes.values()).find((one) => one.global && one.remote.exclusive)?.remote.name;
  if (only === undefined || only === name) return;
  throw new Failure(
    "conflict",
    `cannot use ${JSON.stringify(name)}: ${JSON.stringify(only)} is exclusive on this machine`,
    { next: "ask the machine's administrator" },
  );
}

/** The remote that is meant. @throws {Failure} unknown-remote */
export function namedOrDefault({ merged }: MergedView, name: string | undefined, doing: string): string {
  if (name !== undefined) {
    if (merged.remotes.has(name)) return name;
    throw unknown(name, merged.remotes.keys(), doing);
  }
  if (merged.default === null) {
    throw new Failure("unknown-remote", `cannot ${doing} the default remote: there is none`, {
      next: "name one, or choose one with sremote use",
    });
  }
  if (merged.remotes.has(merged.default)) return merged.default;
  throw unknown(merged.default, merged.remotes.keys(), doing);
}

/** There is no remote of that name. */
export function unknown(name: string, known: Iterable<string>, doing: string): Failure {
  const meant = nearest(name, known);
  return new Failure("unknown-remote", `cannot ${doing} ${JSON.stringify(name)}: there is no such remote`, {
    next: meant === undefined ? "sremote list shows the remotes" : `did you mean ${JSON.stringify(meant)}?`,
  });
}
