/**
 * Secrets that a file no longer holds are taken out of what is kept of it: tokens that were logged out or replaced, those of
 * removed remotes, and credentials likewise. A copy that is left on disk could still be used.
 */
import { Failure } from "../base/failure.ts";
import type { Gone, RemoteFile } from "../model.ts";
import { sameContent } from "./changes.ts";
import { parseRemoteFile, type RemoteDocument } from "./parse.ts";

/** What a comment calls a secret. */
const LABELLED =
  /\b(?:token|auth)["']?\s*[:=]\s*["']?(?:(?:bearer|basic)\s+)?([^\s"',}]+)|\b(?:bearer|basic)\s+([^\s"',}]+)/gi;

/** Shorter ones occur in comments by chance. */
const SHORTEST_IN_COMMENT = 6;

/** What one content holds of secrets and another does not. A token that moved to another name is not gone. */
export function goneFrom(before: RemoteFile, after: RemoteFile): Gone {
  const kept = new Set([...secretsOf(after)]);
  const isGone = (secret: { reveal(): string } | null) => secret !== null && !kept.has(secret.reveal());
  return {
    remotes: Array.from(before.remotes.values()).filter(({ token }) => isGone(token)),
    credentials: before.credentials.filter(({ auth }) => isGone(auth)),
  };
}

/** Whether nothing is gone. */
export function isNothing({ remotes, credentials }: Gone): boolean {
  return remotes.length === 0 && credentials.length === 0;
}

/**
 * The text without the secrets that the file does not hold any more, otherwise unchanged: a remote stays without its
 * token, a credential goes, and in a comment `***` stands in its place.
 * @param after the file that is to be beside it
 * @returns null: they cannot be taken out
 */
export async function withoutGone(
  document: RemoteDocument,
  after: Pick<RemoteDocument, "text" | "content">,
): Promise<string | null> {
  if (document.broken !== undefined) return await blankFields(document.text, after.content);
  const gone = goneFrom(document.content, after.content);
  const inComments = commentedSecrets(document.text).filter((one) => !after.text.includes(one));
  if (isNothing(gone)) return await withoutInComments(document.text, document.path, inComments);
  const values = [...valuesOf(gone), ...inComments];
  for (const take of [removed, blanked]) {
    const text = await withoutInComments(await take(document, gone), document.path, values);
    if (await isFree(text, document.path, after, values)) return text;
  }
  return null;
}

/** What comments call a token, `# Token: …`: the value of a field that somebody commented out. */
export function commentedSecrets(text: string): readonly string[] {
  if (!text.includes("#") || !/token|auth|bearer|basic/i.test(text)) return [];
  const comments = text.split("\n").flatMap((line) => {
    const hash = line.startsWith("#") ? 0 : line.search(/\s#/);
    return hash < 0 ? [] : [line.slice(hash)];
  });
  const found = comments.flatMap((one) =>
    Array.from(one.matchAll(LABELLED), (match) => match[1] ?? match[2]!)
  );
  return found.filter((one) => one.length >= SHORTEST_IN_COMMENT);
}

/** The text with `***` for these secrets in its comments; the content is the same. */
export async function withoutInComments(
  text: string,
  path: string,
  values: readonly string[],
): Promise<string> {
  const long = values.filter((one) => one.length >= SHORTEST_IN_COMMENT && text.includes(one));
  if (long.length === 0) return text;
  // The longest first: one may be the start of another.
  long.sort((a, b) => b.length - a.length);
  const masked = text.split("\n").map((line) => {
    const hash = line.startsWith("#") ? 0 : line.search(/\s#/);
    if (hash < 0) return line;
    return line.slice(0, hash) + long.reduce((rest, one) => rest.replaceAll(one, "***"), line.slice(hash));
  }).join("\n");
  try {
    const [before, after] = [await parseRemoteFile(text, path), await parseRemoteFile(masked, path)];
    return sameContent(before.content, after.content) ? masked : text;
  } catch {
    return text; // the # was in a value
  }
}

/** Whether one of these secrets is in a text, other than as a part of one that the file holds. */
export function leftIn(text: string, values: readonly string[], file: RemoteFile): boolean {
  const kept = [...secretsOf(file)];
  return values.some((one) =>
    one.length >= SHORTEST_IN_COMMENT && text.includes(one) &&
    kept.filter((other) => other.includes(one)).reduce((rest, other) => rest.replaceAll(other, ""), text)
      .includes(one)
  );
}

/** The values of secrets that are gone. */
export function valuesOf({ remotes, credentials }: Gone): readonly string[] {
  return [...remotes.map((one) => one.token!.reveal()), ...credentials.map((one) => one.auth!.reveal())];
}

function* secretsOf({ remotes, credentials }: RemoteFile): Iterable<string> {
  for (const { token } of remotes.values()) if (token !== null) yield token.reveal();
  for (const { auth } of credentials) if (auth !== null) yield auth.reveal();
}

/** As a logout would do it. */
async function removed(document: RemoteDocument, gone: Gone): Promise<string> {
  const changes = gone.remotes.map(({ name }) => ({ kind: "logout", remote: name } as const));
  const credentials = document.content.credentials.filter((one) => !gone.credentials.includes(one));
  // Loaded when a secret goes: commands that only read are not slower for it.
  const { editRemoteFile } = await import("./edit.ts");
  try {
    return await editRemoteFile(document, changes, { credentials });
  } catch (error) {
    if (error instanceof Failure) return document.text; // one that an alias shares
    throw error;
  }
}

/** With an empty text in the place of each. */
async function blanked(document: RemoteDocument, gone: Gone): Promise<string> {
  const { secretPlaces } = await import("./mask.ts");
  const values = new Set(valuesOf(gone));
  const { text } = document;
  let out = "";
  let at = 0;
  for (const { start, end, secret } of secretPlaces(document)) {
    if (start < at || !values.has(secret.reveal())) continue; // one that an alias shares
    const node = text.slice(start, end);
    out += `${text.slice(at, start)}""${/\r?\n$/.exec(node)?.[0] ?? ""}`;
    at = end;
  }
  return out + text.slice(at);
}

/** Whether a text holds no secret but those of the file beside it. */
async function isFree(
  text: string,
  path: string,
  after: Pick<RemoteDocument, "text" | "content">,
  values: readonly string[],
): Promise<boolean> {
  try {
    const { content } = await parseRemoteFile(text, path);
    if (!isNothing(goneFrom(content, after.content))) return false;
  } catch {
    return false;
  }
  return !leftIn(text, values.filter((one) => !after.text.includes(one)), after.content);
}

/** A text that cannot be read, without all that may be a secret of its own or a part of one: comments too. */
async function blankFields(text: string, after: RemoteFile): Promise<string> {
  const [{ maskLine }, { salvage }] = await Promise.all([import("./mask_line.ts"), import("./salvage.ts")]);
  const kept = new Set(secretsOf(after));
  const lost = new Set([...secretsOf(await salvage(text))].filter((one) => !kept.has(one)));
  const lines = text.split("\n").map((line) => {
    const [, value = ""] = /:[ \t]+(.*?)\r?$/.exec(line) ?? [];
    if (kept.has(value.replace(/^(["'])(.*)\1$/, "$2"))) return line;
    const masked = maskLine(line);
    // A field that only looks empty may begin a secret in the next line, which is masked there.
    return masked.split(/[\s:"']+/).some((one) => lost.has(one)) ? "***" : masked;
  });
  return lines.join("\n");
}
