/** TypeScript to JavaScript by erasing its types: lines stay, and columns can be found again for an error. */

/** A mistake in the TypeScript itself; `line` and `column` count from 1. */
export class TypeScriptSyntaxError extends Error {
  constructor(message: string, readonly line: number | undefined, readonly column: number | undefined) {
    super(message);
  }
}

/** From TypeScript to JavaScript of the same lines. */
export interface Transpiler {
  /** @throws {TypeScriptSyntaxError} */
  readonly transpile: (source: string) => string;
  /** Whether there may be a bigint, such as `1n`: no clock interrupts what is done with large ones. */
  readonly hasBigint: (source: string) => boolean;
  /** The column of the TypeScript for one of the JavaScript, both in UTF-16 units from 0. */
  readonly columnBack: (source: string, line: number, column: number) => number;
}

/** What types mostly look like. A text that has other ones is run in vain, which takes time and no more. */
const TYPES =
  /\b(?:type|interface|enum|satisfies|as|namespace|declare)\b|\b(?:const|let|var)\s+\w+\s*:|\(\s*\w+\??\s*:|[)}]\s*:/;

/**
 * Whether a TypeScript text may be run as it stands, without the 8 ms that a transpiler takes. What TypeScript alone
 * has does not parse as JavaScript, with two exceptions, which are not tried: `f<T>(x)` is a comparison there, and an
 * unused import is no import here. (Of the built-in module it makes no difference.) So what parses means the same.
 */
export function mayBeJavaScript(source: string): boolean {
  if (source.includes("<") || TYPES.test(source)) return false;
  const imports = source.match(/\bimport\b/g)?.length ?? 0;
  return imports === (source.match(/^import \{[\w\s,]*\} from "sremote";$/gm)?.length ?? 0);
}

const OPTIONS = { transforms: ["typescript"] as "typescript"[], disableESTransforms: true };

/**
 * Loads sucrase, which only a `.ts` config needs. By file, for it to be CommonJS in the binary too: bundled as one
 * large module, its loop over all characters has the engine optimise the whole of it, which takes 60 ms.
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
        // Sucrase appends the place, which is shown apart.
        throw new TypeScriptSyntaxError(String(message).replace(/ \(\d+:\d+\)$/, ""), loc?.line, loc?.column);
      }
    },
    hasBigint(source) {
      try {
        return /^\S+\s+bigint\b/m.test(getFormattedTokens(source, OPTIONS));
      } catch {
        return true; // another parser may take it
      }
    },
    columnBack(source, line, column) {
      const { sourceMap } = transform(source, {
        ...OPTIONS,
        filePath: "x",
        sourceMapOptions: { compiledFilename: "x" },
      });
      const pairs = decodeColumns(sourceMap?.mappings ?? "", line - 1);
      // The last token that begins at or before the column; inside of one, columns run alike.
      const token = pairs.findLast(([generated]) => generated <= column);
      return token === undefined ? column : token[1] + (column - token[0]);
    },
  };
}

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** `[generated column, source column]` of each token of one line; a source map counts the latter through the file. */
function decodeColumns(mappings: string, line: number): [generated: number, source: number][] {
  const pairs: [number, number][] = [];
  let source = 0;
  for (const [index, text] of mappings.split(";").entries()) {
    if (index > line) break;
    let generated = 0;
    for (const segment of text === "" ? [] : text.split(",")) {
      const fields = decodeVlq(segment);
      generated += fields[0] ?? 0;
      source += fields[3] ?? 0;
      if (index === line) pairs.push([generated, source]);
    }
  }
  return pairs;
}

/** The numbers of one segment: base 64, five bits a digit, the lowest bit of each number its sign. */
function decodeVlq(segment: string): number[] {
  const numbers: number[] = [];
  let value = 0;
  let shift = 0;
  for (const letter of segment) {
    const digit = BASE64.indexOf(letter);
    value += (digit & 31) << shift;
    shift += 5;
    if (digit & 32) continue;
    numbers.push(value & 1 ? -(value >> 1) : value >> 1);
    value = shift = 0;
  }
  return numbers;
}
