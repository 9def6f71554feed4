/** Edits of the parts of a `remote.yaml` that are in braces or brackets. Comments and other entries are unchanged. */
import type { RemoteFile, StoredRemote } from "../model.ts";
import { sameContent } from "./changes.ts";
import { REMOTE_FIELDS, sameCredential, sameField, sameKeyserver, sameList, sameRemote } from "./entry.ts";
import { editFlow, flowMap, flowSeq } from "./flow.ts";
import type { RemoteDocument } from "./parse.ts";
import { FlowText } from "./render.ts";
import type { Splices } from "./splices.ts";
import type { MapNode, Node, Pair } from "./yaml.ts";

/** A new part of a list in braces, and the number of old parts before it. */
interface FlowAddition {
  readonly before: number;
  readonly text: string;
}

/** Edits the parts in braces and brackets. */
export class FlowEditor {
  private readonly text: string;
  private readonly before: RemoteFile;
  private readonly pieces: FlowText;

  constructor(
    { text, root, content }: RemoteDocument,
    private readonly wanted: RemoteFile,
    private readonly splices: Splices,
  ) {
    this.text = text;
    this.before = content;
    this.pieces = new FlowText(root?.kind === "map" && root.flow && text[root.pairs[0]?.start ?? 0] === '"');
  }

  /** A whole file in braces. */
  editRoot(root: MapNode): void {
    const { wanted, before, pieces } = this;
    const last = root.pairs.length;
    const gone = new Set<number>();
    const added: FlowAddition[] = [];
    const set = (name: string, text: string | null, place: number, edit?: (value: Node) => boolean) => {
      const index = root.pairs.findIndex(({ key }) => key.text === name);
      const pair = root.pairs[index];
      if (pair === undefined) {
        if (text !== null) {
          added.push({ before: place, text: pieces.pair(name, text) });
        }
      } else if (text === null) gone.add(index);
      else if (edit?.(pair.value) !== true) replaceScalar(this.splices, pair, text);
    };
    if (wanted.default !== before.default) {
      set("Active", wanted.default === null ? null : pieces.scalar(wanted.default), 0);
    }
    if (!sameContent({ ...wanted, default: before.default, credentials: before.credentials }, before)) {
      const text = `{${Array.from(wanted.remotes.values(), pieces.remote).join(", ")}}`;
      set("Remotes", text, last, (value) => value.kind === "map" && this.editRemotes(value));
    }
    if (!sameList(before.credentials, wanted.credentials, sameCredential)) {
      const { credentials } = wanted;
      const text = credentials.length === 0 ? null : `[${credentials.map(pieces.credential).join(", ")}]`;
      set("Credentials", text, last, (value) => value.kind === "seq" && this.editCredentials(value));
    }
    editFlow(this.text, this.splices, flowMap(root)!, gone, added);
  }

  editRemotes(map: MapNode): true {
    const gone = new Set<number>();
    map.pairs.forEach((entry, i) => {
      const now = this.wanted.remotes.get(entry.key.text);
      const was = this.before.remotes.get(entry.key.text)!;
      if (now === undefined) gone.add(i);
      else if (!sameRemote(was, now)) this.editEntry(entry.value, was, now);
    });
    const fresh = [...this.wanted.remotes.values()].filter(({ name }) => !this.before.remotes.has(name));
    const added = fresh.map((one) => ({ before: map.pairs.length, text: this.pieces.remote(one) }));
    editFlow(this.text, this.splices, flowMap(map)!, gone, added);
    return true;
  }

  /** The fields of one remote in braces. */
  editEntry(value: Node, was: StoredRemote, now: StoredRemote): void {
    if (value.kind !== "map" || !value.flow) return;
    const gone = new Set<number>();
    const added: FlowAddition[] = [];
    let before = 0;
    for (const field of REMOTE_FIELDS) {
      const index = value.pairs.findIndex(({ key }) => key.text === field.yaml);
      if (index >= 0) before = Math.max(before, index + 1);
      if (sameField(field, was, now)) continue;
      const text = this.pieces.field(now[field.property], field.always);
      const pair = value.pairs[index];
      if (pair === undefined) {
        if (text !== null) added.push({ before, text: this.pieces.pair(field.yaml, text) });
      } else if (text === null) gone.add(index);
      else if (field.type === "keyservers" && pair.value.kind === "seq") {
        const { keyserver } = this.pieces;
        this.editItems(pair.value, was.keyservers, now.keyservers, sameKeyserver, keyserver);
      } else replaceScalar(this.splices, pair, text);
    }
    editFlow(this.text, this.splices, flowMap(value)!, gone, added);
  }

  private editItems<T>(
    list: Node,
    was: readonly T[],
    now: readonly T[],
    same: (one: T, other: T) => boolean,
    textOf: (item: T) => string,
  ): true {
    const [head, tail] = unchangedEnds(was, now, same);
    const gone = new Set(was.keys().drop(head).take(was.length - tail - head));
    const added = now.slice(head, now.length - tail).map((one) => ({ before: head, text: textOf(one) }));
    editFlow(this.text, this.splices, flowSeq(list)!, gone, added);
    return true;
  }

  /** Credentials in brackets. */
  editCredentials(list: Node): true {
    const { before, wanted, pieces } = this;
    return this.editItems(list, before.credentials, wanted.credentials, sameCredential, pieces.credential);
  }
}

/** Replaces the value of a pair with a scalar. */
export function replaceScalar(splices: Splices, { value, colon }: Pair, text: string): void {
  if (value.start === value.end) return splices.replace(colon + 1, colon + 1, ` ${text}`);
  // A block scalar (|) includes its line break.
  splices.replace(value.start, value.end, text + (splices.endsLine(value.end) ? splices.eol : ""));
}

/** The number of equal items at the start and, of the others, at the end. */
export function unchangedEnds<T>(
  was: readonly T[],
  now: readonly T[],
  same: (one: T, other: T) => boolean,
): readonly [head: number, tail: number] {
  const most = Math.min(was.length, now.length);
  let head = 0;
  while (head < most && same(was[head]!, now[head]!)) head++;
  let tail = 0;
  while (tail < most - head && same(was.at(-1 - tail)!, now.at(-1 - tail)!)) tail++;
  return [head, tail];
}
