/** The files that the last command has written: what `rollback` is about. */
import { Failure } from "../../base/failure.ts";
import { parseReader, READER_PATTERN, RUNTIMES } from "../../base/reader.ts";
import { printable } from "../../base/text.ts";
import type { Reader, Scope } from "../../model.ts";
import { type LastWrite, ledgerPath, parseLedger } from "../../remotefile/ledger.ts";
import { follow } from "../../remotefile/links.ts";
import { findTarget, linkRule } from "../../remotefile/paths.ts";
import { backupPath, type LinkRule, readText, settle } from "../../remotefile/store.ts";
import { type Context, pathsOf } from "./context.ts";
import { readerOf } from "./merged.ts";

const PATTERN = new RegExp(READER_PATTERN);

/** The program that a ledger names; null: none, or not as sremote writes it. */
export function readerIn({ reader }: LastWrite): Reader | null {
  return reader !== undefined && PATTERN.test(reader) ? parseReader(reader) : null;
}

/** A file of the scope. */
export interface Place {
  readonly reader: Reader;
  /** As the program opens it. */
  readonly file: string;
  readonly links: LinkRule;
  readonly real: string;
}

/**
 * The files to restore. Which were written together is in their ledgers, but where a file is follows from the command line
 * alone: no ledger leads to another user's file.
 */
export async function placesOf(context: Context, scope: Scope): Promise<readonly Place[]> {
  const { world: { files }, options } = context;
  if (options.runtime !== null || options.remoteFile !== null) {
    const place = await placeOf(context, scope, await readerOf(context));
    await settle(context.world, place.file, place.links.root);
    return [place];
  }
  const found = new Map<string, Place & { readonly written: number; readonly last: LastWrite }>();
  for (const runtime of RUNTIMES) {
    const place = await placeOf(context, scope, { runtime, oldest: null }).catch((error: unknown) => {
      if (error instanceof Failure) return null; // it has no home directory
      throw error;
    });
    if (place === null || found.has(place.real)) continue;
    await settle(context.world, place.file, place.links.root);
    const backup = files.stat(backupPath(place.real));
    const last = lastWriteOf(context, place);
    // The ledgers of earlier versions have no time.
    const written = last.at ?? backup?.changed;
    if (written === undefined) continue;
    found.set(place.real, { ...place, written, last });
  }
  const [last] = [...found.values()].sort((a, b) => b.written - a.written);
  if (last === undefined) return [await placeOf(context, scope, await readerOf(context))];
  const { together, readers = [] } = last.last;
  const chosen = new Map([[last.real, last as Place]]);
  // A program of an old version may have its file elsewhere.
  const others = together === undefined ? [] : readers.filter((one) => PATTERN.test(one)).map(parseReader);
  for (const reader of others) {
    const place = await placeOf(context, scope, reader);
    await settle(context.world, place.file, place.links.root);
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
