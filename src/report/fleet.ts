/** The documents of many hosts as one view: which are in step, which have drifted, which failed. */
import { printable } from "../base/text.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";

/** The states of a host, worst first. `drifted`: an apply would change it. `changed`: an apply just did. */
export const STATES = ["failed", "drifted", "changed", "in step"] as const;
export type HostState = typeof STATES[number];

/** One host. */
export interface HostReport {
  readonly host: string;
  readonly state: HostState;
  /** One line of any text. */
  readonly summary: string;
}

/** The JSON of `plan` (plans), `apply` (results) or an error. It is untrusted. */
type Loose =
  | { readonly [key: string]: Loose }
  | readonly Loose[]
  | string
  | number
  | boolean
  | null
  | undefined;

function get(value: Loose, key: string): Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value) && Object.hasOwn(value, key)
    ? (value as { readonly [key: string]: Loose })[key]
    : undefined;
}

function list(value: Loose): readonly Loose[] {
  return Array.isArray(value) ? value : [];
}

function text(value: Loose, otherwise: string): string {
  return typeof value === "string" ? value : otherwise;
}

/** What the document of a host says, whatever it is. */
export function hostReport(host: string, json: string): HostReport {
  const failed = (summary: string): HostReport => ({ host, state: "failed", summary });
  let document: Loose;
  try {
    document = JSON.parse(json);
  } catch {
    return failed(json.trim() === "" ? "the file is empty" : "not JSON");
  }
  const error = get(document, "error");
  if (error !== undefined) {
    return failed(
      `${text(get(error, "message"), "an error without a message")} (${text(get(error, "code"), "?")})`,
    );
  }
  const [plans, results] = [get(document, "plans"), get(document, "results")];
  const changed = get(document, "changed");
  const parts = list(plans ?? results);
  if (get(document, "formatVersion") !== 1 || typeof changed !== "boolean" || parts.length === 0) {
    return failed("neither a plan nor the result of an apply of this version of sremote");
  }
  const troubles = parts.flatMap(troublesOf);
  if (troubles.length > 0 && plans !== undefined) return failed(troubles.join("; "));
  if (!changed) return { host, state: "in step", summary: "" };
  return { host, state: plans === undefined ? "changed" : "drifted", summary: countOf(parts) };
}

/** The findings for which apply refuses: conflicts and failed checks. */
function troublesOf(plan: Loose): string[] {
  return list(get(plan, "findings")).filter((one) => get(one, "severity") === "error")
    .map((one) => text(get(one, "message"), "a conflict"));
}

const KINDS: Readonly<Record<string, string>> = {
  add: "to add",
  update: "to change",
  remove: "to remove",
  use: "default",
  login: "login",
  logout: "logout",
};

function countOf(parts: readonly Loose[]): string {
  const changes = parts.flatMap((one) => list(get(one, "steps"))).flatMap((one) => list(get(one, "changes")));
  const counts = Object.entries(KINDS).map(([kind, words]) => {
    const count = changes.filter((one) => get(one, "kind") === kind).length;
    return count === 0 ? "" : kind === "use" ? "the default changes" : `${count} ${words}`;
  });
  return counts.filter((one) => one !== "").join(", ");
}

/** `node2` before `node10`. */
const natural = new Intl.Collator("en", { numeric: true });

/** The worst first, then by name. */
export function inOrder(reports: readonly HostReport[]): readonly HostReport[] {
  return [...reports].sort((a, b) =>
    STATES.indexOf(a.state) - STATES.indexOf(b.state) || natural.compare(a.host, b.host)
  );
}

/** The number of hosts in each state. */
export function countStates(reports: readonly HostReport[]): Readonly<Record<HostState, number>> {
  const counts: Record<HostState, number> = { "failed": 0, "drifted": 0, "changed": 0, "in step": 0 };
  for (const { state } of reports) counts[state]++;
  return counts;
}

/** How many hosts in step are listed; more are only counted. */
const LISTED_IN_STEP = 20;

/** A table of the hosts, and their counts in the last line. */
export function renderFleet(reports: readonly HostReport[], style: Style): string {
  const counts = countStates(reports);
  const shown = inOrder(reports).filter((one) =>
    one.state !== "in step" || counts["in step"] <= LISTED_IN_STEP
  );
  const color: Record<HostState, (text: string) => string> = {
    "failed": style.red,
    "drifted": style.yellow,
    "changed": style.cyan,
    "in step": style.green,
  };
  const rows = shown.map(({ host, state, summary }) => [
    printable(host),
    { text: state, style: color[state] },
    printable(summary),
  ]);
  const heading = ["HOST", "STATE", ""].map((text) => ({ text, style: style.bold }));
  const counted = [...STATES].reverse().filter((one) => counts[one] > 0).map((one) =>
    `${counts[one]} ${one}`
  );
  const last = style.bold(
    `${reports.length} ${reports.length === 1 ? "host" : "hosts"}${
      counted.length > 0 ? `: ${counted.join(", ")}` : ""
    }.`,
  );
  return shown.length === 0 ? last : [table([heading, ...rows]), "", last].join("\n");
}

/** The same for programs. */
export function fleetDocument(reports: readonly HostReport[]): object {
  const counts = countStates(reports);
  return {
    formatVersion: 1,
    counts: {
      failed: counts.failed,
      drifted: counts.drifted,
      changed: counts.changed,
      inStep: counts["in step"],
    },
    hosts: inOrder(reports).map(({ host, state, summary }) => ({
      host,
      state: state === "in step" ? "in-step" : state,
      ...(summary === "" ? {} : { summary }),
    })),
  };
}

/** The JSON documents of a text, one after the other, on lines of their own or not. */
export function splitDocuments(all: string): string[] {
  const documents: string[] = [];
  let depth = 0;
  let from = 0;
  for (const { index, 0: token } of all.matchAll(/"(?:[^"\\]|\\[^])*"|[{}]/g)) {
    if (token === "{" && depth++ === 0) from = index;
    else if (token === "}" && depth > 0 && --depth === 0) documents.push(all.slice(from, index + 1));
  }
  if (depth > 0) documents.push(all.slice(from));
  return documents;
}

/** The host that a document names; null: none. */
export function hostOf(json: string): string | null {
  try {
    const host = get(JSON.parse(json), "host");
    return typeof host === "string" && host !== "" ? host : null;
  } catch {
    return null;
  }
}
