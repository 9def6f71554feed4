/** Whether and where a file may be written, before anything is: links, directories, owners. */
import { dirname } from "node:path";
import { codeOf } from "../base/errno.ts";
import { Failure } from "../base/failure.ts";
import type { World } from "../world.ts";
import { danglingAbove, follow, showDead } from "./links.ts";
import { unwritten } from "./put_back.ts";
import type { Change } from "./pending.ts";
import type { StoredFile } from "./stored.ts";

/** The file at the end of a link. @throws {Failure} remote-file-symlink */
export function realPath(world: World, { path, links }: Change): string {
  const { real, linked, foreign } = follow(world.files, path, links.root, world.here.uid);
  const why = !linked
    ? null
    : foreign !== null && world.here.uid === 0
    ? `it is a symbolic link that belongs to another user (uid ${foreign})`
    : links.refuse === null
    ? null
    : `it is a symbolic link, ${links.refuse}`;
  if (why === null) return real;
  throw new Failure("remote-file-symlink", `cannot change ${path}: ${why}`, {
    path,
    next: "Replace the link with a regular file; nothing was written",
  });
}

/** Not for the file at the end of a link: where that leads nowhere, the directory is none of sremote's. */
export function makeFolder(world: World, { path, scope }: Change, real: string): string[] {
  if (real !== path) {
    if (world.files.exists(dirname(real))) return [];
    throw new Failure(
      "io",
      `cannot change ${path}: it is a symbolic link to ${real}, whose directory does not exist`,
      { path, next: "Make that directory, or remove the link; nothing was written" },
    );
  }
  try {
    return world.files.makeFolder(dirname(path), scope === "user" ? 0o700 : 0o755);
  } catch (error) {
    const dangling = danglingAbove(world.files, path);
    if (dangling === null) throw unwritten("make the directory of", path, error);
    const { link, is } = dangling;
    const what = showDead(dangling).replace(/^it/, link);
    const first = is === "absent" ? "Make that directory" : "Correct the link";
    throw new Failure("io", `cannot change ${path}: ${what}`, {
      path,
      next: `${first}, or remove the link; nothing was written`,
    });
  }
}

/** A replaced file belongs to whoever replaced it: only its owner may do that, or root, who gives it back. */
export function refuseForeign(world: World, now: StoredFile): void {
  const { uid } = world.here;
  if (now.owner === null || uid === 0 || now.owner.uid === uid) return;
  throw new Failure(
    "remote-file-owner",
    `cannot change ${now.path}: it belongs to another user (uid ${now.owner.uid})`,
    {
      path: now.path,
      next: "Run sremote as its owner, or as root; nothing was written",
    },
  );
}

/** A directory cannot be replaced, which would show only after the file was. */
export function refuseFolder(world: World, path: string): void {
  try {
    world.files.read(path, { limit: 0, nofollow: true });
  } catch (error) {
    if (codeOf(error) !== "EISDIR") return;
    throw new Failure("io", `cannot keep the previous file as ${path}: a directory of that name exists`, {
      path,
      next: "Move it away, then run the command again; nothing was written",
    });
  }
}
