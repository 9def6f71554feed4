/** The config of a command. */
import { loadConfig, type LoadedConfig } from "../../config/load.ts";
import type { Failure } from "../../base/failure.ts";
import { failureDocument, renderFailure } from "../../report/failure.ts";
import { plainStyle } from "../../report/style.ts";
import type { Context } from "./context.ts";

/**
 * Loads the config; if its code cannot be interrupted, the process ends with the error that would be thrown otherwise.
 * @throws {Failure} as {@link loadConfig}
 */
export function configOf({ world, options }: Context, vars = options.vars): Promise<LoadedConfig> {
  return loadConfig(world, options.config, vars, (failure: Failure) => ({
    out: options.json ? `${JSON.stringify(failureDocument(failure), null, 2)}\n` : "",
    err: `${renderFailure(failure, plainStyle)}\n`,
  }));
}
