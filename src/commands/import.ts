/** `sremote import`: a config that describes the current files. */
import { describe } from "../config/describe.ts";
import { findTarget, linkRule } from "../remotefile/paths.ts";
import { readStored } from "../remotefile/store.ts";
import { renderConfig } from "../report/imported.ts";
import type { Scope } from "../model.ts";
import { type Context, pathsOf, type Result } from "./shared/context.ts";
import { readerOf } from "./shared/merged.ts";

/** The flags of `import`. */
export interface ImportOptions {
  /** The global file only. */
  readonly global?: true;
  readonly format: "typescript" | "json";
}

/** Both files as one config; with `--global` or `--remote-file`, one file. */
export async function importFiles(context: Context, flags: ImportOptions): Promise<Result> {
  const { world, options } = context;
  const reader = await readerOf(context);
  const paths = pathsOf(context, null);
  const read = async (scope: Scope) => {
    const { file } = await findTarget(reader, scope, paths, world);
    return (await readStored(world, file, linkRule(reader, paths, world).root)).document.content;
  };
  const only = flags.global ? "global" : options.remoteFile === null ? null : "user";
  const { config, notes } = describe(
    {
      user: only === "global" ? null : await read("user"),
      global: only === "user" ? null : await read("global"),
    },
    reader,
    options.sysconfdir,
  );
  for (const one of notes) context.note(`Note: ${one}`);
  const text = flags.format === "json" ? JSON.stringify(config, null, 2) : renderConfig(config).trimEnd();
  return { exit: 0, raw: text, document: config };
}
