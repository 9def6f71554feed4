/** Parts of a `remote.yaml` as lines of text. */
import { Failure } from "../base/failure.ts";
import type { Secret } from "../base/secret.ts";
import type { Credential, Keyserver, RemoteFile, StoredRemote } from "../model.ts";
import { CREDENTIAL_FIELDS, KEYSERVER_FIELDS, REMOTE_FIELDS, type RemoteField } from "./entry.ts";

/** The layout of a file. */
export interface Style {
  readonly eol: "\n" | "\r\n";
  /** Column of a remote's name. */
  readonly entry: number;
  /** Columns from a remote's name to its fields. */
  readonly step: number;
  /** Columns from a list's key to its dashes. */
  readonly list: number;
}

// Words that some YAML version does not read as a string.
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i;
// It starts with a letter: anything else may be a number, a date or an indicator.
const SAFE = /^[A-Za-z][A-Za-z0-9_.\/+=@-]*(?::[A-Za-z0-9_.\/+=@-]+)*$/;
// deno-lint-ignore no-control-regex -- control characters are what it looks for
const ESCAPED = /["\\\u0000-\u001f\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g;

/**
 * Text as a scalar that YAML 1.1 (Go's yaml.v2), Go's yaml.v3 and YAML 1.2 all read as the same string: plain where that
 * is certain, otherwise in double quotes.
 *
 * @example
 * ```ts
 * import { scalarText } from "./render.ts";
 * import assert from "node:assert/strict";
 * assert.equal(scalarText("cloud.sylabs.io"), "cloud.sylabs.io");
 * assert.equal(scalarText("0123"), '"0123"');
 * assert.equal(scalarText("no"), '"no"');
 * ```
 */
export function scalarText(text: string): string {
  if (SAFE.test(text) && !WORDS.test(text)) return text;
  if (!text.isWellFormed()) {
    throw new Failure("internal", "cannot write text that is not well-formed Unicode");
  }
  const escaped = text.replace(ESCAPED, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
  return `"${escaped}"`;
}

/** The text of a scalar field; null: it is unset, and not written. */
export function fieldText(value: string | boolean | Secret | null, always = false): string | null {
  if (typeof value === "string") return value !== "" || always ? scalarText(value) : null;
  if (typeof value === "boolean") return value || always ? String(value) : null;
  return value === null ? null : scalarText(value.reveal());
}

/** The lines of a field whose key stands in `column`; none where it is unset. */
export function fieldLines(
  remote: StoredRemote,
  field: RemoteField,
  column: number,
  list: number,
): readonly string[] {
  const key = `${" ".repeat(column)}${field.yaml}:`;
  if (field.type === "keyservers") {
    const lines = keyserverLines(remote[field.property], column + list);
    return lines.length === 0 ? [] : [key, ...lines];
  }
  const text = fieldText(remote[field.property], field.always);
  return text === null ? [] : [`${key} ${text}`];
}

/** The lines of a list of keyservers with its dashes in `column`: all four fields, as Singularity writes them. */
export function keyserverLines(keyservers: readonly Keyserver[], column: number): readonly string[] {
  return keyservers.flatMap((one) =>
    itemLines(
      column,
      KEYSERVER_FIELDS.map(({ yaml, property, always }) => [yaml, fieldText(one[property], always)]),
    )
  );
}

/** The lines of a whole remote. */
export function remoteLines(remote: StoredRemote, { entry, step, list }: Style): readonly string[] {
  return [
    `${" ".repeat(entry)}${scalarText(remote.name)}:`,
    ...REMOTE_FIELDS.flatMap((field) => fieldLines(remote, field, entry + step, list)),
  ];
}

/** The lines of a whole file. */
export function fileLines(content: RemoteFile, style: Style): readonly string[] {
  const lines = content.default === null ? [] : [`Active: ${scalarText(content.default)}`];
  if (content.remotes.size === 0) lines.push("Remotes: {}");
  else lines.push("Remotes:");
  for (const remote of content.remotes.values()) lines.push(...remoteLines(remote, style));
  if (content.credentials.length > 0) lines.push("Credentials:");
  lines.push(...credentialLines(content.credentials, style.list));
  return lines;
}

/** The lines of a list of credentials with its dashes in `column`. */
export function credentialLines(credentials: readonly Credential[], column: number): readonly string[] {
  return credentials.flatMap((one) =>
    itemLines(
      column,
      CREDENTIAL_FIELDS.map(({ yaml, property, always }) => [yaml, fieldText(one[property], always)]),
    )
  );
}

function itemLines(
  column: number,
  fields: readonly (readonly [name: string, text: string | null])[],
): readonly string[] {
  const pad = " ".repeat(column);
  return fields.filter(([, text]) => text !== null)
    .map(([name, text], i) => `${pad}${i === 0 ? "- " : "  "}${name}: ${text}`);
}
