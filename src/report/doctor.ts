/** The findings of `sremote doctor` as text. */
import type { Diagnosis } from "../model.ts";
import { printable } from "../base/text.ts";
import type { Style } from "./style.ts";

/** One line per finding with its remedy below it, then the counts. */
export function renderDiagnoses(found: readonly Diagnosis[], style: Style): string {
  const lines = found.map((one) => {
    const next = one.next === undefined ? "" : `\n         ${style.bold("Next:")} ${printable(one.next)}`;
    return `${word(one, style)}  ${printable(one.subject)}: ${printable(one.message)}${next}`;
  });
  const count = (severity: Diagnosis["severity"]) => found.filter((one) => one.severity === severity).length;
  const [errors, warnings] = [count("error"), count("warning")];
  const summary = errors + warnings === 0
    ? "No problems found."
    : `${errors} ${errors === 1 ? "error" : "errors"}, ${warnings} ${
      warnings === 1 ? "warning" : "warnings"
    }.`;
  return [...lines, "", style.bold(summary)].join("\n");
}

function word({ severity }: Diagnosis, style: Style): string {
  switch (severity) {
    case "ok":
      return style.green("ok     ");
    case "note":
      return "note   ";
    case "warning":
      return style.yellow("warning");
    case "error":
      return style.red("error  ");
  }
}
