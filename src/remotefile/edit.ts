/**
 * Applies changes to a `remote.yaml` as splices of its text, so that everything else stays unchanged byte for byte: comments,
 * order, quotes, blank lines, line endings. The result is parsed again and must have the intended content.
 */
import { Failure } from "../base/failure.ts";
import type { Change, RemoteFile, StoredRemote } from "../model.ts";
import { applyChanges, sameContent, type Supplies } from "./changes.ts";
import {
  REMOTE_FIELDS,
  type RemoteField,
  sameCredential,
  sameField,
  sameKeyserver,
  sameList,
  sameRemote,
} from "./entry.ts";
import { styleOf } from "./layout.ts";
import { parseRemoteFile, type RemoteDocument } from "./parse.ts";
import {
  credentialLines,
  fieldLines,
  fieldText,
  fileLines,
  keyserverLines,
  remoteLines,
  scalarText,
  type Style,
} from "./render.ts";
import { Splices } from "./splices.ts";
import type { MapNode, Pair } from "./yaml.ts";

/**
 * The text after the changes; the same text where they change nothing.
 * @throws {Failure} internal, where a change does not fit the file, or the new text would not have the intended content
 */
export async function editRemoteFile(
  document: RemoteDocument,
  changes: readonly Change[],
  supplies?: Supplies,
): Promise<string> {
  const wanted = applyChanges(document.content, changes, supplies);
  if (sameContent(document.content, wanted)) return document.text;
  const text = new Editor(document, wanted).edit();
  if (!await says(text, document.path, wanted)) {
    throw new Failure(
      "internal",
      `cannot edit ${document.path}: the new text would not have the intended content`,
      {
        path: document.path,
        next: "Report this as a bug in sremote, with the file but without its tokens; nothing was written",
      },
    );
  }
  return text;
}

async function says(text: string, path: string, wanted: RemoteFile): Promise<boolean> {
  try {
    return sameContent((await parseRemoteFile(text, path)).content, wanted);
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

class Editor {
  private readonly splices: Splices;
  private readonly style: Style;
  private readonly before: RemoteFile;

  constructor(private readonly document: RemoteDocument, private readonly wanted: RemoteFile) {
    this.style = styleOf(document);
    this.splices = new Splices(document.text, this.style.eol);
    this.before = document.content;
  }

  edit(): string {
    const { root } = this.document;
    if (root === null) this.fillEmpty();
    else if (root.kind === "map" && this.hasLines(root)) this.editRoot(root);
    else this.splices.replaceBlock(root.start, root.end, fileLines(this.wanted, this.style));
    return this.splices.apply();
  }

  /** Whether each key of the map stands at the start of a line, so that lines can come and go. */
  private hasLines(map: MapNode): boolean {
    return !map.flow && map.pairs.every(({ start, explicit }) => !explicit && this.splices.startsLine(start));
  }

  /** The file has only comments, which stay above. */
  private fillEmpty(): void {
    const end = this.document.text.search(/^\.\.\.(?:\s|$)/m);
    this.splices.insertLines(end < 0 ? this.document.text.length : end, fileLines(this.wanted, this.style));
  }

  private editRoot(root: MapNode): void {
    const pad = " ".repeat(this.splices.column(root.start));
    const active = root.pairs.find(({ key }) => key.text === "Active");
    const remotes = root.pairs.find(({ key }) => key.text === "Remotes");
    const top = this.splices.lineStart(root.start);
    if (this.wanted.default !== this.before.default) {
      const line = this.wanted.default === null ? null : scalarText(this.wanted.default);
      if (active !== undefined) this.setScalar(active, line);
      else this.splices.insertLines(top, [`${pad}Active: ${line}`]);
    }
    if (remotes !== undefined) this.editRemotes(remotes);
    else if (this.wanted.remotes.size > 0) {
      const at = active === undefined ? top : this.splices.lineEnd(active.value.end);
      this.splices.insertLines(at, [`${pad}Remotes:`, ...this.newLines([...this.wanted.remotes.values()])]);
    }
    this.editCredentials(root, root.pairs.find(({ key }) => key.text === "Credentials"), pad);
  }

  private editCredentials(root: MapNode, pair: Pair | undefined, pad: string): void {
    const [was, now] = [this.before.credentials, this.wanted.credentials];
    if (sameList(was, now, sameCredential)) return;
    if (pair !== undefined) {
      return this.setItems(pair, [was, now], pad.length, sameCredential, credentialLines);
    }
    // After everything that belongs to the last remote, and after a new remote.
    const end = this.splices.blockEnd(root.start, root.end);
    const lines = credentialLines(now, pad.length + this.style.list);
    this.splices.insertLines(end, [`${pad}Credentials:`, ...lines]);
  }

  private newLines(remotes: readonly StoredRemote[]): readonly string[] {
    return remotes.flatMap((remote) => remoteLines(remote, this.style));
  }

  private editRemotes(pair: Pair): void {
    const { value, colon } = pair;
    const { wanted, before } = this;
    const added = [...wanted.remotes.values()].filter(({ name }) => !before.remotes.has(name));
    if (
      value.kind !== "map" || value.flow || value.pairs.some(({ start }) => !this.splices.startsLine(start))
    ) {
      if (sameContent({ ...wanted, default: before.default }, before)) return;
      if (wanted.remotes.size === 0) return this.splices.replace(value.start, value.end, "{}");
      return this.setLines(pair, this.newLines([...wanted.remotes.values()]));
    }
    if (wanted.remotes.size === 0) this.splices.replace(colon + 1, colon + 1, " {}");
    value.pairs.forEach((entry, i) => {
      const now = wanted.remotes.get(entry.key.text);
      const was = before.remotes.get(entry.key.text)!;
      if (now === undefined) this.removeEntry(value, i);
      else if (!sameRemote(was, now)) this.editEntry(entry, was, now);
    });
    if (added.length > 0) {
      const last = value.pairs.at(-1)!;
      this.splices.insertLines(this.splices.blockEnd(last.start, last.value.end), this.newLines(added));
    }
  }

  /**
   * Removes an entry with its own comments: those inside it, and those directly above it. Comments above the first
   * entry stay: they may be about the whole list.
   */
  private removeEntry({ pairs }: MapNode, index: number): void {
    const { start, value } = pairs[index]!;
    const { splices } = this;
    const from = index === 0 ? splices.lineStart(start) : splices.commentStart(start);
    const end = splices.blockEnd(start, value.end);
    // Of the blank lines above and below, only those above stay.
    const to = index < pairs.length - 1 && splices.isBlankAbove(from) ? splices.skipBlank(end) : end;
    splices.replace(from, to, "");
  }

  private editEntry(entry: Pair, was: StoredRemote, now: StoredRemote): void {
    const map = entry.value;
    const kept = map.kind === "map" && this.hasLines(map) && !entry.explicit &&
      map.pairs.some(({ key }) =>
        REMOTE_FIELDS.some((field) => field.yaml === key.text && this.isKept(field, was, now))
      );
    if (!kept) {
      this.splices.replaceBlock(entry.start, entry.value.end, remoteLines(now, this.style));
      return;
    }
    const column = this.splices.column(map.start);
    const pairs = new Map(map.pairs.map((pair) => [pair.key.text, pair]));
    let at = this.splices.lineStart(map.start);
    for (const field of REMOTE_FIELDS) {
      const pair = pairs.get(field.yaml);
      if (!sameField(field, was, now)) {
        if (pair === undefined) this.splices.insertLines(at, fieldLines(now, field, column, this.style.list));
        else if (field.type === "keyservers") {
          const lists = [was[field.property], now[field.property]] as const;
          this.setItems(pair, lists, column, sameKeyserver, keyserverLines);
        } else this.setScalar(pair, fieldText(now[field.property], field.always));
      }
      if (pair !== undefined) at = Math.max(at, this.splices.lineEnd(pair.value.end));
    }
  }

  /** Whether a line of the field stays: an entry without lines would be null. */
  private isKept(field: RemoteField, was: StoredRemote, now: StoredRemote): boolean {
    return sameField(field, was, now) || fieldLines(now, field, 0, 0).length > 0;
  }

  /** Replaces a scalar; null: removes the line. */
  private setScalar(pair: Pair, text: string | null): void {
    const { start, value, colon } = pair;
    const { splices } = this;
    if (text === null) return splices.replace(splices.lineStart(start), splices.lineEnd(value.end), "");
    if (value.start === value.end) return splices.replace(colon + 1, colon + 1, ` ${text}`);
    // A block scalar (|) includes its line break.
    const eol = splices.endsLine(value.end) ? this.style.eol : "";
    splices.replace(value.start, value.end, text + eol);
  }

  /** Replaces a value with lines below its key. */
  private setLines({ colon, value }: Pair, lines: readonly string[]): void {
    this.splices.replace(colon + 1, value.end, "");
    this.splices.insertLines(this.splices.lineEnd(value.end), lines);
  }

  /** Item by item where each is on its own lines, between the unchanged ones at both ends; otherwise the whole list. */
  private setItems<T>(
    pair: Pair,
    [was, now]: readonly [readonly T[], readonly T[]],
    column: number,
    same: (one: T, other: T) => boolean,
    linesOf: (items: readonly T[], column: number) => readonly string[],
  ): void {
    const { splices } = this;
    const { value } = pair;
    if (now.length === 0) return this.setScalar(pair, null);
    if (value.kind !== "seq" || value.flow || !value.items.every((item) => splices.startsItem(item.start))) {
      return this.setLines(pair, linesOf(now, column + this.style.list));
    }
    const { start, items } = value;
    const most = Math.min(was.length, now.length);
    let head = 0;
    while (head < most && same(was[head]!, now[head]!)) head++;
    let tail = 0;
    while (tail < most - head && same(was.at(-1 - tail)!, now.at(-1 - tail)!)) tail++;
    for (const item of items.slice(head, items.length - tail)) {
      splices.replace(splices.lineStart(item.start), splices.lineEnd(item.end), "");
    }
    const at = head === 0 ? splices.lineStart(start) : splices.lineEnd(items[head - 1]!.end);
    splices.insertLines(at, linesOf(now.slice(head, now.length - tail), splices.column(start)));
  }
}
