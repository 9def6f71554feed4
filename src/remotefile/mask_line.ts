/** Makes lines and names of an invalid file safe to print: a token may be anywhere in it. */
import { nearest } from "../base/suggest.ts";
import { CREDENTIAL_FIELDS, type Field, KEYSERVER_FIELDS, REMOTE_FIELDS } from "./entry.ts";

const fields: readonly Field[] = [...REMOTE_FIELDS, ...KEYSERVER_FIELDS, ...CREDENTIAL_FIELDS];
const ofType = (type: Field["type"]) => fields.flatMap((one) => one.type === type ? [one.yaml] : []);
const TEXT_FIELDS = new Set(["Active", ...ofType("text")]);
const FLAG_FIELDS = new Set(ofType("flag"));
const LIST_FIELDS = new Set(["Remotes", "Credentials", ...ofType("keyservers")]);
const FIELDS = [...TEXT_FIELDS, ...FLAG_FIELDS, ...LIST_FIELDS, ...ofType("secret")];

const LINE = /^(\ufeff?[ \t]*(?:- +)?)(?:([A-Za-z0-9_][A-Za-z0-9._-]*):(?:[ \t]+(.*))?)$/;

/**
 * One line of a file without possible secrets: a value is shown only if it is simple and its field cannot contain a token;
 * a comment is never shown.
 *
 * @example
 * ```ts
 * import { maskLine } from "./mask_line.ts";
 * import assert from "node:assert/strict";
 * assert.equal(maskLine("    URI: cloud.sylabs.io"), "    URI: cloud.sylabs.io");
 * assert.equal(maskLine("    Tokn: eyJhbGciOi"), "    Tokn: ***");
 * assert.equal(maskLine("  # Token: eyJhbGciOi"), "  # …");
 * ```
 */
export function maskLine(line: string): string {
  const text = line.replace(/[\r\n]+$/, "");
  const indent = /^\ufeff?[ \t]*/.exec(text)![0];
  const rest = text.slice(indent.length);
  if (rest === "" || /^(?:---|\.\.\.)$/.test(rest)) return indent + rest;
  if (rest.startsWith("#")) return `${indent}# …`;
  const [, before, key, value = ""] = LINE.exec(text) ?? [];
  if (before === undefined || key === undefined || maskName(key) !== key) return `${indent}***`;
  if (value === "") return `${before}${key}:`;
  if (maskField(key) !== key) return `${before}***: ***`;
  if (value.startsWith("#")) return `${before}${key}: # …`;
  const comment = /^(\S+)[ \t]+#/.exec(value);
  const shown = isOpen(key, comment?.[1] ?? value) ? comment?.[1] ?? value : "***";
  return `${before}${key}: ${shown}${comment === null ? "" : " # …"}`;
}

function isOpen(key: string, value: string): boolean {
  if (TEXT_FIELDS.has(key)) return /^[A-Za-z0-9._:/-]+$/.test(value) && maskName(value) === value;
  if (FLAG_FIELDS.has(key)) return /^[A-Za-z0-9]{1,6}$/.test(value);
  return LIST_FIELDS.has(key) && /^(?:\{\}|\[\])$/.test(value);
}

/**
 * A name as an error may show it: `***` where it is more likely a misplaced token than a name.
 * A remote's name is seldom long and without a separator; a token always is.
 */
export function maskName(name: string): string {
  const tokenLike = name.length > 255 || /eyJ|[A-Za-z0-9+=_]{33}/.test(name) ||
    /(?:token|auth|basic|bearer)[\s:=]/i.test(name);
  return tokenLike ? "***" : name;
}

/** A field's name as an error may show it: one that is similar to a known one, or a short word. A token is neither. */
export function maskField(name: string): string {
  return nearest(name, FIELDS) !== undefined || /^[A-Z]?[a-z]{1,11}$/.test(name) ? maskName(name) : "***";
}
