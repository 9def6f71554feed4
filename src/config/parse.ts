/** JSON configs as plain data. */
import { CONFIG_LEVELS } from "../base/limits.ts";
import { Failure } from "../base/failure.ts";

/**
 * Reads a JSON config. `__proto__` is a key like any other; a duplicate key is refused.
 * @throws {Failure} config-syntax
 */
export function parseJsonConfig(text: string, shown: string): unknown {
  const fault = jsonFault(text);
  if (fault !== null) throw syntax(text, shown, fault.at, fault.why);
  return JSON.parse(text.replace(/^\uFEFF/, "")); // some editors on Windows write it
}

/** Where a text stops being the JSON of a config, as an offset, and why; null: it is that. */
export function jsonFault(text: string): { readonly at: number; readonly why: string } | null {
  try {
    new JsonCheck(text.replace(/^\uFEFF/, " ")).check();
    return null;
  } catch (error) {
    if (error instanceof Fault) return { at: error.at, why: error.message };
    throw error;
  }
}

/** Line and column of an offset, both from 1. */
export function placeIn(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, Math.min(offset, Math.max(text.length - 1, 0)));
  return { line: before.split("\n").length, column: before.length - before.lastIndexOf("\n") };
}

/** Where a text stops being a config, and why. */
class Fault extends Error {
  constructor(readonly at: number, why: string) {
    super(why);
  }
}

/** A whole token, from `lastIndex` on. */
const BLANK = /[ \t\n\r]*/y;
const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[\w.+-]*/y;
// deno-lint-ignore no-control-regex -- JSON does not allow them in a string
const IN_STRING = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Finds where a text stops being JSON, or repeats a key. JSON.parse silently keeps the last of two equal keys, and its
 * errors have no position in Bun and not always one in V8. Without recursion, so that nesting cannot break it.
 */
class JsonCheck {
  #at = 0;
  /** The open objects, as the set of their keys, and arrays, as null. */
  readonly #open: (Set<string> | null)[] = [];
  constructor(readonly text: string) {}

  /** @throws {Fault} at the first fault */
  check(): void {
    while (this.#startsItem() || !this.#endsText());
  }

  /** Reads a string, number or word, or the start of an array or object; true: its first item comes next. */
  #startsItem(): boolean {
    const opened = this.#next();
    if (opened !== "{" && opened !== "[") {
      this.#scalar();
      return false;
    }
    if (this.#open.length === CONFIG_LEVELS) throw new Fault(this.#at, "it is nested too deeply");
    this.#open.push(opened === "{" ? new Set() : null);
    this.#at++;
    if (this.#next() === (opened === "{" ? "}" : "]")) return false;
    this.#key();
    return true;
  }

  /** Reads the ends of arrays and objects after a value; false: another item comes next. */
  #endsText(): boolean {
    for (;;) {
      const next = this.#next();
      const keys = this.#open.at(-1);
      if (keys === undefined) {
        if (next === undefined) return true;
        throw this.#fault("unexpected text after the end of the config");
      }
      const close = keys === null ? "]" : "}";
      if (next !== close && next !== ",") throw this.#fault(`expected a comma or ${close}`);
      this.#at++;
      if (next === ",") break;
      this.#open.pop();
    }
    if (/[}\]]/.test(this.#next() ?? "")) throw this.#fault("a comma before the end");
    this.#key();
    return false;
  }

  /** Reads the key of an object's next field; nothing in an array. */
  #key(): void {
    const keys = this.#open.at(-1);
    if (!keys) return;
    const start = this.#at;
    if (this.text[start] !== '"') throw this.#fault("expected a key in double quotes");
    this.#string();
    const quoted = this.text.slice(start, this.#at);
    const name = JSON.parse(quoted) as string;
    if (keys.has(name)) throw new Fault(start, `duplicate key ${quoted.slice(0, 80)}`);
    keys.add(name);
    if (this.#next() !== ":") throw this.#fault("expected a colon after a key");
    this.#at++;
  }

  #scalar(): void {
    const start = this.#at;
    if (this.text[start] === '"') return this.#string();
    this.#skip(LITERAL);
    const end = this.#at;
    this.#at = start;
    this.#skip(WORD);
    if (this.#at > start && this.#at === end) return;
    this.#at = start;
    throw this.#fault("expected a JSON value");
  }

  #string(): void {
    this.#at++;
    for (;;) {
      this.#skip(IN_STRING);
      if (this.text[this.#at] === '"') break;
      if (this.text[this.#at] !== "\\") {
        throw this.#fault("a line break, tab or control character in a string");
      }
      if (!this.#skip(ESCAPE)) throw this.#fault("an invalid escape after a backslash");
    }
    this.#at++;
  }

  /** The next character that is not blank. */
  #next(): string | undefined {
    this.#skip(BLANK);
    return this.text[this.#at];
  }

  #skip(token: RegExp): boolean {
    token.lastIndex = this.#at;
    if (!token.test(this.text)) return false;
    this.#at = token.lastIndex;
    return true;
  }

  #fault(why: string): Fault {
    const early = this.#at >= this.text.length;
    return new Fault(this.#at, `it is not valid JSON: ${early ? "it ends too early" : why}`);
  }
}

/** A syntax error, with its line and column. */
export function syntax(text: string, shown: string, offset: number, why: string): Failure {
  const { line, column } = placeIn(text, offset);
  const place = `${shown}:${line}:${column}`;
  return new Failure("config-syntax", `cannot read ${place}: ${why}`, {
    path: place,
    next: "Fix the syntax there",
  });
}
