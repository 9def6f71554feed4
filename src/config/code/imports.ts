/** What a config may import: files of its own folder and below, and the built-in module. Pure but for `realPath`. */
import { basename, dirname, extname, isAbsolute, join, relative, sep } from "node:path";
import { BUILTIN_NAME } from "./builtin.ts";

/** An import that is refused: why, and what to write instead. */
export class ImportProblem extends Error {
  constructor(message: string, readonly next: string) {
    super(message);
  }
}

/** How a file is turned into a module. */
export type ModuleKind = "typescript" | "javascript" | "json";

const KINDS: ReadonlyMap<string, ModuleKind> = new Map([
  [".ts", "typescript"],
  [".mts", "typescript"],
  [".js", "javascript"],
  [".mjs", "javascript"],
  [".json", "json"],
]);

/** How the file is read, by its ending; undefined: it cannot be imported. */
export function moduleKind(name: string): ModuleKind | undefined {
  return KINDS.get(extname(name));
}

/**
 * The name of what `base` means by `request`: its real path, relative to the real folder of the config.
 * @throws {ImportProblem}
 */
export function resolveImport(
  folder: string,
  realPath: (absolutePath: string) => string,
  base: string,
  request: string,
): string {
  if (request === BUILTIN_NAME) return request;
  if (!/^\.\.?\//.test(request)) throw notRelative(request);
  if (/[\\\0?#%]/.test(request)) {
    throw new ImportProblem(
      `the import "${request}" is no plain path`,
      "Write the path of a file, without ?, #, % or \\.",
    );
  }
  const wanted = join(folder, dirname(base), request);
  const inside = (path: string) => {
    const way = relative(folder, path);
    return way !== ".." && !way.startsWith(".." + sep) && !isAbsolute(way);
  };
  const outside = (how: string) =>
    new ImportProblem(
      `the import "${request}" ${how} the config's folder`,
      "Keep what a config imports in the config's folder or below it.",
    );
  if (!inside(wanted)) throw outside("leaves");
  if (moduleKind(wanted) === undefined) throw wrongEnding(wanted, request, realPath);
  const real = found(realPath, wanted);
  if (real === undefined) throw missing(wanted, request, realPath);
  if (!inside(real)) throw outside("is a symbolic link out of");
  if (moduleKind(real) === undefined) throw wrongEnding(real, request, realPath);
  return relative(folder, real).split(sep).join("/");
}

function found(realPath: (path: string) => string, path: string): string | undefined {
  try {
    return realPath(path);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new ImportProblem(
      `the import of ${basename(path)} cannot be followed (${String(code ?? error)})`,
      "Check the file and its links.",
    );
  }
}

function notRelative(request: string): ImportProblem {
  const quoted = `"${request}"`;
  if (request.startsWith("/") || /^(?:file:|[A-Za-z]:[\\/])/.test(request)) {
    return new ImportProblem(
      `the import ${quoted} is an absolute path`,
      'Write it relative to the importing file: "./name.ts".',
    );
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(request)) {
    return new ImportProblem(
      `the import ${quoted} is not a file of the config's folder`,
      'A config is hermetic: import files beside it ("./name.ts") and "sremote" only.',
    );
  }
  const next = moduleKind(request) === undefined
    ? `Only "sremote" is built in; a file is imported by its relative path ("./name.ts").`
    : `Did you mean "./${request}"?`;
  return new ImportProblem(`the import ${quoted} is neither a relative path nor "sremote"`, next);
}

function neighbour(path: string, request: string, realPath: (path: string) => string): string | undefined {
  const endings = [...KINDS.keys()];
  // "./a" for "./a.ts", and "./a.js" for "./a.ts" as TypeScript's own compiler wants it.
  for (const stem of ["", extname(path)]) {
    const bare = path.slice(0, path.length - stem.length);
    const ending = endings.find((ending) => found(realPath, bare + ending) !== undefined);
    if (ending !== undefined) return request.slice(0, request.length - stem.length) + ending;
  }
  return undefined;
}

function wrongEnding(path: string, request: string, realPath: (path: string) => string): ImportProblem {
  const near = neighbour(path, request, realPath);
  return new ImportProblem(
    `the import "${request}" has no ending that can be imported`,
    near === undefined ? `End it in one of ${[...KINDS.keys()].join(" ")}.` : `Did you mean "${near}"?`,
  );
}

function missing(path: string, request: string, realPath: (path: string) => string): ImportProblem {
  const near = neighbour(path, request, realPath);
  return new ImportProblem(
    `the import "${request}" names a file that is not there`,
    near === undefined ? "Check the path; it is relative to the importing file." : `Did you mean "${near}"?`,
  );
}
