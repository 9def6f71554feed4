/** Generates `docs/config.md` from the config's schema; `tools/schema.ts` writes it. */

/** The parts of a schema that the reference and the types in TypeScript are made from. */
export interface Schema {
  type?: string;
  title?: string;
  description?: string;
  default?: unknown;
  enum?: unknown[];
  const?: unknown;
  anyOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  examples?: unknown[];
  /** The type in TypeScript, if it is more exact than what follows from the schema. */
  typescript?: string;
}

/** The page: a section for each object with a row for each field. */
export function toReference(schema: unknown): string {
  const sections: string[] = [];
  const open = (node: Schema, path: string) => {
    const rows = Object.entries(node.properties!).map(([name, field]) => {
      const needed = node.required?.includes(name) ? " Required." : "";
      const fallback = field.default === undefined ? "" : ` Default: ${code(field.default)}.`;
      const such = field.examples === undefined ? "" : ` Examples: ${field.examples.map(code).join(", ")}.`;
      return [`\`${name}\``, kind(field), `${field.description ?? ""}${needed}${fallback}${such}`];
    });
    const title = path === "" ? "The config" : `\`${path}\``;
    const about = node.description === undefined ? [] : [node.description, ""];
    sections.push([`## ${title}`, "", ...about, ...table([["field", "value", ""], ...rows])].join("\n"));
    for (const [name, field] of Object.entries(node.properties!)) {
      const at = path === "" ? name : `${path}.${name}`;
      for (const [one, where] of parts(field, at)) if (one.properties !== undefined) open(one, where);
    }
  };
  open(schema as Schema, "");
  return `# Config reference

Generated from the schema by \`deno task schema\`. For a config in JSON or YAML, run
\`sremote schema > remotes.schema.json\` and add \`"$schema": "./remotes.schema.json"\`, or
\`# yaml-language-server: $schema=./remotes.schema.json\` as the first line.

${sections.join("\n\n")}
`;
}

/** The schemas below a field, with their paths. */
function parts(field: Schema, at: string): [Schema, string][] {
  if (field.anyOf !== undefined) return field.anyOf.flatMap((one) => parts(one, at));
  if (field.items !== undefined) return parts(field.items, `${at}[]`);
  if (typeof field.additionalProperties === "object") return parts(field.additionalProperties, `${at}.NAME`);
  return [[field, at]];
}

function kind(field: Schema): string {
  if (field.anyOf !== undefined) return field.anyOf.map(kind).join(" or ");
  if (field.enum !== undefined) return field.enum.map(code).join(", ");
  if (field.const !== undefined) return code(field.const);
  if (field.type === "array") return `list of ${kind(field.items!)}`;
  if (field.type === "string") return "text";
  if (field.properties !== undefined) return `\`{ ${Object.keys(field.properties).join(", ")} }\``;
  if (typeof field.additionalProperties === "object") return "by name";
  return field.type!;
}

function code(value: unknown): string {
  return `\`${JSON.stringify(value)}\``;
}

/** A table in the format of `deno fmt`. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const cells = rows.map((row) => row.map((one) => one.replaceAll("|", "\\|")));
  const widths = cells[0]!.map((_, i) => Math.max(3, ...cells.map((row) => row[i]!.length)));
  const line = (row: readonly string[], fill = " ") =>
    `| ${row.map((one, i) => one.padEnd(widths[i]!, fill)).join(" | ")} |`;
  return [line(cells[0]!), line(widths.map(() => ""), "-"), ...cells.slice(1).map((row) => line(row))];
}
