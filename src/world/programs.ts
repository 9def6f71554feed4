/** Child processes. */
import process from "node:process";
import type { Programs } from "../world.ts";

/** The real ones. */
export const programs: Programs = {
  async run([program, ...args], { timeout, folder }) {
    const { spawn } = await import("node:child_process");
    return await new Promise((resolve, reject) => {
      let stdout = "";
      let over = false;
      let timedOut = false;
      // A group of its own, so that what the program started ends with it.
      const child = spawn(program!, args, {
        cwd: folder,
        stdio: ["ignore", "pipe", "inherit"],
        detached: true,
      });
      const end = () => {
        try {
          process.kill(-child.pid!, "SIGKILL");
        } catch { /* it has ended */ }
      };
      const timer = setTimeout(() => {
        timedOut = true;
        end();
      }, timeout);
      const decoder = new TextDecoder();
      child.stdout.on("data", (part: Uint8Array) => {
        stdout += decoder.decode(part, { stream: true });
        if (stdout.length <= 64 * 1024 || over) return;
        over = true;
        end();
      });
      child.on("error", (error) => {
        clearTimeout(timer);
        reject(error);
      });
      child.on("close", (status) => {
        clearTimeout(timer);
        resolve({ status: over ? null : status, stdout, timedOut });
      });
    });
  },
};
