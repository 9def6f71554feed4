/** The findings of `sremote doctor` on `remote.yaml` and what is beside it. Pure. */
import { showMode } from "../base/mode.ts";
import { quote, shellWord } from "../base/text.ts";
import type { Diagnosis, Hidden, ReadElsewhere, Reader, RemoteFile, Runtime, Scope } from "../model.ts";
import { PROGRAMS } from "../programs.ts";
import { NOT_CARRIED, PUBLIC_TOKEN, REVOKE } from "./findings.ts";
import { type DeadLink, showDead } from "../remotefile/links.ts";
import { UNFINISHED } from "../remotefile/stored.ts";
import { lower, run, say, type Sremote } from "./diagnosis.ts";
import {
  elsewhereProblem,
  hiddenParts,
  ignoredParts,
  listed,
  type ReadBy,
  refusedLater,
  refusedWhole,
} from "./refused.ts";

/** What the system says about a `remote.yaml` and the files beside it. `mode`: permission bits. */
export interface FileFacts {
  readonly scope: Scope;
  readonly path: string;
  /** The user who runs sremote. */
  readonly uid: number;
  /** null: it does not exist; "unknown": this user cannot see it. */
  readonly file: { readonly kind: string; readonly mode: number; readonly uid: number } | "unknown" | null;
  /** Whether it holds a token or a credential; null: it could not be read. */
  readonly secrets: boolean | null;
  /** `dead`: it is a symbolic link that leads to no directory; its mode is then of no account. null: there is none. */
  readonly directory: {
    readonly path: string;
    readonly mode: number;
    readonly uid: number;
    readonly dead: Pick<DeadLink, "target" | "is"> | null;
  } | null;
  /** The directory is a program's own, which it keeps at 0700. */
  readonly own: boolean;
  /** `tokens`: the remotes whose tokens in it are not in the file any more; `credentials`: the same of keyservers. */
  readonly backup: {
    readonly path: string;
    readonly kind: string;
    readonly mode: number;
    readonly uid: number;
    readonly tokens: readonly string[];
    readonly credentials: readonly string[];
  } | null;
  readonly lock: { readonly path: string; readonly state: "held" | "abandoned" } | null;
  /** Temporary files of sremote. */
  readonly litter: readonly string[];
  /** `gone`: the remotes that it lists and the file does not have. */
  readonly ledger: { readonly path: string; readonly gone: readonly string[] } | null;
  /** Who has to own it; null: anyone, because the file is not the one that the program reads here. */
  readonly owner: number | null;
  /** It says `Remotes:` and nothing else about them. */
  readonly nullRemotes: boolean;
}

const ALL_WRITE = 0o002;
const GROUP_WRITE = 0o020;
const OTHERS_WRITE = 0o022;
const OTHERS_READ = 0o044;
const OTHERS = 0o077;
const STICKY = 0o1000;

/** Existence, owners and modes, and what was left beside the file. */
export function* diagnoseFile(facts: FileFacts, sremote: Sremote): Iterable<Diagnosis> {
  yield* theFile(facts);
  yield* itsDirectory(facts);
  yield* itsBackup(facts, sremote);
  yield* leftovers(facts, sremote);
}

function* theFile(facts: FileFacts): Iterable<Diagnosis> {
  const { scope, path, file, owner, secrets, uid, nullRemotes } = facts;
  if (file === null) {
    yield say("ok", "file", path, `the ${scope} file was not found and is treated as empty`);
  }
  if (file === null || file === "unknown" || file.kind !== "file") return;
  yield say("ok", "file", path, `the ${scope} file, mode ${showMode(file.mode)}, owner ${file.uid}`);
  yield* ofAnother(scope, path, file.uid, owner, isShared(facts));
  const right = { user: "600", global: "644" }[scope];
  if (isShut(file, uid, 0o400)) {
    const message = `it has mode ${showMode(file.mode)}: you cannot read it`;
    yield say("error", "file", path, message, run(`chmod ${right}`, path, file.uid));
  }
  if ((file.mode & OTHERS_WRITE) !== 0) {
    yield changeable(path, file, "change it", run(`chmod ${right}`, path, file.uid));
  } else if (scope === "user" && (file.mode & OTHERS_READ) !== 0) {
    const message = secrets === false
      ? "others can read it, and the tokens that it will hold"
      : "others can read it and its tokens";
    yield say("warning", "file", path, message, `Run chmod 600 ${shellWord(path)}`);
  }
  if (nullRemotes) {
    const message = "its Remotes is empty (null): adding a remote fails in the programs";
    yield say("error", "file", path, message, "Write Remotes: {} in its place, or add a remote with sremote");
  }
}

/** Its owner has taken a permission from himself; nothing is shut to root. */
function isShut({ mode, uid }: { readonly mode: number; readonly uid: number }, me: number, bits: number) {
  return uid === me && me !== 0 && (mode & bits) !== bits;
}

/** What everyone can change decides where tokens go; a group may be meant to. */
function changeable(
  path: string,
  { mode }: { readonly mode: number },
  what: string,
  next: string,
): Diagnosis {
  if ((mode & ALL_WRITE) !== 0) return say("error", "file", path, `everyone can ${what}`, next);
  return say("warning", "file", path, `its group can ${what}`, `If that is not intended: ${lower(next)}`);
}

/** The user's directory is also that of others. */
function isShared({ scope, directory }: FileFacts): boolean {
  return scope === "user" && directory !== null && (directory.mode & GROUP_WRITE) !== 0;
}

/** @param shared others keep it there on purpose, and it is not taken from them */
function* ofAnother(
  scope: Scope,
  path: string,
  uid: number,
  owner: number | null,
  shared: boolean,
): Iterable<Diagnosis> {
  if (owner === null || uid === owner) return;
  if (scope === "user" && owner === 0) {
    // Root may read it, and must not take it away from a user whose HOME it has.
    const message = `it belongs to uid ${uid}, not to root, as whom sremote runs`;
    yield say("warning", "file", path, message, "Run sremote as that user");
    return;
  }
  const message = `it belongs to uid ${uid}, not to ${scope === "global" ? "root" : "you"}`;
  const next = shared
    ? "Use a file of your own: the programs keep it at mode 0600, which is for one user"
    : `Run as root: chown ${owner} ${shellWord(path)}`;
  yield say("error", "file", path, message, next);
}

function* itsDirectory(facts: FileFacts): Iterable<Diagnosis> {
  const { scope, directory, own, owner } = facts;
  if (directory === null) return;
  const { path, mode, dead } = directory;
  if (dead !== null) {
    const next = {
      absent: "Make that directory, or remove the link",
      denied: "Have its owner let you in, or make the link lead to a directory of your own",
      circle: "Remove the link",
    }[dead.is];
    yield say("error", "file", path, showDead(dead), next);
    return;
  }
  const writable = (mode & OTHERS_WRITE) !== 0 && (mode & STICKY) === 0;
  // Whoever shares a directory has others in it, and their group.
  if (!writable || scope === "global") yield* directoryOfAnother(facts, directory);
  if (isShut(directory, facts.uid, 0o500)) {
    const message = `it has mode ${showMode(mode)}: you cannot enter it`;
    yield say("error", "file", path, message, `Run chmod ${own ? "700" : "u+rwx"} ${shellWord(path)}`);
  }
  if (writable) {
    const what = "replace the files in this directory";
    yield changeable(path, directory, what, run("chmod go-w", path, directory.uid));
  } else if (
    own && scope === "user" && (owner === null || directory.uid === owner) && (mode & STICKY) === 0 &&
    (mode & OTHERS) !== 0
  ) {
    const message = `it has mode ${showMode(mode)}: others can see what is in it, and the programs set 0700`;
    yield say("note", "file", path, message, `Run chmod 700 ${shellWord(path)}`);
  }
}

/** Root may own a directory, and another user may if this one can enter it. */
function* directoryOfAnother(
  { scope, owner }: FileFacts,
  { path, mode, uid }: { readonly path: string; readonly mode: number; readonly uid: number },
): Iterable<Diagnosis> {
  if (owner === null || uid === owner) return;
  const open = (mode & 0o011) !== 0;
  if (scope === "global" || owner === 0 || !open) yield* ofAnother(scope, path, uid, owner, false);
  else if (uid !== 0) {
    const message = `it belongs to uid ${uid}, who can replace the files in it`;
    yield say("warning", "file", path, message, "If that is not intended: use a directory of your own");
  }
}

function* itsBackup({ scope, backup, owner }: FileFacts, sremote: Sremote): Iterable<Diagnosis> {
  if (backup === null) return;
  const { path, kind, mode, tokens, credentials } = backup;
  const uid = keeper(scope, owner);
  if (kind !== "file") {
    const message = "it is not a regular file: it is no backup, and rollback cannot use it";
    yield say("warning", "file", path, message, run(kind === "folder" ? "rm -r" : "rm", path, uid));
    return;
  }
  if (scope === "user" && (mode & OTHERS) !== 0) {
    yield say("warning", "file", path, "others can read it", run("chmod 600", path, backup.uid));
  }
  const holds = [
    ...(tokens.length === 0 ? [] : [`tokens of ${listed(tokens)}`]),
    ...(credentials.length === 0 ? [] : [`credentials of ${listed(credentials)}`]),
  ];
  if (holds.length === 0) return;
  const message = `it holds ${holds.join(" and ")} that remote.yaml no longer has`;
  const next = `${run("rm", path, uid)} unless you need ${
    sremote(["rollback", ...flagOf(scope)])
  }, and revoke what is no longer used`;
  yield say("warning", "file", path, message, next);
}

/** What makes a command be about the global file. */
function flagOf(scope: Scope): readonly string[] {
  return scope === "global" ? ["--global"] : [];
}

/** Who may remove what is beside the file: root, or anyone else. */
function keeper(scope: Scope, owner: number | null): 0 | 1 {
  return scope === "global" && owner === 0 ? 0 : 1;
}

function* leftovers(
  { scope, lock, litter, ledger, owner }: FileFacts,
  sremote: Sremote,
): Iterable<Diagnosis> {
  const uid = keeper(scope, owner);
  if (lock?.state === "held") {
    const next = "If none is running, wait 8 s: the lock then counts as abandoned";
    yield say("warning", "file", lock.path, "a lock is held by a running or killed sremote process", next);
  } else if (lock !== null) {
    const message = "this lock was left behind by an sremote process that was killed";
    const next = `${run("rm -r", lock.path, uid)}; the next change of remote.yaml removes it, too`;
    yield say("warning", "file", lock.path, message, next);
  }
  const change = `${sremote(["apply", ...flagOf(scope)])}, or another command that changes remote.yaml`;
  // While a process holds the lock, they are its own.
  for (const path of lock?.state === "held" ? [] : litter) {
    if (path.endsWith(UNFINISHED)) {
      const message = "a write in place was interrupted: the programs read an incomplete remote.yaml";
      yield say("error", "file", path, message, `Run ${change}, to complete it`);
      continue;
    }
    const message = "it was left behind by an sremote process that was killed, and may hold a token";
    // It may be the record of a write that is still to be completed: removing it would lose the backup.
    yield say(
      "warning",
      "file",
      path,
      message,
      `Run ${change}: it completes the write, or removes what is left`,
    );
  }
  if (ledger !== null && ledger.gone.length > 0) {
    const message = `it lists remotes that remote.yaml does not have: ${listed(ledger.gone)}`;
    const next = `Run ${sremote(["plan", ...flagOf(scope)])} to see what apply would do about them`;
    yield say("warning", "file", ledger.path, message, next);
  }
}

/** Two global files, and nothing says which one is used. */
export function diagnoseAmbiguous(runtime: Runtime): Diagnosis {
  const message = `both /etc and /usr/local/etc hold a remote.yaml of ${PROGRAMS[runtime].title}`;
  return say("warning", "file", "/usr/local/etc", message, "Pass the one that it reads with --sysconfdir");
}

/**
 * What the program refuses or ignores in a file.
 * @param installed the reader's version is that of the installed program, which can be replaced; else it was asked for
 */
export function* diagnoseRefused(reader: Reader, read: ReadBy, installed: boolean): Iterable<Diagnosis> {
  const all = [...refusedWhole(reader, read), ...refusedLater(reader, read), ...ignoredParts(reader, read)];
  for (const { severity, subject, itself, next, since } of all) {
    const remedy = installed && since !== undefined
      ? `Remove the field, or install ${PROGRAMS[reader.runtime].title} ${since} or later`
      : next;
    yield say(severity, "file", subject, itself, remedy);
  }
}

/**
 * What hides the global file from users.
 * @param staged it is above a place that `--sysconfdir` names, which may not be where a program will read it
 * @param holders the remotes whose tokens the file holds; null: it cannot be read
 */
export function* diagnoseHidden(
  reader: Reader,
  hidden: readonly Hidden[],
  staged: boolean,
  holders: readonly string[] | null,
): Iterable<Diagnosis> {
  for (const { severity, subject, itself, next } of hiddenParts(reader, hidden, holders)) {
    const worst = holders !== null && holders.length > 0 ? "error" : severity;
    yield say(staged ? "warning" : worst, "file", subject, itself, next);
  }
}

/** The user file that newer versions read in place of this one. */
export function diagnoseElsewhere(reader: Reader, file: string, elsewhere: ReadElsewhere): Diagnosis {
  const { subject, itself, next } = elsewhereProblem(reader, file, elsewhere);
  return say("warning", "environment", subject, itself, next);
}

/**
 * Entries of the global file that do not do what they say.
 * @param hidden users cannot read it, which is said together with its tokens
 */
export function* diagnoseGlobal(
  { path, content }: { readonly path: string; readonly content: RemoteFile },
  hidden: boolean,
): Iterable<Diagnosis> {
  for (const { name, token, insecure } of content.remotes.values()) {
    if (token !== null && !hidden) yield say("error", "file", path, `${quote(name)} ${PUBLIC_TOKEN}`, REVOKE);
    if (insecure) {
      const message = `it is insecure, but users contact it over https: ${NOT_CARRIED}`;
      yield say("warning", "conflict", name, message, "Serve it over https, or let users add it themselves");
    }
  }
}

/** Where a program that takes over the directory of another one stands: still ahead, or cut off. */
export interface Takeover {
  readonly runtime: Runtime;
  /** The directory of the other program. */
  readonly from: string;
  /** Its own directory. */
  readonly to: string;
  /** null: its own directory does not exist yet; else what it does not have of the other one. */
  readonly missing: readonly string[] | null;
}

/** Apptainer's first run takes over Singularity's directory, but only while its own does not exist. */
export function* diagnoseTakeover(
  { runtime, from, to, missing }: Takeover,
  sremote: Sremote,
): Iterable<Diagnosis> {
  const { title } = PROGRAMS[runtime];
  if (missing === null) {
    const message = `${title} takes over ${from} on its first run, as long as this directory does not exist`;
    const next =
      `Run ${runtime} once before sremote writes there, if you need the keys and tokens of ${from}`;
    yield say("note", "file", to, message, next);
  } else if (missing.length > 0) {
    const message = `it exists, so ${title} does not take over ${from} any more, which has ${
      missing.join(", ")
    }`;
    const next = `If you need that: move ${to} away, run ${runtime} once, then run ${
      sremote(["apply"])
    }, and log in again where you had logged in by hand`;
    yield say("note", "file", to, message, next);
  }
}
