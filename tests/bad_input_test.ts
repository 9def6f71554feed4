/**
 * Random damage to everything that sremote reads: a `remote.yaml`, its ledger, a config, a saved plan. A command always
 * ends with one of its exit codes and says why. It never reports a bug or prints a token, and if it fails, every file is
 * unchanged. `SREMOTE_CASES` is the total number of cases (`deno task torture`).
 */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import process from "node:process";
import fc from "fast-check";
import { runInProcess, type Seen } from "./in_process.ts";
import { Machine } from "./machine.ts";

const CASES = Number(process.env.SREMOTE_CASES ?? 1_000);
const SECRET = "s3cret-Zx9w";
/** The secret in the places for secrets. */
const STORED = new RegExp(`(?:Token: "?|Auth: Basic )${SECRET}`, "g");

const FILE = `# ours
Active: lab
Remotes:
  lab: # the default
    URI: lab.example.com
    Token: ${SECRET}
  company:
    URI: enterprise.example.com
    System: true
    Exclusive: false
    Keyservers:
    - URI: https://keys.example.com
      Skip: false
      External: true
      Insecure: false
  "a b": {URI: 'x.example.com', Token: "${SECRET}"}
Credentials:
- URI: https://keys.example.com
  Auth: Basic ${SECRET}
  Insecure: false
`;
const LEDGER = '{ "formatVersion": 1, "remotes": ["lab", "gone"], "previous": ["lab"] }\n';
const REMOTES =
  `{ "remotes": { "lab": { "uri": "other.example.com" }, "new": { "uri": "http://new.example.com" } },
  "default": "new" }`;
const CONFIGS: Readonly<Record<string, string>> = {
  "remotes.json": REMOTES,
  "remotes.yaml":
    'remotes:\n  lab: { uri: other.example.com }\n  new:\n    uri: "http://new.example.com"\ndefault: new\n',
  "remotes.ts":
    `import { defineConfig } from "sremote";\nexport default defineConfig(${REMOTES} as const satisfies object);\n`,
};

/** What is inserted into a text: pieces that are hard to parse, and typing mistakes. */
const PIECES = [
  ..."\n:{}[]'\"\t&*?|>%#!,\0\u2028\ufeff\\`$<-".split(""),
  "\n---\n",
  "\r\n",
  "- ",
  "<<: ",
  "&a ",
  "*a",
  "!!binary ",
  "__proto__",
  "constructor",
  "null",
  "-1e999",
  "0x7f",
  "\u001b[31m",
  "\ud83d\ude00",
  "\ud800",
  "{{",
  "]]",
  "  ",
  "URI: ",
  "Token: ",
  '"remotes"',
  "../../",
  " ".repeat(40),
  "[".repeat(300),
  "a".repeat(3_000),
];

const damage = fc.array(
  fc.record({
    at: fc.nat(),
    drop: fc.oneof(fc.constant(0), fc.nat(3), fc.nat(60)),
    put: fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: "binary", maxLength: 4 })),
  }),
  { minLength: 1, maxLength: 3, size: "xsmall" },
);
type Damage = typeof damage extends fc.Arbitrary<infer T> ? T : never;

function damaged(text: string, cuts: Damage): string {
  return cuts.reduce((left, { at, drop, put }) => {
    const place = at % (left.length + 1);
    return left.slice(0, place) + put + left.slice(place + drop);
  }, text);
}

/** Damage that makes invalid UTF-8 a tenth of the time. */
const bytes = fc.record({
  cuts: damage,
  broken: fc.oneof({ weight: 9, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat() }),
});

function bytesOf(text: string, { cuts, broken }: typeof bytes extends fc.Arbitrary<infer T> ? T : never) {
  const made = new TextEncoder().encode(damaged(text, cuts));
  if (broken >= 0 && made.length > 0) made[broken % made.length] = 0xff;
  return made;
}

/** A machine with all the files; each case starts with the original ones. */
class Bench extends Machine {
  /** How often each exit code occurred. */
  readonly seen = new Map<number, number>();

  reset(files: Readonly<Record<string, string | Uint8Array>>): void {
    for (const name of readdirSync(this.work)) rmSync(this.at(name), { recursive: true });
    const all = { "remote.yaml": FILE, ".sremote-ledger.json": LEDGER, "remotes.json": REMOTES, ...files };
    for (const [name, content] of Object.entries(all)) this.put(name, content, 0o600);
  }

  files(): ReadonlyMap<string, string> {
    return new Map(
      readdirSync(this.work).sort().map((name) => [name, readFileSync(this.at(name), "latin1")]),
    );
  }

  async sremote(args: readonly string[]): Promise<Seen> {
    const seen = await runInProcess([...args, "--remote-file", "remote.yaml"], this);
    this.seen.set(seen.exit, (this.seen.get(seen.exit) ?? 0) + 1);
    return seen;
  }

  /** Runs a command on damaged files, and checks what must hold. */
  async check(args: readonly string[]): Promise<Seen> {
    const before = this.files();
    const seen = await this.sremote(args);
    const shown = `${args.join(" ")}: ${seen.exit}\n${seen.out}${seen.err}`;
    assert.doesNotMatch(seen.err, /sremote has a bug|\n {4}at /, shown);
    assert.ok([0, 1, 4, 64, 65].includes(seen.exit), shown);
    // If the damage turns the secret into an address in a valid file, it is no longer a token.
    const elsewhere = [...before.values()].some((text) => text.replaceAll(STORED, "").includes(SECRET));
    if (seen.exit !== 0 || !elsewhere) assert.ok(!(seen.out + seen.err).includes(SECRET), shown);
    if (seen.exit === 0) assert.doesNotMatch(seen.err, /^Error/, shown);
    else {
      assert.match(seen.err, /^Error: ./, shown);
      assert.deepEqual(this.files(), before, shown);
    }
    return seen;
  }
}

/** A property over damaged files; prints the exit codes. */
function property<T>(
  what: string,
  share: number,
  arbitrary: fc.Arbitrary<T>,
  holds: (bench: Bench, value: T) => Promise<void>,
): void {
  const numRuns = Math.ceil(CASES * share);
  Deno.test(`bad input: ${what} ends in a result or an error, and leaks nothing`, async () => {
    using bench = new Bench();
    const from = performance.now();
    await fc.assert(fc.asyncProperty(arbitrary, (value) => holds(bench, value)), { numRuns });
    const codes = [...bench.seen].sort(([a], [b]) => a - b).map(([code, times]) => `${times} × ${code}`);
    const seconds = ((performance.now() - from) / 1000).toFixed(1);
    console.log(`${numRuns} cases in ${seconds} s; exit codes: ${codes.join(", ")}`);
    assert.ok((bench.seen.get(65) ?? 0) > numRuns / 20, "too few cases were refused");
  });
}

const COMMANDS: readonly (readonly string[])[] = [
  ["plan"],
  ["plan", "--diff"],
  ["plan", "--format", "markdown"],
  ["apply", "--yes"],
  ["apply", "--yes", "--json", "--global"],
  ["list"],
  ["list", "--json"],
  ["use", "company"],
  ["add", "--no-login", "other", "other.example.com"],
  ["remove", "a b"],
  ["logout", "lab"],
  ["import"],
  ["rollback", "--yes"],
  ["keyserver", "list"],
];

property(
  "a remote.yaml and its ledger",
  0.5,
  fc.record({
    file: fc.option(bytes, { freq: 6 }),
    ledger: fc.option(bytes, { freq: 1 }),
    command: fc.constantFrom(...COMMANDS),
  }),
  async (bench, { file, ledger, command }) => {
    bench.reset({
      ...file === null ? {} : { "remote.yaml": bytesOf(FILE, file) },
      ...ledger === null ? {} : { ".sremote-ledger.json": bytesOf(LEDGER, ledger) },
      "remote.yaml.sremote-backup": file === null ? FILE : bytesOf(FILE, file),
    });
    const seen = await bench.check(command);
    if (seen.exit !== 0 || command[0] !== "apply") return;
    const first = bench.files();
    const again = await bench.check(command);
    assert.equal(again.exit, 0, again.err);
    assert.deepEqual(bench.files(), first, "the second apply changes something");
  },
);

property(
  "a config",
  0.2,
  fc.record({
    name: fc.constantFrom("remotes.json", "remotes.json", "remotes.yaml", "remotes.yaml", "remotes.ts"),
    config: bytes,
    command: fc.constantFrom(["plan"], ["apply", "--yes"], ["validate", "--json"]),
  }),
  async (bench, { name, config, command }) => {
    bench.reset({ [name]: bytesOf(CONFIGS[name]!, config) });
    await bench.check([...command, "-c", name]);
  },
);

/** Replaces values in a document with others. */
const edits = fc.array(
  fc.record({
    at: fc.nat(),
    to: fc.oneof(
      fc.constant({ drop: true }),
      fc.jsonValue().map((value) => ({ value })),
      fc.constantFrom(
        "evil.example.com",
        "user",
        "global",
        "remove",
        "/etc/passwd",
        "2",
        "add",
        0,
        1,
        null,
        {},
      )
        .map((value) => ({ value })),
      fc.nat().map((twin) => ({ twin })),
    ),
  }),
  { minLength: 1, maxLength: 3 },
);

type Node = { readonly of: Record<string, unknown>; readonly key: string };

function nodesOf(value: unknown): Node[] {
  if (typeof value !== "object" || value === null) return [];
  const of = value as Record<string, unknown>;
  return Object.keys(of).flatMap((key) => [{ of, key }, ...nodesOf(of[key])]);
}

function edited(text: string, list: typeof edits extends fc.Arbitrary<infer T> ? T : never): string {
  const document = { plan: JSON.parse(text) };
  for (const { at, to } of list) {
    const nodes = nodesOf(document).slice(1);
    if (nodes.length === 0) break;
    const { of, key } = nodes[at % nodes.length]!;
    if ("drop" in to) Array.isArray(of) ? of.splice(Number(key), 1) : delete of[key];
    else if ("value" in to) of[key] = to.value;
    else {
      const other = nodes[to.twin % nodes.length]!;
      of[key] = structuredClone(other.of[other.key]);
    }
  }
  return JSON.stringify(document.plan);
}

let applied = 0;
let refused = 0;

property(
  "a saved plan, edited by hand",
  0.3,
  fc.record({
    damage: fc.oneof({ weight: 5, arbitrary: edits }, { weight: 1, arbitrary: bytes }),
    global: fc.boolean(),
  }),
  async (bench, { damage, global }) => {
    bench.reset({});
    const scope = global ? ["--global"] : [];
    assert.equal((await bench.sremote(["plan", ...scope, "--out", "plan.json"])).exit, 0);
    const plan = bench.read("plan.json");
    const hurt = Array.isArray(damage) ? edited(plan, damage) : bytesOf(plan, damage);
    bench.put("plan.json", hurt);
    const seen = await bench.check(["apply", "plan.json", "--yes"]);
    if (seen.exit !== 0) {
      refused++;
      return;
    }
    // The result is byte for byte what the config alone gives: the edit has no effect.
    applied++;
    const byPlan = bench.files().get("remote.yaml");
    bench.reset({});
    const byConfig = await bench.sremote([
      "apply",
      "--yes",
      ...seen.out.includes("Global") ? ["--global"] : [],
    ]);
    assert.equal(byConfig.exit, 0);
    assert.equal(byPlan, bench.files().get("remote.yaml"));
  },
);

Deno.test("bad input: edited plans that differ from the config are refused", () => {
  assert.ok(applied > 0 && refused > 5 * applied, `${refused} refused, ${applied} applied`);
});
