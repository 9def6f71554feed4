import project from "../../deno.json" with { type: "json" };

/** The commit that the binary was compiled from; set by the compiler. */
declare const SREMOTE_COMMIT: string | undefined;

/** The version in `deno.json`. */
export const VERSION: string = project.version;

/** `sremote 0.1.0 (commit 0123456789ab, bun 1.4.5)`. */
export function versionLine(runtime: string): string {
  const commit = typeof SREMOTE_COMMIT === "undefined" ? "from source" : `commit ${SREMOTE_COMMIT}`;
  return `sremote ${VERSION} (${commit}, ${runtime})`;
}
