/** `sremote init`: a first `remotes.ts`. */
import { join } from "node:path";
import { DEFAULT_CONFIGS } from "../config/load.ts";
import { Failure } from "../failure.ts";
import { io } from "../io.ts";
import type { Context, Result } from "./context.ts";

const FIRST_CONFIG = `import { defineConfig } from "sremote";

export default defineConfig({
  remotes: {
    // company: { uri: "enterprise.example.com", scope: "global" },
  },
  // default: "company",
});
`;

/** Writes a config to begin with, where there is none. */
export function init({ world }: Context): Result {
  const { folder } = world.here;
  const present = DEFAULT_CONFIGS.find((name) => world.files.exists(join(folder, name)));
  if (present !== undefined) {
    throw new Failure("usage", `cannot make a first config: there is ${join(folder, present)}`, {
      next: "edit that one, or work in another folder",
    });
  }
  const file = join(folder, "remotes.ts");
  try {
    world.files.replace(file, new TextEncoder().encode(FIRST_CONFIG), { mode: 0o644, owner: null });
  } catch (error) {
    throw io("write", file, error);
  }
  return {
    exit: 0,
    text: `Wrote ${file}. Next: sremote plan shows what it would change.`,
    document: { formatVersion: 1, changed: true, file },
  };
}
