/** `sremote remove`, as `singularity remote remove`. */
import { entryOf } from "../remotefile/entry.ts";
import { Failure } from "../base/failure.ts";
import { quote } from "../base/text.ts";
import type { Change } from "../model.ts";
import { defaultOf } from "../remotefile/changes.ts";
import { type Context, requireRoot, type Result, scopeOf } from "./shared/context.ts";
import { editFile } from "./shared/edit.ts";
import { sremoteHere } from "./shared/hint.ts";
import { mergedFor, unknown } from "./shared/merged.ts";

/** The flags of `remove`. */
export interface RemoveOptions {
  readonly global?: true;
}

/** Removes a remote. If it was the default, there is none afterwards. */
export async function remove(context: Context, name: string, flags: RemoveOptions): Promise<Result> {
  const scope = scopeOf(flags.global);
  requireRoot(context, scope, "remove a global remote", { words: ["remove", "--global"], names: [name] });
  const view = await mergedFor(context, scope);
  if (view?.global.document.content.remotes.has(name) && view.merged.remotes.get(name)?.global) {
    throw new Failure("unknown-remote", `cannot remove ${quote(name)}: it is a global remote`, {
      next: `Run as root: ${sremoteHere(context, ["remove", "--global"], [name])}`,
    });
  }
  const { file } = await editFile(context, scope, (now) => {
    const remote = now.remotes.get(name);
    if (remote === undefined) throw unknown(name, now.remotes.keys(), "remove");
    const changes: Change[] = [{ kind: "remove", remote: name, before: entryOf(remote) }];
    const before = defaultOf(now);
    if (before.remote === name) {
      const exclusive = before.exclusive.filter((one) => one !== name);
      changes.push({ kind: "use", before, after: { remote: null, exclusive } });
    }
    return changes;
  });
  return {
    exit: 0,
    text: `Remote ${quote(name)} removed.`,
    document: { formatVersion: 1, changed: true, file, remote: name },
  };
}
