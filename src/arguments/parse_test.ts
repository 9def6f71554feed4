import assert from "node:assert/strict";
import { runInProcess, type Seen } from "../../tests/in_process.ts";
import { Machine } from "../../tests/machine.ts";
import { realWorld } from "../world/real.ts";
import { addCommands, type Definition, globalOptions, type Run } from "./common.ts";
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

const nothing: Run = () => Promise.resolve();

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
        ["-qc", "apply", "list", "--root", "."],
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
    ] as const
  ) {
    const { exit, err } = await sremote(...args);
    assert.equal(exit, 64);
    assert.ok(err.endsWith(`\nNext: Did you mean ${meant}?\n`), err);
  }
  // Global options are suggested behind a command.
  assert.match((await sremote("list", "--rot", ".")).err, /Next: Did you mean --root\?/);
});
