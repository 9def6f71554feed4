/** `remote.yaml` from text to meaning. */
import { Failure, type Problem } from "../base/failure.ts";
import type { Quirks, RemoteFile } from "../model.ts";
import { decode } from "./decode.ts";
import { maskLine } from "./mask_line.ts";
import { scanYaml } from "./scan.ts";
import type { Node } from "./yaml.ts";

/** A `remote.yaml` as it was read: its content, and where in the text each part is. */
export interface RemoteDocument {
  readonly text: string;
  readonly content: RemoteFile;
  readonly quirks: Quirks;
  /** For messages. */
  readonly path: string;
  /** The nodes with their places, for edit.ts and mask.ts; null: the file has only comments. */
  readonly root: Node | null;
  /** Whether a part of it is in more than one place, because of a YAML alias or merge key. */
  readonly shared: boolean;
  /** Why the text cannot be read, where it was accepted all the same; the content is then empty. */
  readonly broken?: Failure;
}

// What Go's YAML refuses, or reads as a line break where YAML 1.2 does not: the two would read different files.
const FORBIDDEN =
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029\ufffe\uffff]|\r(?!\n)|(?!^)\ufeff|\p{Cs}/u;

/** A mistake with its place, from either stage. */
interface Located {
  readonly offset: number;
  readonly message: string;
  readonly problem?: Problem;
  readonly unsupported?: true;
}

/**
 * Reads a `remote.yaml` as strictly as the programs do. Strings stay as written: a token `0123` stays `0123`.
 * @param path for messages only
 * @throws {Failure} remote-file-invalid, with all problems found; no token in it
 *
 * @example
 * ```ts
 * import { parseRemoteFile } from "./parse.ts";
 * import assert from "node:assert/strict";
 * const { content } = await parseRemoteFile("Remotes:\n  a:\n    URI: a.org\n", "remote.yaml");
 * assert.equal(content.remotes.get("a")?.uri, "a.org");
 * ```
 */
export async function parseRemoteFile(text: string, path: string): Promise<RemoteDocument> {
  const forbidden = text.search(FORBIDDEN);
  if (forbidden >= 0) {
    throw invalid(text, path, [{
      offset: forbidden,
      message: `the character ${hex(text, forbidden)} is not allowed`,
    }]);
  }
  // The library is loaded only for a text that needs it: that takes as long as an empty program.
  const tree = scanYaml(text) ?? (await import("./yaml.ts")).readYaml(text);
  if ("mistakes" in tree) throw invalid(text, path, tree.mistakes);
  const { content, quirks, problems } = decode(tree.root);
  if (problems.length > 0) {
    const located = problems.map(({ offset, problem }) => ({ offset, message: problem.message, problem }));
    throw invalid(text, path, located.sort((a, b) => a.offset - b.offset));
  }
  // A file without a byte is valid for every version.
  const blank = text !== "" && text.split("\n").every((line) => /^\ufeff?\s*(?:#|$)/.test(line));
  return {
    text,
    content,
    quirks: { ...quirks, blank, symlink: false },
    path,
    root: tree.root,
    shared: tree.shared,
  };
}

function hex(text: string, offset: number): string {
  const code = text.codePointAt(offset)!;
  return code === 13 ? "CR without LF" : `U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
}

function invalid(text: string, path: string, found: readonly Located[]): Failure {
  const places = placesOf(text, found);
  const first = found[0]!;
  const at = places[0]!;
  const problems = found.map((one, i) => {
    const { line, column } = places[i]!;
    return one.problem ?? { path: `${path}:${line}:${column}`, message: one.message };
  });
  const shown = maskLine(at.source);
  const gutter = " ".repeat(String(at.line).length);
  // The caret stays below the visible part of the line.
  const caret = " ".repeat(Math.min(at.column - 1, shown.length));
  return new Failure("remote-file-invalid", `cannot read ${path}: line ${at.line}: ${first.message}`, {
    path,
    problems,
    excerpt: `${at.line} | ${shown}\n${gutter} | ${caret}^`,
    next: first.unsupported
      ? `Rewrite ${path} without them; Singularity and Apptainer never write them`
      : `Fix ${path} by hand; Singularity and Apptainer also refuse the whole file`,
  });
}

interface Place {
  readonly line: number;
  readonly column: number;
  readonly source: string;
}

/** Lines and columns, from 1, of places in ascending order: one walk over the text. */
function placesOf(text: string, found: readonly Located[]): readonly Place[] {
  let line = 1;
  let start = 0;
  let end = lineEnd(text, 0);
  return found.map(({ offset }) => {
    while (end < offset && end < text.length) {
      line++;
      start = end + 1;
      end = lineEnd(text, start);
    }
    return { line, column: Math.max(1, offset - start + 1), source: text.slice(start, end) };
  });
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end < 0 ? text.length : end;
}
