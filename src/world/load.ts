/**
 * Node's modules, loaded when they are first used: in the binary `node:fs` takes 2 ms of the 4 that an empty program
 * takes, `node:tty`, with streams and sockets behind it, 5 ms, and `node:https` 15 ms.
 */
import type Fs from "node:fs";
import process from "node:process";

/** A module by its name. */
export const load = process.getBuiltinModule;

let loadedFs: typeof Fs | undefined;

/** `node:fs`. */
export function fs(): typeof Fs {
  return loadedFs ??= load("node:fs");
}
