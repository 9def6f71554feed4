/** JSON and YAML configs as plain data. */
import { isMap, isScalar, LineCounter, type Node, parseDocument, visit } from "yaml";
import { Failure } from "../failure.ts";

/**
 * Reads a JSON config. `__proto__` and twins are seen: JSON is read by the YAML reader (JSON is YAML), once JSON.parse
 * has said that it is JSON.
 * @throws {Failure} config-syntax
 */
export function parseJsonConfig(text: string, shown: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const position = /position (\d+)/.exec(error instanceof Error ? error.message : "")?.[1];
    throw syntax(
      text,
      shown,
      position === undefined ? jsonErrorAt(text) : Number(position),
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

/** Bun's JSON errors carry no position: the YAML reader knows where. */
function jsonErrorAt(text: string): number {
  const document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, logLevel: "silent" });
  return document.errors[0]?.pos[0] ?? 0;
}

/**
 * Reads a YAML config (YAML 1.2, core schema).
 * @throws {Failure} config-syntax
 */
export function parseYamlConfig(text: string, shown: string): unknown {
  let document;
  try {
    document = parseDocument(text, { prettyErrors: false, uniqueKeys: false, logLevel: "silent" });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw syntax(text, shown, 0, "it is nested too deeply");
  }
  const first = document.errors[0];
  if (first !== undefined) {
    throw syntax(
      text,
      shown,
      first.pos[0],
      `it is not valid YAML (${first.code.toLowerCase().replaceAll("_", " ")})`,
    );
  }
  visit(document, {
    Alias: (_key, node) => {
      throw syntax(
        text,
        shown,
        node.range?.[0] ?? 0,
        "aliases (*) are not supported; use a .ts config to reuse values",
      );
    },
    Map: (_key, node) => {
      const keys = new Set<unknown>();
      for (const { key } of node.items) {
        const at = (key as Node | null)?.range?.[0] ?? 0;
        if (!isScalar(key) || typeof key.value !== "string" && typeof key.value !== "number") {
          throw syntax(text, shown, at, "a key that is not text");
        }
        const name = String(key.value);
        if (keys.has(name)) {
          throw syntax(text, shown, at, `the key ${JSON.stringify(name).slice(0, 80)} is there twice`);
        }
        keys.add(name);
      }
    },
  });
  return plain(document.contents as Node | null);
}

/** As own properties, so that a key `__proto__` is one too and validation sees it. */
function plain(node: Node | null): unknown {
  if (node === null) return null;
  if (isScalar(node)) return node.value;
  if (isMap(node)) {
    const value: Record<string, unknown> = {};
    for (const { key, value: one } of node.items) {
      Object.defineProperty(value, String((key as unknown as { value: unknown }).value), {
        value: plain(one as Node | null),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return value;
  }
  return (node as unknown as { items: (Node | null)[] }).items.map(plain);
}

function syntax(text: string, shown: string, offset: number, why: string): Failure {
  const lines = new LineCounter();
  for (let at = 0; at >= 0 && at < text.length; at = text.indexOf("\n", at) + 1 || -1) lines.addNewLine(at);
  const { line, col } = lines.linePos(Math.min(offset, Math.max(text.length - 1, 0)));
  const place = `${shown}:${Math.max(line, 1)}:${Math.max(col, 1)}`;
  return new Failure("config-syntax", `cannot read ${place}: ${why}`, {
    path: place,
    next: "correct it there",
  });
}
