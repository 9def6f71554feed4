/** A person at a terminal: a pseudo-terminal made by `script` (Debian's bsdutils). */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import process from "node:process";
import type { Machine, Program } from "./machine.ts";

/** The keys to type once a text is on the screen, or the signal that the program gets then. */
export type Typed = readonly [after: string, keys: string | { readonly signal: NodeJS.Signals }];

/** Runs a command on a pseudo-terminal, and answers what it asks. In the end, `stty` shows how it leaves the terminal. */
export function dialogue(
  machine: Machine,
  program: Program,
  args: readonly string[],
  typing: readonly Typed[],
  env: Readonly<Record<string, string>> = {},
) {
  const { command, options } = machine.start(args, { program });
  const pid = machine.at("pid");
  const words = command.map((one) => `'${one}'`).join(" ");
  const quoted = `sh -c 'echo $$ > "${pid}"; exec "$@"' sh ${words}; code=$?; stty -a; exit $code`;
  const child = spawn("script", ["--quiet", "--return", "--command", quoted, "/dev/null"], {
    cwd: options.cwd,
    env: { ...options.env, PATH: "/usr/bin:/bin", SHELL: "/bin/sh", TERM: "xterm", ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let screen = "";
  let from = 0;
  const left = [...typing];
  const marker = /speed \d+ baud;[^]*$/;
  return new Promise<{ exit: number | null; screen: string; stty: string }>((resolve, reject) => {
    const see = (part: Uint8Array) => {
      screen += new TextDecoder().decode(part);
      const next = left[0];
      if (next === undefined || !screen.includes(next[0], from)) return;
      left.shift();
      from = screen.length;
      if (typeof next[1] === "string") child.stdin.write(next[1]);
      else process.kill(Number(readFileSync(pid, "utf8")), next[1].signal);
    };
    child.stdout.on("data", see);
    child.stderr.on("data", see);
    child.on("error", reject);
    child.on("close", (exit) =>
      resolve({
        exit,
        screen: screen.replace(marker, ""),
        stty: marker.exec(screen)?.[0] ?? "",
      }));
  });
}
