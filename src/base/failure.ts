/**
 * The one error type that people see: what was being done, to what, why it failed, and what to do next. `src/cli.ts` prints
 * it and turns its code into the exit code.
 */

/** Stable codes: programs match on them, so a code never changes its meaning. */
export type FailureCode =
  | "usage" // the command line is wrong
  | "config-not-found"
  | "config-unreadable" // cannot be read, too large, not UTF-8
  | "config-syntax" // does not parse as TypeScript, JavaScript, JSON or YAML
  | "config-evaluation" // threw, ran out of time or memory, exported nothing usable
  | "config-import" // an import that is missing, or outside of the directory
  | "config-invalid" // parsed, but not a valid config
  | "config-owner" // other users can change it
  | "remote-file-invalid" // broken YAML, unknown field, wrong type
  | "remote-file-symlink"
  | "remote-file-not-a-file" // a directory, a device, a pipe
  | "remote-file-owner" // belongs to another user
  | "ledger-invalid"
  | "plan-file-invalid" // a saved plan that is invalid, or was edited
  | "conflict" // the plan holds findings of severity error
  | "unknown-remote"
  | "remote-exists"
  | "mass-removal"
  | "not-root"
  | "no-backup"
  | "io" // the operating system refused
  | "network"
  | "login-failed"
  | "check-failed"
  | "stale"
  | "locked"
  | "declined"
  | "interrupted"
  | "internal"; // a bug of sremote's

/** One mistake with its place. A {@link Failure} shows all of them at once. */
export interface Problem {
  /** Where: `remotes.company.uri`, or `remotes.ts:12:5`. Empty: the top level. */
  readonly path: string;
  /** What is wrong, in one sentence without a full stop. */
  readonly message: string;
  /** The value found, printable (never a token). */
  readonly found?: string;
  /** What is allowed. */
  readonly allowed?: string;
  /** The nearest valid word: "did you mean …". */
  readonly suggestion?: string;
}

/** What a {@link Failure} may have besides its code and message. */
export interface FailureDetails {
  /** The file, or the place in the config. */
  readonly path?: string;
  /** What to do next, as an imperative sentence. */
  readonly next?: string;
  /** The mistakes, if there are several. */
  readonly problems?: readonly Problem[];
  /** A few lines of source that show the place, tokens masked. */
  readonly excerpt?: string;
  readonly cause?: unknown;
}

/**
 * An error for people: `message` says what was attempted and why it failed, in one line.
 *
 * @example
 * ```ts
 * import { Failure } from "./failure.ts";
 * import assert from "node:assert/strict";
 * const failure = new Failure("locked", "cannot lock a.yaml: held for 10 s", { next: "Try again" });
 * assert.equal(failure.code, "locked");
 * assert.equal(failure.next, "Try again");
 * ```
 */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly path: string | undefined;
  readonly next: string | undefined;
  readonly problems: readonly Problem[];
  readonly excerpt: string | undefined;

  constructor(readonly code: FailureCode, message: string, details: FailureDetails = {}) {
    super(message, details.cause === undefined ? {} : { cause: details.cause });
    this.path = details.path;
    this.next = details.next;
    this.problems = details.problems ?? [];
    this.excerpt = details.excerpt;
  }
}
