/** A plan for people, in the words of OpenTofu. */
import type {
  Change,
  Endpoint,
  Entry,
  Finding,
  Keyserver,
  Plan,
  SecretRef,
  ServiceStatus,
  Step,
} from "../model.ts";
import { printable } from "../base/text.ts";
import { PROGRAMS } from "../programs.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";

/** All changes to the file of the plan. */
export function planChanges(plan: Plan): readonly Change[] {
  return plan.steps.flatMap((step) => step.kind === "replace-file" ? step.changes : []);
}

/** How many changes there are of each kind. */
export function countChanges(plan: Plan): Readonly<Record<Change["kind"], number>> {
  const count = { add: 0, update: 0, remove: 0, use: 0, login: 0, logout: 0 };
  for (const change of planChanges(plan)) count[change.kind]++;
  return count;
}

/** The changes in one line, counted by kind. */
export function summarize(plan: Plan): string {
  const checks = plan.steps.filter((step) => step.kind === "check-services").length;
  if (!plan.changed) {
    const more = checks === 0 ? "" : `; ${checks} ${checks === 1 ? "remote" : "remotes"} to check`;
    return `No changes: ${printable(plan.target.file)} is up to date${more}.`;
  }
  const count = countChanges(plan);
  const parts = [`${count.add} to add`, `${count.update} to change`, `${count.remove} to remove`];
  if (count.use > 0) parts.push(`${usedOf(plan)} changes`);
  parts.push(...tokenCounts(count));
  if (checks > 0) parts.push(`${checks} to check`);
  return `Plan: ${parts.join(", ")}.`;
}

/** The logins and logouts, if there are any. */
export function tokenCounts({ login, logout }: ReturnType<typeof countChanges>): readonly string[] {
  return [
    ...(login === 0 ? [] : [`${login} ${login === 1 ? "login" : "logins"}`]),
    ...(logout === 0 ? [] : [`${logout} ${logout === 1 ? "logout" : "logouts"}`]),
  ];
}

/** What the `use` change is about: which remote is the default, or only whether users may choose another. */
export function usedOf(plan: Plan): "the default" | "the exclusive remote" {
  const isDefault = planChanges(plan).some((one) =>
    one.kind === "use" && one.before.remote !== one.after.remote
  );
  return isDefault ? "the default" : "the exclusive remote";
}

/** The scope and program of the plan. */
export function subjectOf({ target: { runtime, scope } }: Plan): string {
  return `${scope === "global" ? "Global" : "User"} remotes of ${PROGRAMS[runtime].title}`;
}

/** The whole plan: changes, findings, and the summary in the last line. */
export function renderPlan(plan: Plan, style: Style): string {
  const blocks = renderSteps(plan, style);
  // The block of a check shows its failure.
  const findings = inOrder(plan.findings).filter((one) => one.code !== "check-failed");
  return [
    style.bold(`${subjectOf(plan)}, in ${printable(plan.target.file)}`) + (blocks.length === 0 ? "" : "\n"),
    ...blocks.map(indented),
    ...(blocks.length === 0 ? [] : [""]),
    ...findings.map((one) => renderFinding(one, style)),
    ...(findings.length === 0 ? [] : [""]),
    style.bold(summarize(plan)),
  ].join("\n");
}

/** A block of lines for each check and each change, with the sign in the first column. */
export function renderSteps(plan: Plan, style: Style): readonly string[] {
  const checks = plan.steps.flatMap((step) =>
    step.kind === "check-services" ? [renderCheck(plan, step, style)] : []
  );
  const sent: Destinations = new Map(
    plan.steps.flatMap((step) => step.kind === "verify-token" ? [[step.remote, step.endpoint] as const] : []),
  );
  return [...checks, ...planChanges(plan).map((one) => renderChange(one, sent, style))];
}

/** The required services of a remote, with their answers. */
function renderCheck({ endpoints }: Plan, { remote, required }: CheckStep, style: Style): string {
  const services = endpoints.find((one) => one.remote === remote)?.services ?? null;
  if (services === null) {
    return `${style.cyan("?")} check ${named(remote)}  ${required.join(", ")}  (not checked)`;
  }
  const rows = services.map((one) => [one.service, ...renderService(one)]);
  const sign = services.every((one) => one.ok) ? style.green("✓") : style.red("✗");
  return `${sign} check ${named(remote)}\n${table(rows, "    ")}`;
}

function renderService({ ok, version, trouble }: ServiceStatus): readonly [string, string] {
  return ok ? ["OK", printable(version ?? "")] : ["N/A", printable(trouble?.message ?? "no answer")];
}

type CheckStep = Extract<Step, { kind: "check-services" }>;

/** Errors first, then warnings, then notes. */
export function inOrder(findings: readonly Finding[]): readonly Finding[] {
  const rank = { error: 0, warning: 1, info: 2 } as const;
  return [...findings].sort((a, b) => rank[a.severity] - rank[b.severity]);
}

/** The endpoint that each new token is sent to, by remote. */
type Destinations = ReadonlyMap<string, Endpoint>;

function renderChange(change: Change, sent: Destinations, style: Style): string {
  switch (change.kind) {
    case "add":
      return block(style.green("+"), change.remote, entryRows(change.after));
    case "remove":
      return block(style.red("-"), change.remote, entryRows(change.before));
    case "update":
      return block(style.yellow("~"), change.remote, changedRows(change.before, change.after));
    case "use": {
      const { before, after } = change;
      const rows = before.remote === after.remote
        ? []
        : [["default", `${nameOrNone(before.remote)} → ${nameOrNone(after.remote)}`]];
      if (JSON.stringify(before.exclusive) !== JSON.stringify(after.exclusive)) {
        rows.push(["exclusive", `${names(before.exclusive)} → ${names(after.exclusive)}`]);
      }
      return rows.map((row) => `${style.yellow("~")} ${table([row])}`).join("\n");
    }
    case "login": {
      const to = sent.get(change.remote);
      const where = to === undefined
        ? ""
        : `, sent to ${to.insecure ? "http" : "https"}://${printable(to.uri)}`;
      return `${style.green("+")} login ${named(change.remote)}  token from ${
        renderSource(change.from)
      }${where}`;
    }
    case "logout":
      return `${style.red("-")} login ${named(change.remote)}`;
  }
}

function block(sign: string, name: string, rows: readonly (readonly string[])[]): string {
  const fields = table(rows, "    ");
  return `${sign} ${named(name)}${fields === "" ? "" : `\n${fields}`}`;
}

/** The fields of an entry that comes or goes; `system` says no more than its file does. */
function entryRows({ system: _, ...shown }: Entry): string[][] {
  const rows: string[][] = [];
  for (const [name, value] of Object.entries(shown)) {
    if (Array.isArray(value)) { for (const one of value) rows.push(["keyserver", keyserver(one)]); }
    else if (value !== false) rows.push([name, printable(String(value))]);
  }
  return rows;
}

function changedRows(before: Entry, after: Entry): string[][] {
  const rows: string[][] = [];
  const was: Readonly<Record<string, unknown>> = { ...before };
  for (const [name, value] of Object.entries(after)) {
    if (Array.isArray(value) || was[name] === value) continue;
    const shown = printable(String(value));
    rows.push([name, was[name] === undefined ? shown : `${printable(String(was[name]))} → ${shown}`]);
  }
  const [old, now] = [before.keyservers.map(keyserver), after.keyservers.map(keyserver)];
  const [were, are] = [new Set(old), new Set(now)];
  const gone = old.filter((one) => !are.has(one));
  const come = now.filter((one) => !were.has(one));
  for (const one of gone) rows.push(["keyserver", `- ${one}`]);
  for (const one of come) rows.push(["keyserver", `+ ${one}`]);
  if (gone.length === 0 && come.length === 0 && old.join("\n") !== now.join("\n")) {
    rows.push(["keyservers", `in the order ${now.join(", ")}`]);
  }
  return rows;
}

function keyserver({ uri, skip, external, insecure }: Keyserver): string {
  const marks = [external ? "" : "the endpoint's own", skip ? "skipped" : "", insecure ? "insecure" : ""]
    .filter((one) => one !== "");
  return printable(uri) + (marks.length === 0 ? "" : ` (${marks.join(", ")})`);
}

/** Where a token comes from; of a command only the program, because its arguments may be secret. */
export function renderSource(from: SecretRef): string {
  if ("env" in from) return `env ${printable(from.env)}`;
  if ("file" in from) return `file ${printable(from.file)}`;
  if ("prompt" in from) return "a prompt";
  const [program = "", ...rest] = from.command;
  return `command ${printable(program)}${
    rest.length === 0 ? "" : ` (${rest.length} ${rest.length === 1 ? "argument" : "arguments"})`
  }`;
}

function renderFinding({ severity, message, next }: Finding, style: Style): string {
  const more = next === undefined ? "" : `\n  ${printable(next)}`;
  switch (severity) {
    case "error":
      return `${style.red("Error:")} ${printable(message)}${more}`;
    case "warning":
      return `${style.yellow("Warning:")} ${printable(message)}${more}`;
    case "info":
      return style.dim(`Note: ${printable(message)}${more}`);
  }
}

function nameOrNone(name: string | null): string {
  return name === null ? "(none)" : named(name);
}

/** The name of a remote; in quotes if its start and end would be unclear, or if it looks like a word of this report. */
function named(name: string): string {
  return printable(/^[^\s,→"()]+( [^\s,→"()]+)*$/u.test(name) ? name : JSON.stringify(name));
}

function names(list: readonly string[]): string {
  return list.length === 0 ? "(none)" : list.map(named).join(", ");
}

function indented(text: string): string {
  return text.replace(/^/gm, "  ");
}
