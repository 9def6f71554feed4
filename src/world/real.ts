/** The real world: everything that `src/world.ts` describes, composed. */
import type { World } from "../world.ts";
import { realFiles } from "./files.ts";
import { network } from "./network.ts";
import { programs } from "./programs.ts";
import { realSurroundings } from "./surroundings.ts";
import { realTerminal } from "./terminal.ts";
import { realClock, signals } from "./time.ts";
import { watchdog } from "./watchdog.ts";

/** The real one. */
export function realWorld(): World {
  return {
    network,
    programs,
    files: realFiles(),
    here: realSurroundings(),
    terminal: realTerminal(),
    clock: realClock(),
    signals,
    watchdog,
  };
}
