/** `sremote init`: a first `remotes.ts`, and what an editor needs to check it offline. */
import { dirname, join, relative } from "node:path";
import configSchema from "../../schema/config.schema.json" with { type: "json" };
import types from "../../schema/sremote.ts" with { type: "text" };
import { DEFAULT_CONFIGS } from "../config/load.ts";
import { Failure } from "../base/failure.ts";
import { io } from "../base/io.ts";
import type { Context, Result } from "./shared/context.ts";

/** The flags of `init`. */
export interface InitOptions {
  /** Write only the files for editors. */
  readonly editor?: true;
}

const FIRST_CONFIG = `import { defineConfig } from "sremote";

export default defineConfig({
  remotes: {
    // company: { uri: "enterprise.example.com", scope: "global" },
  },
  // default: "company",
});
`;

/** Types and schema of this version, which `--editor` overwrites. sremote itself does not read them. */
const OURS: Readonly<Record<string, string>> = {
  ".sremote/sremote.ts": types,
  ".sremote/config.schema.json": `${JSON.stringify(configSchema, null, 2)}\n`,
};

/** Configuration of the TypeScript and Deno language servers; people change these, so they are never overwritten. */
const THEIRS: Readonly<Record<string, string>> = {
  "tsconfig.json": `{
  "compilerOptions": {
    "strict": true,
    "noEmit": true,
    "target": "ES2022",
    "module": "ESNext",
    "moduleResolution": "Bundler",
    "allowImportingTsExtensions": true,
    "resolveJsonModule": true,
    "lib": ["ES2022"],
    "types": [],
    "paths": { "sremote": ["./.sremote/sremote.ts"] }
  },
  "include": ["*.ts"]
}
`,
  "deno.json": `{
  "imports": { "sremote": "./.sremote/sremote.ts" },
  "lock": false
}
`,
};

/** Writes a first config, if there is none, and the files for editors. */
export function init({ world, note }: Context, { editor }: InitOptions): Result {
  const { folder } = world.here;
  const present = DEFAULT_CONFIGS.find((name) => world.files.exists(join(folder, name)));
  if (present !== undefined && !editor) {
    throw new Failure("usage", `cannot write a first config: ${join(folder, present)} already exists`, {
      next: "Edit that file, or use another directory; init --editor writes only the files for editors",
    });
  }
  const files: Record<string, string> = { ...OURS, ...editor ? {} : { "remotes.ts": FIRST_CONFIG } };
  for (const [name, text] of Object.entries(THEIRS)) {
    if (!world.files.exists(join(folder, name))) files[name] = text;
    else if (!editor) note(`Note: ${name} already exists and is unchanged; see sremote init --help`);
  }
  const written = Object.entries(files).map(([name, text]) => write(world, join(folder, name), text)).sort();
  const shown = written.map((one) => relative(folder, one)).join(", ");
  return {
    exit: 0,
    text: editor
      ? `Wrote ${shown}.`
      : `Wrote ${join(folder, "remotes.ts")}; for editors: ${
        shown.replace(/(?:^|, )remotes\.ts/, "")
      }. Next: run sremote plan to see what it would change.`,
    document: { formatVersion: 1, changed: true, files: written },
  };
}

function write({ files }: Pick<Context["world"], "files">, file: string, text: string): string {
  try {
    files.makeFolder(dirname(file), 0o755);
    files.replace(file, new TextEncoder().encode(text), { mode: 0o644, owner: null });
  } catch (error) {
    throw io("write", file, error);
  }
  return file;
}
