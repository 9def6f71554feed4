/** TypeScript to JavaScript by erasing its types: lines stay, and the columns of an error can be mapped back. */

/** A syntax error in the TypeScript; `line` and `column` count from 1. */
export class TypeScriptSyntaxError extends Error {
  constructor(message: string, readonly line: number | undefined, readonly column: number | undefined) {
    super(message);
  }
}

/** From TypeScript to JavaScript with the same lines. */
export interface Transpiler {
  /** @throws {TypeScriptSyntaxError} */
  readonly transpile: (source: string) => string;
  /** Whether there may be a bigint, such as `1n`: arithmetic on large ones cannot be interrupted. */
  readonly hasBigint: (source: string) => boolean;
  /** The column in the TypeScript for a column in the JavaScript, both in UTF-16 units from 0. */
  readonly columnBack: (source: string, line: number, column: number) => Promise<number>;
}

/** The usual forms of types. A text with other forms is run in vain, which only costs time. */
const TYPES =
  /\b(?:type|interface|enum|satisfies|as|namespace|declare)\b|\b(?:const|let|var)\s+\w+\s*:|\(\s*\w+\??\s*:|[)}]\s*:/;

/**
 * Whether a TypeScript text may run unchanged, without the 8 ms that a transpiler takes. What only TypeScript has does not
 * parse as JavaScript, with two exceptions, for which the answer is no: `f<T>(x)` is a comparison in JavaScript, and an
 * unused import is dropped in TypeScript (which makes no difference for the built-in module). So a text that parses means the same.
 */
export function mayBeJavaScript(source: string): boolean {
  if (source.includes("<") || TYPES.test(source)) return false;
  const imports = source.match(/\bimport\b/g)?.length ?? 0;
  return imports === (source.match(/^import \{[\w\s,]*\} from "sremote";$/gm)?.length ?? 0);
}

const OPTIONS = { transforms: ["typescript"] as "typescript"[], disableESTransforms: true };

/**
 * Loads sucrase, which only a `.ts` config needs. By file, so that it is CommonJS in the binary too: bundled as one
 * large module, its loop over all characters makes the engine optimise all of it, which takes 60 ms.
 */
export async function loadTranspiler(): Promise<Transpiler> {
  const { getFormattedTokens, transform } = await import("sucrase/dist/index.js") as typeof import("sucrase");
  return {
    transpile(source) {
      try {
        return transform(source, OPTIONS).code;
      } catch (error) {
        if (error instanceof RangeError) {
          throw new TypeScriptSyntaxError("it is nested too deeply", undefined, undefined);
        }
        const { message, loc } = error as { message?: string; loc?: { line: number; column: number } };
        // Sucrase appends the place, which is shown separately.
        throw new TypeScriptSyntaxError(String(message).replace(/ \(\d+:\d+\)$/, ""), loc?.line, loc?.column);
      }
    },
    hasBigint(source) {
      try {
        return /^\S+\s+bigint\b/m.test(getFormattedTokens(source, OPTIONS));
      } catch {
        return true; // another parser may accept it
      }
    },
    async columnBack(source, line, column) {
      const { TraceMap, traceSegment } = await import("@jridgewell/trace-mapping");
      const { sourceMap } = transform(source, {
        ...OPTIONS,
        filePath: "x",
        sourceMapOptions: { compiledFilename: "x" },
      });
      if (sourceMap === undefined) return column;
      // The last token that starts at or before the column; within a token, columns advance alike.
      const token = traceSegment(new TraceMap({ ...sourceMap, version: 3 }), line - 1, column);
      return token?.[3] === undefined ? column : token[3] + (column - token[0]);
    },
  };
}
