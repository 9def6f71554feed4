/** What `sremote doctor` gathers about one `remote.yaml`: it reads and changes nothing, and nothing that it meets stops it. */
import { basename, dirname, join } from "node:path";
import { Failure } from "../../base/failure.ts";
import type { Hidden, ReadElsewhere, Reader, RemoteFile, Scope } from "../../model.ts";
import { PROGRAMS } from "../../programs.ts";
import type { FileFacts, Takeover } from "../../reconcile/diagnose_files.ts";
import { hiddenAbove, hiddenFrom } from "../../remotefile/access.ts";
import { holdsSecret } from "../../remotefile/entry.ts";
import { EMPTY_LEDGER, ledgerPath } from "../../remotefile/ledger.ts";
import { danglingAbove, follow } from "../../remotefile/links.ts";
import { parseRemoteFile } from "../../remotefile/parse.ts";
import { findTarget, linkRule, type PathOptions, readElsewhere, takenOver } from "../../remotefile/paths.ts";
import {
  backupPath,
  readStored,
  readText,
  type StoredFile,
  unfinishedPath,
} from "../../remotefile/stored.ts";
import type { Files, World } from "../../world.ts";
import { type Context, pathsOf } from "./context.ts";

/** A `remote.yaml` as far as it can be seen. */
export interface LookedAt {
  readonly scope: Scope;
  /** null: there is no home directory. */
  readonly file: string | null;
  readonly facts: FileFacts | null;
  /** null: it cannot be read. */
  readonly stored: StoredFile | null;
  /** What hides the global file from users: itself and its directory. */
  readonly hidden: readonly Hidden[];
  /** The same of the directories above. */
  readonly above: readonly Hidden[];
  readonly elsewhere: ReadElsewhere | null;
  readonly takeover: Takeover | null;
  /** Whether there is one, or something in its place. */
  readonly present: boolean;
  /** What failed on the way. */
  readonly failures: readonly Failure[];
}

/** Looks at the file of a scope. */
export async function lookAtFile(context: Context, reader: Reader, scope: Scope): Promise<LookedAt> {
  const { world, options } = context;
  const paths = pathsOf(context, null);
  const place = scope === "user" ? paths : { ...paths, remoteFile: null };
  const failures: Failure[] = [];
  const tried = async <T>(work: () => T | Promise<T>): Promise<T | null> => {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      // Two parts may meet the same.
      if (!failures.some(({ message }) => message === error.message)) failures.push(error);
      return null;
    }
  };
  const target = await tried(() => findTarget(reader, scope, place, world));
  if (target === null) {
    const nothing = {
      file: null,
      facts: null,
      stored: null,
      hidden: [],
      above: [],
      elsewhere: null,
      takeover: null,
      present: false,
    };
    return { scope, ...nothing, failures };
  }
  const { file } = target;
  const { root } = linkRule(reader, place, world);
  const stored = await tried(() => readAnyway(world, file, root, failures));
  // A file that does not exist, and one that cannot be seen, look alike from outside.
  const unseen = stored === null;
  const isUser = scope === "user";
  const hidden = isUser ? [] : hiddenFrom(world.files, file, root);
  const seen = await tried(() => factsOf(context, scope, file, root, stored, unseen));
  // What hides the target of a link is said of that.
  const isSaid = hidden.length > 0 && seen?.directory?.dead?.is === "denied";
  const facts = isSaid ? { ...seen, directory: null } : seen;
  const isThere = unseen || world.files.exists(file);
  return {
    scope,
    file,
    facts,
    stored,
    hidden,
    above: isUser || !isThere ? [] : hiddenAbove(world.files, file, root),
    elsewhere: isUser ? readElsewhere(reader, place, world) : null,
    present: stored === null || stored.digest !== null,
    takeover: isUser && options.remoteFile === null ? await takeoverOf(reader, file, place, world) : null,
    failures,
  };
}

/** The file, even if its ledger is invalid: that is a failure of its own. @throws {Failure} */
async function readAnyway(
  world: World,
  file: string,
  root: string | null,
  failures: Failure[],
): Promise<StoredFile> {
  try {
    return await readStored(world, file, root);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { real, linked } = follow(world.files, file, root, world.here.uid);
    if (error.code !== "ledger-invalid" && error.path !== ledgerPath(real)) throw error;
    failures.push(error);
    const document = await parseRemoteFile(readText(world, real) ?? "", file);
    const quirks = { ...document.quirks, symlink: linked };
    const unknown = { digest: null, mode: null, owner: null, ledger: EMPTY_LEDGER };
    return { path: file, real, document: { ...document, quirks }, ...unknown };
  }
}

async function factsOf(
  { world, options }: Context,
  scope: Scope,
  path: string,
  root: string | null,
  stored: StoredFile | null,
  unseen: boolean,
): Promise<FileFacts> {
  const { files } = world;
  const { real } = follow(files, path, root, world.here.uid);
  const here = options.root === null && options.remoteFile === null;
  const lock = files.lockOf(real);
  const ledger = ledgerPath(real);
  const content = stored?.document.content ?? null;
  return {
    scope,
    path,
    uid: world.here.uid,
    file: files.stat(real) ?? (unseen ? "unknown" : null),
    secrets: content === null ? null : holdsSecret(content),
    directory: directoryOf(files, dirname(real)),
    own: options.remoteFile === null,
    backup: await backupOf(world, backupPath(real), content),
    lock: lock === null ? null : { path: `${real}.lock`, state: lock },
    litter: litterOf(files, real),
    ledger: files.stat(ledger) === null || stored === null || stored.ledger === EMPTY_LEDGER
      ? null
      : { path: ledger, gone: [...stored.ledger.remotes].filter((one) => !content!.remotes.has(one)).sort() },
    nullRemotes: stored !== null && content!.remotes.size === 0 && isNullRemotes(stored.document.text),
    owner: here ? { user: world.here.uid, global: 0 }[scope] : null,
  };
}

/**
 * Whether `Remotes` of a file without remotes is null, not an empty map.
 * @param text of a file that is valid
 */
export function isNullRemotes(text: string): boolean {
  const found = NULL_REMOTES.exec(text);
  // A map on the next line, which is indented, is not null.
  return found !== null && !INDENTED.test(text.slice(found.index + found[0].length));
}

const NULL_REMOTES =
  /(?:^|[{,])[ \t]*["']?Remotes["']?:[ \t]*(?:(?:null|Null|NULL|~)[ \t]*)?(?:#.*)?(?:\r?$|(?=[,}]))/m;
const INDENTED = /^\n(?:[ \t]*(?:#.*)?\r?\n)*[ \t]+[^ \t\r\n#]/;

/** The directory itself, if the path is a symbolic link; null: there is none, or something else. */
function directoryOf(files: Files, path: string): FileFacts["directory"] {
  const stat = files.stat(path, true);
  if (stat !== null) {
    return stat.kind === "folder" ? { path, mode: stat.mode, uid: stat.uid, dead: null } : null;
  }
  const dangling = danglingAbove(files, join(path, "remote.yaml"));
  if (dangling === null) return null;
  return { path: dangling.link, mode: 0, uid: 0, dead: dangling };
}

/** The secrets of a backup that the file does not have; of a file that cannot be read, nothing is known. */
async function backupOf(
  world: World,
  path: string,
  now: RemoteFile | null,
): Promise<FileFacts["backup"]> {
  const stat = world.files.stat(path);
  if (stat === null) return null;
  const nothing = {
    path,
    kind: stat.kind,
    mode: stat.mode,
    uid: stat.uid,
    tokens: [],
    credentials: [],
  };
  if (now === null || stat.kind !== "file") return nothing;
  let content;
  try {
    content = (await parseRemoteFile(readText(world, path) ?? "", path)).content;
  } catch {
    return nothing; // rollback says what is wrong with it
  }
  const tokens = Array.from(content.remotes.values()).filter(({ token }) =>
    token !== null && !Array.from(now.remotes.values()).some((one) => one.token?.equals(token))
  ).map(({ name }) => name);
  const credentials = content.credentials.filter(({ auth }) =>
    auth !== null && !now.credentials.some((one) => one.auth?.equals(auth))
  ).map(({ uri }) => uri);
  return { ...nothing, tokens, credentials };
}

/** Temporary files and directories of sremote beside a file. */
function litterOf(files: Files, real: string): readonly string[] {
  const bases = [real, backupPath(real), ledgerPath(real)].map((one) => RegExp.escape(basename(one))).join(
    "|",
  );
  const mine = new RegExp(
    `^(?:\\.(?:${bases})\\.sremote-|${RegExp.escape(basename(real))}\\.lock-)[0-9a-f]{8}$`,
  );
  const unfinished = unfinishedPath(real);
  try {
    return files.list(dirname(real)).filter((name) => mine.test(name) || name === basename(unfinished))
      .map((name) => join(dirname(real), name));
  } catch {
    return []; // no such directory, or it cannot be listed
  }
}

/** Where a takeover by the program's first run stands; null: there is none. */
async function takeoverOf(
  reader: Reader,
  file: string,
  paths: PathOptions,
  world: World,
): Promise<Takeover | null> {
  const { runtime } = reader;
  const { takesOver, takenOver: kept, homeDirectory } = PROGRAMS[runtime];
  const to = dirname(file);
  if (takesOver === null) return null;
  const ahead = await takenOver(reader, paths, world);
  if (ahead !== null) return { runtime, from: ahead, to, missing: null };
  if (basename(to) !== homeDirectory) return null; // a variable names another directory
  const from = join(dirname(to), takesOver);
  const has = (...parts: string[]) => world.files.exists(join(...parts));
  const missing = Object.entries(kept).filter(([name, own]) =>
    has(from, name) && !own.some((one) => has(to, one))
  );
  return { runtime, from, to, missing: missing.map(([name]) => name) };
}
