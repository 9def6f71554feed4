/** `sremote keyserver …`, as in `singularity keyserver`: the keyservers of global remotes, and logins to keyservers. */
import { entryOf } from "../remotefile/entry.ts";
import { KEYSERVER_ALLOWED, keyserverKey, keyserverProblem } from "../base/uri.ts";
import { basic, bearer, checkKeyserver, discover, type Discovery } from "../endpoint/client.ts";
import { Failure } from "../base/failure.ts";
import type { Credential, Keyserver, RemoteFile, Runtime, StoredRemote } from "../model.ts";
import { printable, quote } from "../base/text.ts";
import { addKeyserver, removeKeyserver } from "../remotefile/keyservers.ts";
import { findTarget, linkRule } from "../remotefile/paths.ts";
import { readStored } from "../remotefile/store.ts";
import { renderKeyservers } from "../report/keyservers.ts";
import { tokenIn } from "../endpoint/tokens.ts";
import { askToken, type LoginOptions, passwordIn } from "./shared/ask_token.ts";
import { type Context, pathsOf, requireRoot, type Result } from "./shared/context.ts";
import { editFile } from "./shared/edit.ts";
import { endpointOf, namedOrDefault, readerOf, readMerged, unknown } from "./shared/merged.ts";
import { sessionOf, waiting, withProgress } from "./shared/session.ts";
import { variableOf } from "./shared/variables.ts";

/** The flags of `keyserver add`. */
export interface KeyserverAddOptions {
  /** From 1. */
  readonly order?: number;
  readonly insecure?: true;
}

/** Adds a keyserver to a global remote (by default, to the default one): as the last one, or at `--order`. */
export async function keyserverAdd(
  context: Context,
  words: readonly string[],
  flags: KeyserverAddOptions,
): Promise<Result> {
  const { name, uri } = nameAndUri(words, "add");
  const options = [
    ...flags.order === undefined ? [] : ["--order", String(flags.order)],
    ...flags.insecure ? ["--insecure"] : [],
  ];
  requireRoot(context, "global", "add a keyserver", {
    words: ["keyserver", "add", ...options],
    names: words,
  });
  const added = { uri, skip: false, external: true, insecure: flags.insecure === true };
  return await change(
    context,
    name,
    uri,
    "add",
    (present) => addKeyserver(present, added, flags.order ?? null),
  );
}

/** Removes a keyserver from a global remote; the endpoint's own is kept, and skipped. */
export async function keyserverRemove(context: Context, words: readonly string[]): Promise<Result> {
  const { name, uri } = nameAndUri(words, "remove");
  requireRoot(context, "global", "remove a keyserver", { words: ["keyserver", "remove"], names: words });
  return await change(context, name, uri, "remove", (present) => removeKeyserver(present, uri));
}

async function change(
  context: Context,
  name: string | null,
  uri: string,
  doing: "add" | "remove",
  edit: (
    present: readonly Keyserver[],
  ) => readonly Keyserver[] | { readonly problem: string; readonly next: string },
): Promise<Result> {
  const reader = await readerOf(context);
  const paths = pathsOf(context, null);
  const { file } = await findTarget(reader, "global", paths, context.world);
  const { root } = linkRule(reader, paths, context.world);
  const seen = (await readStored(context.world, file, root)).document.content;
  const remote = remoteIn(seen, name, `${doing} a keyserver of`);
  // A remote without a list uses its endpoint's own keyserver, which stays in use next to a new one.
  const own = remote.keyservers.length > 0 ? null : await ownKeyserver(context, remote);
  const { changed } = await editFile(context, "global", (now) => {
    const before = remoteIn(now, remote.name, `${doing} a keyserver of`);
    const present = before.keyservers.length === 0 && own !== null ? [own] : before.keyservers;
    const keyservers = edit(present);
    if ("problem" in keyservers) {
      throw new Failure(
        "usage",
        `cannot ${doing} the keyserver ${printable(uri)} of ${quote(remote.name)}: ${keyservers.problem}`,
        { next: keyservers.next },
      );
    }
    const entry = entryOf(before);
    return [{ kind: "update", remote: remote.name, before: entry, after: { ...entry, keyservers } }];
  });
  return {
    exit: 0,
    text: `Keyserver ${printable(uri)} ${doing === "add" ? "added to" : "removed from"} ${
      quote(remote.name)
    }.`,
    document: { formatVersion: 1, changed, file, remote: remote.name, keyserver: uri },
  };
}

async function ownKeyserver(context: Context, remote: StoredRemote): Promise<Keyserver> {
  const session = await sessionOf(context, null);
  const found = await withProgress(context, `Asking ${remote.uri}`, () => discover(session, remote));
  const own = ownIn(found);
  if (own !== null) return own;
  const trouble = "trouble" in found ? found.trouble : null;
  throw new Failure(
    "network",
    `cannot change the keyservers of ${quote(remote.name)}: ${
      trouble?.message ?? `${remote.uri} has no keystore, which would have to stay in the list`
    }`,
    { next: trouble?.next ?? "Contact the administrator of the endpoint" },
  );
}

/** The endpoint's own keyserver as an entry of a list; null: unknown, or it has none. */
function ownIn(found: Discovery): Keyserver | null {
  const own = "trouble" in found ? undefined : found.services.get("keystore");
  return own === undefined ? null : { uri: own.uri, skip: false, external: false, insecure: false };
}

/** Lists the keyservers of one remote, or of all global and user remotes. */
export async function keyserverList(context: Context, name: string | undefined): Promise<Result> {
  const view = await readMerged(context);
  const names = name === undefined
    ? Array.from(view.merged.remotes.keys()).sort()
    : [namedOrDefault(view, name, "list the keyservers of")];
  const session = await sessionOf(context, null);
  const credentials = new Set(view.user.document.content.credentials.map((one) => safeKey(one.uri)));
  const remotes = await withProgress(
    context,
    "Asking the endpoints",
    () =>
      Promise.all(names.map(async (one) => {
        const { remote } = view.merged.remotes.get(one)!;
        const listed = remote.keyservers;
        // Without a list, the endpoint's own is used.
        const found = listed.length > 0 ? null : await discover(session, endpointOf(view, one));
        const own = found === null ? null : ownIn(found);
        const keyservers = own === null ? listed : [own];
        return {
          remote: one,
          default: one === view.merged.default,
          trouble: found !== null && "trouble" in found ? found.trouble : null,
          keyservers: keyservers.map((server) => ({
            ...server,
            loggedIn: server.external ? credentials.has(safeKey(server.uri)) : remote.token !== null,
          })),
        };
      })),
  );
  return { exit: 0, text: renderKeyservers(remotes), document: { formatVersion: 1, remotes } };
}

/** The programs accept `--insecure` at a login, and it has no effect there either. */
export const INSECURE_LOGIN =
  "Note: --insecure has no effect on a login; give it when you add the remote or keyserver.";

/** Logs in to a keyserver: `Basic` with a user and a password, or `Bearer` with a token. */
export async function loginToKeyserver(context: Context, uri: string, flags: LoginOptions): Promise<Result> {
  requireUri(uri, "log in to");
  const view = await readMerged(context);
  const { runtime } = view.reader;
  if (flags.insecure) context.note(INSECURE_LOGIN);
  const username = flags.username ?? usernameFrom(context, runtime);
  const variable = variableOf(context, runtime, "LOGIN_PASSWORD");
  const question = username === null ? "Token:" : "Password:";
  const parse = username === null ? tokenIn : passwordIn;
  const secret = await askToken(context, flags, question, variable, parse);
  const auth = username === null ? bearer(secret) : basic(username, secret);
  const insecure = Array.from(view.merged.remotes.values()).some(({ remote }) =>
    remote.keyservers.some((one) => one.insecure && keyserverKey(one.uri) === keyserverKey(uri))
  );
  const session = await sessionOf(context, null);
  const trouble = await waiting(
    context,
    `Asking ${uri}`,
    () => checkKeyserver(session, uri, auth, insecure),
  );
  if (trouble !== null) {
    const message = `cannot log in to ${printable(uri)}: ${trouble.message}; nothing was written`;
    throw new Failure("login-failed", message, { next: trouble.next ?? "Try again later" });
  }
  const { changed, file } = await editFile(context, "user", () => [], (now) => ({
    credentials: withCredential(now.credentials, { uri, auth, insecure }),
  }));
  return {
    exit: 0,
    text: `Logged in to ${printable(uri)}.`,
    document: { formatVersion: 1, changed, file, keyserver: uri },
  };
}

/** The user name that the environment has for logins; null: none. */
function usernameFrom(context: Context, runtime: Runtime): string | null {
  const variable = variableOf(context, runtime, "LOGIN_USERNAME");
  if (variable === null) return null;
  context.note(`Note: the user name is taken from ${variable}.`);
  return context.world.here.env(variable)!;
}

/** Removes a keyserver's credential from the user file. */
export async function logoutOfKeyserver(context: Context, uri: string): Promise<Result> {
  requireUri(uri, "log out of");
  const key = keyserverKey(uri);
  const { changed, file } = await editFile(context, "user", () => [], (now) => ({
    credentials: now.credentials.filter((one) => safeKey(one.uri) !== key),
  }));
  return {
    exit: 0,
    text: changed ? `Logged out of ${printable(uri)}.` : `Not logged in to ${printable(uri)}.`,
    document: { formatVersion: 1, changed, file, keyserver: uri },
  };
}

/** Replaces the credential of the same keyserver, or appends the new one. */
function withCredential(present: readonly Credential[], credential: Credential): readonly Credential[] {
  const key = keyserverKey(credential.uri);
  const at = present.findIndex((one) => safeKey(one.uri) === key);
  return at < 0
    ? [...present, credential]
    : present.map((one, i) => i === at ? { ...credential, uri: one.uri } : one);
}

/** The key that identifies a keyserver; any other credential (a registry's) is identified by its address. */
function safeKey(uri: string): string {
  return keyserverProblem(uri) === null ? keyserverKey(uri) : uri;
}

function remoteIn(file: RemoteFile, name: string | null, doing: string): StoredRemote {
  const wanted = name ?? file.default;
  if (wanted === null) {
    throw new Failure("unknown-remote", `cannot ${doing} the global default remote: it is not set`, {
      next: "Give the name of a remote before the address of the keyserver",
    });
  }
  const remote = file.remotes.get(wanted);
  if (remote === undefined) throw unknown(wanted, file.remotes.keys(), doing);
  return remote;
}

function nameAndUri(
  words: readonly string[],
  doing: string,
): { readonly name: string | null; readonly uri: string } {
  const [first = "", second] = words;
  const uri = second ?? first;
  requireUri(uri, doing);
  return { name: second === undefined ? null : first, uri };
}

function requireUri(uri: string, doing: string): void {
  const problem = keyserverProblem(uri);
  if (problem === null) return;
  throw new Failure("usage", `cannot ${doing} the keyserver ${quote(uri)}: ${problem}`, {
    next: `Give its address as ${KEYSERVER_ALLOWED}`,
  });
}
