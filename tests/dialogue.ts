/** A person at a terminal: a pseudo-terminal made by `script` (Debian's bsdutils). */
import { spawn } from "node:child_process";
import type { Machine, Program } from "./machine.ts";

/** The keys to type once a text is on the screen. */
export type Typed = readonly [after: string, keys: string];

/** Runs a command on a pseudo-terminal, and answers what it asks. */
export function dialogue(
  machine: Machine,
  program: Program,
  args: readonly string[],
  typing: readonly Typed[],
  env: Readonly<Record<string, string>> = {},
) {
  const { command, options } = machine.start(args, { program });
  const quoted = command.map((one) => `'${one}'`).join(" ");
  const child = spawn("script", ["--quiet", "--return", "--command", quoted, "/dev/null"], {
    cwd: options.cwd,
    env: { ...options.env, PATH: "/usr/bin:/bin", SHELL: "/bin/sh", TERM: "xterm", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let screen = "";
  let from = 0;
  const left = [...typing];
  return new Promise<{ exit: number | null; screen: string }>((resolve, reject) => {
    const see = (part: Uint8Array) => {
      screen += new TextDecoder().decode(part);
      const next = left[0];
      if (next === undefined || !screen.includes(next[0], from)) return;
      left.shift();
      from = screen.length;
      child.stdin.write(next[1]);
    };
    child.stdout.on("data", see);
    child.stderr.on("data", see);
    child.on("error", reject);
    child.on("close", (exit) => resolve({ exit, screen }));
  });
}
