/** Two texts of a `remote.yaml` made safe to show side by side: without tokens, but with a mark where tokens differ. */
import type { Secret } from "../base/secret.ts";
import { CREDENTIAL_FIELDS, REMOTE_FIELDS } from "./entry.ts";
import type { RemoteDocument } from "./parse.ts";
import type { MapNode, Node } from "./yaml.ts";

export { maskLine } from "./mask_line.ts";

const MASK = "***";
// Shorter ones occur in other words by chance.
const SHORTEST_TOKEN = 6;

/**
 * Both texts with a mask of fixed length for each token and Auth value: `***` where both files have the same one for
 * the same remote or credential, `*** (before)` and `*** (after)` where they differ. Tokens are masked everywhere else
 * too, for example in comments, and so is what a comment calls a token.
 *
 * @example
 * ```ts
 * import { maskPair } from "./mask.ts";
 * import { parseRemoteFile } from "./parse.ts";
 * import assert from "node:assert/strict";
 * const before = await parseRemoteFile("Remotes:\n  a:\n    Token: one\n", "f");
 * const after = await parseRemoteFile("Remotes:\n  a:\n    Token: two\n", "f");
 * assert.equal(maskPair(before, after).after, "Remotes:\n  a:\n    Token: *** (after)\n");
 * ```
 */
export function maskPair(before: RemoteDocument, after: RemoteDocument): { before: string; after: string } {
  const [old, now] = [secretPlaces(before), secretPlaces(after)];
  const tokens = new TokenFinder([...old, ...now].map(({ secret }) => secret.reveal()));
  return {
    before: masked(before.text, old, now, `${MASK} (before)`, tokens),
    after: masked(after.text, now, old, `${MASK} (after)`, tokens),
  };
}

/** A secret in a text. */
export interface Place {
  /** The remote or credential, and its field: the same in both texts. */
  readonly owner: string;
  readonly start: number;
  readonly end: number;
  readonly secret: Secret;
}

const REMOTE_SECRETS = REMOTE_FIELDS.filter((one) => one.type === "secret");
const CREDENTIAL_SECRETS = CREDENTIAL_FIELDS.filter((one) => one.type === "secret");

/** Where the secrets of a text are, in its order; one that a YAML alias shares has the same place more than once. */
export function secretPlaces({ root, content }: RemoteDocument): readonly Place[] {
  const places: Place[] = [];
  const add = (owner: string, node: Node | undefined, secret: Secret | null | undefined) => {
    if (secret && node) places.push({ owner, start: node.start, end: node.end, secret });
  };
  for (const { key, value } of mapOf(valueOf(root, "Remotes"))?.pairs ?? []) {
    const remote = content.remotes.get(key.text);
    for (const { yaml, property } of REMOTE_SECRETS) {
      add(`remote ${yaml} ${key.text}`, valueOf(value, yaml), remote?.[property]);
    }
  }
  const credentials = valueOf(root, "Credentials");
  const seen = new Map<string, number>();
  content.credentials.forEach((credential, i) => {
    const { uri } = credential;
    const item = credentials?.kind === "seq" ? credentials.items[i] : undefined;
    // The same address twice is two credentials.
    const count = (seen.get(uri) ?? 0) + 1;
    seen.set(uri, count);
    for (const { yaml, property } of CREDENTIAL_SECRETS) {
      add(`credential ${yaml} ${count} ${uri}`, valueOf(item, yaml), credential[property]);
    }
  });
  return places.sort((a, b) => a.start - b.start);
}

function mapOf(node: Node | null | undefined): MapNode | null {
  return node?.kind === "map" ? node : null;
}

function valueOf(node: Node | null | undefined, name: string): Node | undefined {
  return mapOf(node)?.pairs.find(({ key }) => key.text === name)?.value;
}

function masked(
  text: string,
  own: readonly Place[],
  others: readonly Place[],
  differs: string,
  tokens: TokenFinder,
): string {
  const there = new Map(others.map(({ owner, secret }) => [owner, secret]));
  const parts: string[] = [];
  let at = 0;
  for (const { owner, start, end, secret } of own) {
    if (start < at) continue; // one that an alias shares
    parts.push(openText(text.slice(at, start), tokens));
    parts.push(there.get(owner)?.equals(secret) ? MASK : differs);
    // A block scalar (|) ends with its line break, which stays.
    at = start + text.slice(start, end).replace(/\r?\n$/, "").length;
  }
  parts.push(openText(text.slice(at), tokens));
  return parts.join("");
}

/** The text between the secrets, where a comment may contain one. */
function openText(text: string, tokens: TokenFinder): string {
  const found = tokens.mask(text);
  if (!found.includes("#")) return found;
  return found.split("\n").map(maskComment).join("\n");
}

/** `# Token: abc` is a field that somebody commented out. */
function maskComment(line: string): string {
  const hash = line.startsWith("#") ? 0 : /\s#/.exec(line)?.index ?? -1;
  if (hash < 0) return line;
  const comment = line.slice(hash);
  const label = /\b(?:token|auth)["']?\s*[:=]\s*(?=\S)|\bbearer\s+(?=\S)|\bbasic\s+(?=\S*[0-9=])/i.exec(
    comment,
  );
  if (label === null) return line;
  const shown = hash + label.index + label[0].length;
  return line.slice(0, shown) + MASK + (line.endsWith("\r") ? "\r" : "");
}

/** Finds many tokens in a text at once, in time linear in the text's length. */
class TokenFinder {
  private readonly tokens = new Set<string>();
  /** The lengths of the tokens that start with the same characters, longest first. */
  private readonly lengths = new Map<string, number[]>();
  /** Whether a token may start with these two characters: this alone rules out nearly every place in a text. */
  private readonly starts = new Uint8Array(1 << 16);

  constructor(tokens: readonly string[]) {
    for (const token of tokens) {
      if (token.length < SHORTEST_TOKEN || this.tokens.has(token)) continue;
      this.tokens.add(token);
      this.starts[pairAt(token, 0)] = 1;
      const head = token.slice(0, SHORTEST_TOKEN);
      const lengths = this.lengths.get(head);
      if (lengths === undefined) this.lengths.set(head, [token.length]);
      else if (!lengths.includes(token.length)) lengths.push(token.length);
    }
    for (const lengths of this.lengths.values()) lengths.sort((a, b) => b - a);
  }

  mask(text: string): string {
    if (this.tokens.size === 0) return text;
    const parts: string[] = [];
    let from = 0;
    for (let at = 0; at + SHORTEST_TOKEN <= text.length; at++) {
      if (this.starts[pairAt(text, at)] === 0) continue;
      const lengths = this.lengths.get(text.slice(at, at + SHORTEST_TOKEN));
      const length = lengths?.find((one) => this.tokens.has(text.slice(at, at + one)));
      if (length === undefined) continue;
      parts.push(text.slice(from, at), MASK);
      from = at + length;
      at = from - 1;
    }
    return from === 0 ? text : parts.join("") + text.slice(from);
  }
}

function pairAt(text: string, at: number): number {
  return (text.charCodeAt(at) << 8 ^ text.charCodeAt(at + 1)) & 0xffff;
}
