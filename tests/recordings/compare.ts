/** Compares what sremote did with what was recorded: outcome, files, requests, rows. Data alone, never a sentence. */
import { isDeepStrictEqual } from "node:util";
import { type Case, collapse, globalText, type Result, type Target } from "./cases.ts";
import { type Data, dataOf, mergedView } from "./files.ts";
import type { Asked } from "./proxy.ts";
import type { Replayed } from "./replay.ts";

/** In what respect the two differ. What is listed as a difference names it. */
export type Aspect =
  | "exit-fails" // the program succeeds, sremote fails
  | "exit-succeeds" // the program fails, sremote succeeds
  | "time-out"
  | "default" // after `add`: which remote is the default
  | "user" // the file's data
  | "user-copies" // the user file's data; merged with the global one it is the same
  | "global"
  | "config"
  | "mode" // of a user file that was written
  | "identity-request" // the program asks who is logged in, though nobody is
  | "requests-fewer" // than the program
  | "requests-more"
  | "requests-other"
  | "list" // rows
  | "services" // rows of status
  | "login" // state
  | "identity"
  | "keyservers" // rows
  | "prints" // of get-login-password
  | "address-other" // of the service that a command uses
  | "address-none" // the program asks one, sremote gives none
  | "address-extra" // the program asks none, sremote gives one
  | "address-fewer"; // the program asks fewer than sremote gives

/** One difference. */
export interface Difference {
  readonly aspect: Aspect;
  /** For people: what each did. */
  readonly detail: string;
}

/** Sentences of sremote's documents are never looked at. */
interface Document {
  readonly uri?: string;
  readonly all?: readonly string[];
  readonly remotes?: readonly DocumentRemote[];
}

interface DocumentRemote {
  readonly name: string;
  readonly remote: string;
  readonly uri: string | null;
  readonly default: boolean;
  readonly global: boolean;
  readonly exclusive: boolean;
  readonly insecure: boolean;
  readonly trouble: object | null;
  readonly services: readonly {
    readonly service: string;
    /** null: the endpoint does not have it, and the table has no row for it. */
    readonly uri: string | null;
    readonly ok: boolean;
    readonly version: string | null;
  }[];
  readonly login: { readonly state: string; readonly identity: { readonly username: string } | null };
  readonly keyservers: readonly {
    readonly uri: string;
    readonly insecure: boolean;
    readonly loggedIn: boolean;
    readonly skip: boolean;
  }[];
}

/** What both comparisons are made of. */
interface Pair {
  readonly one: Case;
  readonly target: Target;
  readonly recorded: Result;
  readonly seen: Replayed;
  readonly document: Document;
}

/** Where sremote differs from what was recorded; empty: nowhere. */
export function compare(one: Case, target: Target, recorded: Result, seen: Replayed): readonly Difference[] {
  if (seen.exit === null) return [{ aspect: "time-out", detail: "sremote ran out of time" }];
  const document =
    (typeof seen.document === "object" && seen.document !== null ? seen.document : {}) as Document;
  const pair = { one, target, recorded, seen, document };
  const group = one.args[0];
  const found = group === "remote" || group === "keyserver"
    ? [...outcome(pair), ...files(pair), ...requests(pair), ...rows(pair)]
    : address(pair);
  return found.filter(({ aspect }) => !target.but?.includes(aspect));
}

// ---------------------------------------------------------------- success or failure

function succeeded({ recorded }: Pair): boolean {
  return recorded.exit === 0;
}

/**
 * `status` succeeds where the endpoint answered: each of the two has exit codes of its own for what it answers (sremote's 3),
 * and the answers are compared as data.
 */
function sremoteSucceeded({ one, seen, document }: Pair): boolean {
  if (seen.exit === 0) return true;
  return isStatus(one) && seen.exit === 3 && document.remotes !== undefined &&
    document.remotes.every(({ trouble }) => trouble === null);
}

function isStatus({ args }: Case): boolean {
  return args[0] === "remote" && args[1] === "status";
}

function outcome(pair: Pair): readonly Difference[] {
  const { one, recorded, seen } = pair;
  const [theirs, ours] = [succeeded(pair), sremoteSucceeded(pair)];
  if (theirs === ours) return [];
  if (isStatus(one) && ours && recorded.services !== undefined) return [];
  const said = seen.err.split("\n").find((line) => line.startsWith("Error")) ?? "";
  const detail = `program: ${recorded.exit} ${recorded.class}; sremote: ${seen.exit} ${said}`.trim();
  return [{ aspect: ours ? "exit-succeeds" : "exit-fails", detail }];
}

// ---------------------------------------------------------------- files

function files(pair: Pair): readonly Difference[] {
  const { one, target, recorded, seen } = pair;
  const before = { user: one.user, global: globalText(one, target), config: undefined };
  const after = (name: "user" | "global" | "config") => {
    const text = recorded[name] ?? before[name];
    return { theirs: dataOf(text === undefined ? text : shown(text)), ours: dataOf(seen[name]) };
  };
  const global = after("global");
  const found: Difference[] = [];
  for (const name of ["global", "user", "config"] as const) {
    let { theirs, ours } = after(name);
    if (one.args[0] === "remote" && one.args.includes("add") && succeeded(pair) === sremoteSucceeded(pair)) {
      const [{ Active: x, ...restX }, { Active: y, ...restY }] = [theirs, ours];
      // Where both failed, only a default that is the sole difference is the same matter.
      if (x !== y && (succeeded(pair) || isDeepStrictEqual(restX, restY))) {
        found.push({ aspect: "default", detail: `program: ${text(x)}; sremote: ${text(y)}` });
        [theirs, ours] = [restX, restY];
      }
    }
    if (isDeepStrictEqual(theirs, ours)) continue;
    const copies = name === "user" &&
      isDeepStrictEqual(mergedView(theirs, global.theirs), mergedView(ours, global.ours));
    found.push({
      aspect: copies ? "user-copies" : name,
      detail: `program: ${text(theirs)}; sremote: ${text(ours)}`,
    });
  }
  const mode = parseInt(recorded.userMode ?? "600", 8);
  if (seen.userWritten && seen.userMode !== undefined && seen.userMode !== mode) {
    found.push({
      aspect: "mode",
      detail: `program: ${mode.toString(8)}; sremote: ${seen.userMode.toString(8)}`,
    });
  }
  return found;
}

/** A recorded text as {@link Replayed} has it: what is no UTF-8 as the replacement character. */
function shown(recorded: string): string {
  return collapse(recorded.replace(/(?:\$BYTE\(..\))/g, "\ufffd"));
}

// ---------------------------------------------------------------- requests

/** `METHOD URL [Authorization]`: neither the query nor the order matters, nor how often. */
function recordedRequests({ requests = [] }: Result): readonly string[] {
  return requests.map((line) => {
    const [method, url = "", ...rest] = line.replace(/ \((?:past the proxy|TLS failed)\)/g, "").split(" ");
    const authorization = rest.join(" ").replace(/(T-[a-z0-9]+)…/, "$1").replace(/^BEARER/, "Bearer");
    return requestLine(method!, url, authorization);
  });
}

function seenRequest({ method, url, authorization }: Asked): string {
  return requestLine(method, url, authorization.replace(/(T-[a-z0-9]+)\.{150,}/, "$1"));
}

function requestLine(method: string, url: string, authorization: string): string {
  return [method, url.split("?")[0], authorization].join(" ").trim();
}

function requests({ recorded, seen }: Pair): readonly Difference[] {
  const theirs = new Set(recordedRequests(recorded));
  const ours = new Set(seen.requests.map(seenRequest));
  const found: Difference[] = [];
  for (const one of theirs) {
    if (!one.endsWith("/v1/rbac/users/current Bearer") || ours.has(one)) continue;
    theirs.delete(one);
    found.push({ aspect: "identity-request", detail: one });
  }
  const fewer = [...theirs].filter((one) => !ours.has(one)).sort();
  const more = [...ours].filter((one) => !theirs.has(one)).sort();
  if (fewer.length + more.length === 0) return found;
  const aspect = more.length === 0
    ? "requests-fewer"
    : fewer.length === 0
    ? "requests-more"
    : "requests-other";
  return [...found, { aspect, detail: `only the program: ${text(fewer)}; only sremote: ${text(more)}` }];
}

// ---------------------------------------------------------------- rows

function rows(pair: Pair): readonly Difference[] {
  const { recorded, seen, document } = pair;
  const both = succeeded(pair) && seen.exit === 0;
  const found: Difference[] = [];
  const note = (aspect: Aspect, theirs: unknown, ours: unknown) => {
    if (isDeepStrictEqual(theirs, ours)) return;
    found.push({ aspect, detail: `program: ${text(theirs)}; sremote: ${text(ours)}` });
  };
  // For `keyserver list` older programs have `remote list`.
  const isList = pair.one.args[0] === "remote";
  if (isList && recorded.list !== undefined && both && document.remotes !== undefined) {
    // Older programs have no columns for all of it.
    const has = (column: "exclusive" | "insecure") => recorded.list!.some((one) => one[column] !== undefined);
    const row = (one: NonNullable<Result["list"]>[number]) => ({
      name: one.name.trim(),
      uri: one.uri.trim(),
      default: one.default,
      global: one.global,
      ...has("exclusive") ? { exclusive: one.exclusive ?? false } : {},
      ...has("insecure") ? { insecure: one.insecure ?? false } : {},
    });
    const ours = document.remotes.map((one) => row({ ...one, uri: one.uri ?? "" }));
    note("list", sorted(recorded.list.map(row)), sorted(ours));
  }
  if (isStatus(pair.one) && recorded.services !== undefined) statusRows(pair, note);
  if (recorded.keyserverList !== undefined && succeeded(pair) && document.remotes !== undefined) {
    const row = (
      { uri, insecure, loggedIn }: DocumentRemote["keyservers"][number],
    ) => [uri, insecure, loggedIn];
    const theirs = recorded.keyserverList.map(({ remote, keyservers }) => [
      remote,
      keyservers.map((one) => row({ ...one, skip: false })),
    ]);
    const ours = document.remotes.map(({ remote, keyservers }) => [
      remote,
      keyservers.filter(({ skip }) => !skip).map(row),
    ]);
    note("keyservers", sorted(theirs), sorted(ours));
  }
  if (recorded.prints !== undefined && both) note("prints", recorded.prints, seen.out.trim());
  return found;
}

function statusRows(
  { recorded, document }: Pair,
  note: (aspect: Aspect, theirs: unknown, ours: unknown) => void,
): void {
  const [remote] = document.remotes ?? [];
  if (remote === undefined) return;
  const row = (one: { readonly service: string; readonly ok: boolean; readonly version: string | null }) => [
    one.service.toLowerCase() === "keyserver" ? "keystore" : one.service.toLowerCase(),
    one.ok,
    one.version ?? "",
  ];
  note(
    "services",
    sorted(recorded.services!.map(row)),
    sorted(remote.services.filter((one) => one.uri !== null).map(row)),
  );
  if (recorded.login !== undefined) note("login", recorded.login, remote.login.state);
  note("identity", recorded.identity?.username ?? null, remote.login.identity?.username ?? null);
}

// ---------------------------------------------------------------- addresses of services

/** The first address that the program asks which is no discovery, against the one that `resolve` gives. */
function address({ one, recorded, seen, document }: Pair): readonly Difference[] {
  const asked = recordedRequests(recorded).filter((line) => !line.includes("/config.prod.json"));
  const unreached = asked.filter((line) => line.startsWith("CONNECT ")).map((line) => line.split(" ")[1]!);
  const went = [
    ...new Set(asked.filter((line) => !line.startsWith("CONNECT ")).map((line) => line.split(" ")[1]!)),
  ];
  const given = seen.exit === 0 ? document.uri : undefined;
  const detail = `program: ${recorded.exit} ${recorded.class} ${text(recorded.requests ?? [])}; ` +
    `sremote: ${seen.exit} ${text(document.all ?? given ?? null)}`;
  const note = (aspect: Aspect) => [{ aspect, detail }];
  if (given === undefined) return went.length > 0 ? note("address-none") : [];
  if (went.length === 0 && unreached.length === 0) return note("address-extra");
  if (went.length === 0) {
    return unreached.some((origin) => given.includes(origin)) ? [] : note("address-other");
  }
  const web = (address: string) =>
    address.replace(/\/$/, "").replace(/^hkps:/, "https:").replace(/^hkp:/, "http:");
  if (!went[0]!.startsWith(web(given))) return note("address-other");
  const all = document.all ?? [];
  const fewer = one.args[0] === "verify" &&
    all.some((each) => !went.some((url) => url.startsWith(web(each))));
  return fewer ? note("address-fewer") : [];
}

// ---------------------------------------------------------------- small things

function sorted<T>(values: readonly T[]): readonly T[] {
  return [...values].sort((a, b) => text(a) < text(b) ? -1 : 1);
}

function text(value: Data | unknown): string {
  return value === undefined ? "none" : JSON.stringify(value);
}
