/** The modules of one evaluation: found, read, checked and compiled as the config imports them. */
import { quote } from "../../base/text.ts";
import { jsonFault, placeIn } from "../parse.ts";
import { duplicateIn } from "./duplicates.ts";
import { CONFIG_CHARACTERS } from "../../base/limits.ts";
import { basename, dirname, join } from "node:path";
import { BUILTIN_NAME, BUILTIN_SOURCE } from "./builtin.ts";
import { failAt, type Place, placeOfImport, type Source, type Subject } from "./diagnose.ts";
import { ImportProblem, moduleKind, resolveImport } from "./imports.ts";
import { FREE_CODE, isParsedSoon } from "./large.ts";
import { PRELUDE_NAME } from "./prelude.ts";
import { mayBeJavaScript, type Transpiler, TypeScriptSyntaxError } from "./transpile.ts";

/** A config as text. */
export interface ConfigText {
  /** The path as the user named it, for messages. */
  readonly shown: string;
  /** Its real path. */
  readonly path: string;
  readonly text: string;
}

/** How imported files are read. */
export interface FileInputs {
  /** The text of a file; throws a Failure (config-unreadable) where it is missing, too large or not UTF-8. */
  readonly read: (absolutePath: string) => string;
  /** The path with all symlinks resolved; throws an Error with code ENOENT where it is missing. */
  readonly realPath: (absolutePath: string) => string;
}

/** Thrown when a module turns out to be TypeScript that cannot run without the transpiler. */
export class NeedsTranspiler extends Error {}

/**
 * Gives the sandbox its modules. The first refusal is kept: it stands even where the config catches it, because the
 * plan would otherwise depend on what is missing.
 */
export class ConfigModules {
  /** The config and what was read of it, for messages. */
  readonly subject: Subject;
  /** Some TypeScript ran unchanged: if the run fails, it is repeated with the transpiler. */
  guessed = false;
  refusal: unknown;

  readonly #directory: string;
  readonly #sources = new Map<string, Source>();
  readonly #compiled = new Map<string, string>([[BUILTIN_NAME, BUILTIN_SOURCE]]);
  #characters = 0;

  constructor(
    readonly config: ConfigText,
    private readonly inputs: FileInputs,
    private readonly transpiler: Transpiler | undefined,
  ) {
    this.#directory = dirname(config.path);
    this.subject = { entry: config.shown, entryName: basename(config.path), sources: this.#sources };
  }

  /** Every file that was read, the config itself first. */
  files(): readonly { readonly path: string; readonly text: string }[] {
    return [...this.#sources].map(([name, { text }]) => ({ path: join(this.#directory, name), text }));
  }

  /**
   * Refuses a property that stands twice in an object literal: of two remotes with one name, the first would be lost.
   * @throws {Failure} config-syntax
   */
  async refuseDuplicates(): Promise<void> {
    for (const [name, source] of this.#sources) {
      if (moduleKind(name) === "json") continue;
      const found = await duplicateIn(this.#compiled.get(name)!);
      if (found === null) continue;
      const { key, line, column } = found;
      const ran = this.#compiled.get(name)!.split("\n")[line - 1]!.slice(0, column);
      const place = { module: name, line, column: await source.columnBack(line, [...ran].length) + 1 };
      throw failAt(
        this.subject,
        "config-syntax",
        `duplicate key ${quote(key.slice(0, 80))}`,
        place,
        "Remove one of the two",
      );
    }
  }

  /** The JavaScript of a module. */
  load(name: string): string {
    return this.#compiled.get(name) ?? this.#keepingRefusal(() => {
      const source = name === this.subject.entryName
        ? this.config.text
        : this.inputs.read(join(this.#directory, name));
      this.#refuseUnfit(name, source);
      const transpiler = this.#transpilerFor(name, source);
      this.#sources.set(name, { text: source, columnBack: columnBack(source, transpiler) });
      const code = this.#compile(name, source, transpiler);
      this.#compiled.set(name, code);
      return code;
    });
  }

  /** The name of the module that `base` imports with `request`. */
  resolve(base: string, request: string): string {
    if (base === PRELUDE_NAME) return request;
    return this.#keepingRefusal(() => {
      try {
        // Code made by eval has no file: its imports are relative to the config.
        const importer = this.#sources.has(base) ? base : this.subject.entryName;
        return resolveImport(this.#directory, this.inputs.realPath, importer, request);
      } catch (error) {
        if (!(error instanceof ImportProblem)) throw error;
        const place = placeOfImport(base, this.#sources.get(base)?.text ?? "", request);
        throw failAt(this.subject, "config-import", error.message, place, error.next);
      }
    });
  }

  #keepingRefusal<T>(attempt: () => T): T {
    try {
      return attempt();
    } catch (error) {
      this.refusal ??= error;
      throw error;
    }
  }

  #refuseUnfit(name: string, source: string): void {
    const isCode = moduleKind(name) !== "json";
    const refuse = (why: string, next: string) => {
      throw failAt(this.subject, "config-evaluation", `${name} ${why}`, undefined, next);
    };
    if ((this.#characters += source.length) > CONFIG_CHARACTERS || (isCode && !isParsedSoon(source))) {
      refuse(
        `is larger than ${FREE_CODE / 1024} KiB and contains more than lists of remotes`,
        "Move long lists to a .json file next to it, and import that file",
      );
    }
    if (isCode && /\b\d\w*n\b/.test(source)) {
      if (this.transpiler === undefined) throw new NeedsTranspiler();
      if (this.transpiler.hasBigint(source)) {
        refuse("contains a bigint, or something that may be one", "Use a number");
      }
    }
  }

  /** The transpiler, where the module needs it. */
  #transpilerFor(name: string, source: string): Transpiler | undefined {
    if (moduleKind(name) !== "typescript") return undefined;
    if (this.transpiler === undefined) {
      if (!mayBeJavaScript(source)) throw new NeedsTranspiler();
      this.guessed = true;
    }
    return this.transpiler;
  }

  #compile(name: string, source: string, transpiler: Transpiler | undefined): string {
    const syntax = (why: string, place?: Place) =>
      failAt(this.subject, "config-syntax", why, place, "Fix the syntax");
    // The interpreter takes C strings: it would silently skip what follows a NUL.
    if (source.includes("\0")) throw syntax(`${name} contains a NUL character`);
    if (moduleKind(name) === "json") {
      // As strict as with a config in JSON: a duplicate key is an error.
      const fault = jsonFault(source);
      if (fault !== null) {
        throw syntax(`${name}: ${fault.why}`, { module: name, ...placeIn(source, fault.at) });
      }
      return `export default JSON.parse(${JSON.stringify(source.replace(/^\uFEFF/, ""))});`;
    }
    try {
      return transpiler?.transpile(source) ?? source;
    } catch (error) {
      if (!(error instanceof TypeScriptSyntaxError)) throw error;
      const { message, line, column } = error;
      const known = line !== undefined && column !== undefined;
      throw syntax(message, known ? { module: name, line, column } : undefined);
    }
  }
}

/** The interpreter counts columns in code points, JavaScript and source maps in UTF-16 units. */
function columnBack(source: string, transpiler: Transpiler | undefined): Source["columnBack"] {
  return async (line, points) => {
    if (source.length > FREE_CODE) return points; // a source map of it would take 500 MB
    const ran = transpiler === undefined ? source : transpiler.transpile(source);
    const units = [...(ran.split("\n")[line - 1] ?? "")].slice(0, points).join("").length;
    return transpiler === undefined ? units : await transpiler.columnBack(source, line, units);
  };
}
