/** JSON configs as plain data. */
import { Failure } from "../failure.ts";

/**
 * Reads a JSON config. `__proto__` is a key like any other, and a key that is there twice is seen.
 * @throws {Failure} config-syntax
 */
export async function parseJsonConfig(text: string, shown: string): Promise<unknown> {
  if (text.startsWith("\ufeff")) text = ` ${text.slice(1)}`; // as some editors on Windows write it
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    // Bun's JSON errors carry no position: the YAML reader knows where, for JSON is YAML.
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
    throw syntax(
      text,
      shown,
      position === undefined ? (await import("./yaml.ts")).errorAt(text) : Number(position),
      "it is not valid JSON",
    );
  }
  refuseTwins(text, shown);
  return value;
}

/** JSON.parse keeps the last of two equal keys without a word: a remote would be lost. */
function refuseTwins(text: string, shown: string): void {
  const open: (Set<string> | null)[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}\[\]:,]/g;
  let last: { text: string; at: number } | null = null;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const one = found[0];
    if (one === "{") open.push(new Set());
    else if (one === "[") open.push(null);
    else if (one === "}" || one === "]") open.pop();
    else if (one === ":" && last !== null) {
      const keys = open.at(-1);
      const key = JSON.parse(last.text) as string;
      if (keys?.has(key)) {
        throw syntax(text, shown, last.at, `the key ${last.text.slice(0, 80)} is there twice`);
      }
      keys?.add(key);
    }
    last = one.startsWith('"') ? { text: one, at: found.index } : null;
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
