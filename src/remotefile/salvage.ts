/** The API keys that can still be found in a `remote.yaml` that cannot be read, so that repairing the file does not delete them. */
import { Secret } from "../base/secret.ts";
import type { Credential, RemoteFile, StoredRemote } from "../model.ts";
import { decode } from "./decode.ts";
import { scanYaml } from "./scan.ts";

/** A line of a field, as the programs write it: 1 indentation, 2 dash, 3 key, 4 value. */
const LINE = /^( *)(- +)?("[^"\\]*" *|'[^']*' *|[^\s"'#{}[\],&*!|>%@`-][^:#]*):(?: +(.*))?$/;
/** A value on one line: quoted without escapes, or a plain word or credential; a comment may follow. */
const VALUE = /^(?:"([^"\\]*)"|'([^']*)'|((?:(?:Basic|Bearer) )?[^\s"'#{}[\],&*!|>%@`]\S*))(?:\s+#.*)?\s*$/;

/** What is known of a remote or credential. Two different values of a field are none. */
type Found = Map<string, string | null>;

/**
 * The remotes with their addresses and tokens, and the credentials, as far as they can be recognised. Of valid YAML with
 * fields that no program knows: all; of other text: those in the layout that the programs write.
 */
export async function salvage(text: string): Promise<RemoteFile> {
  const tree = scanYaml(text) ?? (await import("./yaml.ts")).readYaml(text);
  if (!("mistakes" in tree)) return decode(tree.root).content;
  const remotes = new Map<string, Found>();
  const credentials: Found[] = [];
  let inside: { readonly indent: number; readonly found: Found } | null = null;
  for (const line of text.split(/\r?\n/)) {
    const [, { length: indent } = "", dash, key, rest = ""] = LINE.exec(line) ?? [];
    if (key === undefined) continue;
    const name = bare(key.trimEnd()) ?? key.trimEnd();
    if (dash !== undefined) inside = null;
    if (inside !== null && indent <= inside.indent) inside = null;
    if (dash !== undefined && name === "URI") credentials.push((inside = { indent, found: new Map() }).found);
    if (inside !== null) note(inside.found, name, bare(rest));
    else if (rest === "" || rest.startsWith("#")) {
      const found = remotes.get(name) ?? new Map();
      remotes.set(name, found);
      if (indent > 0) inside = { indent, found };
    } else if (/^\{.*\}/.test(rest)) {
      const found = remotes.get(name) ?? new Map();
      remotes.set(name, found);
      for (const part of rest.slice(1, rest.lastIndexOf("}")).split(",")) {
        const [, field, value] = /^\s*["']?(\w+)["']?\s*:\s+(.*)$/.exec(part) ?? [];
        if (field !== undefined) note(found, field, bare(value!.trim()));
      }
    }
  }
  return {
    default: null,
    remotes: new Map(
      Array.from(remotes, ([name, found]) => [name, remoteOf(name, found)] as const)
        .filter(([, { uri }]) => uri !== ""),
    ),
    credentials: credentials.map(credentialOf),
  };
}

function note(found: Found, field: string, value: string | null): void {
  found.set(field, found.has(field) && found.get(field) !== value ? null : value);
}

/** The text of a value or key; null: it goes on in the next line, or has escapes. */
function bare(source: string): string | null {
  const [, double, single, plain] = VALUE.exec(source) ?? [];
  return double ?? single ?? plain ?? null;
}

function remoteOf(name: string, found: Found): StoredRemote {
  return {
    name,
    uri: found.get("URI") ?? "",
    token: secretOf(found.get("Token")),
    system: found.get("System") === "true",
    exclusive: found.get("Exclusive") === "true",
    insecure: found.get("Insecure") === "true",
    keyservers: [],
  };
}

function credentialOf(found: Found): Credential {
  return {
    uri: found.get("URI") ?? "",
    auth: secretOf(found.get("Auth")),
    insecure: found.get("Insecure") === "true",
  };
}

function secretOf(value: string | null | undefined): Secret | null {
  return value ? new Secret(value) : null;
}
