/** Values and places of a config as printable text: never a token, never a control character, never long. */

/** A place in a config: the keys and indices from its root. */
export type Place = readonly (string | number)[];

const LONGEST = 60;
const LONGEST_NAME = 260;

/** Whether the value of a field may be a secret, whatever it looks like. */
export function isSecretField(name: string): boolean {
  return /^login$|token|passw|passphrase|secret|credential|api[-_ ]?key|^auth/i.test(name);
}

/**
 * A value, for the `found` of a problem. With `hidden`, strings and numbers are described, not shown.
 *
 * @example
 * ```ts
 * import { show } from "./show.ts";
 * import assert from "node:assert/strict";
 * assert.equal(show("gobal"), '"gobal"');
 * assert.equal(show("https://me:pw@host"), '"https://***@host"');
 * assert.equal(show("eyJhbGciOiJIUzI1NiJ9.e30"), "a string of 24 characters (not shown: it may be a token)");
 * ```
 */
export function show(value: unknown, hidden = false): string {
  if (typeof value === "string") {
    return value !== "" && (hidden || looksSecret(value))
      ? `a string of ${count([...value].length, "character")} (not shown: it may be a token)`
      : cut(JSON.stringify(escapeInvisible(maskAddress(value))));
  }
  if (typeof value === "number" || typeof value === "bigint") {
    return hidden ? "a number (not shown: it may be a token)" : cut(String(value));
  }
  if (typeof value === "boolean" || value === null) return String(value);
  if (Array.isArray(value)) return `an array of ${count(value.length, "entry", "entries")}`;
  if (typeof value === "object") {
    const keys = Object.keys(value);
    if (keys.length === 0) return "an empty object";
    const shown = keys.slice(0, 3).map((key) => isPlain(key) ? key : showName(key));
    return cut(`an object with ${shown.join(", ")}${keys.length > 3 ? ", …" : ""}`);
  }
  return typeof value === "undefined" ? "nothing" : `a ${typeof value}`;
}

/** A place as people write it: `remotes.company.uri`, `remotes["my lab"].check[0]`. */
export function showPlace(place: Place): string {
  let text = "";
  for (const key of place) {
    if (typeof key === "number") text += `[${key}]`;
    else if (isPlain(key)) text += text === "" ? key : `.${key}`;
    else text += `[${showName(key)}]`;
  }
  return text;
}

/** A remote's name in quotes. */
export function showName(name: string): string {
  return isSecretKey(name) ? `"***"` : cut(JSON.stringify(escapeInvisible(maskAddress(name))), LONGEST_NAME);
}

/** Whether a name can follow a dot. */
function isPlain(name: string): boolean {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) && name.length <= LONGEST_NAME && !isSecretKey(name);
}

/** Whether a text may be or contain a token. */
export function looksSecret(text: string): boolean {
  return /eyJ[A-Za-z0-9_-]{6}/.test(text) || /^[A-Za-z0-9_+/=-]{24,}$/.test(text) ||
    /[A-Za-z0-9_+=]{24,}/.test(text) || /\bbearer\s/i.test(text);
}

/** Like {@link looksSecret}, for a name: a remote may have a long name, and people need it to find the place. */
export function isSecretKey(key: string): boolean {
  if (/eyJ[A-Za-z0-9_-]{6}/.test(key)) return true;
  const run = /[A-Za-z0-9_+/=-]{24,}/.exec(key)?.[0];
  return run !== undefined && /[0-9]/.test(run) &&
    (/[a-z]/.test(run) && /[A-Z]/.test(run) || !/[-_/]/.test(run));
}

/** Masks credentials, query and fragment of an address. */
function maskAddress(text: string): string {
  return text.replace(/^(\w[\w+.-]*:\/\/|)[\s\S]*@/, "$1***@")
    .replace(/^([^\s?#]+[?#])[\s\S]+$/, "$1***");
}

function escapeInvisible(text: string): string {
  // What JSON leaves alone and a terminal obeys: C1 controls, separators, bidi marks.
  return text.replace(
    /[\u007f-\u009f\u00ad\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (c) => `<U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}>`,
  );
}

function cut(text: string, longest = LONGEST): string {
  const characters = text.length > longest ? [...text] : [];
  return characters.length > longest ? `${characters.slice(0, longest - 1).join("")}…` : text;
}

function count(n: number, one: string, many = `${one}s`): string {
  return `${n} ${n === 1 ? one : many}`;
}
