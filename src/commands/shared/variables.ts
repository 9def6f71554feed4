/** The variables of the environment that stand for options of the programs. */
import type { Runtime } from "../../model.ts";
import { PROGRAMS } from "../../programs.ts";
import type { Context } from "./context.ts";

/** What follows `SINGULARITY_` or `APPTAINER_`. */
export type VariableSuffix = "LOGIN_USERNAME" | "LOGIN_PASSWORD" | "ADD_INSECURE";

/** The name of the variable that has a value, as the program looks for it: Apptainer reads both prefixes, its own first. */
export function variableOf(
  { world }: Context,
  runtime: Runtime,
  suffix: VariableSuffix,
): string | null {
  const names = PROGRAMS[runtime].overrides.map((prefix) => `${prefix}_${suffix}`);
  return names.find((name) => world.here.env(name)) ?? null;
}
