/** JSON configs as plain data. */
import { Failure } from "../base/failure.ts";

/**
 * Reads a JSON config. `__proto__` is a key like any other; a duplicate key is refused.
 * @throws {Failure} config-syntax
 */
export function parseJsonConfig(text: string, shown: string): unknown {
  if (text.startsWith("\ufeff")) text = ` ${text.slice(1)}`; // some editors on Windows write it
  const fault = firstFault(text);
  if (fault !== null) throw syntax(text, shown, fault.at, fault.why);
  return JSON.parse(text);
}

/** More levels than any config has; the parsers would take gigabytes for more. */
const DEEPEST = 200;

interface Fault {
  readonly at: number;
  readonly why: string;
}

/** A whole token, from `lastIndex` on. */
const BLANK = /[ \t\n\r]*/y;
const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[\w.+-]*/y;
// deno-lint-ignore no-control-regex -- JSON does not allow them in a string
const IN_STRING = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Where a text stops being JSON, or repeats a key. JSON.parse silently keeps the last of two equal keys, and its errors
 * have no position in Bun and not always one in V8. Without recursion, so that nesting cannot break it.
 */
function firstFault(text: string): Fault | null {
  let at = 0;
  const skip = (token: RegExp): boolean => {
    token.lastIndex = at;
    if (!token.test(text)) return false;
    at = token.lastIndex;
    return true;
  };
  const here = (why: string): Fault => ({
    at,
    why: at < text.length ? `it is not valid JSON: ${why}` : "it is not valid JSON: it ends too early",
  });
  const string = (): Fault | null => {
    at++;
    for (;;) {
      skip(IN_STRING);
      if (text[at] === '"') break;
      if (text[at] !== "\\") return here("a line break, tab or control character in a string");
      if (!skip(ESCAPE)) return here("an invalid escape after a backslash");
    }
    at++;
    return null;
  };

  /** The open objects, as the set of their keys, and arrays, as null. */
  const open: (Set<string> | null)[] = [];
  const key = (keys: Set<string>): Fault | null => {
    const start = at;
    if (text[at] !== '"') return here("expected a key in double quotes");
    const fault = string();
    if (fault !== null) return fault;
    const quoted = text.slice(start, at);
    const name = JSON.parse(quoted) as string;
    if (keys.has(name)) return { at: start, why: `duplicate key ${quoted.slice(0, 80)}` };
    keys.add(name);
    skip(BLANK);
    if (text[at] !== ":") return here("expected a colon after a key");
    at++;
    return null;
  };
  const value = (): Fault | null => {
    if (text[at] === '"') return string();
    const start = at;
    skip(LITERAL);
    const end = at;
    at = start;
    skip(WORD);
    if (at > start && at === end) return null;
    at = start;
    return here("expected a JSON value");
  };

  for (;;) {
    // A value starts here.
    skip(BLANK);
    const opened = text[at];
    if (opened === "{" || opened === "[") {
      if (open.length === DEEPEST) return { at, why: "it is nested too deeply" };
      const keys = opened === "{" ? new Set<string>() : null;
      open.push(keys);
      at++;
      skip(BLANK);
      const empty = text[at] === (keys === null ? "]" : "}");
      if (!empty) {
        const fault = keys === null ? null : key(keys);
        if (fault !== null) return fault;
        continue;
      }
    } else {
      const fault = value();
      if (fault !== null) return fault;
    }
    // A value has ended, or its array or object is about to end.
    for (;;) {
      skip(BLANK);
      const keys = open.at(-1);
      if (keys === undefined) {
        return at === text.length ? null : here("unexpected text after the end of the config");
      }
      if (text[at] === (keys === null ? "]" : "}")) {
        at++;
        open.pop();
        continue;
      }
      if (text[at] !== ",") return here(`expected a comma or ${keys === null ? "]" : "}"}`);
      at++;
      skip(BLANK);
      if (text[at] === "}" || text[at] === "]") return here("a comma before the end");
      const fault = keys === null ? null : key(keys);
      if (fault !== null) return fault;
      break;
    }
  }
}

/** A syntax error, with its line and column. */
export function syntax(text: string, shown: string, offset: number, why: string): Failure {
  const before = text.slice(0, Math.min(offset, Math.max(text.length - 1, 0)));
  const line = before.split("\n").length;
  const column = before.length - before.lastIndexOf("\n");
  const place = `${shown}:${line}:${column}`;
  return new Failure("config-syntax", `cannot read ${place}: ${why}`, {
    path: place,
    next: "Fix the syntax there",
  });
}
