/** The layout of an existing file, so that new lines in it look like the rest. */
import type { RemoteDocument } from "./parse.ts";
import type { Style } from "./render.ts";
import { Splices } from "./splices.ts";
import type { MapNode, Node, Pair } from "./yaml.ts";

/** The layout of the file's first remote and first list; where there is none, the one that Go's yaml.v3 writes. */
export function styleOf({ text, root }: RemoteDocument): Style {
  const eol = /\r?\n/.exec(text)?.[0] === "\r\n" ? "\r\n" : "\n";
  const lines = new Splices(text, eol);
  const top = block(root);
  const credentials = fieldOf(top, "Credentials");
  // yaml.v2 writes two spaces, and a list's dashes in the column of its key; yaml.v3 writes four for both.
  const flat = credentials?.value.kind === "seq" && !credentials.value.flow &&
    lines.column(credentials.value.start) === lines.column(credentials.start);
  const base = top === null ? 0 : lines.column(top.start);
  const remotes = block(fieldOf(top, "Remotes")?.value);
  const entry = remotes === null ? base + (flat ? 2 : 4) : lines.column(remotes.start);
  const first = remotes?.pairs.find((pair) => !pair.explicit && block(pair.value) !== null);
  const step = first === undefined
    ? entry - base
    : lines.column(first.value.start) - lines.column(first.start);
  const list = listStep(remotes, lines) ?? (flat || step === 2 ? 0 : step);
  return { eol, entry: Math.max(entry, base + 1), step: Math.max(step, 1), list };
}

function listStep(remotes: MapNode | null, lines: Splices): number | null {
  for (const { value, explicit } of remotes?.pairs ?? []) {
    const keyservers = explicit ? undefined : fieldOf(block(value), "Keyservers");
    if (keyservers?.value.kind === "seq" && !keyservers.value.flow) {
      return lines.column(keyservers.value.start) - lines.column(keyservers.start);
    }
  }
  return null;
}

function block(node: Node | null | undefined): MapNode | null {
  return node?.kind === "map" && !node.flow ? node : null;
}

function fieldOf(map: MapNode | null, name: string): Pair | undefined {
  return map?.pairs.find(({ key }) => key.text === name);
}
