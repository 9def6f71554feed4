/** YAML configs as plain data. */
import {
  isMap,
  isScalar,
  type Node,
  parseDocument,
  type Scalar,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import { isTooMuchYaml, nestsTooDeeply } from "../base/limits.ts";
import { syntax } from "./parse.ts";

/**
 * Reads a YAML config (YAML 1.2, core schema).
 * @throws {Failure} config-syntax
 */
export function parseYamlConfig(text: string, shown: string): unknown {
  if (nestsTooDeeply(text)) throw syntax(text, shown, 0, "it is nested too deeply");
  if (isTooMuchYaml(text)) {
    throw syntax(text, shown, 0, "it has too many lines and items for YAML: write it as JSON");
  }
  let document;
  try {
    document = parseDocument(text, { prettyErrors: false, uniqueKeys: false });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw syntax(text, shown, 0, "it is nested too deeply");
  }
  const first = document.errors[0];
  if (first !== undefined) {
    throw syntax(
      text,
      shown,
      first.pos[0],
      `it is not valid YAML (${first.code.toLowerCase().replaceAll("_", " ")})`,
    );
  }
  const directive = text.search(/^%/m);
  if (directive >= 0 && document.directives?.docStart === true) {
    // In YAML 1.1, `yes` is true and `2026-01-01` a date.
    throw syntax(text, shown, directive, "directives (%) are not supported: a config is YAML 1.2");
  }
  const noTag = (node: Scalar | YAMLSeq | YAMLMap) => {
    if (node.tag === undefined) return;
    throw syntax(text, shown, node.range?.[0] ?? 0, "tags (!) are not supported: a config is plain data");
  };
  visit(document, {
    Scalar: (_key, node) => noTag(node),
    Seq: (_key, node) => noTag(node),
    Alias: (_key, node) => {
      throw syntax(
        text,
        shown,
        node.range?.[0] ?? 0,
        "aliases (*) are not supported: use a .ts config to reuse values",
      );
    },
    Map: (_key, node) => {
      noTag(node);
      const keys = new Set<unknown>();
      for (const { key } of node.items) {
        const at = (key as Node | null)?.range?.[0] ?? 0;
        if (!isScalar(key) || typeof key.value !== "string" && typeof key.value !== "number") {
          throw syntax(text, shown, at, "a key is not a string");
        }
        const name = nameOf(key);
        if (keys.has(name)) {
          throw syntax(text, shown, at, `duplicate key ${JSON.stringify(name).slice(0, 80)}`);
        }
        keys.add(name);
      }
    },
  });
  return plain(document.contents as Node | null);
}

/** A key as written: `007` and `1e3` are names, not the numbers that YAML reads. */
function nameOf(key: Scalar): string {
  return typeof key.value === "string" ? key.value : key.source ?? String(key.value);
}

/** With own properties only, so that a key `__proto__` is one too and validation sees it. */
function plain(node: Node | null): unknown {
  if (node === null) return null;
  if (isScalar(node)) return node.value;
  if (isMap(node)) {
    const value: Record<string, unknown> = {};
    for (const { key, value: one } of node.items) {
      Object.defineProperty(value, nameOf(key as Scalar), {
        value: plain(one as Node | null),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return value;
  }
  return (node as unknown as { items: (Node | null)[] }).items.map(plain);
}
