/** `sremote login` and `logout`, as `singularity remote` has them. */
import { mayReceive } from "../base/uri.ts";
import { accountOf, type Endpoint, endpointUrl, tokenPage, verifyToken } from "../endpoint/client.ts";
import type { Session } from "../endpoint/session.ts";
import { Failure } from "../base/failure.ts";
import type { Change, Entry, RemoteFile } from "../model.ts";
import { requireValid } from "../reconcile/steps.ts";
import type { Secret } from "../base/secret.ts";
import { askToken, type LoginOptions } from "./shared/ask_token.ts";
import { confirm, type Context, type Result } from "./shared/context.ts";
import { editFile } from "./shared/edit.ts";
import { loginToKeyserver } from "./keyserver.ts";
import { endpointOf, type MergedView, namedOrDefault, readMerged, tokenOf } from "./shared/merged.ts";
import { sessionOf, withProgress } from "./shared/session.ts";

/** Logs in to a remote, the default where none is named; a keyserver's address logs in to that keyserver. */
export async function login(
  context: Context,
  name: string | undefined,
  flags: LoginOptions,
): Promise<Result> {
  if (name !== undefined && /^(?:https?|hkps?):\/\//i.test(name)) {
    return await loginToKeyserver(context, name, flags);
  }
  if (name !== undefined && /^(?:docker|oras):\/\//i.test(name)) {
    throw new Failure("usage", `cannot log in to ${name}: a registry is no remote endpoint`, {
      next: "singularity registry login does that",
    });
  }
  const view = await readMerged(context);
  const remote = namedOrDefault(view, name, "log in to");
  const session = await sessionOf(context, null);
  const endpoint = endpointOf(view, remote);
  const page = `Generate an API Key at ${tokenPage(endpoint)}`;
  const given = flags.tokenfile !== undefined || flags.passwordStdin
    ? await askToken(context, flags, "")
    : null;
  const stored = tokenOf(view, remote);
  const same = stored !== null && given?.equals(stored) === true;
  if (stored !== null && !same) await allowReplacing(context, session, endpoint, remote, stored, flags);
  context.note(given === null && context.world.terminal.canAsk ? `${page}, and paste here:` : page);
  const token = given ?? await askToken(context, flags, "API Key:");
  const { changed, file } = await storeToken(context, session, view, remote, token, flags.username);
  return loggedIn(file, remote, changed, "API Key Verified!");
}

/**
 * Verifies a token and puts it into the user's file, for one of the machine's remotes as its copy (`System: true`). A token
 * that is not valid changes nothing.
 * @throws {Failure} login-failed
 */
async function storeToken(
  context: Context,
  session: Session,
  view: MergedView,
  remote: string,
  token: Secret,
  username?: string,
): Promise<{ readonly changed: boolean; readonly file: string }> {
  const endpoint = endpointOf(view, remote);
  await withProgress(context, `Asking ${endpoint.uri}`, async () => {
    await requireValid(session, remote, endpoint, token);
    if (username !== undefined) await requireUser(session, remote, endpoint, token, username);
  });
  const { global } = view.merged.remotes.get(remote)!;
  const machine = view.global.document.content.remotes.get(remote);
  const system = new Map<string, Entry>(global && machine !== undefined ? [[remote, machine]] : []);
  return await editFile(context, "user", (now) => {
    const present = now.remotes.get(remote);
    if (present === undefined && !system.has(remote)) throw gone(remote);
    // Verified for that address: it goes to no other.
    if (present !== undefined && !present.system && !mayReceive(endpoint, present)) throw gone(remote);
    const login = { kind: "login", remote, from: { prompt: true } } as const;
    // A copy goes where the machine's remote is by now.
    if (present === undefined || mayReceive(present, endpoint)) return [login];
    const { uri, insecure, keyservers } = present;
    const before = { uri, insecure, keyservers };
    return [{ kind: "update", remote, before, after: { ...endpoint, keyservers } }, login];
  }, () => ({ tokens: new Map([[remote, token]]), system }));
}

function gone(remote: string): Failure {
  return new Failure("stale", `cannot log in to ${JSON.stringify(remote)}: it was changed meanwhile`, {
    next: "run it again; nothing was written",
  });
}

function loggedIn(file: string, remote: string, changed: boolean, text: string): Result {
  return { exit: 0, text, document: { formatVersion: 1, changed, file, remote } };
}

/** A valid token is replaced only after a yes; of an invalid one it is said that it is. */
async function allowReplacing(
  context: Context,
  session: Session,
  endpoint: Endpoint,
  remote: string,
  stored: Secret,
  { yes }: LoginOptions,
): Promise<void> {
  const { state, trouble } = await withProgress(
    context,
    `Asking ${endpoint.uri}`,
    () => verifyToken(session, endpoint, stored),
  );
  if (state === "unknown") {
    throw new Failure("login-failed", `cannot log in to ${JSON.stringify(remote)}: ${trouble!.message}`, {
      next: `${trouble!.next ?? "try again later"}; nothing was written`,
    });
  }
  if (state === "invalid") {
    context.note(`The stored API Key of ${JSON.stringify(remote)} is no longer valid.`);
    return;
  }
  if (yes) return;
  if (!context.world.terminal.canAsk) {
    throw new Failure(
      "declined",
      `a valid API Key of ${JSON.stringify(remote)} is stored: nothing was written`,
      {
        next: "to replace it, run it again with --yes",
      },
    );
  }
  await confirm(context, "An API Key is already set for this remote. Replace it?", undefined);
}

async function requireUser(
  session: Session,
  remote: string,
  endpoint: Endpoint,
  token: Secret,
  username: string,
): Promise<void> {
  const account = await accountOf(session, endpoint, token);
  if ("trouble" in account) {
    throw new Failure(
      "login-failed",
      `cannot log in to ${JSON.stringify(remote)} as ${username}: ${account.trouble.message}`,
      {
        next: "leave --username out; nothing was written",
      },
    );
  }
  if (account.identity.username === username) return;
  throw new Failure(
    "login-failed",
    `cannot log in to ${
      JSON.stringify(remote)
    } as ${username}: the API Key belongs to ${account.identity.username}`,
    { next: "give that user's, or another --username; nothing was written" },
  );
}

/** Drops a remote's token. */
export async function logout(context: Context, name: string | undefined): Promise<Result> {
  const view = await readMerged(context);
  const remote = namedOrDefault(view, name, "log out of");
  const { changed, file } = await editFile(context, "user", (now: RemoteFile): readonly Change[] => {
    const token = now.remotes.get(remote)?.token ?? null;
    return token === null ? [] : [{ kind: "logout", remote }];
  });
  return loggedIn(
    file,
    remote,
    changed,
    changed ? `Logged out of ${JSON.stringify(remote)}.` : `Not logged in to ${JSON.stringify(remote)}.`,
  );
}

/** Prints the password of the OCI registry of the user who is logged in to the default remote. */
export async function getLoginPassword(context: Context): Promise<Result> {
  const view = await readMerged(context);
  const remote = namedOrDefault(view, undefined, "ask for the registry password of");
  const endpoint = endpointOf(view, remote);
  const token = tokenOf(view, remote);
  const refuse = (why: string, next: string) =>
    new Failure("login-failed", `cannot tell the registry password of ${JSON.stringify(remote)}: ${why}`, {
      next,
    });
  if (token === null) throw refuse("you are not logged in", `sremote login ${remote}`);
  const session = await sessionOf(context, null);
  const account = await accountOf(session, endpoint, token);
  if ("trouble" in account) {
    throw refuse(account.trouble.message, account.trouble.next ?? `sremote login ${remote}`);
  }
  if (account.registryPassword === null) {
    throw refuse(`${endpointUrl(endpoint)} gives none`, "ask who runs it whether it has a registry");
  }
  // The one secret that is asked to be shown: it is meant for `singularity registry login --password-stdin`.
  const password = account.registryPassword.reveal();
  return {
    exit: 0,
    raw: password,
    document: { formatVersion: 1, remote, username: account.identity.username, password },
  };
}
