/** `sremote rollback`: swap the files that were written last and their backups. */
import { Failure } from "../base/failure.ts";
import { printable, quote } from "../base/text.ts";
import type { Owners, Reader, Scope } from "../model.ts";
import { refusedWhole } from "../reconcile/refused.ts";
import { keysFor, ownersOf, unrecognisedIn } from "../reconcile/restore.ts";
import { editRemoteFile } from "../remotefile/edit.ts";
import type { LastWrite } from "../remotefile/ledger.ts";
import { parseRemoteFile, type RemoteDocument } from "../remotefile/parse.ts";
import { detectProgram } from "../remotefile/paths.ts";
import { salvage } from "../remotefile/salvage.ts";
import {
  backupPath,
  type Change,
  commitAll,
  readStored,
  readText,
  type StoredFile,
  tidy,
} from "../remotefile/store.ts";
import { goneFrom } from "../remotefile/withheld.ts";
import { doneLines, MOST_NAMED, questionOf, type ShownRollback, warningsOf } from "../report/rollback.ts";
import { confirm, type Context, pathsOf, requireRoot, type Result, scopeOf } from "./shared/context.ts";
import { sremoteHere } from "./shared/hint.ts";
import { type Place, placesOf, readerIn } from "./shared/last_written.ts";
import { maskedDiff } from "./shared/masked_diff.ts";
import { noteWritten } from "./shared/written.ts";

/** The flags of `rollback`. */
export interface RollbackOptions {
  readonly global?: true;
  readonly yes?: true;
}

/** A file to restore. */
interface Restored extends ShownRollback {
  readonly place: Place;
  readonly now: StoredFile;
  /** The text of the backup. */
  readonly previous: string;
  /** The text to restore: the previous one, with the tokens that the file holds now. */
  readonly text: string;
}

/** No ledger makes rollback remove more directories. */
const DEEPEST = 40;

/**
 * Shows what would be restored, asks, and swaps each file and its backup with the same locks and replaces as apply. Without
 * `--runtime` and `--remote-file`: all files that the last command has written.
 */
export async function rollback(context: Context, flags: RollbackOptions): Promise<Result> {
  const { world, options, style } = context;
  const scope = scopeOf(flags.global);
  requireRoot(context, scope, "roll back the global file", { words: ["rollback", "--global"] });
  const files: Restored[] = [];
  for (const place of await placesOf(context, scope)) files.push(await restoredOf(context, scope, place));
  const shown: string[] = [];
  for (const { now, text } of files) shown.push(await differenceOf(now, text, style));
  const names = files.map(({ place }) => printable(place.file)).join(" and ");
  const logins = await loggedOutLines(context, scope, files);
  if (
    files.every(({ now, text, remove }) => now.document.text === text && (!remove || now.digest === null))
  ) {
    for (const { place } of files) await tidy(world, place.file, place.links.root);
    const line = `Nothing to do: ${names} ${
      files.length > 1 ? "equal the previous files" : "equals the previous file"
    }.`;
    return {
      exit: 0,
      text: [line, ...logins].join("\n"),
      document: {
        formatVersion: 1,
        changed: false,
        file: files[0]!.place.file,
        ...keysOf(files),
        ...(files.length > 1
          ? { files: files.map((one) => ({ file: one.place.file, ...keysOf([one]) })) }
          : {}),
      },
    };
  }
  const warnings = files.flatMap(warningsOf);
  const preview = [...shown.filter((one) => one !== ""), ...warnings].join("\n");
  if (!flags.yes) context.ask(preview);
  else if (!options.quiet) context.show(preview);
  else {
    // Also with --quiet: no backup keeps a deleted key.
    const keys = warnings.filter((one) => one.startsWith("Warning: "));
    if (keys.length > 0) context.show(keys.join("\n"));
  }
  await confirm(context, questionOf(files), flags.yes);
  const written: string[] = [];
  let done;
  try {
    done = await commitAll(
      world,
      options.lockTimeout,
      files.map((one) => changeOf(context, scope, one)),
      (one) => {
        written.push(one.path);
      },
    );
  } catch (error) {
    for (const one of written) context.note(`Before that: ${printable(one)} was restored.`);
    throw error;
  }
  for (const one of done) await noteWritten(context, one);
  const results = files.map((one, i) => {
    const { changed, backup, notes } = done[i]!;
    return { file: one.place.file, changed, backup, ...keysOf([one]), notes };
  });
  return {
    exit: 0,
    text: [...doneLines(files, done), ...logins].join("\n"),
    document: {
      formatVersion: 1,
      changed: results.some((one) => one.changed),
      file: results[0]!.file,
      backup: results[0]!.backup,
      ...keysOf(files),
      notes: results.flatMap((one) => one.notes),
      ...(results.length > 1 ? { files: results } : {}),
    },
  };
}

/** The keys that are deleted and those that are not restored, for programs. */
function keysOf(files: readonly Restored[]): { readonly deleted: Owners; readonly notRestored: Owners } {
  const all = (of: (one: Restored) => Owners): Owners => ({
    remotes: [...new Set(files.flatMap((one) => of(one).remotes))].sort(),
    credentials: [...new Set(files.flatMap((one) => of(one).credentials))].sort(),
  });
  return { deleted: all((one) => one.deleted), notRestored: all((one) => one.loggedOut) };
}

/** @throws {Failure} no-backup; remote-file-invalid, if the program cannot read the previous file */
async function restoredOf(context: Context, scope: Scope, place: Place): Promise<Restored> {
  const { world, options } = context;
  const { file, links } = place;
  const now = await readStored(world, file, links.root, true);
  const { last = {} } = now.ledger;
  const held = now.document.broken === undefined ? now.document.content : await salvage(now.document.text);
  const isBroken = now.document.broken !== undefined;
  const isOthers = !isBroken && now.digest !== null && last.wrote !== undefined && last.wrote !== now.digest;
  const common = { place, now, isBroken, isOthers, unrecognised: unrecognisedIn(now.document, held) };
  const previous = readPrevious(context, now.real, last);
  const document = await previousOf(previous, now.real);
  const reader = options.runtime ?? readerIn(last) ?? place.reader;
  if (last.kept === "absent" && previous === "") {
    // What others have written since can be restored.
    const directories = now.digest === last.wrote ? Math.min(last.made ?? 0, DEEPEST) : 0;
    const deleted = ownersOf(goneFrom(held, document.content));
    return {
      ...common,
      previous,
      text: "",
      remove: { directories },
      deleted,
      loggedOut: { remotes: [], credentials: [] },
    };
  }
  refuseUnreadable(reader, scope, now, document);
  const keys = keysFor(now, held, document.content, last);
  const text = await editRemoteFile(document, keys.changes, keys);
  const after = await parseRemoteFile(text, file);
  const { remotes } = after.content;
  const loggedOut = {
    remotes: [...new Set([...last.remotes ?? [], ...keys.dropped.remotes])]
      .filter((one) => remotes.get(one)?.token === null),
    credentials: [...new Set([...last.credentials ?? [], ...keys.dropped.credentials])]
      .filter((uri) => after.content.credentials.every((one) => one.uri !== uri)),
  };
  const deleted = ownersOf(goneFrom(held, after.content));
  return { ...common, previous, text, deleted, loggedOut };
}

/** @throws {Failure} remote-file-invalid, which names the backup */
async function previousOf(text: string, real: string): Promise<RemoteDocument> {
  const path = backupPath(real);
  try {
    return await parseRemoteFile(text, path);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, message, excerpt, problems } = error;
    throw new Failure(code, `cannot roll back: ${message}`, {
      path,
      problems,
      ...(excerpt === undefined ? {} : { excerpt }),
      next: `Fix ${path} by hand, or remove it; nothing was written`,
    });
  }
}

/** A program that refuses the current file as well is no worse off. */
function refuseUnreadable(
  reader: Reader,
  scope: Scope,
  now: StoredFile,
  { path, content, quirks }: RemoteDocument,
): void {
  const read = { scope, path, content, quirks };
  const [refusal] = [...refusedWhole(reader, read)];
  if (refusal === undefined || now.document.broken !== undefined) return;
  const { content: present, quirks: presentQuirks } = now.document;
  if ([...refusedWhole(reader, { ...read, content: present, quirks: presentQuirks })].length > 0) return;
  throw new Failure("remote-file-invalid", `cannot roll back: of the previous file, ${refusal.message}`, {
    path,
    next: `Copy ${backupPath(now.real)} by hand if you want it all the same; nothing was written`,
  });
}

async function differenceOf(
  { document, path }: StoredFile,
  text: string,
  style: Context["style"],
): Promise<string> {
  if (document.broken === undefined) return await maskedDiff(document, text, style);
  // Without its structure, nobody knows where its tokens are.
  const why = document.broken.message.replace(`cannot read ${path}: `, "");
  return document.text === text ? "" : `${printable(path)} cannot be read: ${why}.`;
}

function changeOf(context: Context, scope: Scope, restored: Restored): Change {
  const { place, now, previous, text, remove } = restored;
  const edit = (then: StoredFile) => {
    if (then.digest !== now.digest || readPrevious(context, then.real, then.ledger.last) !== previous) {
      throw new Failure("stale", `cannot roll back: ${place.file} changed while you were asked`, {
        path: place.file,
        next: "Run rollback again; nothing was written",
      });
    }
    return { text, ours: then.ledger.previous, ...(remove && { remove }) };
  };
  const { last = {} } = now.ledger;
  return {
    path: place.file,
    scope,
    links: place.links,
    edit,
    broken: true,
    reader: readerIn(last) ?? { ...place.reader, oldest: null },
  };
}

async function loggedOutLines(
  context: Context,
  scope: Scope,
  files: readonly Restored[],
): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { place, loggedOut: { remotes, credentials } } of files) {
    const here = remotes.length > 0 && scope === "user" ? await loginContext(context, place) : null;
    for (const one of remotes.slice(0, MOST_NAMED)) {
      const key = `Rollback does not restore the API key of ${quote(one)}`;
      // A login would write the user file.
      lines.push(
        here === null ? `${key}.` : `${key}. To log in again: ${sremoteHere(here, ["login"], [one])}`,
      );
    }
    for (const one of credentials.slice(0, MOST_NAMED)) {
      lines.push(`Rollback does not restore the credential of ${printable(one)}: log in to it again.`);
    }
    for (const [what, { length }] of [["API keys", remotes], ["credentials", credentials]] as const) {
      if (length > MOST_NAMED) lines.push(`Rollback does not restore ${length - MOST_NAMED} more ${what}.`);
    }
  }
  return lines;
}

/** For the login command for remotes of a file: it names the program where the machine alone would choose another. */
async function loginContext(
  { options, world }: Context,
  { reader }: Place,
): Promise<Pick<Context, "options" | "world">> {
  const { runtime } = options.runtime ?? await detectProgram(pathsOf({ options }, null), world);
  const isChosen = options.runtime !== null || runtime === reader.runtime;
  return { world, options: isChosen ? options : { ...options, runtime: reader } };
}

/** @throws {Failure} no-backup */
function readPrevious({ world }: Context, file: string, { kept }: LastWrite = {}): string {
  const previous = readText(world, backupPath(file));
  if (previous !== null) return previous;
  const why = kept === "none"
    ? ": no backup of the last change could be kept without an old API key"
    : " does not exist";
  throw new Failure("no-backup", `cannot roll back: ${kept === "none" ? file : backupPath(file)}${why}`, {
    path: file,
    next: kept === "none"
      ? "Change the file by hand, or with a config"
      : "Check the path: sremote keeps a backup of each file that it changes",
  });
}
