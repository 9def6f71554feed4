/** What a config may import: files in its own directory and below, and the built-in module. Pure except for `realPath`. */
import { basename, dirname, extname, isAbsolute, join, relative, sep } from "node:path";
import { BUILTIN_NAME } from "./builtin.ts";

/** Why an import is refused, and what to write instead. */
export class ImportProblem extends Error {
  constructor(message: string, readonly next: string) {
    super(message);
  }
}

/** How a file becomes a module. */
export type ModuleKind = "typescript" | "javascript" | "json";

const KINDS: ReadonlyMap<string, ModuleKind> = new Map([
  [".ts", "typescript"],
  [".mts", "typescript"],
  [".js", "javascript"],
  [".mjs", "javascript"],
  [".json", "json"],
]);

/** How the file is read, by its extension; undefined: it cannot be imported. */
export function moduleKind(name: string): ModuleKind | undefined {
  return KINDS.get(extname(name));
}

/**
 * The name of the module that `base` imports with `request`: its real path, relative to the config's real directory.
 * @throws {ImportProblem}
 */
export function resolveImport(
  directory: string,
  realPath: (absolutePath: string) => string,
  base: string,
  request: string,
): string {
  if (request === BUILTIN_NAME) return request;
  if (!/^\.\.?\//.test(request)) throw notRelative(request);
  if (/[\\\0?#%]/.test(request)) {
    throw new ImportProblem(
      `the import "${request}" is not a plain path`,
      "Use the path of a file, without ?, #, % or \\",
    );
  }
  const wanted = join(directory, dirname(base), request);
  const inside = (path: string) => {
    const way = relative(directory, path);
    return way !== ".." && !way.startsWith(".." + sep) && !isAbsolute(way);
  };
  const outside = (how: string) =>
    new ImportProblem(
      `the import "${request}" is ${how} the config's directory`,
      "Move the imported file into the config's directory",
    );
  if (!inside(wanted)) throw outside("outside");
  if (moduleKind(wanted) === undefined) throw wrongExtension(wanted, request, realPath);
  const real = found(realPath, wanted);
  if (real === undefined) throw missing(wanted, request, realPath);
  if (!inside(real)) throw outside("a symlink to a path outside");
  if (moduleKind(real) === undefined) throw wrongExtension(real, request, realPath);
  return relative(directory, real).split(sep).join("/");
}

function found(realPath: (path: string) => string, path: string): string | undefined {
  try {
    return realPath(path);
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new ImportProblem(
      `the import of ${basename(path)} cannot be followed (${String(code ?? error)})`,
      "Check the file and its symlinks",
    );
  }
}

function notRelative(request: string): ImportProblem {
  const quoted = `"${request}"`;
  if (request.startsWith("/") || /^(?:file:|[A-Za-z]:[\\/])/.test(request)) {
    return new ImportProblem(
      `the import ${quoted} is an absolute path`,
      'Use a path relative to the importing file, such as "./name.ts"',
    );
  }
  if (/^[a-z][a-z0-9+.-]*:/i.test(request)) {
    return new ImportProblem(
      `the import ${quoted} is not a file in the config's directory`,
      'Import only "sremote" and files in the same directory ("./name.ts")',
    );
  }
  const next = moduleKind(request) === undefined
    ? `Import a file by its relative path ("./name.ts"); only "sremote" is built in`
    : `Did you mean "./${request}"?`;
  return new ImportProblem(`the import ${quoted} is neither a relative path nor "sremote"`, next);
}

function similar(path: string, request: string, realPath: (path: string) => string): string | undefined {
  const extensions = [...KINDS.keys()];
  // "./a" for "./a.ts", and "./a.js" for "./a.ts" as TypeScript's own compiler wants it.
  for (const stem of ["", extname(path)]) {
    const bare = path.slice(0, path.length - stem.length);
    const extension = extensions.find((extension) => found(realPath, bare + extension) !== undefined);
    if (extension !== undefined) return request.slice(0, request.length - stem.length) + extension;
  }
  return undefined;
}

function wrongExtension(path: string, request: string, realPath: (path: string) => string): ImportProblem {
  const near = similar(path, request, realPath);
  return new ImportProblem(
    `the import "${request}" has an extension that cannot be imported`,
    near === undefined
      ? `Use one of the extensions ${[...KINDS.keys()].join(", ")}`
      : `Did you mean "${near}"?`,
  );
}

function missing(path: string, request: string, realPath: (path: string) => string): ImportProblem {
  const near = similar(path, request, realPath);
  return new ImportProblem(
    `the imported file "${request}" does not exist`,
    near === undefined
      ? "Check the path, which is relative to the importing file"
      : `Did you mean "${near}"?`,
  );
}
