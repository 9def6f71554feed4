import project from "../deno.json" with { type: "json" };

/** sremote's version, as `deno.json` has it. */
export const VERSION: string = project.version;
