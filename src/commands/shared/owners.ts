/** Whether somebody else can change what is applied here. */
import type { LoadedConfig } from "../../config/load.ts";
import { othersHands } from "../../config/owners.ts";
import { Failure } from "../../base/failure.ts";
import type { Context } from "./context.ts";

/**
 * Warns root of a config that others can change; with `--strict-owner` refuses it, to everyone.
 * @throws {Failure} config-owner
 */
export function checkOwners(
  { world, note }: Context,
  { files, origin: { file } }: LoadedConfig,
  command: string,
  strict = false,
): void {
  if (!strict && world.here.uid !== 0) return;
  const problems = othersHands(world, files);
  if (problems.length === 0) return;
  if (!strict) {
    const told = problems.map((one) => `${one.path}: ${one.message}`).join("; ");
    return note(`Warning: what root applies here, others can change: ${told} (--strict-owner refuses that)`);
  }
  throw new Failure("config-owner", `cannot ${command} ${file}: others can change it`, {
    path: file,
    problems,
    next: "give these files and folders to root, writable by their owner alone (chown root, chmod go-w)",
  });
}
