/** What a command says about files that it has written: notes, tokens to revoke, and how to undo it. */
import { resolve } from "node:path";
import { showReader } from "../../base/reader.ts";
import { printable, quote } from "../../base/text.ts";
import type { Desired, Reader, Scope } from "../../model.ts";
import type { Committed } from "../../remotefile/store.ts";
import { type Context, pathsOf } from "./context.ts";

/** As many old tokens are named. */
const MOST = 5;

/** Says how a file was written, and where tokens can be revoked that it does not hold any more. Asks nobody. */
export async function noteWritten(
  { note }: Pick<Context, "note">,
  { notes, gone: { remotes, credentials } }: Pick<Committed, "notes" | "gone">,
): Promise<void> {
  for (const one of notes) note(`Note: ${one}`);
  if (remotes.length + credentials.length === 0) return;
  const { tokenPage } = await import("../../endpoint/client.ts");
  const tokens = remotes.map((one) => ({
    what: `API key of ${quote(one.name)}`,
    where: `go to ${tokenPage(one)}`,
  }));
  const logins = credentials.map(({ uri }) => ({
    what: `credential of ${uri}`,
    where: "change it at its server.",
  }));
  const all = [...tokens, ...logins];
  for (const { what, where } of all.slice(0, MOST)) {
    note(`Note: the old ${what} is deleted here, not revoked. To revoke it, ${where}`);
  }
  if (all.length > MOST) note(`Note: ${all.length - MOST} more are deleted here, not revoked.`);
}

/**
 * The command that restores what this one has written, for a shell in any directory.
 * @param reader the program whose file alone was written; null: rollback finds what was written last
 */
export function rollbackCommand(
  context: Pick<Context, "world" | "options">,
  scope: Scope,
  reader: Reader | null,
  desired: Pick<Desired, "sysconfdir"> | null,
): string {
  const { here } = context.world;
  const { root, remoteFile, sysconfdir } = pathsOf(context, desired);
  const words = ["sremote", "rollback"];
  if (scope === "global") words.push("--global");
  if (reader !== null) words.push("--runtime", showReader(reader));
  for (
    const [flag, path] of [["--root", root], ["--sysconfdir", sysconfdir], [
      "--remote-file",
      remoteFile,
    ]] as const
  ) {
    if (path !== null) words.push(flag, shellWord(resolve(here.folder, path)));
  }
  // The user file is root's then, too.
  if (here.uid === 0 && here.env("SUDO_UID")) words.unshift("sudo");
  return words.join(" ");
}

/**
 * A word as a shell reads it back. Characters that cannot be printed are escaped as bash, zsh and ksh read them.
 *
 * @example
 * ```ts
 * import { shellWord } from "./written.ts";
 * import assert from "node:assert/strict";
 * assert.equal(shellWord("/srv/image"), "/srv/image");
 * assert.equal(shellWord("/srv/it's"), `'/srv/it'\\''s'`);
 * ```
 */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  if (printable(text) === text) return `'${text.replaceAll("'", `'\\''`)}'`;
  const bytes = Array.from(new TextEncoder().encode(text));
  const escaped = bytes.map((byte) => {
    const char = String.fromCharCode(byte);
    return /[^ -~]|['\\]/.test(char) ? `\\x${byte.toString(16).padStart(2, "0")}` : char;
  });
  return `$'${escaped.join("")}'`;
}
