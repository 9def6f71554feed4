import project from "../../deno.json" with { type: "json" };

/** The commit that it was compiled from; the compiler puts it here. */
declare const SREMOTE_COMMIT: string | undefined;

/** sremote's version, as `deno.json` has it. */
export const VERSION: string = project.version;

/** `sremote 0.1.0 (commit 0123456789ab, bun 1.4.5)`. */
export function versionLine(runtime: string): string {
  const commit = typeof SREMOTE_COMMIT === "undefined" ? "from source" : `commit ${SREMOTE_COMMIT}`;
  return `sremote ${VERSION} (${commit}, ${runtime})`;
}
