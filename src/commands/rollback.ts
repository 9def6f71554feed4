/** `sremote rollback`: swap the files that were written last and their backups. */
import { Failure } from "../base/failure.ts";
import { mayReceive } from "../base/uri.ts";
import { parseReader, READER_PATTERN, RUNTIMES } from "../base/reader.ts";
import { printable, quote } from "../base/text.ts";
import type { Reader, Scope } from "../model.ts";
import type { Secret } from "../base/secret.ts";
import { refusedWhole } from "../reconcile/refused.ts";
import { editRemoteFile } from "../remotefile/edit.ts";
import { type LastWrite, ledgerPath, parseLedger } from "../remotefile/ledger.ts";
import { follow } from "../remotefile/links.ts";
import { parseRemoteFile, type RemoteDocument } from "../remotefile/parse.ts";
import { findTarget, linkRule } from "../remotefile/paths.ts";
import {
  backupPath,
  type Change,
  commitAll,
  type LinkRule,
  readStored,
  readText,
  type StoredFile,
} from "../remotefile/store.ts";
import { confirm, type Context, pathsOf, requireRoot, type Result, scopeOf } from "./shared/context.ts";
import { maskedDiff } from "./shared/masked_diff.ts";
import { sremoteHere } from "./shared/hint.ts";
import { readerOf } from "./shared/merged.ts";
import { noteWritten } from "./shared/written.ts";

/** The flags of `rollback`. */
export interface RollbackOptions {
  readonly global?: true;
  readonly yes?: true;
}

const PATTERN = new RegExp(READER_PATTERN);

/** A file of the scope. */
interface Place {
  readonly reader: Reader;
  /** As the program opens it. */
  readonly file: string;
  readonly links: LinkRule;
  readonly real: string;
}

/** A file to restore. */
interface Restored {
  readonly place: Place;
  readonly now: StoredFile;
  /** The text of the backup. */
  readonly previous: string;
  /** The text to restore: the previous one, with the tokens that replaced its own. */
  readonly text: string;
  /** Remotes and keyservers that the restored file has no login for, since the backup keeps none. */
  readonly loggedOut: { readonly remotes: readonly string[]; readonly credentials: readonly string[] };
}

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
  if (shown.every((one) => one === "")) {
    const lines = [
      `Nothing to do: ${names} ${
        files.length > 1 ? "equal the previous files" : "equals the previous file"
      }.`,
    ];
    return {
      exit: 0,
      text: [...lines, ...files.flatMap((one) => loggedOutLines(context, one))].join("\n"),
      document: { formatVersion: 1, changed: false, file: files[0]!.place.file },
    };
  }
  const difference = shown.filter((one) => one !== "").join("\n");
  if (!flags.yes) context.ask(difference);
  else if (!options.quiet) context.show(difference);
  await confirm(context, `Restore the previous ${names}?`, flags.yes);
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
  const results = files.map(({ place }, i) => {
    const { changed, backup } = done[i]!;
    return { file: place.file, changed, backup };
  });
  const is = files.length > 1 ? "are the previous files" : "is the previous file";
  const lines = [
    `Rolled back: ${names} ${is} again. Run rollback again to undo.`,
    ...files.flatMap((one) => loggedOutLines(context, one)),
  ];
  return {
    exit: 0,
    text: lines.join("\n"),
    document: {
      formatVersion: 1,
      changed: results.some((one) => one.changed),
      file: results[0]!.file,
      backup: results[0]!.backup,
      ...(results.length > 1 ? { files: results } : {}),
    },
  };
}

/**
 * The files to restore. Which were written together is in their ledgers, but where a file is follows from the command line
 * alone: no ledger leads to another user's file.
 */
async function placesOf(context: Context, scope: Scope): Promise<readonly Place[]> {
  const { world: { files }, options } = context;
  if (options.runtime !== null || options.remoteFile !== null) {
    return [await placeOf(context, scope, await readerOf(context))];
  }
  const found = new Map<string, Place & { readonly written: number }>();
  for (const runtime of RUNTIMES) {
    const place = await placeOf(context, scope, { runtime, oldest: null }).catch((error: unknown) => {
      if (error instanceof Failure) return null; // it has no home directory
      throw error;
    });
    const backup = place === null ? null : files.stat(backupPath(place.real));
    if (place === null || backup === null || found.has(place.real)) continue;
    found.set(place.real, { ...place, written: backup.changed });
  }
  const [last] = [...found.values()].sort((a, b) => b.written - a.written);
  if (last === undefined) return [await placeOf(context, scope, await readerOf(context))];
  const { together, readers = [] } = lastWriteOf(context, last);
  const chosen = new Map([[last.real, last as Place]]);
  // A program of an old version may have its file elsewhere.
  const others = together === undefined ? [] : readers.filter((one) => PATTERN.test(one)).map(parseReader);
  for (const reader of others) {
    const place = await placeOf(context, scope, reader);
    const belongs = lastWriteOf(context, place).together === together;
    if (belongs && !chosen.has(place.real)) chosen.set(place.real, place);
  }
  if ([...found.keys()].some((one) => !chosen.has(one))) {
    context.note(
      `Note: restoring ${printable(last.file)}, which was changed last. Choose another with --runtime.`,
    );
  }
  return [...chosen.values()].sort((a, b) =>
    RUNTIMES.indexOf(a.reader.runtime) - RUNTIMES.indexOf(b.reader.runtime)
  );
}

async function placeOf(context: Context, scope: Scope, reader: Reader): Promise<Place> {
  const { world } = context;
  const paths = pathsOf(context, null);
  const { file } = await findTarget(reader, scope, paths, world);
  const links = linkRule(reader, paths, world);
  return { reader, file, links, real: follow(world.files, file, links.root, world.here.uid).real };
}

function lastWriteOf({ world }: Context, { real }: Place): LastWrite {
  const path = ledgerPath(real);
  const text = readText(world, path);
  return text === null ? {} : parseLedger(text, path).last ?? {};
}

/** @throws {Failure} no-backup; remote-file-invalid, if the program cannot read the previous file */
async function restoredOf(context: Context, scope: Scope, place: Place): Promise<Restored> {
  const { world, options } = context;
  const { file, links } = place;
  const now = await readStored(world, file, links.root, true);
  const previous = readPrevious(context, now.real);
  const document = await parseRemoteFile(previous, file);
  const { last = {} } = now.ledger;
  const known = last.reader !== undefined && PATTERN.test(last.reader);
  const reader = options.runtime ?? (known ? parseReader(last.reader!) : place.reader);
  refuseUnreadable(reader, scope, now, document);
  const { content } = now.document;
  const tokens = new Map<string, Secret>();
  for (const name of last.remotes ?? []) {
    const [was, is] = [document.content.remotes.get(name), content.remotes.get(name)];
    if (was?.token === null && is?.token && mayReceive(is, was)) tokens.set(name, is.token);
  }
  const changes = [...tokens.keys()].map((
    remote,
  ) => ({ kind: "login", remote, from: { prompt: true } } as const));
  const withheld = (last.credentials ?? []).filter((uri) =>
    document.content.credentials.every((one) => one.uri !== uri)
  );
  const kept = content.credentials.filter((one) => withheld.includes(one.uri));
  const credentials = [...document.content.credentials, ...kept];
  const loggedOut = {
    remotes: (last.remotes ?? []).filter((one) =>
      document.content.remotes.get(one)?.token === null && !tokens.has(one)
    ),
    credentials: withheld.filter((uri) => kept.every((one) => one.uri !== uri)),
  };
  return {
    place,
    now,
    previous,
    text: await editRemoteFile(document, changes, { tokens, credentials }),
    loggedOut,
  };
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
  return document.text === text ? "" : `${printable(path)} cannot be read: ${document.broken.message}`;
}

function changeOf(context: Context, scope: Scope, { place, now, previous, text }: Restored): Change {
  const edit = (then: StoredFile) => {
    if (then.digest !== now.digest || readPrevious(context, then.real) !== previous) {
      throw new Failure("stale", `cannot roll back: ${place.file} changed while you were asked`, {
        path: place.file,
        next: "Run rollback again; nothing was written",
      });
    }
    return { text, ours: then.ledger.previous };
  };
  const { last = {} } = now.ledger;
  const known = last.reader !== undefined && PATTERN.test(last.reader);
  return {
    path: place.file,
    scope,
    links: place.links,
    edit,
    broken: true,
    reader: known ? parseReader(last.reader!) : { ...place.reader, oldest: null },
  };
}

function loggedOutLines(
  context: Context,
  { loggedOut: { remotes, credentials } }: Restored,
): readonly string[] {
  return [
    ...remotes.map((one) =>
      `Rollback does not restore the API key of ${quote(one)}. To log in again: ${
        sremoteHere(context, ["login"], [one])
      }`
    ),
    ...credentials.map((one) =>
      `Rollback does not restore the credential of ${printable(one)}: log in to it again.`
    ),
  ];
}

function readPrevious({ world }: Context, file: string): string {
  const previous = readText(world, backupPath(file));
  if (previous !== null) return previous;
  throw new Failure("no-backup", `cannot roll back: ${backupPath(file)} does not exist`, {
    path: file,
    next: "Check the path: sremote keeps a backup of each file that it changes",
  });
}
