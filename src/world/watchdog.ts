/** Ends the process from a second thread when the main thread cannot. */
import type { Watchdog } from "../world.ts";

/**
 * Neither Bun nor Deno lets a worker exit the process with a code while the main thread is stuck; a signal ends it. The
 * message is printed first, by this thread.
 */
const WAIT = `import { writeSync } from "node:fs";
import process from "node:process";
self.onmessage = ({ data: { flag, milliseconds, out, err } }) => {
  if (Atomics.wait(flag, 0, 0, milliseconds) !== "timed-out") return self.close();
  for (const [to, text] of [[2, err], [1, out]]) try { writeSync(to, text); } catch {}
  process.kill(process.pid, "SIGKILL");
};`;

/** The real one. */
export const watchdog: Watchdog = {
  watch(milliseconds, words) {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    const source = URL.createObjectURL(new Blob([WAIT], { type: "text/javascript" }));
    const worker = new Worker(source, { type: "module" });
    worker.postMessage({ flag, milliseconds, ...words });
    return () => {
      Atomics.store(flag, 0, 1);
      Atomics.notify(flag, 0);
      URL.revokeObjectURL(source);
    };
  },
};
