/** The mode that a `remote.yaml` gets when it is written. */
import type { Scope } from "../model.ts";
import type { StoredFile } from "./stored.ts";

/**
 * The programs' own modes: 0600 for a user file that holds a token, 0644 for a global file, which every user has to read. A
 * user file without a token keeps its mode (a group may share it), less write access for everybody; so does a global file
 * that holds a token all the same, less what is wider than 0644.
 */
export function modeFor(scope: Scope, { mode, document, digest }: StoredFile, holds: boolean): number {
  if (scope === "global") return mode !== null && holds ? mode & 0o644 | 0o600 : 0o644;
  return mode === null || digest === null || holds || document.broken !== undefined
    ? 0o600
    : mode & 0o775 | 0o600;
}

/** Why a file got another mode. */
export function reasonFor(
  scope: Scope,
  { document }: StoredFile,
  was: number,
  is: number,
  holds: boolean,
): string {
  const [taken, given] = [was & ~is, is & ~was];
  if (taken & 0o077 && holds) return "it holds an API key";
  if (taken & 0o077 && document.broken !== undefined && scope === "user") {
    return "it may have held an API key";
  }
  if (scope === "global" && given & 0o044) return "every user has to read it";
  if (taken & 0o022) return "others could write to it";
  if (given & 0o600) return "its owner has to read and write it";
  return "it is not a program";
}
