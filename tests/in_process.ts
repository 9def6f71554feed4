/** The program in the test's own process, on real files: for thousands of runs. */
import { run } from "../src/cli.ts";
import { realWorld } from "../src/world/real.ts";
import type { World } from "../src/world.ts";
import type { Machine } from "./machine.ts";

/** What a run gave. */
export interface Seen {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in the machine's work directory, as root, without a terminal, in an empty environment. */
export async function runInProcess(
  args: readonly string[],
  machine: Pick<Machine, "args" | "work" | "home">,
  outside: (world: World) => World = (world) => world,
): Promise<Seen> {
  let out = "";
  let err = "";
  const world = realWorld();
  const exit = await run(outside({
    ...world,
    here: {
      ...world.here,
      args: machine.args(args),
      folder: machine.work,
      uid: 0,
      env: () => undefined,
      passwordHome: () => Promise.resolve(machine.home),
    },
    terminal: {
      ...world.terminal,
      outIsTerminal: false,
      errIsTerminal: false,
      canAsk: false,
      line: (text) => void (out += `${text}\n`),
      out: (text) => void (out += text),
      err: (text) => void (err += text),
    },
  }));
  return { exit, out, err };
}
