/**
 * The lists of known differences: `differences.json` has those that stay, each kind with its reason; `open.json` has those that
 * are to go. A difference that is in neither is a failure, and so is a listed one that is no longer there.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { type Case, loadCases, recordedFor, type Target, TARGETS } from "./cases.ts";
import { type Aspect, compare, type Difference } from "./compare.ts";
import { Hosts } from "./proxy.ts";
import { replay } from "./replay.ts";
import { unusableFiles } from "./usable.ts";

/** Differences of one kind. */
export interface Kind {
  readonly kind: string;
  /** What the programs do. */
  readonly programs: string;
  /** What sremote does. */
  readonly sremote: string;
  /** Why it stays; of an open one, what is to be done. */
  readonly reason: string;
  /** New differences in these respects are always of this kind. */
  readonly adopts?: readonly Aspect[];
  /** By case, then by the target's runtime: in what respects. */
  readonly cases: Readonly<Record<string, Readonly<Record<string, readonly Aspect[]>>>>;
}

/** One replayed case. */
export interface Compared {
  readonly one: Case;
  readonly target: Target;
  readonly differences: readonly Difference[];
  /** What the version cannot use of the files that sremote wrote: never anything. */
  readonly unusable: readonly string[];
}

/** Replays at once: most of them wait for the network. */
const AT_ONCE = 16;
/** The kind of what nobody has looked at yet. */
const UNJUDGED: Kind = {
  kind: "unjudged",
  programs: "",
  sremote: "",
  reason: "New: make it equal, or move it to a kind of differences.json.",
  cases: {},
};

/** Replays every case that fits, and compares. Cases whose result depends on chance are left out. */
export async function replayAll(
  fits: (id: string) => boolean = () => true,
  targets: readonly Target[] = TARGETS,
): Promise<readonly Compared[]> {
  const jobs = loadCases().filter(({ id, unstable }) => !unstable && fits(id))
    .flatMap((one) => targets.map((target) => ({ one, target, recorded: recordedFor(one, target) })));
  const hosts = new Hosts();
  const compared: Compared[] = [];
  const worker = async () => {
    for (let job = jobs.shift(); job !== undefined; job = jobs.shift()) {
      const { one, target, recorded } = job;
      const seen = recorded === undefined ? null : await replay(one, target, hosts);
      if (seen === null) continue;
      const unusable = await unusableFiles(one, target, seen);
      compared.push({ one, target, differences: compare(one, target, recorded!, seen), unusable });
    }
  };
  try {
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
  } finally {
    await hosts.stop();
  }
  const key = ({ one, target }: Compared) => `${one.id} ${target.runtime}`;
  return compared.sort((a, b) => key(a) < key(b) ? -1 : 1);
}

// ---------------------------------------------------------------- the lists

/** Both lists. */
export interface Lists {
  readonly stay: readonly Kind[];
  readonly open: readonly Kind[];
}

const STAY = new URL("differences.json", import.meta.url);
const OPEN = new URL("open.json", import.meta.url);

/** Reads both lists. */
export function readLists(): Lists {
  return {
    stay: JSON.parse(readFileSync(STAY, "utf8")) as Kind[],
    open: JSON.parse(readFileSync(OPEN, "utf8")) as Kind[],
  };
}

/** `CASE RUNTIME: ASPECT`, which names a difference. */
function nameOf(id: string, runtime: string, aspect: Aspect): string {
  return `${id} ${runtime}: ${aspect}`;
}

/** The names of the differences that a list has; those of a kind, where one is given. */
export function namesIn(list: readonly Kind[]): readonly string[] {
  return list.flatMap(({ cases }) =>
    Object.entries(cases).flatMap(([id, runtimes]) =>
      Object.entries(runtimes).flatMap(([runtime, aspects]) =>
        aspects.map((aspect) => nameOf(id, runtime, aspect))
      )
    )
  );
}

/** What the lists and the replays disagree about. */
export interface Verdict {
  /** With what each did. */
  readonly unlisted: readonly string[];
  /** Listed, but there is no such difference any more. */
  readonly vanished: readonly string[];
  readonly listedTwice: readonly string[];
}

/** Holds the lists against the replays. */
export function judge({ stay, open }: Lists, compared: readonly Compared[]): Verdict {
  const listed = [...namesIn(stay), ...namesIn(open)];
  const known = new Set(listed);
  const found = new Map(
    compared.flatMap(({ one, target, differences }) =>
      differences.map(({ aspect, detail }) => [nameOf(one.id, target.runtime, aspect), detail] as const)
    ),
  );
  return {
    unlisted: [...found].filter(([name]) => !known.has(name)).map(([name, detail]) =>
      `${name}\n    ${detail}`
    ),
    vanished: [...known].filter((name) => !found.has(name)),
    listedTwice: listed.filter((name, i) => listed.indexOf(name) !== i),
  };
}

/**
 * Takes out what has vanished, and adds what is new: to the kind that adopts it, or that has the same respect of the case for
 * another runtime, else to `open.json` as unjudged.
 */
export function updated(lists: Lists, compared: readonly Compared[]): Lists {
  const left = new Map(compared.flatMap(({ one, target, differences }) =>
    differences.map(({ aspect }) => {
      const place = { id: one.id, runtime: target.runtime, aspect };
      return [nameOf(one.id, target.runtime, aspect), place] as const;
    })
  ));
  const keep = (list: readonly Kind[]) =>
    list.map((kind) => {
      const places = entriesOf(kind).filter(({ id, runtime, aspect }) => {
        return left.delete(nameOf(id, runtime, aspect));
      });
      return { kind, places };
    });
  const lists2 = { stay: keep(lists.stay), open: keep(lists.open) };
  const unjudged = lists2.open.find(({ kind }) => kind.kind === UNJUDGED.kind) ??
    { kind: UNJUDGED, places: [] };
  if (!lists2.open.includes(unjudged)) lists2.open.push(unjudged);
  for (const place of left.values()) {
    const adopting = lists2.stay.find(({ kind }) => kind.adopts?.includes(place.aspect)) ??
      [...lists2.stay, ...lists2.open].find(({ kind }) =>
        Object.values(kind.cases[place.id] ?? {}).some((aspects) => aspects.includes(place.aspect))
      ) ?? unjudged;
    adopting.places.push(place);
  }
  const made = (list: readonly { readonly kind: Kind; readonly places: readonly Place[] }[]) =>
    list.filter(({ places }) => places.length > 0).map(({ kind, places }) => ({
      ...kind,
      cases: casesOf(places),
    }));
  return { stay: made(lists2.stay), open: made(lists2.open) };
}

/** Writes both lists, a line a case. */
export function writeLists({ stay, open }: Lists): void {
  writeFileSync(STAY, rendered(stay));
  writeFileSync(OPEN, rendered(open));
}

interface Place {
  readonly id: string;
  readonly runtime: string;
  readonly aspect: Aspect;
}

function entriesOf({ cases }: Kind): readonly Place[] {
  return Object.entries(cases).flatMap(([id, runtimes]) =>
    Object.entries(runtimes).flatMap(([runtime, aspects]) =>
      aspects.map((aspect) => ({ id, runtime, aspect }))
    )
  );
}

function casesOf(places: readonly Place[]): Kind["cases"] {
  const cases: Record<string, Record<string, Aspect[]>> = {};
  const key = ({ id, runtime, aspect }: Place) => nameOf(id, runtime, aspect);
  for (const { id, runtime, aspect } of [...places].sort((a, b) => key(a) < key(b) ? -1 : 1)) {
    ((cases[id] ??= {})[runtime] ??= []).push(aspect);
  }
  return cases;
}

function rendered(list: readonly Kind[]): string {
  const kinds = list.map(({ cases, ...head }) => {
    const fields = Object.entries(head).map(([name, value]) =>
      `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`
    );
    const lines = Object.entries(cases).map(([id, one]) =>
      `      ${JSON.stringify(id)}: ${JSON.stringify(one)}`
    );
    return `  {\n${fields.join(",\n")},\n    "cases": {\n${lines.join(",\n")}\n    }\n  }`;
  });
  return kinds.length === 0 ? "[]\n" : `[\n${kinds.join(",\n")}\n]\n`;
}

// ---------------------------------------------------------------- the table

/**
 * How many replays are equal, differ with a reason, or differ and are open, by program and version. A replay with an open
 * difference counts as open, whatever else it has.
 */
export function summary({ open }: Lists, compared: readonly Compared[]): string {
  const openNames = new Set(namesIn(open));
  const isOpen = ({ one, target, differences }: Compared) =>
    differences.some(({ aspect }) => openNames.has(nameOf(one.id, target.runtime, aspect)));
  const row = (label: string, runtime: string, replays: readonly Compared[]) => {
    const equal = replays.filter(({ differences }) => differences.length === 0).length;
    const opened = replays.filter(isOpen).length;
    const numbers = [replays.length, equal, replays.length - equal - opened, opened];
    return `| ${label} | ${runtime} | ${numbers.join(" | ")} |`;
  };
  return [
    "| program | --runtime | cases | equal | different with reason | open |",
    "| --- | --- | ---: | ---: | ---: | ---: |",
    ...TARGETS.map((target) => {
      const replays = compared.filter((one) => one.target === target);
      return row(target.version, target.runtime, replays);
    }),
    row("all", "", compared),
  ].join("\n");
}

/** How many cases and replays each kind has. */
export function kindTable(list: readonly Kind[]): string {
  const lines = list.map((kind) => {
    const places = entriesOf(kind);
    const cases = Object.keys(kind.cases).length;
    const replays = new Set(places.map(({ id, runtime }) => `${id} ${runtime}`)).size;
    return { cases, line: `| ${kind.kind} | ${cases} | ${replays} |` };
  });
  return [
    "| kind | cases | replays |",
    "| --- | ---: | ---: |",
    ...lines.sort((a, b) => b.cases - a.cases).map(({ line }) => line),
  ].join("\n");
}
