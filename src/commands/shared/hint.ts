/** Commands that hints suggest. */
import { showReader } from "../../base/reader.ts";
import { printable } from "../../base/text.ts";
import type { Context } from "./context.ts";

/** `sremote`, with the options that name the same remote.yaml: a suggested command may not work on another file. */
export function sremoteHere({ options }: Pick<Context, "options">): string {
  const { runtime, remoteFile } = options;
  return [
    "sremote",
    ...runtime === null ? [] : ["--runtime", showReader(runtime)],
    ...remoteFile === null ? [] : ["--remote-file", shellWord(remoteFile)],
  ].join(" ");
}

/** A word as a shell reads it back; what is invisible in it is made visible, and is no longer the same word. */
export function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${printable(word).replaceAll("'", "'\\''")}'`;
}
