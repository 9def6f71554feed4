/** How a finding of `sremote doctor` is made. */
import { shellWord } from "../base/text.ts";
import type { Diagnosis } from "../model.ts";

/** A finding. `next`: the remedy, as an imperative. */
export function say(
  severity: Diagnosis["severity"],
  about: Diagnosis["about"],
  subject: string,
  message: string,
  next?: string,
): Diagnosis {
  return { severity, about, subject, message, ...(next === undefined ? {} : { next }) };
}

/**
 * A command of sremote to type, about the files that the findings are about.
 * @param names arguments from elsewhere, such as the names of remotes: none of them is read as an option
 */
export type Sremote = (words: readonly string[], names?: readonly string[]) => string;

/** `Run COMMAND PATH`, or as root where only root may. @param uid the owner of what is at the path */
export function run(command: string, path: string, uid: number): string {
  return `${uid === 0 ? "Run as root:" : "Run"} ${command} ${shellWord(path)}`;
}

/** A remedy inside a longer one. */
export function lower(remedy: string): string {
  return remedy[0]!.toLowerCase() + remedy.slice(1);
}
