/**
 * Conflicts between the user file and the global file: the only place that decides them, by program. Plan, doctor, the
 * merged view and the commands on it ask here. Pure.
 *
 * Source: measured with SingularityCE 3.5 to 4.5 and Apptainer 1.1 to 1.5.
 */
import type { DefaultState, Runtime, Scope, StoredRemote } from "../model.ts";
import { PROGRAMS } from "../programs.ts";

/** The part of a file that conflicts depend on. */
export interface Side {
  readonly remotes: ReadonlyMap<string, Pick<StoredRemote, "system" | "exclusive">>;
}

/** Both files. */
export type Sides = Readonly<Record<Scope, Side>>;

/** Names that are both a user remote and a global remote, in the order of the global file. A copy of a global remote is neither. */
export function namesInBoth({ user, global }: Sides): readonly string[] {
  return Array.from(global.remotes.keys()).filter((name) => user.remotes.get(name)?.system === false);
}

/** What a program does about such a name: whether it still works, and in words. */
export function nameInBoth(runtime: Runtime): { readonly works: boolean; readonly effect: string } {
  const { title, nameInBoth } = PROGRAMS[runtime];
  switch (nameInBoth) {
    case "fail":
      return { works: false, effect: `${title} fails every command` };
    case "use-user":
      return { works: true, effect: `${title} uses the user remote` };
  }
}

/**
 * The file that keeps a remote of this name from being added to `file`; null: it can be added.
 * @param global the global file, if `file` is the user file and both are read; else null
 */
export function takenIn(runtime: Runtime, name: string, file: Side, global: Side | null): Scope | null {
  const present = file.remotes.get(name);
  if (present !== undefined) return present.system ? "global" : "user";
  return global?.remotes.has(name) && !nameInBoth(runtime).works ? "global" : null;
}

/**
 * The remote that a user cannot replace as the default, and the file that says so. The global file comes first; of
 * several in one file the first counts (the programs choose at random). A copy is exclusive if its global remote is; a
 * global remote that the program ignores because of a user remote is not.
 */
export function exclusiveFor(
  runtime: Runtime,
  sides: Sides,
): { readonly name: string; readonly scope: Scope } | null {
  const ignored = new Set(nameInBoth(runtime).works ? namesInBoth(sides) : []);
  const first = (scope: Scope, counts: (name: string, remote: { readonly system: boolean }) => boolean) => {
    const found = Array.from(sides[scope].remotes).find(([name, one]) => one.exclusive && counts(name, one));
    return found === undefined ? null : { name: found[0], scope };
  };
  return first("global", (name) => !ignored.has(name)) ??
    first("user", (name, { system }) => !system || !sides.global.remotes.has(name));
}

/** What is wrong with the exclusive remotes of the global file; null: nothing. */
export function exclusiveTrouble({ remote, exclusive }: DefaultState): "several" | "not-default" | null {
  if (exclusive.length > 1) return "several";
  return exclusive.length === 1 && exclusive[0] !== remote ? "not-default" : null;
}

/** Whether no file has the default remote. `files`: those that it may be in; null: unknown, so it may be there. */
export function isUnknown(name: string | null, files: readonly (Side | null)[]): name is string {
  return name !== null && files.every((one) => one !== null && !one.remotes.has(name));
}
