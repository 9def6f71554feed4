/**
 * The fast parser, for lines in the form that the programs write. Every other text goes to the library, which takes ten
 * times as long; `random_test.ts` checks that both give the same tree.
 */
import type { MapNode, Node, Pair, ScalarNode, SeqNode } from "./yaml.ts";

// Unquoted text with the same meaning in every context: words that do not end in a colon.
const WORD = "[A-Za-z0-9_./+=@~:-]*[A-Za-z0-9_./+=@~-]";
const PLAIN = `[A-Za-z0-9_/](?:${WORD})?(?: +${WORD})*`;
const QUOTED = `"[^"\\\\\\n\\r\\t]*"|'[^'\\n\\r\\t]*'`;
const KEY = `[A-Za-z0-9_][A-Za-z0-9_./@+-]*|${QUOTED}`;
/** One line: 1 indentation, 2 dash, 3 key, 4 space and value, 5 value. */
const LINE = new RegExp(
  `( *)(?:(- +)?(${KEY}):( +(${PLAIN}|${QUOTED}|\\{\\}|\\[\\]))?(?: +#[^\\n]*)?|#[^\\n]*)? *\\r?(?:\\n|$)`,
  "y",
);

/** Comments, and the line that starts a document. */
const HEAD = /^\ufeff?(?: *(?:#[^\n]*)?\r?\n)*--- *(?: #[^\n]*)?\r?\n/;
const UNUSUAL = /\t|^\.\.\.|^---/gm;

/** A map or list that is still open; its keys or dashes are in `column`. */
interface Level {
  readonly column: number;
  readonly node: OpenMap | OpenSeq;
}

interface OpenMap extends MapNode {
  end: number;
  readonly pairs: OpenPair[];
}

interface OpenSeq extends SeqNode {
  end: number;
  readonly items: Node[];
}

interface OpenPair extends Pair {
  value: Node;
}

// A valid file is five levels deep.
const DEEPEST = 8;

/** The tree of a text in the simplest YAML; null: it is something else, or invalid. Linear; never throws. */
export function scanYaml(text: string): { readonly root: Node | null } | null {
  let at = HEAD.exec(text)?.[0].length ?? (text.startsWith("\ufeff") ? 1 : 0);
  UNUSUAL.lastIndex = at;
  if (UNUSUAL.test(text)) return null;
  const open: Level[] = [];
  let root: Node | null = null;
  // The key of the last line, where the line had no value: the lines below may be its value.
  let awaiting: OpenPair | null = null;
  while (at < text.length) {
    LINE.lastIndex = at;
    const line: RegExpExecArray | null = LINE.exec(text);
    if (line === null) return null;
    const [whole, indent, dash, keyText, spaced, valueText] = line;
    const column = indent!.length;
    const start = at + column;
    at += whole.length;
    if (keyText === undefined) continue;
    const top = open.at(-1);
    // A list may also be in the column of its key.
    const deeper = top === undefined || column > top.column ||
      dash !== undefined && column === top.column && top.node.kind === "map";
    if (deeper) {
      if (top === undefined ? root !== null : awaiting === null) return null;
      const node = dash === undefined ? map(start) : seq(start);
      if (awaiting === null) root = node;
      else awaiting.value = node;
      open.push({ column, node });
    } else {
      while (open.length > 0 && open.at(-1)!.column > column) open.pop();
      if (dash === undefined && open.at(-1)?.node.kind === "seq") open.pop();
    }
    const level = open.at(-1);
    if (level?.column !== column || open.length > DEEPEST || keyText.length > 500) return null;
    let parent = level.node;
    if ((parent.kind === "seq") !== (dash !== undefined)) return null;
    let keyStart = start;
    if (parent.kind === "seq") {
      keyStart += dash!.length;
      const item = map(keyStart);
      parent.items.push(item);
      open.push({ column: column + dash!.length, node: item });
      parent = item;
    }
    const key = scalar(keyText, keyStart);
    const value = spaced === undefined
      ? nothing(key.end + 1)
      : simple(valueText!, key.end + 1 + spaced.length - valueText!.length);
    const pair: OpenPair = { start: keyStart, key, colon: key.end, explicit: false, value };
    parent.pairs.push(pair);
    awaiting = spaced === undefined ? pair : null;
  }
  if (root !== null) setEnd(root);
  return { root };
}

function map(start: number): OpenMap {
  return { kind: "map", start, end: start, flow: false, pairs: [] };
}

function seq(start: number): OpenSeq {
  return { kind: "seq", start, end: start, flow: false, items: [] };
}

function nothing(at: number): ScalarNode {
  return { kind: "scalar", start: at, end: at, text: "", plain: true };
}

function scalar(source: string, start: number): ScalarNode {
  const plain = source[0] !== '"' && source[0] !== "'";
  const text = plain ? source : source.slice(1, -1);
  return { kind: "scalar", start, end: start + source.length, text, plain };
}

function simple(source: string, start: number): Node {
  if (source === "{}") return { kind: "map", start, end: start + 2, flow: true, pairs: [] };
  if (source === "[]") return { kind: "seq", start, end: start + 2, flow: true, items: [] };
  return scalar(source, start);
}

/** A map or list ends with the last thing in it. */
function setEnd(node: Node): number {
  if (node.kind === "scalar" || node.flow) return node.end;
  let end = node.end;
  if (node.kind === "map") { for (const { value } of node.pairs) end = setEnd(value); }
  else for (const item of node.items) end = setEnd(item);
  (node as OpenMap | OpenSeq).end = end;
  return end;
}
