import assert from "node:assert/strict";
import { runInProcess, type Seen } from "../../tests/in_process.ts";
import { Machine } from "../../tests/machine.ts";
import { realWorld } from "../world/real.ts";
import { addCommands, type Definition, globalOptions, type RunOf } from "./common.ts";
import { manualOf } from "./manual.ts";
import { PROGRAM, wholeProgram } from "./parse.ts";

interface Named {
  readonly words: readonly string[];
  readonly definition: Definition;
}

/** All commands below one, with the words that name them. */
function below({ commands = [] }: Definition, words: readonly string[] = []): readonly Named[] {
  return commands.flatMap((definition) => {
    const named = [...words, definition.name];
    return [{ words: named, definition }, ...below(definition, named)];
  });
}

const ALL = below(PROGRAM);

async function sremote(...args: readonly string[]): Promise<Seen> {
  using machine = new Machine();
  return await runInProcess(args, machine);
}

/** The terms of a section of a help, such as `--out <file>`. */
function termsIn(help: string, title: string): readonly string[] {
  const section = help.split(`\n${title}:\n`)[1]?.split("\n\n")[0] ?? "";
  return Array.from(section.matchAll(/^ {2}(\S.*?)(?: {2}|$)/gm), (one) => one[1]!.trim());
}

Deno.test("help: a command shows its own options and examples, and where the global options are", async () => {
  const manual = manualOf(wholeProgram(realWorld()), PROGRAM);
  const global = new Set(manual.options.map((one) => one.term));
  global.delete("-h, --help");
  assert.ok(global.size > 15);
  for (const { words, definition } of ALL) {
    const { exit, out, err } = await sremote(...words, "--help");
    const about = words.join(" ");
    assert.deepEqual([exit, err], [0, ""], about);
    assert.ok(out.startsWith(`Usage: sremote ${about}`), out);
    assert.ok(out.includes(`\n\n${definition.summary}\n\n`), about);
    assert.match(out, /\n\nGlobal options: sremote --help\n\nExamples:\n {2}\$ /, about);
    for (const one of definition.examples) {
      assert.ok(
        `${out}
`.includes(`
  $ ${one}
`),
        one,
      );
    }
    const options = termsIn(out, "Options");
    assert.ok(options.includes("-h, --help"), about);
    assert.deepEqual(options.filter((one) => global.has(one)), [], about);
    assert.deepEqual(termsIn(out, "Global Options"), [], about);
  }
  const { out } = await sremote("--help");
  assert.deepEqual(termsIn(out, "Options").toSorted(), ["-h, --help", ...global].toSorted());
  assert.deepEqual(
    termsIn(out, "Commands").map((one) => one.split(" ")[0]),
    [...PROGRAM.commands.map((one) => one.name), "help"],
  );
});

Deno.test("help: every summary and description starts with a capital and has no full stop", () => {
  const check = (text: string) => assert.match(text, /^(?:[A-Z].*|host\[.*|library,.*)[^.]$/);
  const walk = ({ description, options, arguments: given, commands }: ReturnType<typeof manualOf>) => {
    check(description);
    for (const one of [...options, ...given]) if (one.description !== "") check(one.description);
    commands.forEach(walk);
  };
  walk(manualOf(wholeProgram(realWorld()), PROGRAM));
});

const nothing: RunOf = () => () => Promise.resolve();

/** The words of the commands that are built where operands name some. */
function builtFor(...operands: readonly string[]): readonly string[] {
  const built: string[] = [];
  const spied = (definition: Definition, above: string): Definition => {
    const words = `${above} ${definition.name}`.trim();
    return {
      ...definition,
      build: (command, run) => {
        built.push(words);
        definition.build?.(command, run);
      },
      ...definition.commands === undefined
        ? {}
        : { commands: definition.commands.map((one) => spied(one, words)) },
    };
  };
  addCommands(globalOptions(realWorld()), PROGRAM.commands.map((one) => spied(one, "")), nothing, operands);
  return built;
}

Deno.test("commands: only the named one is built, with the group above it", () => {
  for (const { words, definition } of ALL) {
    if (definition.commands !== undefined) continue;
    const path = words.map((_, i) => words.slice(0, i + 1).join(" "));
    assert.deepEqual(builtFor(...words), path);
    assert.deepEqual(builtFor(...words, "plan", "list"), path);
  }
  assert.equal(builtFor().length, ALL.length);
  assert.equal(builtFor("paln", "plan").length, ALL.length);
  assert.deepEqual(builtFor("fleet"), ["fleet", "fleet report"]);
});

Deno.test("commands: a run builds only the command that it names, wherever its name stands", async () => {
  const commands = PROGRAM.commands;
  const before = commands.map((one) => one.build);
  const built: string[] = [];
  commands.forEach((one, i) => {
    const build: Definition["build"] = (command, run) => {
      built.push(one.name);
      before[i]?.(command, run);
    };
    Object.assign(one, { build });
  });
  try {
    for (
      const args of [
        ["list", "--root", "."],
        ["--root", ".", "list"],
        ["--root=.", "list", "--json"],
        // The value of an option is no command.
        ["--root", "plan", "list"],
        ["-q", "--sysconfdir", "apply", "list", "--root", "."],
      ]
    ) {
      built.length = 0;
      assert.equal((await sremote(...args)).exit, 0, args.join(" "));
      assert.deepEqual(built, ["list"], args.join(" "));
    }
  } finally {
    commands.forEach((one, i) => Object.assign(one, { build: before[i] }));
  }
});

Deno.test("commands: a misspelled command is compared with all of them", async () => {
  for (
    const [args, meant] of [
      [["paln", "list"], "plan"],
      [["--root", "list", "stauts"], "status"],
      [["keyserver", "lst", "add"], "list"],
      [["--json", "rollbakc"], "rollback"],
      [["remote", "lsit"], "list"],
    ] as const
  ) {
    const { exit, err } = await sremote(...args);
    assert.equal(exit, 64);
    assert.ok(err.endsWith(`\nNext: Did you mean ${meant}?\n`), err);
  }
  // Global options are suggested behind a command.
  assert.match((await sremote("list", "--rot", ".")).err, /Next: Did you mean --root\?/);
});

/** Words that mean no harm, each near a command or an option that does some. */
const HARMLESS = [
  ...[
    "remoted",
    "rename",
    "removal",
    "remode",
    "lookup",
    "layout",
    "logon",
    "reply",
    "supply",
    "apple",
    "roll",
  ],
  ...["callback", "fallback", "playback", "prune", "locust"],
].map((one) => [one]);
const HARMLESS_BELOW = [["keyserver", "remote"], ["keyserver", "rename"], ["remote", "remote"], [
  "remote",
  "lookup",
]];
const HARMLESS_FLAGS = [["add", "--secure"], ["apply", "--yet"], ["use", "--inclusive"], [
  "apply",
  "--allow-mass",
]];

Deno.test("commands: nothing destructive is suggested for a harmless word", async () => {
  const destructive =
    /Did you mean .*(?:apply|rollback|remove|logout|--yes|--allow-\S+|--exclusive|--insecure)/;
  for (const words of [...HARMLESS, ...HARMLESS_BELOW, ...HARMLESS_FLAGS]) {
    const { exit, err } = await sremote(...words, "lab", "lab.example.com");
    assert.equal(exit, 64, words.join(" "));
    assert.doesNotMatch(err, destructive, words.join(" "));
  }
});

Deno.test("commands: a slip in a destructive word is still understood", async () => {
  for (
    const [words, meant] of [
      [["aplpy"], "apply"],
      [["aply"], "apply"],
      [["remvoe"], "remove"],
      [["removee"], "remove"],
      [["logotu"], "logout"],
      [["apply", "--yess"], "--yes"],
      [["use", "--exclusvie"], "--exclusive"],
    ] as const
  ) {
    const { err } = await sremote(...words);
    assert.ok(err.endsWith(`\nNext: Did you mean ${meant}?\n`), `${words.join(" ")}: ${err}`);
  }
});

Deno.test("commands: the value of an unknown option is not shown, since it may be a password", async () => {
  const { exit, err } = await sremote("login", "--pasword=CANARY-secret");
  assert.equal(exit, 64);
  assert.equal(err, "Error: unknown option '--pasword'\nNext: Run sremote login --help\n");
});

// ---------------------------------------------------------------- the words of the programs

/** The short forms that Singularity and Apptainer have, and for which commands. */
const SHORT: Readonly<Record<string, readonly string[]>> = {
  "add": ["-g", "-i", "-n"],
  "remove": ["-g"],
  "use": ["-g", "-e"],
  "login": ["-u", "-p", "-i"],
  "keyserver add": ["-o", "-i"],
  "keyserver login": ["-u", "-p"],
};

Deno.test("flags: every short form of the programs stands for the same long form, in every command", () => {
  const program = manualOf(wholeProgram(realWorld()), PROGRAM);
  const long = new Map<string, string>();
  const walk = ({ words, options, commands }: typeof program): void => {
    for (const { term } of options) {
      const [short, name] = /^(-\w), (--[\w-]+)/.exec(term)?.slice(1) ?? [];
      if (short === undefined) continue;
      assert.equal(long.get(short) ?? name, name, words.join(" "));
      long.set(short, name!);
    }
    // A flag with a short form has it wherever it is.
    for (const { term } of options) {
      const named = [...long].find(([, name]) => term.split(/[ ,]/)[0] === name);
      assert.equal(named, undefined, `${words.join(" ")} ${term}`);
    }
    commands.forEach(walk);
  };
  walk(program);
  for (const [name, flags] of Object.entries(SHORT)) {
    for (const group of [[], ["remote"]]) {
      if (group.length > 0 && name.startsWith("keyserver ")) continue;
      const words = ["sremote", ...group, ...name.split(" ")];
      let at = program;
      for (const word of words.slice(1)) at = at.commands.find((one) => one.words.at(-1) === word)!;
      for (const flag of flags) {
        assert.ok(at.options.some(({ term }) => term.startsWith(`${flag}, `)), `${words.join(" ")} ${flag}`);
      }
    }
  }
});

Deno.test("remote: every command of the group is another name for one that exists, with the same arguments and options", () => {
  const program = manualOf(wholeProgram(realWorld()), PROGRAM);
  const group = program.commands.find((one) => one.words.at(-1) === "remote")!;
  assert.deepEqual(group.commands.map((one) => one.words.at(-1)), [
    ...["list", "add", "remove", "use", "login", "logout", "get-login-password", "status"],
    ...["add-keyserver", "remove-keyserver"],
  ]);
  for (const one of group.commands) {
    let original = program;
    for (const word of one.aliasOf!.split(" ")) {
      original = original.commands.find(({ words }) => words.at(-1) === word)!;
    }
    for (const key of ["description", "usage", "arguments", "options", "notes"] as const) {
      assert.deepEqual(one[key], original[key], `${one.words.join(" ")}: ${key}`);
    }
    for (const example of one.examples) assert.ok(example.includes(one.words.join(" ")), example);
  }
});

/** A machine with a second remote.yaml that somebody shares. */
function withShared(): Machine {
  const machine = new Machine();
  machine.put("shared.yaml", "Remotes:\n  old:\n    URI: old.example.com\n", 0o600);
  return machine;
}

Deno.test("remote: -c names the remote.yaml, wherever it stands and however it is spelled", async () => {
  for (
    const args of [
      ["remote", "-c", "shared.yaml", "add", "--no-login", "new", "new.example.com"],
      ["remote", "--config", "shared.yaml", "add", "--no-login", "new", "new.example.com"],
      ["remote", "--config=shared.yaml", "add", "--no-login", "new", "new.example.com"],
      ["remote", "-cshared.yaml", "add", "--no-login", "new", "new.example.com"],
      ["remote", "add", "-c", "shared.yaml", "--no-login", "new", "new.example.com"],
      ["remote", "add", "--no-login", "new", "new.example.com", "-qc", "shared.yaml"],
      ["remote", "-c", "shared.yaml", "--remote-file", "shared.yaml", "use", "old"],
    ]
  ) {
    using machine = withShared();
    const { exit, err } = await runInProcess(args, machine);
    assert.equal(exit, 0, `${args.join(" ")}: ${err}`);
    const text = machine.read("shared.yaml");
    assert.match(text, args.includes("use") ? /Active: old/ : /URI: new\.example\.com/, args.join(" "));
  }
  using machine = withShared();
  const two = ["remote", "-c", "shared.yaml", "--remote-file", "other.yaml", "list"];
  const { exit, err } = await runInProcess(two, machine);
  assert.deepEqual([exit, err], [
    64,
    "Error: --config and --remote-file name two files\nNext: Give one of the two\n",
  ]);
});

Deno.test("commands: -c is refused by every command that reads no config, and nothing is written", async () => {
  const reading = new Set(["plan", "apply", "validate", "status", "doctor"]);
  let refused = 0;
  for (const { words, definition } of ALL) {
    if (definition.commands !== undefined || words[0] === "remote" || reading.has(words[0]!)) continue;
    using machine = withShared();
    const given = { add: ["new", "new.example.com"], remove: ["old"], use: ["old"], resolve: ["library"] };
    const more = given[words[0] as keyof typeof given] ??
      (words[0] === "keyserver" && words[1] !== "list" ? ["https://keys.example.com"] : []);
    const shell = words[0] === "completions" ? ["bash"] : words[1] === "report" ? ["."] : more;
    const { exit, out, err } = await runInProcess([...words, ...shell, "-c", "shared.yaml"], machine);
    assert.deepEqual([exit, out], [64, ""], `${words.join(" ")}: ${err}`);
    assert.ok(
      err.startsWith(
        `Error: cannot use --config "shared.yaml": sremote ${words.join(" ")} reads no config\nNext: `,
      ),
      err,
    );
    if (definition.uses === "remote-file") assert.match(err, /--remote-file FILE/);
    assert.match(machine.read("shared.yaml"), /^Remotes:\n {2}old:\n {4}URI: old\.example\.com\n$/);
    refused++;
  }
  assert.ok(refused >= 18, String(refused));
});
