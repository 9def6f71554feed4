/** Standard output and error, and a person. */
import process from "node:process";
import type { Terminal } from "../world.ts";
import { codeOf } from "./errors.ts";
import { fs, load } from "./load.ts";

/** The real one. */
export function realTerminal(): Terminal {
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
    out: (text) => writeAll(1, text),
    err: (text) => writeAll(2, text),
    async confirm(question) {
      const { confirm } = await import("@inquirer/prompts");
      // The prompt knows Ctrl-C; at the end of input (Ctrl-D, a terminal that is gone) it would wait for ever.
      const ended = new AbortController();
      const end = () => ended.abort();
      const onKey = (_text: unknown, key?: { name?: string; ctrl?: boolean }) => {
        if (key?.ctrl && key.name === "d") end();
      };
      process.stdin.on("keypress", onKey).once("end", end).once("error", end);
      try {
        const streams = { output: process.stderr, signal: ended.signal };
        return await confirm({ message: question, default: false }, streams);
      } catch (error) {
        if (error instanceof Error && /^(?:Exit|Abort)PromptError$/.test(error.name)) return null;
        throw error;
      } finally {
        process.stdin.off("keypress", onKey).off("end", end).off("error", end);
      }
    },
  };
}

/** Only a device can be one, which is quickly seen. */
function isTerminal(fd: number): boolean {
  try {
    return fs().fstatSync(fd).isCharacterDevice() && load("node:tty").isatty(fd);
  } catch {
    return false; // closed
  }
}

/** Synchronous, so that nothing is lost at exit; a reader that has gone away (`| head`) is no error of ours. */
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
