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
      const end = () => {
        clearTimeout(timer);
        clearTimeout(afterwards);
        child.stdout.destroy();
        resolve({ status, stdout, timedOut });
      };
      const stop = () => {
        if (apart === undefined || child.pid === undefined) child.kill("SIGKILL");
        else killGroup(child.pid);
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
        afterwards = setTimeout(end, AFTERWARDS_MS);
      });
      child.on("close", end);
    });
  },
};

/** Ends a process and those that it started; it leads a process group. */
function killGroup(leader: number): void {
  try {
    process.kill(-leader, "SIGKILL");
  } catch { /* it has just ended */ }
}
