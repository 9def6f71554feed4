/** A config → TypeScript, as a user would write it. */
import type { Config, RemoteConfig } from "../../schema/config.ts";

/** The text of a `remotes.ts`. */
export function renderConfig(config: Config): string {
  const { remotes, ...rest } = config;
  const entries = Object.entries(remotes);
  const imports = entries.some(([, one]) => one.login !== undefined)
    ? "defineConfig, prompt"
    : "defineConfig";
  const { runtimes, sysconfdir, ...after } = rest;
  const lines = [
    ...fields({ runtimes, sysconfdir }, "  "),
    ...(entries.length === 0 ? ["  remotes: {},"] : [
      "  remotes: {",
      ...entries.map(([name, one]) => `    ${key(name)}: ${remote(one)},`),
      "  },",
    ]),
    ...fields(after, "  "),
  ];
  return `import { ${imports} } from "sremote";\n\nexport default defineConfig({\n${lines.join("\n")}\n});\n`;
}

function fields(values: Readonly<Record<string, unknown>>, indent: string): string[] {
  return Object.entries(values).flatMap(([name, one]) =>
    one === undefined ? [] : [`${indent}${key(name)}: ${value(one)},`]
  );
}

function remote({ login, ...rest }: RemoteConfig): string {
  const parts = fields(rest, "");
  // The only source that `import` writes.
  if (login !== undefined) parts.push("login: prompt(),");
  return `{ ${parts.join(" ").replace(/,$/, "")} }`;
}

function value(one: unknown): string {
  if (Array.isArray(one)) return `[${one.map(value).join(", ")}]`;
  if (typeof one !== "object" || one === null) return JSON.stringify(one);
  return `{ ${Object.entries(one).map(([name, inner]) => `${key(name)}: ${value(inner)}`).join(", ")} }`;
}

function key(name: string): string {
  return /^[A-Za-z_$][A-Za-z0-9_$]*$/.test(name) ? name : JSON.stringify(name);
}
