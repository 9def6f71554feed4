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

/** Those that a signal stops now; one listener for each signal serves all of them. */
const stopping = new Set<AbortController>();
const STOPPERS = HELD_SIGNALS.map((signal) => ({
  signal,
  listener() {
    if (holding.size > 0) return; // who writes decides
    stoppedBy = NUMBERS[signal];
    for (const one of stopping) one.abort();
  },
}));

/** Those that defer signals now; one listener serves all of them. */
const holding = new Set<() => void>();
const noteSignal = () => {
  for (const note of holding) note();
};

/** The real ones. */
export const signals: Signals = {
  async stoppable(work) {
    const stop = new AbortController();
    stopping.add(stop);
    if (stopping.size === 1) { for (const { signal, listener } of STOPPERS) process.on(signal, listener); }
    try {
      return await work(stop.signal);
    } finally {
      stopping.delete(stop);
      if (stopping.size === 0) {
        for (const { signal, listener } of STOPPERS) process.removeListener(signal, listener);
      }
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
