/** Standard output, standard error and interactive input. */
import process from "node:process";
import type { Terminal } from "../world.ts";
import { codeOf, systemError } from "../base/errno.ts";
import { fs, load } from "./load.ts";
import { signals } from "./time.ts";

/** The real one. */
export function realTerminal(): Terminal {
  let isPlain = false;
  return {
    get outIsTerminal() {
      return isTerminal(1);
    },
    get errIsTerminal() {
      return isTerminal(2);
    },
    get canAsk() {
      return isTerminal(0) && isTerminal(2);
    },
    line: (text) => console.log(text),
    out(text) {
      try {
        writeAll(1, text);
      } catch (error) {
        throw error instanceof Error ? Object.assign(error, { output: true }) : error;
      }
    },
    err(text) {
      try {
        writeAll(2, text);
      } catch { /* there is nowhere left to report it */ }
    },
    async confirm(question) {
      return await asked(
        isPlain,
        ({ confirm }, streams) => confirm({ message: question, default: false }, streams),
      );
    },
    async askSecret(question) {
      // By default Ctrl+T shows what was typed.
      return await asked(
        isPlain,
        ({ password }, streams) => password({ message: question, toggleMask: false }, streams),
      );
    },
    plain() {
      isPlain = true;
    },
    async readInput(limit) {
      const parts: Uint8Array[] = [];
      let size = 0;
      for await (const part of process.stdin) {
        size += part.length;
        if (size > limit) throw systemError("EFBIG", `has more than ${limit} bytes`, "standard input");
        parts.push(part);
      }
      return new TextDecoder().decode(load("node:buffer").Buffer.concat(parts));
    },
    progress(text) {
      if (!isTerminal(2)) return;
      writeAll(2, `\r\u001b[K${text ?? ""}`);
    },
  };
}

type Prompts = typeof import("@inquirer/prompts");

/** The answer to a prompt; null: Ctrl-C, Ctrl-D, a signal, or a closed terminal. */
async function asked<T>(
  isPlain: boolean,
  prompt: (prompts: Prompts, streams: { output: NodeJS.WritableStream; signal: AbortSignal }) => Promise<T>,
): Promise<T | null> {
  const color = process.env.NO_COLOR;
  // The prompts look for it, some of them when they are loaded.
  if (isPlain) process.env.NO_COLOR = "1";
  const prompts = await import("@inquirer/prompts");
  // The prompt handles Ctrl-C; at the end of input (Ctrl-D, a closed terminal) it would wait forever.
  const ended = new AbortController();
  const end = () => ended.abort();
  const onKey = (_text: unknown, key?: { name?: string; ctrl?: boolean }) => {
    if (key?.ctrl && key.name === "d") end();
  };
  process.stdin.on("keypress", onKey).once("end", end).once("error", end);
  try {
    return await signals.stoppable((stop) => {
      stop.addEventListener("abort", end);
      return prompt(prompts, { output: process.stderr, signal: ended.signal });
    });
  } catch (error) {
    if (error instanceof Error && /^(?:Exit|Abort)PromptError$/.test(error.name)) return null;
    throw error;
  } finally {
    if (color === undefined) delete process.env.NO_COLOR;
    else process.env.NO_COLOR = color;
    process.stdin.off("keypress", onKey).off("end", end).off("error", end);
  }
}

/** Only a device can be a terminal, which is cheap to check. */
function isTerminal(fd: number): boolean {
  try {
    return fs().fstatSync(fd).isCharacterDevice() && load("node:tty").isatty(fd);
  } catch {
    return false; // closed
  }
}

/** Synchronous, so that nothing is lost at exit. A reader that has gone away (`| head`) is not an error. */
function writeAll(fd: number, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let done = 0; done < bytes.length;) {
    try {
      done += fs().writeSync(fd, bytes, done, bytes.length - done, null);
    } catch (error) {
      const code = codeOf(error);
      if (code === "EPIPE") return;
      if (code !== "EAGAIN") throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
