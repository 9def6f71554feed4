/** Splices of a text, collected and applied at once; and what its lines look like around a place. */

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The text is whole lines, so a line must begin where it is put. */
  readonly lines: boolean;
}

/** Edits to one text. Offsets are always those of the text as it was. */
export class Splices {
  private readonly splices: Splice[] = [];

  constructor(private readonly text: string, readonly eol: string) {}

  /** Puts `text` in place of what is between two offsets. */
  replace(start: number, end: number, text: string): void {
    if (start < end || text !== "") this.splices.push({ start, end, text, lines: false });
  }

  /** Puts whole lines at the start of a line, or behind the last one. */
  insertLines(at: number, lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.splices.push({ start: at, end: at, text: lines.join(this.eol) + this.eol, lines: true });
  }

  /** Puts lines in place of a node, of which what is behind it on its last line stays. */
  replaceBlock(start: number, end: number, lines: readonly string[]): void {
    const text = lines.join(this.eol) + (this.endsLine(end) ? this.eol : "");
    const from = this.startsLine(start) ? this.lineStart(start) : start;
    this.splices.push({ start: from, end, text, lines: true });
  }

  /** The text with all of it done, in time linear in its length. */
  apply(): string {
    // What is put in at a place comes before what is taken out from there on; otherwise in the order of the calls.
    const sorted = this.splices.sort((a, b) => a.start - b.start || a.end - a.start - (b.end - b.start));
    const parts: string[] = [];
    let at = 0;
    let last = "";
    const push = (part: string) => {
      if (part === "") return;
      parts.push(part);
      last = part.at(-1)!;
    };
    for (const { start, end, text, lines } of sorted) {
      push(this.text.slice(at, start));
      if (lines && last !== "" && last !== "\n" && last !== "\ufeff") push(this.eol);
      push(text);
      at = Math.max(at, end);
    }
    push(this.text.slice(at));
    return parts.join("");
  }

  /** Offset of the start of the line, behind a byte order mark. */
  lineStart(offset: number): number {
    const start = offset === 0 ? 0 : this.text.lastIndexOf("\n", offset - 1) + 1;
    return start === 0 && this.text.startsWith("\ufeff") ? 1 : start;
  }

  /** Offset behind the line break of the line in which something ends. */
  lineEnd(offset: number): number {
    if (this.endsLine(offset)) return offset;
    const end = this.text.indexOf("\n", offset);
    return end < 0 ? this.text.length : end + 1;
  }

  /** Whether the offset is right behind a line break, as a block scalar's end is. */
  endsLine(offset: number): boolean {
    return offset > 0 && this.text[offset - 1] === "\n";
  }

  /** Columns from the start of the line, from 0. */
  column(offset: number): number {
    return offset - this.lineStart(offset);
  }

  /** Whether there are only spaces before the offset on its line. */
  startsLine(offset: number): boolean {
    return /^ *$/.test(this.text.slice(this.lineStart(offset), offset));
  }

  /** Whether there is only a dash before the offset on its line. */
  startsItem(offset: number): boolean {
    return /^ *- +$/.test(this.text.slice(this.lineStart(offset), offset));
  }

  /** Offset behind an entry that begins and ends at these offsets, with the deeper comment lines right below it. */
  blockEnd(start: number, end: number): number {
    const column = this.column(start);
    let at = this.lineEnd(end);
    while (at < this.text.length) {
      const indent = this.commentColumn(at);
      if (indent === null || indent <= column) break;
      at = this.lineEnd(at + 1);
    }
    return at;
  }

  /** Offset of the first of the comment lines right above a line, in its column. */
  commentStart(offset: number): number {
    const column = this.column(offset);
    let at = this.lineStart(offset);
    while (at > 0) {
      const above = this.lineStart(at - 1);
      if (above >= at || this.commentColumn(above) !== column) break;
      at = above;
    }
    return at;
  }

  /** Whether the line above the one that starts here is blank. */
  isBlankAbove(lineStart: number): boolean {
    if (lineStart === 0 || !this.endsLine(lineStart)) return false;
    return this.text.slice(this.lineStart(lineStart - 1), lineStart).trim() === "";
  }

  /** Offset behind the blank lines that start here. */
  skipBlank(lineStart: number): number {
    let at = lineStart;
    while (at < this.text.length) {
      const next = this.lineEnd(at + 1);
      if (this.text.slice(at, next).trim() !== "") break;
      at = next;
    }
    return at;
  }

  /** The column of the comment that is all of the line; null: it is another line. */
  private commentColumn(lineStart: number): number | null {
    let at = lineStart;
    while (this.text[at] === " ") at++;
    return this.text[at] === "#" ? at - lineStart : null;
  }
}
