/** Properties that stand twice in an object literal: JavaScript keeps the last one without a word. */
import type { Node, Property } from "acorn";

/** A key that its object already has. */
export interface Duplicate {
  readonly key: string;
  /** From 1. */
  readonly line: number;
  /** In UTF-16 units from 0. */
  readonly column: number;
}

/**
 * The first property of an object literal in a module that stands there twice; null: there is none, or the text is no
 * JavaScript that the parser knows. A pair of a getter and a setter is one property; computed names are unknown.
 */
export async function duplicateIn(code: string): Promise<Duplicate | null> {
  const { parse } = await import("acorn");
  let program: Node;
  try {
    program = parse(code, { ecmaVersion: "latest", sourceType: "module", locations: true });
  } catch {
    return null; // the interpreter has read it: newer syntax, or nested more deeply than the parser follows
  }
  const open: Node[] = [program];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (node.type === "ObjectExpression") {
      const found = secondOf((node as unknown as { properties: readonly Node[] }).properties);
      if (found !== null) return found;
    }
    const below = Object.values(node).flatMap((value) => Array.isArray(value) ? value : [value]).filter(
      isNode,
    );
    // In the order of the source, so that the first one is found.
    for (const one of below.reverse()) open.push(one);
  }
  return null;
}

function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && typeof (value as Node).type === "string";
}

function secondOf(properties: readonly Node[]): Duplicate | null {
  const seen = new Set<string>();
  for (const one of properties) {
    const named = one.type === "Property" ? nameOf(one as Property) : null;
    if (named === null) continue;
    const { kind, key } = named;
    // `get x` and `set x` belong together; with a value of that name, either is a duplicate.
    const taken = kind === "init"
      ? [`init ${key}`, `get ${key}`, `set ${key}`]
      : [`init ${key}`, `${kind} ${key}`];
    if (taken.some((it) => seen.has(it))) {
      const { line, column } = one.loc!.start;
      return { key, line, column };
    }
    seen.add(`${kind} ${key}`);
  }
  return null;
}

/** The name of a property as the object has it; null: it is computed. */
function nameOf(
  { key, computed, kind }: Property,
): { readonly kind: Property["kind"]; readonly key: string } | null {
  if (key.type === "Literal") return { kind, key: String(key.value) };
  return key.type === "Identifier" && !computed ? { kind, key: key.name } : null;
}
