/** Splices of a text, collected and then applied at once; and the layout of the lines around a place. */

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The text is whole lines, so it must go at the start of a line. */
  readonly lines: boolean;
}

/** Edits to one text. Offsets always refer to the original text. */
export class Splices {
  private readonly splices: Splice[] = [];

  constructor(private readonly text: string, private readonly eol: string) {}

  /** Replaces the text between two offsets. */
  replace(start: number, end: number, text: string): void {
    if (start < end || text !== "") this.splices.push({ start, end, text, lines: false });
  }

  /** Inserts whole lines at the start of a line, or after the last one. */
  insertLines(at: number, lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.splices.push({ start: at, end: at, text: lines.join(this.eol) + this.eol, lines: true });
  }

  /** Replaces a node with lines; the text after it on its last line stays. */
  replaceBlock(start: number, end: number, lines: readonly string[]): void {
    const text = lines.join(this.eol) + (this.endsLine(end) ? this.eol : "");
    const from = this.startsLine(start) ? this.lineStart(start) : start;
    this.splices.push({ start: from, end, text, lines: true });
  }

  /** The text with all edits applied, in time linear in its length. */
  apply(): string {
    // At the same offset an insertion comes before a removal; otherwise the order of the calls counts.
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

  /** Offset of the start of the line, after a byte order mark. */
  lineStart(offset: number): number {
    const start = offset === 0 ? 0 : this.text.lastIndexOf("\n", offset - 1) + 1;
    return start === 0 && this.text.startsWith("\ufeff") ? 1 : start;
  }

  /** Offset after the line break of the line in which something ends. */
  lineEnd(offset: number): number {
    if (this.endsLine(offset)) return offset;
    const end = this.text.indexOf("\n", offset);
    return end < 0 ? this.text.length : end + 1;
  }

  /** Whether the offset is directly after a line break, like the end of a block scalar. */
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

  /** Offset after an entry with this start and end, and after the deeper comment lines directly below it. */
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

  /** Offset of the first of the comment lines directly above a line, in the same column. */
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

  /** Offset after the blank lines that start here. */
  skipBlank(lineStart: number): number {
    let at = lineStart;
    while (at < this.text.length) {
      const next = this.lineEnd(at + 1);
      if (this.text.slice(at, next).trim() !== "") break;
      at = next;
    }
    return at;
  }

  /** The column of the comment if the line is only a comment; otherwise null. */
  private commentColumn(lineStart: number): number | null {
    let at = lineStart;
    while (this.text[at] === " ") at++;
    return this.text[at] === "#" ? at - lineStart : null;
  }
}
