/**
 * YAML text → a tree of nodes with their places in the text. The only module here that uses the npm package `yaml`;
 * `@std/yaml` does not report places.
 */
import { isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { CST, Pair as LibraryPair, ParsedNode } from "yaml";
import { nestsTooDeeply, REMOTE_FILE_LEVELS } from "../base/limits.ts";

/** A scalar, always as text. */
export interface ScalarNode {
  readonly kind: "scalar";
  /** Offset of its first character, quotes included; of an empty value, the offset after the colon. */
  readonly start: number;
  /** Offset after its last character; a block scalar (`|`) includes its last line break. */
  readonly end: number;
  readonly text: string;
  /** Without quotes, so that `true` and `null` have their meaning. */
  readonly plain: boolean;
}

/** A key with its value. */
export interface Pair {
  /** Offset of the key, or of the `?` before it. */
  readonly start: number;
  readonly key: ScalarNode;
  /** Offset of the colon. */
  readonly colon: number;
  /** Written `? key` and `: value`, as Go's emitter does with keys of more than 128 bytes. */
  readonly explicit: boolean;
  readonly value: Node;
}

/** A map, in the order of the text; keys may repeat. */
export interface MapNode {
  readonly kind: "map";
  readonly start: number;
  readonly end: number;
  /** Written in braces. */
  readonly flow: boolean;
  readonly pairs: readonly Pair[];
}

/** A list. */
export interface SeqNode {
  readonly kind: "seq";
  /** Offset of the bracket, or of the first dash. */
  readonly start: number;
  readonly end: number;
  readonly flow: boolean;
  readonly items: readonly Node[];
}

/** A node of the tree. An alias is the node of its anchor, at that place; merge keys are resolved; tags are refused. */
export type Node = ScalarNode | MapNode | SeqNode;

/** What is wrong with the YAML, without a quotation of the text, which may contain a token. */
export interface Mistake {
  readonly offset: number;
  readonly message: string;
  /** Valid YAML that sremote does not support. */
  readonly unsupported?: true;
}

/** The tree of a text; `root` is null where the text has only comments. */
export type Tree =
  | {
    readonly root: Node | null;
    /** Whether a node is in more than one place, because of an alias or a merge key. */
    readonly shared: boolean;
  }
  | { readonly mistakes: readonly Mistake[] };

// A valid file is five levels deep. The rest is for an error message about the field instead of the depth.
/** Reads one YAML document with the library. Never throws; linear in the length of the text. */
export function readYaml(text: string): Tree {
  if (nestsTooDeeply(text)) return { mistakes: [TOO_DEEP] };
  try {
    return readDocument(text);
  } catch (error) {
    // The stack overflowed, from nesting that no remote.yaml has.
    if (error instanceof RangeError) return { mistakes: [TOO_DEEP] };
    throw error;
  }
}

const TOO_DEEP: Mistake = { offset: 0, message: "the YAML is nested too deeply" };

function readDocument(text: string): Tree {
  // The library reads a byte order mark as part of the first line; a line break in its place keeps all offsets.
  const document = parseDocument(text.replace(/^\ufeff/, "\n"), {
    schema: "failsafe", // every scalar is a string: a token 0123 or 1e5 stays as written
    version: "1.2",
    strict: true,
    uniqueKeys: false, // the library's check is quadratic; decode.ts has a linear one
    prettyErrors: false, // those quote the source
    keepSourceTokens: true, // where the colons are
    // logLevel must not be "silent": the library would silently drop a second document.
  });
  const mistakes: Mistake[] = document.errors
    .map(({ code, message, pos }) => ({ offset: pos[0], message: wording(code, message) }))
    .sort((a, b) => a.offset - b.offset);
  // Other mistakes are a consequence of the depth.
  const deep = mistakes.find(({ message }) => message === TOO_DEEP.message);
  if (mistakes.length > 0) return { mistakes: deep === undefined ? mistakes : [deep] };
  const root = document.contents;
  if (/^%/m.test(text.slice(0, root?.range[0] ?? text.length))) {
    mistakes.push({ offset: text.search(/^%/m), message: "directives are not supported", unsupported: true });
  }
  // A document without content has a scalar of no length.
  const nothing = root === null || isScalar(root) && root.range[0] === root.range[1];
  const converter = new Converter(text.length + SPARE_NODES, mistakes);
  const tree = converter.node(root, 0, 0);
  if (mistakes.length > 0) return { mistakes: mistakes.sort((a, b) => a.offset - b.offset) };
  return { root: nothing ? null : tree, shared: converter.shared };
}

/** How many nodes aliases may add beyond the length of the text; the decoder of the programs refuses "excessive aliasing" too. */
const SPARE_NODES = 10_000;

/** The library's nodes → ours. */
class Converter {
  /** Whether an alias or a merge key was resolved. */
  shared = false;
  /** By anchor: its node, and the number of nodes in it, aliases included. */
  private readonly anchors = new Map<string, { readonly node: Node; readonly size: number }>();
  /** The number of nodes so far; those of an alias count each time. */
  private size = 0;

  constructor(private readonly most: number, private readonly mistakes: Mistake[]) {}

  /** @param empty the offset of a node without text */
  node(node: ParsedNode | null, empty: number, depth: number): Node {
    if (node === null) return nothingAt(empty);
    if (isAlias(node)) return this.alias(node.source, node.range[0]);
    const before = this.size++;
    const converted = this.unaliased(node, empty, depth);
    if (node.anchor !== undefined) {
      this.anchors.set(node.anchor, { node: converted, size: this.size - before });
    }
    return converted;
  }

  private alias(name: string, offset: number): Node {
    this.shared = true;
    const target = this.anchors.get(name);
    if (target === undefined) {
      this.mistake(offset, "an alias (*) has no anchor (&) before it");
      return nothingAt(offset);
    }
    this.size += target.size;
    if (this.size <= this.most) return target.node;
    this.mistake(offset, "aliases (*) expand to too many nodes");
    return nothingAt(offset);
  }

  private unaliased(node: ParsedNode, empty: number, depth: number): Node {
    const [start, end] = node.range;
    if (node.tag !== undefined) {
      this.mistakes.push({ offset: start, message: "tags (!…) are not supported", unsupported: true });
    }
    if (isScalar(node)) {
      const plain = node.type === "PLAIN";
      if (plain && start === end) return nothingAt(empty);
      return { kind: "scalar", start, end, text: String(node.value), plain };
    }
    if (depth === REMOTE_FILE_LEVELS) {
      this.mistake(start, TOO_DEEP.message);
      return { kind: "seq", start, end, flow: true, items: [] };
    }
    if (isSeq(node)) {
      const flow = node.flow === true;
      const items = (node.items as ParsedNode[]).map((item) => this.node(item, item.range[0], depth + 1));
      const last = (node.items as ParsedNode[]).at(-1);
      const own = last === undefined ? end : isAlias(last) ? last.range[1] : items.at(-1)!.end;
      return { kind: "seq", start, end: flow ? end : own, flow, items };
    }
    if (!isMap(node)) return { kind: "scalar", start, end, text: "", plain: true };
    const pairs = node.items as LibraryPair<ParsedNode, ParsedNode | null>[];
    return this.map(pairs, start, end, node.flow === true, depth);
  }

  private map(
    items: readonly LibraryPair<ParsedNode, ParsedNode | null>[],
    start: number,
    end: number,
    flow: boolean,
    depth: number,
  ): MapNode {
    const pairs: Pair[] = [];
    const merged: Pair[] = [];
    let own = end;
    for (const item of items) {
      const pair = this.pair(item, depth);
      if (pair === null) continue;
      own = isAlias(item.value) ? item.value.range[1] : pair.value.end;
      if (pair.key.plain && pair.key.text === "<<") merged.push(...this.merged(pair));
      else pairs.push(pair);
    }
    const names = new Set(pairs.map(({ key }) => key.text));
    for (const pair of merged) {
      // The fields of the map itself come first, then those of the map named first.
      if (names.has(pair.key.text)) continue;
      names.add(pair.key.text);
      pairs.push(pair);
    }
    return { kind: "map", start, end: flow ? end : own, flow, pairs };
  }

  /** The pairs that a merge key (`<<`) brings: those of a map, or of a list of maps (yaml.org/type/merge). */
  private merged({ key, value }: Pair): readonly Pair[] {
    this.shared = true;
    const maps = value.kind === "seq" ? value.items : [value];
    return maps.flatMap((one) => {
      if (one.kind === "map") return one.pairs;
      this.mistake(key.start, "a merge key (<<) does not name a map");
      return [];
    });
  }

  private pair(item: LibraryPair<ParsedNode, ParsedNode | null>, depth: number): Pair | null {
    const token = item.srcToken as CST.CollectionItem | undefined;
    const key = this.node(item.key, item.key.range[0], depth + 1);
    if (key.kind !== "scalar") {
      this.mistake(item.key.range[0], "a key is not a string");
      return null;
    }
    const keyEnd = item.key.range[1];
    const colon = token?.sep?.find(({ type }) => type === "map-value-ind")?.offset ?? keyEnd - 1;
    const question = token?.start.find(({ type }) => type === "explicit-key-ind");
    const value = this.node(item.value, colon + 1, depth + 1);
    const start = question?.offset ?? item.key.range[0];
    return { start, key, colon, explicit: question !== undefined, value };
  }

  private mistake(offset: number, message: string): void {
    this.mistakes.push({ offset, message });
  }
}

function nothingAt(offset: number): ScalarNode {
  return { kind: "scalar", start: offset, end: offset, text: "", plain: true };
}

// Some of the library's messages quote the source, so none is passed on.
function wording(code: string, message: string): string {
  switch (code) {
    case "BAD_INDENT":
      return "the indentation does not match the surrounding lines";
    case "TAB_AS_INDENT":
      return "a tab is used as indentation";
    case "MISSING_CHAR":
      if (message.startsWith("Missing closing")) return "a quote is not closed";
      if (message.startsWith("Implicit map keys")) return "a key has no colon or value";
      if (message.startsWith("Comments must")) return "a comment has no space before its #";
      return "a character is missing, such as a comma, a bracket or a space";
    case "BAD_SCALAR_START":
      return "the value starts with a character that must be quoted";
    case "BAD_DQ_ESCAPE":
      return "a backslash in double quotes is not followed by a valid escape";
    case "BLOCK_AS_IMPLICIT_KEY":
      return "the value contains a colon and a space, and must be quoted";
    case "BLOCK_IN_FLOW":
      return "indented lines are not allowed inside brackets";
    case "MULTILINE_IMPLICIT_KEY":
      return "a key spans more than one line, or has no colon";
    case "KEY_OVER_1024_CHARS":
      return "a key has more than 1024 characters";
    case "MULTIPLE_DOCS":
      return "the file has more than one YAML document";
    case "BAD_DIRECTIVE":
      return "a line starts with % but is not a directive";
    case "RESOURCE_EXHAUSTION":
      return TOO_DEEP.message;
    case "ALIAS_PROPS":
    case "BAD_ALIAS":
    case "MULTIPLE_ANCHORS":
      return "an anchor (&) or alias (*) is invalid";
    case "BAD_PROP_ORDER":
    case "BAD_COLLECTION_TYPE":
    case "MULTIPLE_TAGS":
    case "TAG_RESOLVE_FAILED":
      return "a tag (!) is invalid";
    default:
      return "the YAML is invalid";
  }
}
