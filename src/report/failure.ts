/** Errors, for people and for programs. */
import type { Failure, Problem } from "../base/failure.ts";
import { renderProblems } from "./problems.ts";
import { printable } from "../base/text.ts";
import type { Style } from "./style.ts";

const PROBLEMS_SHOWN = 50;

/** What was attempted, why it failed, where, and what to do next. */
export function renderFailure(failure: Failure, style: Style): string {
  const { message, path, excerpt, problems, next } = failure;
  const lines = [`${style.red("Error:")} ${printable(message)}`];
  if (path !== undefined && /:\d+:\d+$/.test(path) && !message.includes(path)) {
    lines.push(`  at ${printable(path)}`);
  }
  if (excerpt !== undefined) lines.push(...excerpt.split("\n").map((line) => `  ${printable(line)}`));
  if (!isTold(failure)) {
    lines.push(...renderProblems(problems.map(fit), PROBLEMS_SHOWN).split("\n").map((line) => `  ${line}`));
  }
  if (next !== undefined) lines.push(`${style.bold("Next:")} ${printable(next)}`);
  return lines.join("\n");
}

/** The error as a JSON document. */
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

/** Whether the message and the excerpt already say what the problems would. */
function isTold({ message, excerpt, problems }: Failure): boolean {
  const [only, ...others] = problems;
  if (only === undefined) return true;
  const saysMore = [only.found, only.allowed, only.suggestion].some((one) => one !== undefined);
  return others.length === 0 && excerpt !== undefined && message.includes(only.message) && !saysMore;
}

/** Each field by itself, before the layout, so that none can start a new line. */
function fit({ path, message, ...more }: Problem): Problem {
  const shown = Object.entries(more).map(([name, text]) => [name, printable(text)]);
  return { path: printable(path), message: printable(message), ...Object.fromEntries(shown) };
}
