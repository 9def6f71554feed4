/** Time, and signals. */
import process from "node:process";
import type { Clock, Signals } from "../world.ts";

/** The real one. */
export function realClock(): Clock {
  return {
    now: () => performance.now(),
    date: () => Date.now(),
    sleep: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  };
}

const HELD_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Those that defer signals now; one listener serves all of them. */
const holding = new Set<() => void>();
const noteSignal = () => {
  for (const note of holding) note();
};

/** The real ones. */
export const signals: Signals = {
  async hold(work) {
    let came = false;
    const note = () => {
      came = true;
    };
    holding.add(note);
    if (holding.size === 1) { for (const signal of HELD_SIGNALS) process.on(signal, noteSignal); }
    try {
      return await work(async () => {
        // Signals are delivered between turns of the event loop.
        await new Promise((resolve) => setTimeout(resolve, 0));
        return came;
      });
    } finally {
      holding.delete(note);
      if (holding.size === 0) {
        for (const signal of HELD_SIGNALS) process.removeListener(signal, noteSignal);
      }
    }
  },
};
