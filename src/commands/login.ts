/** `sremote login`, `logout` and `get-login-password`, as in `singularity remote`. */
import { entryOf } from "../remotefile/entry.ts";
import { isKeyserver, isRegistry, mayReceive } from "../base/uri.ts";
import { PROGRAMS, valueFor } from "../programs.ts";
import {
  accountOf,
  discover,
  type Endpoint,
  endpointUrl,
  tokenPage,
  verifyToken,
} from "../endpoint/client.ts";
import type { Session } from "../endpoint/session.ts";
import { Failure } from "../base/failure.ts";
import type { Change, Entry, RemoteFile } from "../model.ts";
import { printable, quote, shellWord } from "../base/text.ts";
import { requireValid } from "../reconcile/steps.ts";
import type { Secret } from "../base/secret.ts";
import { askToken, isGiven, type LoginOptions } from "./shared/ask_token.ts";
import { confirm, type Context, type Result } from "./shared/context.ts";
import { editFile } from "./shared/edit.ts";
import { sremoteHere } from "./shared/hint.ts";
import { INSECURE_LOGIN, loginToKeyserver, logoutOfKeyserver } from "./keyserver.ts";
import {
  endpointOf,
  type MergedView,
  namedOrDefault,
  readerOf,
  readMerged,
  tokenOf,
  warnedEndpoint,
} from "./shared/merged.ts";
import { sessionOf, waiting } from "./shared/session.ts";
import { variableOf } from "./shared/variables.ts";

/** Logs in to a remote (by default, to the default remote) or to a keyserver, by its address. */
export async function login(
  context: Context,
  name: string | undefined,
  flags: LoginOptions,
): Promise<Result> {
  if (name !== undefined && isKeyserver(name)) return await loginToKeyserver(context, name, flags);
  if (name !== undefined) await refuseRegistry(context, name, "login", flags.username);
  const view = await readMerged(context);
  const remote = namedOrDefault(view, name, "log in to");
  const which = name === undefined ? "default remote" : "remote";
  context.note(`INFO:    Authenticating with ${which}: ${printable(remote)}`);
  const session = await sessionOf(context, null);
  const endpoint = warnedEndpoint(context, view, remote);
  // Nobody is asked for a file that cannot be read.
  const given = isGiven(flags) ? await askToken(context, flags, "") : null;
  if (flags.insecure) context.note(INSECURE_LOGIN);
  const variable = variableOf(context, view.reader.runtime, "LOGIN_PASSWORD");
  // The programs read it for keyservers and registries: it is not this endpoint's to see.
  if (given === null && variable !== null) {
    context.note(`Note: ${variable} is not used to log in to a remote.`);
  }
  await requireTokenService(context, session, remote, endpoint);
  const page = `Generate an API Key at ${tokenPage(endpoint)}`;
  const stored = tokenOf(view, remote);
  // A token from a file or from standard input replaces the stored one, as with the programs.
  if (stored !== null && given === null) {
    await allowReplacing(context, session, endpoint, remote, stored, flags);
  }
  context.note(given === null && context.world.terminal.canAsk ? `${page}, and paste here:` : page);
  const token = given ?? await askToken(context, flags, "API Key:");
  const { changed, file } = await storeToken(context, session, view, remote, token, flags.username);
  return loggedIn(file, remote, changed, "API Key Verified!");
}

/** Registries are the program's: its command for them is named. @throws {Failure} usage */
async function refuseRegistry(
  context: Context,
  name: string,
  command: "login" | "logout",
  username?: string,
): Promise<void> {
  if (!isRegistry(name)) return;
  const reader = await readerOf(context);
  const { registryCommand } = PROGRAMS[reader.runtime];
  const words = [
    reader.runtime,
    ...valueFor(registryCommand, reader).split(" "),
    command,
    ...username === undefined ? [] : ["--username", username],
    name,
  ];
  const doing = command === "login" ? "log in to" : "log out of";
  throw new Failure("usage", `cannot ${doing} ${quote(name)}: a registry is not a remote endpoint`, {
    next: `Run ${words.map(shellWord).join(" ")}`,
  });
}

/** @throws {Failure} login-failed, if the endpoint does not provide tokens: then there is no page to make one */
async function requireTokenService(
  context: Context,
  session: Session,
  remote: string,
  endpoint: Endpoint,
): Promise<void> {
  const found = await waiting(context, `Asking ${endpoint.uri}`, () => discover(session, endpoint));
  const why = "trouble" in found
    ? found.trouble.message
    : found.services.has("token")
    ? null
    : `${endpoint.uri} has no token service, so nobody can log in to it`;
  if (why === null) return;
  const next = "trouble" in found
    ? found.trouble.next ?? "Try again later"
    : "Use another remote: sremote use NAME";
  throw new Failure("login-failed", `cannot log in to ${quote(remote)}: ${why}; nothing was written`, {
    next,
  });
}

/**
 * Verifies a token and writes it to the user file; for a global remote, to its copy there (`System: true`). An invalid token
 * changes nothing.
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
  await waiting(context, `Asking ${endpoint.uri}`, async () => {
    await requireValid(session, remote, endpoint, token);
    if (username !== undefined) await requireUser(session, remote, endpoint, token, username);
  });
  const { global, remote: { uri } } = view.merged.remotes.get(remote)!;
  const stored = view.global.document.content.remotes.get(remote);
  const system = new Map<string, Entry>(global && stored !== undefined ? [[remote, stored]] : []);
  return await editFile(context, "user", (now) => {
    const present = now.remotes.get(remote);
    if (present === undefined && !system.has(remote)) throw gone(remote);
    // The token was verified for that address and goes to no other.
    if (present !== undefined && !present.system && !mayReceive(endpoint, present)) throw gone(remote);
    const login = { kind: "login", remote, from: { prompt: true } } as const;
    // A copy follows the current address of the global remote, in the form that is stored there.
    if (present === undefined || mayReceive(present, endpoint)) return [login];
    const before = entryOf(present);
    return [
      { kind: "update", remote, before, after: { ...before, uri, insecure: endpoint.insecure } },
      login,
    ];
  }, () => ({ tokens: new Map([[remote, token]]), system }));
}

function gone(remote: string): Failure {
  const message = `cannot log in to ${quote(remote)}: it changed in the meantime; nothing was written`;
  return new Failure("stale", message, { next: "Run it again" });
}

function loggedIn(file: string, remote: string, changed: boolean, text: string): Result {
  return { exit: 0, text, document: { formatVersion: 1, changed, file, remote } };
}

/** Asks before a valid token is replaced; notes that an invalid one is. */
async function allowReplacing(
  context: Context,
  session: Session,
  endpoint: Endpoint,
  remote: string,
  stored: Secret,
  { yes }: LoginOptions,
): Promise<void> {
  const { state, trouble } = await waiting(
    context,
    `Asking ${endpoint.uri}`,
    () => verifyToken(session, endpoint, stored),
  );
  if (state === "unknown") {
    const message = `cannot log in to ${quote(remote)}: ${trouble!.message}; nothing was written`;
    throw new Failure("login-failed", message, { next: trouble!.next ?? "Try again later" });
  }
  if (state === "invalid") {
    context.note(`The stored API key of ${quote(remote)} is no longer valid.`);
    return;
  }
  if (yes) return;
  if (!context.world.terminal.canAsk) {
    throw new Failure(
      "declined",
      `cannot log in to ${quote(remote)}: a valid API key is stored; nothing was written`,
      { next: "To replace it, run it again with --yes" },
    );
  }
  await confirm(context, "An API key is already set for this remote. Replace it?", undefined);
}

async function requireUser(
  session: Session,
  remote: string,
  endpoint: Endpoint,
  token: Secret,
  username: string,
): Promise<void> {
  const account = await accountOf(session, endpoint, token);
  const refuse = (why: string, next: string) =>
    new Failure(
      "login-failed",
      `cannot log in to ${quote(remote)} as ${quote(username)}: ${why}; nothing was written`,
      { next },
    );
  let owner: string;
  if ("identity" in account) owner = account.identity.username;
  else {
    // Some endpoints name the user in the token check instead; its answer is known already.
    const { identity } = await verifyToken(session, endpoint, token);
    if (identity === null) throw refuse(account.trouble.message, "Omit --username");
    owner = identity.username;
  }
  if (owner === username) return;
  throw refuse(
    `the API key belongs to ${quote(owner)}`,
    "Give the API key of that user, or another --username",
  );
}

/** Removes a remote's token, or a keyserver's credential, from the user file. */
export async function logout(context: Context, name: string | undefined): Promise<Result> {
  if (name !== undefined && isKeyserver(name)) return await logoutOfKeyserver(context, name);
  if (name !== undefined) await refuseRegistry(context, name, "logout");
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
    changed ? `Logged out of ${quote(remote)}.` : `Not logged in to ${quote(remote)}.`,
  );
}

/** Prints the OCI registry password of the user who is logged in to the default remote. */
export async function getLoginPassword(context: Context): Promise<Result> {
  const view = await readMerged(context);
  const remote = namedOrDefault(view, undefined, "get the registry password of");
  const endpoint = endpointOf(view, remote);
  const token = tokenOf(view, remote);
  const refuse = (why: string, next: string) =>
    new Failure("login-failed", `cannot get the registry password of ${quote(remote)}: ${why}`, {
      next,
    });
  const logIn = `Run ${sremoteHere(context, ["login"], [remote])}`;
  if (token === null) throw refuse("you are not logged in", logIn);
  const session = await sessionOf(context, null);
  const account = await accountOf(session, endpoint, token);
  if ("trouble" in account) {
    throw refuse(account.trouble.message, account.trouble.next ?? logIn);
  }
  if (account.registryPassword === null) {
    throw refuse(`${endpointUrl(endpoint)} provides none`, "Ask its administrator whether it has a registry");
  }
  // The only secret that is printed, on request: for `singularity registry login --password-stdin`.
  const password = account.registryPassword.reveal();
  return {
    exit: 0,
    raw: password,
    document: { formatVersion: 1, remote, username: account.identity.username, password },
  };
}
