/** Files that a person named on the command line, to be written whole. */
import { resolve } from "node:path";
import { Failure } from "../../base/failure.ts";
import { io } from "../../base/io.ts";
import { codeOf } from "../../base/errno.ts";
import type { Context } from "./context.ts";

const NO_FILE = { folder: "a folder", symlink: "a symbolic link", other: "a device or pipe" } as const;

/** A document as JSON, in one replace, readable by its owner alone. @throws {Failure} io */
export function writeDocument(context: Pick<Context, "world">, given: string, document: object): void {
  writeGiven(context, given, new TextEncoder().encode(JSON.stringify(document, null, 2) + "\n"), 0o600);
}

/** Bytes, in one replace of a file and of nothing else. @throws {Failure} io */
export function writeGiven(
  { world }: Pick<Context, "world">,
  given: string,
  bytes: Uint8Array,
  mode: number,
): void {
  const file = resolve(world.here.folder, given);
  const kind = world.files.stat(file)?.kind ?? "file";
  // A replace would put a file in the place of /dev/null, for everyone.
  if (kind !== "file") {
    throw new Failure("io", `cannot write ${file}: ${NO_FILE[kind]} of that name is there`, {
      path: file,
      next: "name a file",
    });
  }
  try {
    world.files.replace(file, bytes, { mode, owner: null });
  } catch (error) {
    throw io("write", file, error);
  }
}

/** A file that a person named. @throws {Failure} io */
export function readGiven({ world }: Pick<Context, "world">, given: string, what: string): string {
  const file = resolve(world.here.folder, given);
  let read;
  try {
    read = world.files.read(file, { limit: 64 * 1024 * 1024 });
  } catch (error) {
    const why = codeOf(error) === "EISDIR" ? "it is a folder" : null;
    if (why === null) throw io(`read ${what}`, file, error);
    throw new Failure("io", `cannot read ${what} ${file}: ${why}`, { path: file });
  }
  if (read === null) {
    throw new Failure("io", `cannot read ${what} ${file}: there is no such file`, {
      path: file,
      next: "check its path",
    });
  }
  return new TextDecoder().decode(read.bytes);
}
