/** The program in the test's own process, on real files: where thousands of runs are needed. */
import { run } from "../src/cli.ts";
import { realWorld } from "../src/world/real.ts";
import type { World } from "../src/world.ts";

/** What a run gave. */
export interface Seen {
  readonly exit: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command in a folder, as root, with no terminal and an empty environment. */
export async function runInProcess(
  args: readonly string[],
  folder: string,
  outside: (world: World) => World = (world) => world,
): Promise<Seen> {
  let out = "";
  let err = "";
  const world = realWorld();
  const exit = await run(outside({
    ...world,
    here: {
      ...world.here,
      args,
      folder,
      uid: 0,
      env: () => undefined,
      passwordHome: () => Promise.resolve(folder),
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
