/** Whether others can change what is applied here. */
import type { LoadedConfig } from "../../config/load.ts";
import { othersHands } from "../../config/owners.ts";
import { Failure } from "../../base/failure.ts";
import type { Context } from "./context.ts";

/**
 * Warns root of a config that others can change; with `--strict-owner`, refuses it for every user.
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
    return note(
      `Warning: others can change the config that root applies: ${told} (--strict-owner refuses this)`,
    );
  }
  throw new Failure("config-owner", `cannot ${command} ${file}: others can change it`, {
    path: file,
    problems,
    next: "Make root the owner and the only writer of these files and directories (chown root, chmod go-w)",
  });
}
