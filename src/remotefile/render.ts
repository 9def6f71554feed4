/** Pieces of a `remote.yaml` as lines of text. Only fields that say something are written: each version refuses a file with a field that it does not know. */
import { Failure } from "../base/failure.ts";
import type { Credential, Keyserver, RemoteFile, StoredRemote } from "../model.ts";

/** How a file is laid out. */
export interface Style {
  readonly eol: "\n" | "\r\n";
  /** Column of a remote's name. */
  readonly entry: number;
  /** Columns from a remote's name to its fields. */
  readonly step: number;
  /** Columns from a list's key to its dashes. */
  readonly list: number;
}

/** A field of a remote, in the order in which Singularity writes them. */
export type Field = "URI" | "Token" | "System" | "Exclusive" | "Insecure" | "Keyservers";

/** The fields in that order. */
export const FIELDS: readonly Field[] = ["URI", "Token", "System", "Exclusive", "Insecure", "Keyservers"];

// Words that some YAML version reads as something else than text.
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null|nan|inf)$/i;
// A letter first: what begins otherwise may be a number, a date or an indicator.
const SAFE = /^[A-Za-z][A-Za-z0-9_.\/+=@-]*(?::[A-Za-z0-9_.\/+=@-]+)*$/;
// deno-lint-ignore no-control-regex -- control characters are what it looks for
const ESCAPED = /["\\\u0000-\u001f\u007f-\u00a0\u2028\u2029\ufeff\ufffe\uffff]/g;

/**
 * Text as a scalar that YAML 1.1 (Go's yaml.v2), Go's yaml.v3 and YAML 1.2 read back the same: plain where there can
 * be no doubt, in double quotes everywhere else.
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

/** The text of a field that is a scalar; null: it says nothing and is left out. */
export function fieldText(remote: StoredRemote, field: Exclude<Field, "Keyservers">): string | null {
  switch (field) {
    case "URI":
      return scalarText(remote.uri);
    case "Token":
      return remote.token === null ? null : scalarText(remote.token.reveal());
    case "System":
      return remote.system ? "true" : null;
    case "Exclusive":
      return remote.exclusive ? "true" : null;
    case "Insecure":
      return remote.insecure ? "true" : null;
  }
}

/** The lines of a field whose key stands in `column`; none where it says nothing. */
export function fieldLines(
  remote: StoredRemote,
  field: Field,
  column: number,
  list: number,
): readonly string[] {
  const pad = " ".repeat(column);
  if (field === "Keyservers") {
    if (remote.keyservers.length === 0) return [];
    return [`${pad}Keyservers:`, ...keyserverLines(remote.keyservers, column + list)];
  }
  const text = fieldText(remote, field);
  return text === null ? [] : [`${pad}${field}: ${text}`];
}

/** The lines of a list of keyservers with its dashes in `column`: all four fields, as Singularity writes them. */
export function keyserverLines(keyservers: readonly Keyserver[], column: number): readonly string[] {
  return keyservers.flatMap(({ uri, skip, external, insecure }) =>
    itemLines(column, [
      `URI: ${scalarText(uri)}`,
      `Skip: ${skip}`,
      `External: ${external}`,
      `Insecure: ${insecure}`,
    ])
  );
}

/** The lines of a whole remote. */
export function remoteLines(remote: StoredRemote, { entry, step, list }: Style): readonly string[] {
  return [
    `${" ".repeat(entry)}${scalarText(remote.name)}:`,
    ...FIELDS.flatMap((field) => fieldLines(remote, field, entry + step, list)),
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
  return credentials.flatMap(({ uri, auth, insecure }) => {
    const authLine = auth === null ? [] : [`Auth: ${scalarText(auth.reveal())}`];
    return itemLines(column, [`URI: ${scalarText(uri)}`, ...authLine, `Insecure: ${insecure}`]);
  });
}

function itemLines(column: number, fields: readonly string[]): readonly string[] {
  const pad = " ".repeat(column);
  return fields.map((field, i) => `${pad}${i === 0 ? "- " : "  "}${field}`);
}

/** Pieces of a file that is written in braces and brackets; `quoted`: as JSON has them. */
export class FlowText {
  constructor(private readonly quoted: boolean) {}

  /** Text as a scalar. In braces, some readers take a colon for more than text. */
  scalar(text: string): string {
    const scalar = scalarText(text);
    return scalar.startsWith('"') || !this.quoted && !scalar.includes(":") ? scalar : `"${scalar}"`;
  }

  /** A map of fields, of which those without text are left out. */
  private map(fields: readonly (readonly [name: string, text: string | null])[]): string {
    const said = fields.filter(([, text]) => text !== null).map(([name, text]) => this.pair(name, text!));
    return `{${said.join(", ")}}`;
  }

  /** A key and what stands behind its colon. */
  pair(name: string, text: string): string {
    return `${this.scalar(name)}: ${text}`;
  }

  readonly keyserver = ({ uri, skip, external, insecure }: Keyserver): string =>
    this.map([
      ["URI", this.scalar(uri)],
      ["Skip", `${skip}`],
      ["External", `${external}`],
      ["Insecure", `${insecure}`],
    ]);

  readonly credential = ({ uri, auth, insecure }: Credential): string =>
    this.map([
      ["URI", this.scalar(uri)],
      ["Auth", auth === null ? null : this.scalar(auth.reveal())],
      ["Insecure", `${insecure}`],
    ]);

  /** What stands behind the colon of a remote's field; null: the field says nothing. */
  field(remote: StoredRemote, field: Field): string | null {
    switch (field) {
      case "URI":
        return this.scalar(remote.uri);
      case "Token":
        return remote.token === null ? null : this.scalar(remote.token.reveal());
      case "Keyservers":
        return remote.keyservers.length === 0
          ? null
          : `[${remote.keyservers.map(this.keyserver).join(", ")}]`;
      default:
        return fieldText(remote, field);
    }
  }

  /** A remote with its name. */
  readonly remote = (remote: StoredRemote): string =>
    this.pair(remote.name, this.map(FIELDS.map((field) => [field, this.field(remote, field)])));
}
