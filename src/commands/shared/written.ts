/** What a command says about files that it has written: notes, tokens to revoke, and how to undo it. */
import { quote, shellWord } from "../../base/text.ts";
import type { Desired, Reader, Scope } from "../../model.ts";
import type { Committed } from "../../remotefile/store.ts";
import { type Context, pathsOf } from "./context.ts";
import { sremoteAnywhere } from "./hint.ts";

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
  const words = scope === "global" ? ["rollback", "--global"] : ["rollback"];
  const command = sremoteAnywhere(context, words, { ...pathsOf(context, desired), runtime: reader });
  if (here.uid !== 0 || !here.env("SUDO_UID")) return command;
  // The user file is root's then, too; sudo does not pass on the variables that say where it is.
  const variables = scope === "global" ? [] : ["SINGULARITY_CONFIGDIR", "APPTAINER_CONFIGDIR"];
  const set = variables.flatMap((name) => {
    const value = here.env(name);
    return value ? [`${name}=${shellWord(value)}`] : [];
  });
  return ["sudo", ...set, command].join(" ");
}
