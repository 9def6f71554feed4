/** What went wrong, for people and for programs. */
import type { Failure } from "../failure.ts";
import { renderProblems } from "./problems.ts";
import { printable, type Style } from "./style.ts";

const PROBLEMS_SHOWN = 50;

/** What was attempted, why it failed, the place, and what to do next. */
export function renderFailure(failure: Failure, style: Style): string {
  const { message, excerpt, problems, next } = failure;
  const lines = [`${style.red("Error:")} ${printable(message)}`];
  if (excerpt !== undefined) lines.push(...excerpt.split("\n").map((line) => `  ${printable(line)}`));
  // One mistake that an excerpt shows is told by the message.
  if (problems.length > 1 || problems.length === 1 && excerpt === undefined) {
    lines.push(...renderProblems(problems, PROBLEMS_SHOWN).split("\n").map((line) => `  ${printable(line)}`));
  }
  if (next !== undefined) lines.push(`${style.bold("Next:")} ${printable(next)}`);
  return lines.join("\n");
}

/** The error as a document. */
export function failureDocument({ code, message, path, next, problems }: Failure): object {
  return {
    formatVersion: 1,
    error: {
      code,
      message,
      ...(path === undefined ? {} : { path }),
      ...(next === undefined ? {} : { next }),
      ...(problems.length === 0 ? {} : { problems }),
    },
  };
}
