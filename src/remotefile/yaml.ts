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

/** A node of the tree; there are no aliases, anchors or tags. */
export type Node = ScalarNode | MapNode | SeqNode;

/** What is wrong with the YAML, without a quotation of the text, which may contain a token. */
export interface Mistake {
  readonly offset: number;
  readonly message: string;
  /** Valid YAML that sremote does not support. */
  readonly unsupported?: true;
}

/** The tree of a text; `root` is null where the text has only comments. */
export type Tree = { readonly root: Node | null } | { readonly mistakes: readonly Mistake[] };

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
  const tree = convert(root, 0, 0, mistakes);
  if (mistakes.length > 0) return { mistakes: mistakes.sort((a, b) => a.offset - b.offset) };
  return { root: nothing ? null : tree };
}

function convert(node: ParsedNode | null, empty: number, depth: number, mistakes: Mistake[]): Node {
  const unsupported = (message: string) =>
    mistakes.push({ offset: node?.range[0] ?? empty, message, unsupported: true });
  if (node === null) return { kind: "scalar", start: empty, end: empty, text: "", plain: true };
  if (isAlias(node)) {
    unsupported("anchors and aliases are not supported");
    return { kind: "scalar", start: empty, end: empty, text: "", plain: true };
  }
  if (node.anchor !== undefined) unsupported("anchors and aliases are not supported");
  if (node.tag !== undefined) unsupported("tags (!…) are not supported");
  const [start, end] = node.range;
  if (isScalar(node)) {
    const text = String(node.value);
    const plain = node.type === "PLAIN";
    if (plain && start === end) return { kind: "scalar", start: empty, end: empty, text: "", plain };
    return { kind: "scalar", start, end, text, plain };
  }
  if (depth === REMOTE_FILE_LEVELS) {
    mistakes.push({ offset: start, message: "the YAML is nested too deeply" });
    return { kind: "seq", start, end, flow: true, items: [] };
  }
  const flow = node.flow === true;
  if (isSeq(node)) {
    const items = (node.items as ParsedNode[]).map((item) =>
      convert(item, item.range[0], depth + 1, mistakes)
    );
    return { kind: "seq", start, end: flow ? end : items.at(-1)?.end ?? end, flow, items };
  }
  if (!isMap(node)) return { kind: "scalar", start, end, text: "", plain: true };
  const pairs: Pair[] = [];
  for (const item of node.items as LibraryPair<ParsedNode, ParsedNode | null>[]) {
    const pair = convertPair(item, depth, mistakes);
    if (pair !== null) pairs.push(pair);
  }
  return { kind: "map", start, end: flow ? end : pairs.at(-1)?.value.end ?? end, flow, pairs };
}

function convertPair(
  item: LibraryPair<ParsedNode, ParsedNode | null>,
  depth: number,
  mistakes: Mistake[],
): Pair | null {
  const token = item.srcToken as CST.CollectionItem | undefined;
  if (!isScalar(item.key)) {
    if (isAlias(item.key)) convert(item.key, 0, depth + 1, mistakes);
    else mistakes.push({ offset: item.key.range[0], message: "a key is not a string" });
    return null;
  }
  const key = convert(item.key, item.key.range[0], depth + 1, mistakes) as ScalarNode;
  if (key.plain && key.text === "<<") {
    mistakes.push({ offset: key.start, message: "merge keys (<<) are not supported", unsupported: true });
  }
  const colon = token?.sep?.find(({ type }) => type === "map-value-ind")?.offset ?? key.end - 1;
  const question = token?.start.find(({ type }) => type === "explicit-key-ind");
  const value = convert(item.value, colon + 1, depth + 1, mistakes);
  return { start: question?.offset ?? key.start, key, colon, explicit: question !== undefined, value };
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
