/** The commands that messages suggest: they work on the same files as the command that suggests them. */
import { resolve } from "node:path";
import { Failure } from "../../base/failure.ts";
import { showReader } from "../../base/reader.ts";
import { sremoteCommand } from "../../base/text.ts";
import type { Reader } from "../../model.ts";
import type { World } from "../../world.ts";

/** The options that say which remote.yaml a command works on. */
interface Place {
  readonly runtime: Reader | null;
  readonly root: string | null;
  readonly sysconfdir: string | null;
  readonly remoteFile: string | null;
}

/** What is known of the command that suggests another: a part of its context. */
interface Here {
  readonly world: Pick<World, "here">;
  readonly options: Place;
}

/** As they are typed. */
export function placeWords({ runtime, root, sysconfdir, remoteFile }: Place): readonly string[] {
  const given: readonly (readonly [string, string | null])[] = [
    ["--runtime", runtime === null ? null : showReader(runtime)],
    ["--root", root],
    ["--sysconfdir", sysconfdir],
    ["--remote-file", remoteFile],
  ];
  return given.flatMap(([flag, value]) => value === null ? [] : [flag, value]);
}

/** A command to type in the same directory, for the same files. */
export function sremoteHere(
  context: Here,
  words: readonly string[],
  names: readonly string[] = [],
): string {
  return sremoteCommand([...placeWords(placeFor(context, words)), ...words], names);
}

/** Whether words have an option that means the global file. */
function isGlobal(words: readonly string[]): boolean {
  const end = words.indexOf("--");
  const options = end < 0 ? words : words.slice(0, end);
  return options.some((one) => /^(?:--(?:global|exclusive)(?:=.*)?|-[a-z]*[eg][a-z]*)$/.test(one));
}

/** `--remote-file` replaces the file of one scope: what a command on user remotes suggests for global ones is about another file. */
function placeFor(
  { world: { here }, options }: Here,
  words: readonly string[],
): Place {
  const isOther = isGlobal(words) && !isGlobal(here.args);
  return isOther ? { ...options, remoteFile: null } : options;
}

/** A command to type in any directory: relative paths are those of this one. */
export function sremoteAnywhere(
  { world: { here } }: Pick<Here, "world">,
  words: readonly string[],
  place: Place,
): string {
  const absolute = (path: string | null) => path === null ? null : resolve(here.folder, path);
  const { runtime, root, sysconfdir, remoteFile } = place;
  return sremoteCommand([
    ...words,
    ...placeWords({
      runtime,
      root: absolute(root),
      sysconfdir: absolute(sysconfdir),
      remoteFile: absolute(remoteFile),
    }),
  ]);
}

// Our own words in front of the command: no name and no path, which could contain one.
const SUGGESTED =
  /^([A-Z][\w ,:]*? )?sremote (?=(?:add|apply|doctor|import|keyserver|list|log(?:in|out)|plan|remove|resolve|rollback|status|use|validate) )/;

/**
 * A next step of a part that does not know the command line: the command that it suggests gets the options that say which
 * files it is about.
 */
export function hintHere(context: Here, next: string): string {
  if (!SUGGESTED.test(`${next} `)) return next;
  const words = next.split(" ");
  const here = sremoteCommand(placeWords(placeFor(context, words)));
  return `${next} `.replace(SUGGESTED, (_, before: string | undefined) => `${before ?? ""}${here} `)
    .trimEnd();
}

// A command that people paste ends with its last word.
const COMMAND_AND_FACT = /^(.*(?:^Run |\bsremote ).*)(; nothing was written)$/s;

/** The same for what a plan or a diagnosis found. */
export function hintsHere<Found extends { readonly next?: string }>(
  context: Here,
  found: readonly Found[],
): readonly Found[] {
  return found.map((one) => one.next === undefined ? one : { ...one, next: hintHere(context, one.next) });
}

/** The same for a whole error. */
export function failureHere(context: Here, failure: Failure): Failure {
  const { code, path, excerpt, problems, cause } = failure;
  // Of a file that was named for this command, only the name is wrong.
  const isMisnamed = code === "remote-file-not-a-file" && context.options.remoteFile !== null;
  const next = isMisnamed ? "Give the path of a regular file" : failure.next;
  if (next === undefined) return failure;
  const told = COMMAND_AND_FACT.exec(next);
  return new Failure(code, told === null ? failure.message : `${failure.message}${told[2]}`, {
    ...(path === undefined ? {} : { path }),
    ...(excerpt === undefined ? {} : { excerpt }),
    problems,
    cause,
    next: hintHere(context, told?.[1] ?? next),
  });
}
