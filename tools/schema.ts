/**
 * Generates what is made from the schemas: `schema/*.schema.json`, `schema/config.validation.json`, the types in
 * `schema/sremote.ts`, `docs/config.md`, and `docs/programs.md` from the table of programs. With `--check`, writes nothing and fails if one of them is stale.
 *
 * `deno run -A tools/schema.ts [--check]`
 */
import { readFileSync, writeFileSync } from "node:fs";
import process from "node:process";
import { configSchema } from "../schema/config.ts";
import { planSchema } from "../schema/plan.ts";
import { statusSchema } from "../schema/status.ts";
import { readLists } from "../tests/recordings/differences.ts";
import { toProgramsPage } from "./programs_page.ts";
import { type Schema, toReference } from "./reference.ts";

type Node = { [key: string]: unknown } | Node[] | string | number | boolean | null;

/** Converts a TypeBox schema to a JSON schema of draft 2020-12. */
export function toJsonSchema(schema: unknown): string {
  const document = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    ...strip(schema as Node) as object,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** Reduces a schema to what validation needs, so that no command has to load TypeBox (2 ms in the binary). */
export function toValidation(schema: unknown): string {
  const forPeople = new Set(["description", "title", "default", "examples", "typescript"]);
  return `${
    JSON.stringify(schema, (key, value) =>
      forPeople.has(key) && typeof value !== "object" ? undefined : value, 2)
  }\n`;
}

/** Removes sremote's own keywords, and writes tuples as the draft does. */
function strip(node: Node): Node {
  if (Array.isArray(node)) return node.map(strip);
  if (typeof node !== "object" || node === null) return node;
  const isSchema = typeof node.type === "string" || "anyOf" in node;
  const kept = Object.entries(node).filter(([key]) =>
    !(isSchema && (key === "allowed" || key === "typescript" || key === "additionalItems"))
  );
  return Object.fromEntries(
    kept.map(([key, value]) => [
      isSchema && key === "items" && Array.isArray(value) ? "prefixItems" : key,
      strip(value as Node),
    ]),
  );
}

/** The config's types in TypeScript; a schema with a one-word title becomes a type of that name. */
export function toTypeScript(schema: unknown): string {
  const named = new Map<string, string>();
  const typeOf = (node: Schema, indent: string): string => {
    if (node.typescript !== undefined) return node.typescript;
    if (node.anyOf !== undefined) return node.anyOf.map((branch) => typeOf(branch, indent)).join(" | ");
    if (node.enum !== undefined) {
      return nameIt(
        node,
        node.enum.map((value) => JSON.stringify(value)).join(" | "),
      );
    }
    if (node.const !== undefined) return JSON.stringify(node.const);
    if (node.type === "array") {
      const item = typeOf(node.items!, indent);
      return `readonly ${/[ |]/.test(item) && !item.startsWith("{") ? `(${item})` : item}[]`;
    }
    if (node.type !== "object") return node.type!;
    if (node.properties === undefined) {
      return `Readonly<Record<string, ${typeOf(node.additionalProperties as Schema, indent)}>>`;
    }
    return /^[A-Z]\w*$/.test(node.title ?? "") ? nameIt(node, fields(node, "")) : fields(node, indent);
  };
  const nameIt = (node: Schema, body: string): string => {
    if (node.title === undefined) return body;
    const keyword = body.startsWith("{") ? `interface ${node.title} ` : `type ${node.title} = `;
    const end = body.startsWith("{") ? "" : ";";
    named.set(node.title, `/** ${node.description} */\nexport ${keyword}${body}${end}\n`);
    return node.title;
  };
  const fields = (node: Schema, indent: string): string => {
    const inner = `${indent}  `;
    const lines = Object.entries(node.properties!).map(([key, field]) => {
      const fallback = field.default === undefined ? "" : ` Default: \`${JSON.stringify(field.default)}\`.`;
      const doc = field.description === undefined ? "" : `${inner}/** ${field.description}${fallback} */\n`;
      return `${doc}${inner}readonly ${key}${node.required?.includes(key) ? "" : "?"}: ${
        typeOf(field, inner)
      };\n`;
    });
    return `{\n${lines.join("")}${indent}}`;
  };
  const config = nameIt(
    { title: "Config", description: (schema as Schema).description! },
    fields(schema as Schema, ""),
  );
  const text = named.get(config)!;
  named.delete(config);
  return [text, ...named.values()].join("\n");
}

function within(source: string, generated: string): string {
  const [before, , after] = source.split(/(?<=\/\/ begin generated\n)([\s\S]*)(?=\/\/ end generated\n)/);
  return `${before}// deno-fmt-ignore-start\n${generated}// deno-fmt-ignore-end\n${after}`;
}

if (import.meta.main) {
  const path = (name: string) => new URL(`../${name}`, import.meta.url);
  const read = (name: string) => {
    try {
      return readFileSync(path(name), "utf8");
    } catch {
      return "";
    }
  };
  const made = {
    "schema/config.schema.json": toJsonSchema(configSchema),
    "schema/config.validation.json": toValidation(configSchema),
    "schema/plan.schema.json": toJsonSchema(planSchema),
    "schema/status.schema.json": toJsonSchema(statusSchema),
    "schema/sremote.ts": within(read("schema/sremote.ts"), toTypeScript(configSchema)),
    "docs/config.md": toReference(configSchema),
    "docs/programs.md": toProgramsPage(readLists().stay),
  };
  for (const [name, text] of Object.entries(made)) {
    if (read(name) === text) continue;
    if (process.argv.includes("--check")) {
      console.error(`${name} is stale: run \`deno task schema\``);
      process.exitCode = 1;
    } else {
      writeFileSync(path(name), text);
      console.error(`wrote ${name}`);
    }
  }
}
