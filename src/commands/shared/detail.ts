/** What `--verbose` adds to plan and apply. */
import type { LoadedConfig } from "../../config/load.ts";
import type { Planned } from "../../reconcile/plan.ts";
import type { Context } from "./context.ts";

/** Which bytes were read: the config's and each file's. */
export function detailOf({ detail }: Context, { origin }: LoadedConfig, planned: readonly Planned[]): void {
  detail(`config  ${origin.file}  ${origin.digest}`);
  for (const { stored } of planned) {
    const mode = stored.mode === null ? "" : `  mode ${stored.mode.toString(8).padStart(4, "0")}`;
    detail(`file    ${stored.path}  ${stored.digest ?? "(none)"}${mode}`);
  }
}
