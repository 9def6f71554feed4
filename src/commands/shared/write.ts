/** Files that the command line names. */
import { resolve } from "node:path";
import { Failure } from "../../base/failure.ts";
import { io } from "../../base/io.ts";
import { GIVEN_BYTES } from "../../base/limits.ts";
import type { Context } from "./context.ts";

const NO_FILE = { folder: "a directory", symlink: "a symbolic link", other: "a device or pipe" } as const;

/** Writes a document as JSON, atomically, readable only by its owner. @throws {Failure} io */
export function writeDocument(context: Pick<Context, "world">, given: string, document: object): void {
  writeGiven(context, given, new TextEncoder().encode(JSON.stringify(document, null, 2) + "\n"), 0o600);
}

/** Writes bytes, atomically, to a new file or in place of a regular file. @throws {Failure} io */
export function writeGiven(
  { world }: Pick<Context, "world">,
  given: string,
  bytes: Uint8Array,
  mode: number,
): void {
  const file = resolve(world.here.folder, given);
  const kind = world.files.stat(file)?.kind ?? "file";
  // Otherwise root would replace /dev/null by a file.
  if (kind !== "file") {
    throw new Failure("io", `cannot write ${file}: it is ${NO_FILE[kind]}`, {
      path: file,
      next: "Name a regular file",
    });
  }
  try {
    world.files.replace(file, bytes, { mode, owner: null });
  } catch (error) {
    throw io("write", file, error);
  }
}

/** Reads a file as text. @throws {Failure} io */
export function readGiven({ world }: Pick<Context, "world">, given: string, what: string): string {
  const file = resolve(world.here.folder, given);
  let read;
  try {
    read = world.files.read(file, { limit: GIVEN_BYTES });
  } catch (error) {
    throw io(`read ${what}`, file, error);
  }
  if (read === null) {
    throw new Failure("io", `cannot read ${what} ${file}: no such file`, {
      path: file,
      next: "Check the path",
    });
  }
  return new TextDecoder().decode(read.bytes);
}
