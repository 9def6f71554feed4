/** From a file to the desired state: find, read, evaluate or parse, validate. */
import { CONFIG_BYTES } from "../base/limits.ts";
import { basename, extname, join, resolve } from "node:path";
import { digestOf } from "../base/digest.ts";
import { Failure } from "../base/failure.ts";
import type { ConfigOrigin, Desired } from "../model.ts";
import { codeOf } from "../base/errno.ts";
import type { LastWords, World } from "../world.ts";
import { validateConfig } from "./validate.ts";

/** The default names in the current directory, in order of preference. */
export const DEFAULT_CONFIGS = ["remotes.ts", "remotes.js", "remotes.json", "remotes.yaml"] as const;

/** A config: the desired state, and where it came from. */
export interface LoadedConfig {
  readonly desired: Desired;
  readonly origin: ConfigOrigin;
  /** Every file that was read, the config itself first. */
  readonly files: readonly string[];
}

/**
 * Loads `given`, or the first of {@link DEFAULT_CONFIGS}.
 * @param lastWords how to report that the config's code could not be interrupted; absent: nothing watches it
 * @throws {Failure} config-not-found, -unreadable, -syntax, -evaluation, -import, -invalid
 */
export async function loadConfig(
  world: World,
  given: string | null,
  vars: ReadonlyMap<string, string>,
  lastWords?: (failure: Failure) => LastWords,
): Promise<LoadedConfig> {
  const file = find(world, given);
  const { value, files } = await valueOf(world, file, given ?? basename(file), vars, lastWords);
  const sorted = [...vars].sort(([a], [b]) => (a < b ? -1 : 1));
  const desired = validateConfig(value, given ?? basename(file));
  return {
    desired,
    origin: { file, digest: await fingerprint(files), vars: sorted },
    files: [...new Set([file, ...files.map((one) => one.path)])],
  };
}

function find(world: World, given: string | null): string {
  if (given !== null) {
    const file = resolve(world.here.folder, given);
    if (world.files.exists(file)) return file;
    throw new Failure("config-not-found", `cannot find the config ${file}`, { path: file, next: "Check -c" });
  }
  const candidates = DEFAULT_CONFIGS.map((name) => join(world.here.folder, name));
  const found = candidates.find((one) => world.files.exists(one));
  if (found !== undefined) return found;
  throw new Failure("config-not-found", `cannot find a config: found none of ${candidates.join(", ")}`, {
    next:
      "Name one with -c FILE, or run `sremote init` to start a new one or `sremote import` to describe the present files",
  });
}

interface Value {
  readonly value: unknown;
  readonly files: readonly { readonly path: string; readonly text: string }[];
}

async function valueOf(
  world: World,
  file: string,
  shown: string,
  vars: ReadonlyMap<string, string>,
  lastWords: ((failure: Failure) => LastWords) | undefined,
): Promise<Value> {
  const kind = extname(file);
  if (/^\.m?[jt]s$/.test(kind)) {
    const { evaluateConfig } = await import("./code/evaluator.ts");
    return await evaluateConfig(shown === basename(file) ? file : shown, {
      read: (path) => read(world, path),
      realPath: (path) => world.files.realPath(resolve(world.here.folder, path)),
      now: () => world.clock.now(),
      watch: (milliseconds, late) =>
        lastWords === undefined ? () => {} : world.watchdog.watch(milliseconds, lastWords(late)),
      vars: Object.fromEntries(vars),
      host: world.here.host,
    });
  }
  // A path that cannot be read at all, such as a directory, is reported before an unknown extension.
  const text = read(world, file);
  const files = [{ path: file, text }];
  switch (kind) {
    case ".json":
      return { value: (await import("./parse.ts")).parseJsonConfig(text, shown), files };
    case ".yaml":
    case ".yml":
      return { value: (await import("./yaml.ts")).parseYamlConfig(text, shown), files };
    default:
      throw new Failure("config-unreadable", `cannot read ${shown}: its name has no known extension`, {
        path: file,
        next: "Rename it to end with .ts, .js, .json or .yaml",
      });
  }
}

function read(world: World, file: string): string {
  const refuse = (why: string, next = "Check -c and the file's permissions") =>
    new Failure("config-unreadable", `cannot read ${file}: ${why}`, { path: file, next });
  let found;
  try {
    found = world.files.read(file, { limit: CONFIG_BYTES });
  } catch (error) {
    switch (codeOf(error)) {
      case "EFBIG":
        throw refuse("it is larger than 4 MiB", "Check that this is the right file");
      case "EISDIR":
        throw refuse("it is a directory", "Name the config file in it");
      case "ENOTREG":
        throw refuse("it is not a regular file", "Save it as a file first");
      case "EACCES":
        throw refuse("permission denied");
      default:
        throw refuse(error instanceof Error ? error.message : String(error));
    }
  }
  if (found === null) throw refuse("no such file");
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(found.bytes);
  } catch {
    throw refuse("it is not UTF-8 text", "Save it as UTF-8");
  }
}

/** One digest of all files that were read, so that a change to an import shows. Names are excluded: clones differ in them. */
async function fingerprint(files: Value["files"]): Promise<string> {
  const digests = await Promise.all(files.map((one) => digestOf(new TextEncoder().encode(one.text))));
  return await digestOf(new TextEncoder().encode(digests.join("\n")));
}
