/** Child processes. */
import process from "node:process";
import type { ProgramRun, Programs } from "../world.ts";
import { TOKEN_BYTES } from "../base/limits.ts";

/** How long to wait for the output of a program that has ended: a process that it left running may hold it open. */
const AFTERWARDS_MS = 250;

/** The real ones. */
export const programs: Programs = {
  async run([program, ...args], { timeout, folder, apart }) {
    const { spawn } = await import("node:child_process");
    return await new Promise<ProgramRun>((resolve, reject) => {
      // In our process group and with our terminal: it may prompt, and Ctrl-C ends it too.
      const child = apart === undefined
        ? spawn(program!, args, { cwd: folder, stdio: ["ignore", "pipe", "inherit"] })
        : spawn(program!, args, {
          cwd: folder,
          stdio: ["ignore", "pipe", "ignore"],
          env: apart,
          detached: true,
        });
      const decoder = new TextDecoder();
      let stdout = "";
      let status: number | null = null;
      let timedOut = false;
      let afterwards: ReturnType<typeof setTimeout> | undefined;
      const group = apart === undefined ? undefined : child.pid;
      if (group !== undefined) join(group);
      const end = () => {
        clearTimeout(timer);
        clearTimeout(afterwards);
        // It may have left others of its group running.
        if (group !== undefined) leave(group);
        child.stdout.destroy();
        resolve({ status, stdout, timedOut });
      };
      const stop = () => {
        if (group === undefined) child.kill("SIGKILL");
        end();
      };
      const timer = setTimeout(() => {
        timedOut = true;
        stop();
      }, timeout);
      child.stdout.on("data", (part: Uint8Array) => {
        stdout += decoder.decode(part, { stream: true });
        if (stdout.length > TOKEN_BYTES) stop();
      });
      child.on("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      child.on("exit", (code) => {
        status = code;
        if (group !== undefined) killGroup(group);
        afterwards = setTimeout(end, AFTERWARDS_MS);
      });
      child.on("close", end);
    });
  },
};

/** The groups that would survive a signal to sremote: the terminal does not know them. */
const GROUPS = new Set<number>();
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

function join(group: number): void {
  if (GROUPS.size === 0) { for (const signal of ENDING) process.on(signal, endAll); }
  GROUPS.add(group);
}

function leave(group: number): void {
  if (!GROUPS.delete(group)) return;
  killGroup(group);
  if (GROUPS.size === 0) { for (const signal of ENDING) process.off(signal, endAll); }
}

/** Ends them, and sremote as the signal would have. */
function endAll(signal: NodeJS.Signals): void {
  for (const group of GROUPS) leave(group);
  if (process.listenerCount(signal) === 0) process.kill(process.pid, signal);
}

/** Ends a process and those that it started; it leads a process group. */
function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch { /* it has just ended */ }
}
