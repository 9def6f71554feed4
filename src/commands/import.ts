/** `sremote import`: a config that describes the current files. */
import { describe } from "../config/describe.ts";
import { findTarget, linkRule } from "../remotefile/paths.ts";
import { ignoredParts, refusedLater, refusedWhole } from "../reconcile/refused.ts";
import { readStored, type StoredFile } from "../remotefile/store.ts";
import { renderConfig } from "../report/imported.ts";
import type { Reader, Scope } from "../model.ts";
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
  const { root } = linkRule(reader, paths, world);
  const read = async (scope: Scope): Promise<StoredFile> =>
    await readStored(world, (await findTarget(reader, scope, paths, world)).file, root);
  const only = flags.global ? "global" : options.remoteFile === null ? null : "user";
  const user = only === "global" ? null : await read("user");
  const global = only === "user" ? null : await read("global");
  const { config, notes } = describe(
    { user: user?.document.content ?? null, global: global?.document.content ?? null },
    reader,
    options.sysconfdir,
  );
  for (const one of notes) context.note(`Note: ${one}`);
  if (user !== null) noteRefused(context, reader, "user", user);
  if (global !== null) noteRefused(context, reader, "global", global);
  const text = flags.format === "json" ? JSON.stringify(config, null, 2) : renderConfig(config).trimEnd();
  return { exit: 0, raw: text, document: config };
}

/** What the program refuses or ignores in a file; the first plan of the config changes what it can of it. */
function noteRefused(context: Context, reader: Reader, scope: Scope, stored: StoredFile): void {
  const { path, document: { content, quirks } } = stored;
  const read = { scope, path, content, quirks };
  const all = [...refusedWhole(reader, read), ...refusedLater(reader, read), ...ignoredParts(reader, read)];
  for (const { message } of all) {
    context.note(`Warning: ${message}`);
  }
}
