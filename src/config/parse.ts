/** JSON configs as plain data. */
import { Failure } from "../base/failure.ts";

/**
 * Reads a JSON config. `__proto__` is a key like any other, and a key that is there twice is refused.
 * @throws {Failure} config-syntax
 */
export function parseJsonConfig(text: string, shown: string): unknown {
  if (text.startsWith("\ufeff")) text = ` ${text.slice(1)}`; // as some editors on Windows write it
  const fault = firstFault(text);
  if (fault !== null) throw syntax(text, shown, fault.at, fault.why);
  return JSON.parse(text);
}

/** More than any config has; the parsers would go on for gigabytes. */
const DEEPEST = 200;

interface Fault {
  readonly at: number;
  readonly why: string;
}

/** A whole token, from `lastIndex` on; the group is what stands between quotes and may go wrong. */
const BLANK = /[ \t\n\r]*/y;
const LITERAL = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const WORD = /[\w.+-]*/y;
// deno-lint-ignore no-control-regex -- those that JSON does not allow in a string
const IN_STRING = /[^"\\\u0000-\u001f]*/y;
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;

/**
 * Where a text stops being JSON, or says a key twice. JSON.parse keeps the last of two equal keys without a word, and
 * of its errors Bun's give no position and V8's not always. Without recursion, so that nesting cannot break it.
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
    why: at < text.length ? `it is not valid JSON: ${why}` : "it is not valid JSON: the text ends too early",
  });
  const string = (): Fault | null => {
    at++;
    for (;;) {
      skip(IN_STRING);
      if (text[at] === '"') break;
      if (text[at] !== "\\") return here("a line break, tab or control character in a string");
      if (!skip(ESCAPE)) return here("a backslash that begins no escape");
    }
    at++;
    return null;
  };

  /** The open objects, by their keys, and lists. */
  const open: (Set<string> | null)[] = [];
  const key = (keys: Set<string>): Fault | null => {
    const start = at;
    if (text[at] !== '"') return here("a key in double quotes is expected");
    const fault = string();
    if (fault !== null) return fault;
    const quoted = text.slice(start, at);
    const name = JSON.parse(quoted) as string;
    if (keys.has(name)) return { at: start, why: `the key ${quoted.slice(0, 80)} is there twice` };
    keys.add(name);
    skip(BLANK);
    if (text[at] !== ":") return here("a colon is expected after a key");
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
    return here("a JSON value is expected");
  };

  for (;;) {
    // A value begins here.
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
    // A value has ended here, or its list or object is about to.
    for (;;) {
      skip(BLANK);
      const keys = open.at(-1);
      if (keys === undefined) {
        return at === text.length ? null : here("something follows the end of the config");
      }
      if (text[at] === (keys === null ? "]" : "}")) {
        at++;
        open.pop();
        continue;
      }
      if (text[at] !== ",") return here(`a comma or ${keys === null ? "]" : "}"} is expected`);
      at++;
      skip(BLANK);
      if (text[at] === "}" || text[at] === "]") return here("a comma stands before the end");
      const fault = keys === null ? null : key(keys);
      if (fault !== null) return fault;
      break;
    }
  }
}

/** What does not parse, with its line and column. */
export function syntax(text: string, shown: string, offset: number, why: string): Failure {
  const before = text.slice(0, Math.min(offset, Math.max(text.length - 1, 0)));
  const line = before.split("\n").length;
  const column = before.length - before.lastIndexOf("\n");
  const place = `${shown}:${line}:${column}`;
  return new Failure("config-syntax", `cannot read ${place}: ${why}`, {
    path: place,
    next: "correct it there",
  });
}
