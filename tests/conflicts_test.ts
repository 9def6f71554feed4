/**
 * One name in the user file and in the global file: what every command that decides about it says, for each program. Measured
 * with SingularityCE 4.5.1 (fails every command) and Apptainer 1.5.3 (uses the user remote).
 */
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Runtime } from "../src/model.ts";
import { PROGRAMS } from "../src/programs.ts";
import { runInProcess, type Seen } from "./in_process.ts";
import { Machine } from "./machine.ts";

/** What the user file has of the name: nothing, a remote of its own, a copy of the global remote. */
type InUser = "nothing" | "own" | "copy";

interface Expected {
  /** Severity and code of the findings about the name, with the config wanting it as a user remote. */
  readonly plan: string;
  /** Severity and message, without paths. */
  readonly doctor: string | null;
  /** The exit code of `add both mine.example.com`, and what it says. */
  readonly add: readonly [number, RegExp | null];
  /** Where the one in the list is, and whether it is global. */
  readonly list: readonly [string, boolean];
  /** What `list` says on standard error. */
  readonly note: RegExp | null;
  /** The exit code of `use other`, with the global remote exclusive. */
  readonly use: number;
}

const GLOBAL = "global.invalid";
const MINE = "mine.invalid";
const FAILS = "Singularity fails every command";
const USES = "Apptainer uses the user remote";

const TABLE: Readonly<Record<Runtime, Readonly<Record<InUser, Expected>>>> = {
  singularity: {
    nothing: {
      plan: "error name-in-both-scopes",
      doctor: null,
      add: [1, /Choose another name: it is a global remote/],
      list: [GLOBAL, true],
      note: null,
      use: 65,
    },
    own: {
      plan: "error name-in-both-scopes",
      doctor: `error ${FAILS}`,
      add: [1, /Remove it first, or choose another name/],
      list: [MINE, false],
      note: new RegExp(FAILS),
      use: 65,
    },
    copy: {
      plan: "error name-in-both-scopes",
      doctor: null,
      add: [1, /Choose another name: it is a global remote/],
      list: [GLOBAL, true],
      note: null,
      use: 65,
    },
  },
  apptainer: {
    nothing: {
      plan: "warning name-in-both-scopes",
      doctor: null,
      add: [0, new RegExp(`Note: "both" is also a global remote: ${USES}\\.`)],
      list: [GLOBAL, true],
      note: null,
      use: 65,
    },
    own: {
      plan: "warning name-in-both-scopes",
      doctor: `warning ${USES}`,
      add: [1, /Remove it first, or choose another name/],
      list: [MINE, false],
      note: new RegExp(USES),
      use: 0,
    },
    copy: {
      plan: "warning name-in-both-scopes",
      doctor: null,
      add: [1, /Choose another name: it is a global remote/],
      list: [GLOBAL, true],
      note: null,
      use: 65,
    },
  },
};

const IN_USER: Readonly<Record<InUser, string>> = {
  nothing: "",
  own: `  both:\n    URI: ${MINE}\n`,
  copy: `  both:\n    URI: ${GLOBAL}\n    System: true\n`,
};

/** A machine with both files of one program. */
class Both {
  readonly machine = new Machine();
  readonly user: string;

  constructor(private readonly runtime: Runtime, inUser: InUser, exclusive: boolean) {
    const { homeDirectory, sysconfDirectory } = PROGRAMS[runtime];
    this.user = join(this.machine.home, homeDirectory, "remote.yaml");
    put(this.user, `Remotes:\n  other:\n    URI: other.invalid\n${IN_USER[inUser]}`);
    put(
      join(this.machine.etc, sysconfDirectory, "remote.yaml"),
      `Remotes:\n  both:\n    URI: ${GLOBAL}\n    System: true\n${exclusive ? "    Exclusive: true\n" : ""}`,
    );
    this.machine.put("remotes.json", `{"remotes":{"both":{"uri":"${MINE}"}}}`);
  }

  run(...args: readonly string[]): Promise<Seen> {
    return runInProcess([...args, "--runtime", this.runtime], this.machine);
  }

  [Symbol.dispose](): void {
    this.machine[Symbol.dispose]();
  }
}

function put(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode: 0o600 });
}

interface Found {
  readonly severity: string;
  readonly code?: string;
  readonly about?: string;
  readonly subject?: string;
  readonly message: string;
}

for (const [runtime, rows] of Object.entries(TABLE) as [Runtime, typeof TABLE[Runtime]][]) {
  for (const [inUser, expected] of Object.entries(rows) as [InUser, Expected][]) {
    const with_ = async (exclusive: boolean, act: (machine: Both) => Promise<void>) => {
      using machine = new Both(runtime, inUser, exclusive);
      await act(machine);
    };

    Deno.test(`conflicts: ${runtime}, user file: ${inUser}: plan`, () =>
      with_(false, async (machine) => {
        const { out } = await machine.run("plan", "--offline", "--json", "-c", "remotes.json");
        const findings: readonly Found[] = JSON.parse(out).plans[0].findings;
        const about = findings.filter((one) => one.code === "name-in-both-scopes");
        assert.deepEqual(about.map((one) => `${one.severity} ${one.code}`), [expected.plan], out);
        assert.match(about[0]!.message, new RegExp(runtime === "singularity" ? FAILS : USES));
      }));

    Deno.test(`conflicts: ${runtime}, user file: ${inUser}: doctor`, () =>
      with_(false, async (machine) => {
        const { out } = await machine.run("doctor", "--json");
        const findings: readonly Found[] = JSON.parse(out).findings;
        const about = findings.filter((one) => one.about === "conflict" && one.subject === "both");
        const said = about.map((one) => `${one.severity} ${one.message.replace(/^.*: /, "")}`);
        assert.deepEqual(said, expected.doctor === null ? [] : [expected.doctor]);
      }));

    Deno.test(`conflicts: ${runtime}, user file: ${inUser}: add`, () =>
      with_(false, async (machine) => {
        const before = readFileSync(machine.user, "utf8");
        const { exit, err } = await machine.run("add", "--no-login", "both", "new.invalid");
        assert.equal(exit, expected.add[0], err);
        if (expected.add[1] !== null) assert.match(err, expected.add[1]);
        const after = readFileSync(machine.user, "utf8");
        assert.equal(after.includes("new.invalid"), exit === 0);
        if (exit !== 0) assert.equal(after, before);
      }));

    Deno.test(`conflicts: ${runtime}, user file: ${inUser}: list, and use of the name`, () =>
      with_(false, async (machine) => {
        const { out, err } = await machine.run("list", "--json");
        const remotes: readonly { name: string; uri: string; global: boolean }[] = JSON.parse(out).remotes;
        const about = remotes.filter((one) => one.name === "both");
        assert.deepEqual(about.map((one) => [one.uri, one.global]), [expected.list]);
        if (expected.note === null) assert.equal(err, "");
        else assert.match(err, expected.note);
        assert.equal((await machine.run("use", "both")).exit, 0);
        assert.equal(JSON.parse((await machine.run("list", "--json")).out).default, "both");
      }));

    Deno.test(`conflicts: ${runtime}, user file: ${inUser}: use of another while the global one is exclusive`, () =>
      with_(true, async (machine) => {
        const { exit, err } = await machine.run("use", "other");
        assert.equal(exit, expected.use, err);
        const view = JSON.parse((await machine.run("list", "--json")).out);
        assert.equal(view.default, exit === 0 ? "other" : "both");
        assert.ok(existsSync(machine.user));
      }));
  }
}

Deno.test("conflicts: an exclusive remote in the user file refuses another, until it is used itself", async () => {
  for (const runtime of Object.keys(TABLE) as Runtime[]) {
    using machine = new Both(runtime, "nothing", false);
    writeFileSync(
      machine.user,
      "Remotes:\n  mine:\n    URI: mine.invalid\n    Exclusive: true\n  other:\n    URI: other.invalid\n",
    );
    const refused = await machine.run("use", "other");
    assert.equal(refused.exit, 65);
    assert.match(
      refused.err,
      /"mine" is exclusive in your remote\.yaml[^]*Next: To end that, first run sremote .*use mine/,
    );
    assert.equal(JSON.parse((await machine.run("list", "--json")).out).default, "mine");
    assert.equal((await machine.run("use", "mine")).exit, 0);
    assert.equal((await machine.run("use", "other")).exit, 0);
    assert.equal(JSON.parse((await machine.run("list", "--json")).out).default, "other");
  }
});
