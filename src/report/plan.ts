/** A plan for people, as Terraform words one. */
import type { Change, Entry, Finding, Keyserver, Plan, SecretRef } from "../model.ts";
import { printable, type Style } from "./style.ts";
import { table } from "./table.ts";

/** All changes to the plan's file. */
export function planChanges(plan: Plan): readonly Change[] {
  return plan.steps.flatMap((step) => step.kind === "replace-file" ? step.changes : []);
}

/** Whether apply would change anything. */
export function hasChanges(plan: Plan): boolean {
  return planChanges(plan).length > 0;
}

/** One line: how much of what. */
export function summarize(plan: Plan): string {
  const changes = planChanges(plan);
  if (changes.length === 0) return `No changes: ${printable(plan.target.file)} is as the config says.`;
  const count = (kind: Change["kind"]) => changes.filter((one) => one.kind === kind).length;
  const parts = [`${count("add")} to add`, `${count("update")} to change`, `${count("remove")} to remove`];
  if (count("use") > 0) parts.push("the default changes");
  if (count("login") > 0) parts.push(`${count("login")} to log in to`);
  if (count("logout") > 0) parts.push(`${count("logout")} to log out of`);
  return `Plan: ${parts.join(", ")}.`;
}

/** What the plan is about. */
export function titleOf({ target }: Plan): string {
  const program = target.runtime === "singularity" ? "Singularity" : "Apptainer";
  return `${target.scope === "global" ? "The machine's" : "Your"} remotes of ${program}, in ${
    printable(target.file)
  }`;
}

/** The whole plan: changes, what a person should know, and the summary in the last line. */
export function renderPlan(plan: Plan, style: Style): string {
  const checks = plan.steps.flatMap((step) =>
    step.kind === "check-services"
      ? [`${style.cyan("?")} check ${printable(step.remote)}: ${step.required.join(", ")}`]
      : []
  );
  const blocks = [...checks, ...planChanges(plan).map((one) => renderChange(one, style))];
  return [
    style.bold(titleOf(plan)) + (blocks.length === 0 ? "" : "\n"),
    ...blocks.map(indented),
    ...(blocks.length === 0 ? [] : [""]),
    ...plan.findings.map((one) => renderFinding(one, style)),
    ...(plan.findings.length === 0 ? [] : [""]),
    style.bold(summarize(plan)),
  ].join("\n");
}

function renderChange(change: Change, style: Style): string {
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
      if (before.exclusive.join("\n") !== after.exclusive.join("\n")) {
        rows.push(["exclusive", `${names(before.exclusive)} → ${names(after.exclusive)}`]);
      }
      return rows.map((row) => `${style.yellow("~")} ${table([row])}`).join("\n");
    }
    case "login":
      return `${style.green("+")} login ${printable(change.remote)}  token from ${renderSource(change.from)}`;
    case "logout":
      return `${style.red("-")} login ${printable(change.remote)}`;
  }
}

function block(sign: string, name: string, rows: readonly (readonly string[])[]): string {
  const fields = table(rows, "    ");
  return `${sign} ${printable(name)}${fields === "" ? "" : `\n${fields}`}`;
}

function entryRows({ uri, insecure, keyservers }: Entry): string[][] {
  return [
    ["uri", printable(uri)],
    ...(insecure ? [["insecure", "true"]] : []),
    ...keyservers.map((one) => ["keyserver", keyserver(one)]),
  ];
}

function changedRows(before: Entry, after: Entry): string[][] {
  const rows: string[][] = [];
  if (before.uri !== after.uri) rows.push(["uri", `${printable(before.uri)} → ${printable(after.uri)}`]);
  if (before.insecure !== after.insecure) rows.push(["insecure", `${before.insecure} → ${after.insecure}`]);
  const [old, now] = [before.keyservers.map(keyserver), after.keyservers.map(keyserver)];
  const gone = old.filter((one) => !now.includes(one));
  const come = now.filter((one) => !old.includes(one));
  rows.push(...gone.map((one) => ["keyserver", `- ${one}`]), ...come.map((one) => ["keyserver", `+ ${one}`]));
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

/** Where a token comes from; of a command only the program, for its arguments may be secret. */
export function renderSource(from: SecretRef): string {
  if ("env" in from) return `env ${printable(from.env)}`;
  if ("file" in from) return `file ${printable(from.file)}`;
  if ("prompt" in from) return "a prompt";
  const [program = "", ...rest] = from.command;
  return `command ${printable(program)}${rest.length === 0 ? "" : ` (${rest.length} arguments)`}`;
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
  return name === null ? "(none)" : printable(name);
}

function names(list: readonly string[]): string {
  return list.length === 0 ? "(none)" : list.map(printable).join(", ");
}

function indented(text: string): string {
  return text.replace(/^/gm, "  ");
}
