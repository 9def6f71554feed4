/** Which logins a restored file has: pure. */
import type { Secret } from "../base/secret.ts";
import { mayReceive } from "../base/uri.ts";
import type { Change, Credential, Gone, Owners, RemoteFile } from "../model.ts";
import type { LastWrite } from "../remotefile/ledger.ts";
import type { RemoteDocument } from "../remotefile/parse.ts";
import { goneFrom, valuesOf } from "../remotefile/withheld.ts";

/** A file without logins. */
const NONE: RemoteFile = { default: null, remotes: new Map(), credentials: [] };

/** A file that is to be restored, as it is now. */
interface Present {
  readonly digest: string | null;
  readonly document: Pick<RemoteDocument, "text" | "broken">;
}

/** What is to be done with the logins of the previous file. */
interface Logins {
  readonly changes: readonly Change[];
  readonly tokens: ReadonlyMap<string, Secret>;
  readonly credentials: readonly Credential[];
  /** Whose secrets the previous file holds, and the present one has given up. */
  readonly dropped: Owners;
}

/**
 * How the logins of the previous file change: what the present file holds stays, and nothing that it has given up returns.
 * @param held what the present file holds, as far as it can be read
 * @param before the content of the backup
 */
export function keysFor(
  { digest, document }: Present,
  held: RemoteFile,
  before: RemoteFile,
  last: Pick<LastWrite, "credentials">,
): Logins {
  // A file that is gone or empty has given nothing up: a program that was killed leaves an empty one.
  const isLost = digest === null || document.text === "";
  const values = new Set(valuesOf(goneFrom(held, NONE)));
  const isHeld = (secret: Secret) =>
    isLost || values.has(secret.reveal()) ||
    document.broken !== undefined && document.text.includes(secret.reveal());
  const tokens = new Map<string, Secret>();
  const changes: Change[] = [];
  const dropped = { remotes: [] as string[], credentials: [] as string[] };
  for (const [remote, was] of before.remotes) {
    const is = held.remotes.get(remote);
    if (is?.token && mayReceive(is, was)) {
      if (was.token?.equals(is.token)) continue;
      tokens.set(remote, is.token);
      changes.push({ kind: "login", remote, from: { prompt: true } });
    } else if (was.token !== null && !isHeld(was.token)) {
      changes.push({ kind: "logout", remote });
      dropped.remotes.push(remote);
    }
  }
  const present = Map.groupBy(held.credentials.filter((one) => one.auth !== null), (one) => one.uri);
  const credentials: Credential[] = [];
  for (const one of before.credentials) {
    const now = present.get(one.uri);
    if (now !== undefined) {
      if (!credentials.includes(now[0]!)) credentials.push(...now);
    } else if (one.auth === null || isHeld(one.auth)) credentials.push(one);
    else dropped.credentials.push(one.uri);
  }
  const known = new Set(credentials.map((one) => one.uri));
  const withheld = new Set((last.credentials ?? []).filter((uri) => !known.has(uri)));
  for (const uri of withheld) credentials.push(...present.get(uri) ?? []);
  return { changes, tokens, credentials, dropped };
}

/** How many fields of a broken text look like those of a secret that was not found in it. */
export function unrecognisedIn({ text, broken }: Present["document"], held: RemoteFile): number {
  if (broken === undefined) return 0;
  const fields = text.split("\n").filter((one) => /(?:tok|auth)\w{0,20}["']?[ \t]{0,9}:/i.test(one));
  return Math.max(0, fields.length - valuesOf(goneFrom(held, NONE)).length);
}

/** Names and addresses, each once. */
export function ownersOf({ remotes, credentials }: Gone): Owners {
  return {
    remotes: remotes.map((one) => one.name),
    credentials: [...new Set(credentials.map((one) => one.uri))],
  };
}
