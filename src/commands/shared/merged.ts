/** What a user command sees: the user remotes and the global remotes as one. */
import { plainEndpoint, readAddress, storedAddress } from "../../base/address.ts";
import { mayReceive } from "../../base/uri.ts";
import type { Secret } from "../../base/secret.ts";
import { nearest } from "../../base/suggest.ts";
import { quote, sremoteCommand } from "../../base/text.ts";
import type { Endpoint } from "../../endpoint/client.ts";
import type { Asked } from "../../endpoint/status.ts";
import { Failure } from "../../base/failure.ts";
import type { Reader, Scope, Trouble } from "../../model.ts";
import { PROGRAMS, valueFor } from "../../programs.ts";
import { nameInBoth } from "../../reconcile/conflicts.ts";
import { merge, type Merged } from "../../reconcile/merge.ts";
import { addressProblem, refusedWhole } from "../../reconcile/refused.ts";
import { type Detected, detectProgram, findTarget, linkRule } from "../../remotefile/paths.ts";
import { readStored, type StoredFile } from "../../remotefile/store.ts";
import { type Context, pathsOf } from "./context.ts";

/** Both files and their merged view. */
export interface MergedView {
  readonly reader: Reader;
  readonly merged: Merged;
  readonly user: StoredFile;
  readonly global: StoredFile;
}

/** What was detected for a command, so that its parts look once and say it once. */
const DETECTED = new WeakMap<Context, Promise<Reader>>();

/** The program that `--runtime` names, or that this machine has: a command without a config is about one. */
export async function readerOf(context: Context): Promise<Reader> {
  if (context.options.runtime !== null) return context.options.runtime;
  const known = DETECTED.get(context) ?? detect(context);
  DETECTED.set(context, known);
  return await known;
}

async function detect(context: Context): Promise<Reader> {
  const found = await detectProgram(pathsOf(context, null), context.world);
  noteDetected(context, found);
  return { runtime: found.runtime, oldest: found.oldest };
}

/** Says which program was taken, where the machine has another one than Singularity. */
export function noteDetected({ note }: Context, { runtime, because }: Detected): void {
  const { title } = PROGRAMS[runtime];
  const why = {
    only: `only ${title} is set up here`,
    first: "several programs are set up here",
    default: null,
  }[because];
  if (why !== null) note(`Note: using the remotes of ${title}: ${why}. Choose with --runtime.`);
}

/** A file with which every command of the program fails. A symbolic link is read all the same. @throws {Failure} remote-file-invalid */
function refuseRefused({ note }: Context, reader: Reader, scope: Scope, stored: StoredFile): void {
  const { path, document: { content, quirks } } = stored;
  for (const { code, message, next } of refusedWhole(reader, { scope, path, content, quirks })) {
    if (code === "symlink") {
      note(`Warning: ${message}. ${next}.`);
      continue;
    }
    throw new Failure("remote-file-invalid", message, { path, next });
  }
}

/** Reads both files. `--remote-file` replaces the user file only. @throws {Failure} */
export async function readMerged(context: Context): Promise<MergedView> {
  const { world } = context;
  const reader = await readerOf(context);
  const paths = pathsOf(context, null);
  const { root } = linkRule(reader, paths, world);
  const user = await readStored(world, (await findTarget(reader, "user", paths, world)).file, root);
  const machine = await findTarget(reader, "global", { ...paths, remoteFile: null }, world);
  const global = await readStored(world, machine.file, root);
  refuseRefused(context, reader, "user", user);
  refuseRefused(context, reader, "global", global);
  const merged = merge(reader.runtime, user.document.content, global.document.content);
  return { reader, merged, user, global };
}

/** What a command that changes the user file sees besides it; null: it changes the global file, and sees that alone. */
export async function mergedFor(context: Context, scope: Scope): Promise<MergedView | null> {
  return scope === "user" ? await readMerged(context) : null;
}

/** The endpoint of a remote. `Insecure` of the global file counts here; the programs do not copy it to users. */
export function endpointOf({ merged, global }: MergedView, name: string): Endpoint {
  const { remote, global: isGlobal } = merged.remotes.get(name)!;
  const machine = isGlobal ? global.document.content.remotes.get(name) : undefined;
  return plainEndpoint({ uri: remote.uri, insecure: remote.insecure || machine?.insecure === true });
}

/** Why the program cannot use the stored address of a remote; null: it can. */
export function addressTrouble({ reader, merged }: MergedView, name: string): Trouble | null {
  const { uri, insecure } = merged.remotes.get(name)!.remote;
  const read = readAddress(uri);
  const message = addressProblem(reader, uri);
  if ("problem" in read || message === null) return null; // without a valid address, nobody is asked anyway
  const form = valueFor(PROGRAMS[reader.runtime].address, reader);
  const next = `Remove the remote, and add it again as ${storedAddress(read.address, insecure, form)}`;
  return { kind: "address", message, next };
}

/** The endpoint of a remote, with a warning if the program cannot use its address: what is meant is clear all the same. */
export function warnedEndpoint({ note }: Context, view: MergedView, name: string): Endpoint {
  const trouble = addressTrouble(view, name);
  if (trouble !== null) note(`Warning: ${quote(name)} cannot be used: ${trouble.message}. ${trouble.next}.`);
  return endpointOf(view, name);
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
export function noteCollisions(context: Context, { reader, merged, user, global }: MergedView): void {
  const { effect } = nameInBoth(reader.runtime);
  for (const name of merged.collisions) {
    context.note(
      `Warning: ${
        quote(name)
      } is both in ${user.path} and in ${global.path}: ${effect}. Remove one of them, and add it under another name.`,
    );
  }
}

/** What `status` and `doctor` ask of a remote. */
export function askedOf(view: MergedView, remote: string): Asked {
  return {
    remote,
    endpoint: endpointOf(view, remote),
    token: tokenOf(view, remote),
    trouble: addressTrouble(view, remote),
  };
}

/** An exclusive remote is the only one that can be used. @throws {Failure} conflict */
export function refuseOtherThanExclusive({ exclusive }: Merged, name: string): void {
  if (exclusive === null || exclusive.name === name) return;
  const only = quote(exclusive.name);
  const { place, next } = {
    global: { place: "on this machine", next: "Ask the administrator of this machine" },
    user: {
      place: "in your remote.yaml",
      next: `To end that, first run ${sremoteCommand(["use"], [exclusive.name])}`,
    },
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
    next: meant === undefined ? "To see the remotes, run sremote list" : `Did you mean ${quote(meant)}?`,
  });
}
