/**
 * Changes to a `remote.yaml` as splices of its text, so that everything else stays byte for byte as it was: comments,
 * order, quotes, blank lines, line ends. The result is read back and must say what it should.
 */
import { Failure } from "../base/failure.ts";
import type { Change, RemoteFile, StoredRemote } from "../model.ts";
import {
  applyChanges,
  sameContent,
  sameCredential,
  sameKeyserver,
  sameList,
  sameRemote,
  type Supplies,
} from "./changes.ts";
import { flowSeq } from "./flow.ts";
import { FlowEditor, isSame, replaceScalar, unchangedEnds } from "./edit_flow.ts";
import { styleOf } from "./layout.ts";
import { parseRemoteFile, type RemoteDocument } from "./parse.ts";
import {
  credentialLines,
  type Field,
  fieldLines,
  FIELDS,
  fieldText,
  fileLines,
  keyserverLines,
  remoteLines,
  scalarText,
  type Style,
} from "./render.ts";
import { Splices } from "./splices.ts";
import type { MapNode, Pair, SeqNode } from "./yaml.ts";

/**
 * The text after the changes; the same text where they change nothing.
 * @throws {Failure} internal, where a change does not fit the file, or the new text would not say what it should
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
    if (document.shared) throw sharedByAlias(document.path);
    throw new Failure("internal", `cannot edit ${document.path}: the new text would not say what it should`, {
      path: document.path,
      next: "nothing was written; report this as a bug of sremote, with the file, its tokens taken out",
    });
  }
  return text;
}

/** What stands in several places by an alias cannot be changed in one of them. */
function sharedByAlias(path: string): Failure {
  return new Failure(
    "remote-file-invalid",
    `cannot change ${path}: what would change is shared through a YAML anchor or alias`,
    {
      path,
      next:
        "Write the entry out without anchors (&), aliases (*) and merge keys (<<), then run the command again",
    },
  );
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
  private readonly flow: FlowEditor;

  constructor(private readonly document: RemoteDocument, private readonly wanted: RemoteFile) {
    this.style = styleOf(document);
    this.splices = new Splices(document.text, this.style.eol);
    this.before = document.content;
    this.flow = new FlowEditor(document, wanted, this.splices);
  }

  edit(): string {
    const { root } = this.document;
    if (root === null) this.fillEmpty();
    else if (root.kind === "map" && this.hasLines(root)) this.editRoot(root);
    else if (root.kind === "map" && root.flow && root.pairs.length > 0) this.flow.editRoot(root);
    else this.splices.replaceBlock(root.start, root.end, fileLines(this.wanted, this.style));
    return this.splices.apply();
  }

  /** Whether each key of the map stands at the start of a line, so that lines can come and go. */
  private hasLines(map: MapNode): boolean {
    return !map.flow && map.pairs.every(({ start, explicit }) => !explicit && this.splices.startsLine(start));
  }

  /** Nothing but comments, which stay above. */
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

  /** One by one where each stands on lines of its own; otherwise the whole list anew. */
  private editCredentials(root: MapNode, pair: Pair | undefined, pad: string): void {
    const { splices } = this;
    const [was, now] = [this.before.credentials, this.wanted.credentials];
    if (sameList(was, now, sameCredential)) return;
    const column = pad.length + this.style.list;
    if (pair === undefined) {
      // Behind what belongs to the last remote, and behind one that is new.
      const end = splices.blockEnd(root.start, root.end);
      splices.insertLines(end, [`${pad}Credentials:`, ...credentialLines(now, column)]);
      return;
    }
    const { start, value, colon } = pair;
    if (now.length === 0) {
      // A file of comments alone is one that the programs refuse (SingularityCE 4.5.1, Apptainer 1.5.3).
      const rest = root.pairs.length > 1 || this.wanted.remotes.size > 0
        ? ""
        : `${pad}Remotes: {}${this.style.eol}`;
      splices.replace(splices.lineStart(start), splices.lineEnd(value.end), rest);
      return;
    }
    if (flowSeq(value) !== null && was.length > 0) {
      this.flow.editCredentials(value);
      return;
    }
    if (value.kind !== "seq" || value.flow || !value.items.every((item) => splices.startsItem(item.start))) {
      splices.replace(colon + 1, value.end, "");
      splices.insertLines(splices.lineEnd(value.end), credentialLines(now, column));
      return;
    }
    this.editItems(value, was, now, sameCredential, credentialLines);
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
      if (sameContent({ ...wanted, default: before.default, credentials: before.credentials }, before)) {
        return;
      }
      if (value.kind === "map" && value.flow && value.pairs.length > 0) {
        this.flow.editRemotes(value);
        return;
      }
      if (wanted.remotes.size === 0) return this.splices.replace(value.start, value.end, "{}");
      this.splices.replace(colon + 1, value.end, "");
      return this.splices.insertLines(
        this.splices.lineEnd(value.end),
        this.newLines([...wanted.remotes.values()]),
      );
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
   * Takes out an entry with its own comments: those inside it, and those right above it. Above the first entry
   * stays what is there: it may speak of the whole list.
   */
  private removeEntry({ pairs }: MapNode, index: number): void {
    const { start, value } = pairs[index]!;
    const { splices } = this;
    const from = index === 0 ? splices.lineStart(start) : splices.commentStart(start);
    const end = splices.blockEnd(start, value.end);
    // Of the blank lines above and below, only those above are left.
    const to = index < pairs.length - 1 && splices.isBlankAbove(from) ? splices.skipBlank(end) : end;
    splices.replace(from, to, "");
  }

  private editEntry(entry: Pair, was: StoredRemote, now: StoredRemote): void {
    const map = entry.value;
    if (map.kind === "map" && map.flow && map.pairs.length > 0) return this.flow.editEntry(map, was, now);
    const kept = map.kind === "map" && this.hasLines(map) && !entry.explicit &&
      map.pairs.some(({ key }) => FIELDS.some((field) => field === key.text && this.isKept(field, was, now)));
    if (!kept) {
      this.splices.replaceBlock(entry.start, entry.value.end, remoteLines(now, this.style));
      return;
    }
    const column = this.splices.column(map.start);
    const pairs = new Map(map.pairs.map((pair) => [pair.key.text, pair]));
    let at = this.splices.lineStart(map.start);
    for (const field of FIELDS) {
      const pair = pairs.get(field);
      if (!isSame(field, was, now)) {
        if (pair === undefined) this.splices.insertLines(at, fieldLines(now, field, column, this.style.list));
        else if (field === "Keyservers") this.setKeyservers(pair, was, now, column);
        else this.setScalar(pair, fieldText(now, field));
      }
      if (pair !== undefined) at = Math.max(at, this.splices.lineEnd(pair.value.end));
    }
  }

  /** Whether a line of the field stays, so that the entry is not left without any: that would be a null. */
  private isKept(field: Field, was: StoredRemote, now: StoredRemote): boolean {
    return isSame(field, was, now) || fieldLines(now, field, 0, 0).length > 0;
  }

  /** A new scalar in the old one's place; null: the line goes. */
  private setScalar(pair: Pair, text: string | null): void {
    if (text !== null) return replaceScalar(this.splices, pair, text);
    this.splices.replace(this.splices.lineStart(pair.start), this.splices.lineEnd(pair.value.end), "");
  }

  private setKeyservers(pair: Pair, was: StoredRemote, now: StoredRemote, column: number): void {
    const { start, value, colon } = pair;
    const { splices } = this;
    const end = splices.lineEnd(value.end);
    if (now.keyservers.length === 0) return splices.replace(splices.lineStart(start), end, "");
    if (value.kind === "seq" && !value.flow && value.items.every((item) => splices.startsItem(item.start))) {
      return this.editItems(value, was.keyservers, now.keyservers, sameKeyserver, keyserverLines);
    }
    splices.replace(colon + 1, value.end, "");
    splices.insertLines(end, keyserverLines(now.keyservers, column + this.style.list));
  }

  /** Between the first and the last that stay as they are, the old ones go and the new ones come. */
  private editItems<T>(
    { start, items }: SeqNode,
    was: readonly T[],
    now: readonly T[],
    same: (one: T, other: T) => boolean,
    linesOf: (items: readonly T[], column: number) => readonly string[],
  ): void {
    const { splices } = this;
    const [head, tail] = unchangedEnds(was, now, same);
    for (const item of items.slice(head, items.length - tail)) {
      splices.replace(splices.lineStart(item.start), splices.lineEnd(item.end), "");
    }
    const at = head === 0 ? splices.lineStart(start) : splices.lineEnd(items[head - 1]!.end);
    splices.insertLines(at, linesOf(now.slice(head, now.length - tail), splices.column(start)));
  }
}
