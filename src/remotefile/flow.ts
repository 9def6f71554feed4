/**
 * Edits between the commas of braces and brackets: comments, line breaks and other entries are unchanged.
 */
import type { Splices } from "./splices.ts";
import type { Node } from "./yaml.ts";

/** A part of a map or list in braces or brackets: a pair or an item. */
export interface FlowPart {
  readonly start: number;
  readonly end: number;
}

/** The parts of one map or list, and the offset after its opening bracket. */
export interface FlowList {
  readonly start: number;
  readonly parts: readonly FlowPart[];
}

/** The pairs of a map in braces; null: not in braces. */
export function flowMap(node: Node): FlowList | null {
  if (node.kind !== "map" || !node.flow) return null;
  return { start: node.start + 1, parts: node.pairs.map(({ start, value }) => ({ start, end: value.end })) };
}

/** The items of a list in brackets; null: not in brackets. */
export function flowSeq(node: Node): FlowList | null {
  return node.kind === "seq" && node.flow ? { start: node.start + 1, parts: node.items } : null;
}

/**
 * Removes and adds parts.
 * @param gone indices of the parts to remove
 * @param added the text of each new part, with the number of old parts before it
 */
export function editFlow(
  text: string,
  splices: Splices,
  { start, parts }: FlowList,
  gone: ReadonlySet<number>,
  added: readonly { readonly before: number; readonly text: string }[],
): void {
  /** The end of the last part that stays. */
  let kept: number | null = null;
  const byPlace = Map.groupBy(added, ({ before }) => before);
  const insert = (index: number) => {
    const texts = byPlace.get(index)?.map((one) => one.text);
    if (texts === undefined) return;
    if (kept !== null) return splices.replace(kept, kept, texts.map((one) => `, ${one}`).join(""));
    const more = parts.some((_, i) => i >= index && !gone.has(i));
    splices.replace(start, start, texts.join(", ") + (more ? ", " : ""));
  };
  parts.forEach((part, i) => {
    insert(i);
    if (gone.has(i)) splices.replace(...extent(text, parts, gone, i), "");
    else kept = part.end;
  });
  insert(parts.length);
}

/** A part with its comma and the comment after it on its line. */
function extent(
  text: string,
  parts: readonly FlowPart[],
  gone: ReadonlySet<number>,
  index: number,
): readonly [start: number, end: number] {
  const { start, end } = parts[index]!;
  const comma = commaAfter(text, end);
  const comment = /[ \t]+(?:#[^\r\n]*)?/y;
  comment.lastIndex = comma === null ? end : comma + 1;
  const to = comment.test(text) ? comment.lastIndex : comma === null ? end : comma + 1;
  const before = parts[index - 1];
  const alone = comma === null && before !== undefined && !gone.has(index - 1) &&
    /^\s*,\s*$/.test(text.slice(before.end, start));
  return [alone ? before.end : start, alone ? end : to];
}

/** Offset of the comma after a part, with only spaces, line breaks and comments between; null: none. */
function commaAfter(text: string, end: number): number | null {
  for (let at = end; at < text.length; at++) {
    if (text[at] === ",") return at;
    if (text[at] === "#" && at > end) {
      const line = text.indexOf("\n", at);
      if (line < 0) return null;
      at = line;
    } else if (!/\s/.test(text[at]!)) return null;
  }
  return null;
}
