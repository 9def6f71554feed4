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
/** Their numbers (POSIX, `kill`). */
const NUMBERS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;

/** The number of the last signal that aborted something. */
let stoppedBy: number | null = null;

/** Those that defer signals now; one listener serves all of them. */
const holding = new Set<() => void>();
const noteSignal = () => {
  for (const note of holding) note();
};

/** The real ones. */
export const signals: Signals = {
  async stoppable(work) {
    const stop = new AbortController();
    const listeners = HELD_SIGNALS.map((signal) => {
      const listener = () => {
        if (holding.size > 0) return; // who writes decides
        stoppedBy = NUMBERS[signal];
        stop.abort();
      };
      process.on(signal, listener);
      return () => process.removeListener(signal, listener);
    });
    try {
      return await work(stop.signal);
    } finally {
      for (const remove of listeners) remove();
    }
  },
  stopped: () => stoppedBy,
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
