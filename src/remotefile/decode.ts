/** The tree of a `remote.yaml` → its content, as strictly as the decoders of Singularity and Apptainer (SingularityCE 4.5, Apptainer 1.5). */
import { nearest } from "../base/suggest.ts";
import type { Problem } from "../base/failure.ts";
import type { Credential, Keyserver, Quirks, RemoteFile, StoredRemote } from "../model.ts";
import { Secret } from "../base/secret.ts";
import {
  CREDENTIAL_FIELDS,
  type Field,
  KEYSERVER_FIELDS,
  NEW_FIELDS,
  type NewField,
  REMOTE_FIELDS,
} from "./entry.ts";
import { maskField, maskName } from "./mask_line.ts";
import type { MapNode, Node, Pair } from "./yaml.ts";

/** A problem with its place in the text. */
export interface LocatedProblem {
  readonly offset: number;
  readonly problem: Problem;
}

// The fields that the newest versions read; 3.5 and 3.6 read fewer.
const TOP = ["Active", "Remotes", "Credentials"];

// What Go's yaml.v2 and yaml.v3 read as a bool where the field is one; only without quotes.
const TRUE = /^(?:y|Y|yes|Yes|YES|on|On|ON|true|True|TRUE)$/;
const FALSE = /^(?:n|N|no|No|NO|off|Off|OFF|false|False|FALSE)$/;
// What Go's yaml.v3 reads as a time: a date, or RFC 3339 with its variants.
const DATE =
  /^\d{4}-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12]\d|3[01])(?:(?:[Tt]|[ \t]+)\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?: ?Z| ?[+-]\d{1,2}(?::\d{2})?)?)?$/;
const NULL = /^(?:|~|null|Null|NULL)$/;

/** Whether a node is empty: `~`, `null` or nothing at all. Go leaves the field at its zero value. */
export function isNull(node: Node): boolean {
  return node.kind === "scalar" && node.plain && NULL.test(node.text);
}

/** The content of the tree, and every problem in it; the content is valid only if there is none. */
export function decode(
  root: Node | null,
): {
  readonly content: RemoteFile;
  readonly quirks: Pick<Quirks, "dates" | "newFields">;
  readonly problems: readonly LocatedProblem[];
} {
  const decoder = new Decoder();
  const content = decoder.file(root);
  const { dates, newFields, problems } = decoder;
  return { content, quirks: { dates, newFields }, problems };
}

type Fields = ReadonlyMap<string, Pair>;
type Path = readonly (string | number)[];
type Read<T> = Field & { readonly property: keyof T & string };

/** The names of the fields of each table, made once. */
const NAMES = new Map<unknown, readonly string[]>();

function namesOf(fields: readonly { readonly yaml: string }[]): readonly string[] {
  let names = NAMES.get(fields);
  if (names === undefined) NAMES.set(fields, names = fields.map(({ yaml }) => yaml));
  return names;
}

class Decoder {
  readonly problems: LocatedProblem[] = [];
  readonly dates: { readonly remote: string | null; readonly field: string }[] = [];
  readonly newFields: { readonly remote: string | null; readonly field: NewField }[] = [];

  file(root: Node | null): RemoteFile {
    const remotes = new Map<string, StoredRemote>();
    if (root === null || isNull(root)) return { default: null, remotes, credentials: [] };
    const top = this.fields(root, [], TOP);
    this.noteNew(top, null);
    const value = top.get("Remotes")?.value;
    if (value !== undefined && !isNull(value)) {
      for (const [name, pair] of this.entries(value, ["Remotes"])) {
        if (pair.key.plain && DATE.test(name)) this.dates.push({ remote: name, field: "the name" });
        remotes.set(name, this.remote(name, pair.value, ["Remotes", name]));
      }
    }
    return {
      default: this.text(top, "Active", []) || null,
      remotes,
      credentials: this.list(
        top,
        "Credentials",
        [],
        (item, path) => this.values<Credential>(item, path, CREDENTIAL_FIELDS),
      ),
    };
  }

  private remote(name: string, node: Node, path: Path): StoredRemote {
    // Go decodes an empty remote to a nil pointer, and every command crashes on it.
    if (isNull(node)) this.problem(node, path, "the remote is empty", { allowed: "at least a URI, or {}" });
    const found = this.fieldsOf(isNull(node) ? null : node, path, REMOTE_FIELDS);
    this.noteNew(found, name);
    return { name, ...this.valuesOf<Omit<StoredRemote, "name">>(found, path, REMOTE_FIELDS) };
  }

  /** The fields of keyservers and credentials are as old as the lists that they are in. */
  private noteNew(fields: Fields, remote: string | null): void {
    for (const field of NEW_FIELDS) if (fields.has(field)) this.newFields.push({ remote, field });
  }

  /** The values of all fields; of no node they are unset. */
  private values<T extends object>(node: Node | null, path: Path, fields: readonly Read<T>[]): T {
    return this.valuesOf(this.fieldsOf(node, path, fields), path, fields);
  }

  private fieldsOf(node: Node | null, path: Path, fields: readonly Field[]): Fields {
    return node === null ? new Map() : this.fields(node, path, namesOf(fields));
  }

  private valuesOf<T extends object>(found: Fields, path: Path, fields: readonly Read<T>[]): T {
    const values: { [property: string]: unknown } = {};
    for (const { yaml, property, type } of fields) values[property] = this.value(type, found, yaml, path);
    return values as T;
  }

  private value(type: Field["type"], fields: Fields, field: string, path: Path) {
    switch (type) {
      case "text":
        return this.text(fields, field, path);
      case "flag":
        return this.flag(fields, field, path);
      case "secret":
        return this.secret(fields, field, path);
      case "keyservers":
        return this.list(
          fields,
          field,
          path,
          (item, at) => this.values<Keyserver>(item, at, KEYSERVER_FIELDS),
        );
    }
  }

  /** The pairs of a map by key; a duplicate key is a problem, as it is in Go. */
  private entries(node: Node, path: Path): Fields {
    const found = new Map<string, Pair>();
    if (node.kind !== "map") {
      this.problem(node, path, "expected a map", { found: kindOf(node), allowed: "a map" });
      return found;
    }
    for (const pair of (node as MapNode).pairs) {
      const name = pair.key.text;
      // Go's yaml.v2 reads it as "", yaml.v3 skips it.
      if (isNull(pair.key)) this.problem(pair.key, path, "a key is null", { allowed: "the name in quotes" });
      if (found.has(name)) this.problem(pair.key, [...path, name], "duplicate key");
      else found.set(name, pair);
    }
    return found;
  }

  /** The fields of a map, all of which must be known: with an unknown one, the programs refuse the whole file. */
  private fields(node: Node, path: Path, known: readonly string[]): Fields {
    const found = this.entries(node, path);
    for (const [name, { key }] of found) {
      if (known.includes(name)) continue;
      const suggestion = nearest(name, known);
      const shown = maskField(name);
      this.problem(key, [...path, shown], `unknown field ${JSON.stringify(shown)}`, {
        allowed: known.join(", "),
        ...(suggestion === undefined ? {} : { suggestion }),
      });
    }
    return found;
  }

  private list<T>(
    fields: Fields,
    field: string,
    path: Path,
    read: (item: Node, path: Path) => T,
  ): readonly T[] {
    const node = fields.get(field)?.value;
    if (node === undefined || isNull(node)) return [];
    const at = [...path, field];
    if (node.kind === "seq") return node.items.map((item, i) => read(item, [...at, i]));
    this.problem(node, at, "expected a list", { found: kindOf(node), allowed: "a list" });
    return [];
  }

  /** The text as written, without YAML's types: `0123` and `1e5` are strings. An empty value is "". */
  private text(fields: Fields, field: string, path: Path): string {
    const node = fields.get(field)?.value;
    if (node === undefined || isNull(node)) return "";
    if (node.kind === "scalar") {
      if (node.plain && DATE.test(node.text)) {
        this.dates.push({ remote: path[0] === "Remotes" ? String(path[1]) : null, field });
      }
      return node.text;
    }
    this.problem(node, [...path, field], "expected a string", { found: kindOf(node), allowed: "a string" });
    return "";
  }

  private secret(fields: Fields, field: string, path: Path): Secret | null {
    const text = this.text(fields, field, path);
    return text === "" ? null : new Secret(text);
  }

  private flag(fields: Fields, field: string, path: Path): boolean {
    const node = fields.get(field)?.value;
    if (node === undefined || isNull(node)) return false;
    if (node.kind === "scalar" && node.plain) {
      if (TRUE.test(node.text)) return true;
      if (FALSE.test(node.text)) return false;
    }
    const quoted = node.kind === "scalar" && !node.plain ? ", without quotes" : "";
    const found = node.kind !== "scalar"
      ? kindOf(node)
      : /^[A-Za-z0-9]{1,6}$/.test(node.text)
      ? node.text
      : "***";
    this.problem(node, [...path, field], "expected true or false", {
      found,
      allowed: `true or false${quoted}`,
    });
    return false;
  }

  private problem(node: Node, path: Path, message: string, more: Partial<Problem> = {}): void {
    this.problems.push({ offset: node.start, problem: { path: pathText(path), message, ...more } });
  }
}

function kindOf(node: Node): string {
  return node.kind === "map"
    ? "a map"
    : node.kind === "seq"
    ? "a list"
    : isNull(node)
    ? "nothing"
    : "a string";
}

/** `Remotes.company.URI`, `Remotes["a b"].Keyservers[0]`. */
function pathText(path: Path): string {
  return path.map((part, i) => {
    if (typeof part === "number") return `[${part}]`;
    const name = maskName(part);
    if (!/^[\w-]+$/.test(name)) return `[${JSON.stringify(name)}]`;
    return i === 0 ? name : `.${name}`;
  }).join("");
}
