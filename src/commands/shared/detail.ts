/** What `--verbose` adds to plan and apply. */
import type { Context } from "./context.ts";
import type { Prepared } from "./prepare.ts";

/** The digests of what was read: the config and each file. */
export function detailOf({ detail }: Context, { loaded: { origin }, planned }: Prepared): void {
  detail(`config  ${origin.file}  ${origin.digest}`);
  for (const { stored } of planned) {
    const mode = stored.mode === null ? "" : `  mode ${stored.mode.toString(8).padStart(4, "0")}`;
    detail(`file    ${stored.path}  ${stored.digest ?? "(none)"}${mode}`);
  }
}
