import assert from "node:assert/strict";
import { runInProcess } from "../../tests/in_process.ts";
import { Machine } from "../../tests/machine.ts";
import { realWorld } from "../world/real.ts";
import { wholeProgram } from "./parse.ts";
import { isUnusual, optionsIn, spelledOut } from "./spelled.ts";

const PROGRAM = wholeProgram(realWorld());
const KNOWN = optionsIn(PROGRAM);

Deno.test("spelled: an option takes a value in every command that has it, or in none", () => {
  let seen = 0;
  const walk = (command: Pick<typeof PROGRAM, "commands" | "options">) => {
    for (const { long, short, required } of command.options) {
      for (const name of [long, short]) {
        if (name !== undefined) assert.equal(KNOWN.get(name)!.takesValue, required, name);
      }
      if (short !== undefined) assert.equal(KNOWN.get(short)!.long, long);
      seen++;
    }
    command.commands.forEach((one) => walk(one as unknown as typeof PROGRAM));
  };
  walk(PROGRAM);
  assert.ok(seen > 80, String(seen));
});

/** As pflag reads them. */
const SPELLED: readonly (readonly [given: string, spelled: string])[] = [
  ["-c=FILE list", "--config=FILE list"],
  ["-cFILE list", "--config=FILE list"],
  ["-c==FILE list", "--config==FILE list"],
  ["-c= list", "--config= list"],
  ["login -u=me -p=x", "login --username=me --password=x"],
  ["login -ume -px=y", "login --username=me --password=x=y"],
  ["login -p=-q", "login --password=-q"],
  ["keyserver add -o=1", "keyserver add --order=1"],
  ["keyserver add -io2 u", "keyserver add -i --order=2 u"],
  ["remote add -nc FILE", "remote add -n --config=FILE"],
  ["remote add -nc=FILE", "remote add -n --config=FILE"],
  ["use -ge x", "use -g -e x"],
  ["use -qge x", "use -q -g -e x"],
  ["use -g=true x", "use -g x"],
  ["use --global=T x", "use --global x"],
  ["use -ge=1 x", "use -g -e x"],
  ["use -g -e=false x", "use -g x"],
  ["use --global --global=0 x", "use x"],
  ["use -g --global=F x", "use x"],
  ["add --no-login=true", "add --no-login"],
  // A value is not looked into, and what follows -- is no option.
  ["login --password -p=x -qv", "login --password=-p=x -q -v"],
  ["use -qv -- -ge -c=x", "use -q -v -- -ge -c=x"],
  // Unknown options are left to who tells about them.
  ["use -xg", "use -xg"],
  ["use -gx -qv", "use -g -x -q -v"],
  ["use --unknown=true -qv", "use --unknown=true -q -v"],
  ["-c", "-c"],
];

Deno.test("spelled: options are read as the programs read them", () => {
  for (const [given, spelled] of SPELLED) {
    const args = given.split(" ");
    const read = isUnusual(args) ? spelledOut(args, KNOWN).join(" ") : given;
    assert.equal(read, spelled, given);
    // Once is enough.
    assert.equal(
      spelledOut(read.split(" "), KNOWN).join(" ").replace("--config", "-c"),
      read.replace("--config", "-c"),
    );
  }
});

Deno.test("spelled: what is no truth value is refused for an option without a value", async () => {
  for (const flag of ["--global=yes", "--global=", "-g=yes", "-qg=no", "--json=on"]) {
    using machine = new Machine();
    const { exit, err } = await runInProcess(["use", "x", flag], machine);
    assert.equal(exit, 64, err);
    assert.match(
      err,
      /^Error: option '(?:--global|-g|--json)' takes no value\nNext: Give \S+ alone\n$/,
      flag,
    );
  }
});

Deno.test("remote: -c and the global file cannot be named together, however they are spelled", async () => {
  const before = "Remotes:\n  old:\n    URI: old.example.com\n";
  for (
    const args of [
      ["remote", "-c", "s.yaml", "add", "-g", "new", "new.example.com"],
      ["remote", "add", "-gc", "s.yaml", "new", "new.example.com"],
      ["remote", "-c=s.yaml", "remove", "--global", "old"],
      ["remote", "-c", "s.yaml", "use", "--global=true", "old"],
      ["remote", "-c", "s.yaml", "use", "-e", "old"],
      ["remote", "-c", "s.yaml", "add-keyserver", "https://k.example.com"],
      ["remote", "-c", "s.yaml", "remove-keyserver", "https://k.example.com"],
    ]
  ) {
    using machine = new Machine();
    machine.put("s.yaml", before, 0o600);
    const { exit, out, err } = await runInProcess(args, machine);
    assert.deepEqual([exit, out], [64, ""], args.join(" "));
    assert.match(
      err,
      /^Error: --config "s\.yaml" and .* cannot be used together: they name two files\nNext: /,
    );
    assert.equal(machine.read("s.yaml"), before);
  }
  using machine = new Machine();
  machine.put("s.yaml", before, 0o600);
  // A name behind -- is no option, and one file may be named twice.
  for (
    const args of [
      [
        "remote",
        "-c",
        "s.yaml",
        "add",
        "--no-login",
        "--sysconfdir",
        machine.etc,
        "--",
        "-g",
        "g.example.com",
      ],
      ["remote", "-c", "s.yaml", "--remote-file", "./s.yaml", "list"],
    ]
  ) assert.equal((await runInProcess(args, machine)).exit, 0, args.join(" "));
});

/** Every option and argument whose value is a path, with a command that has it. */
const PATHS: readonly (readonly string[])[] = [
  ...["--root", "--remote-file", "--sysconfdir", "--cacert", "--json-into", "--config"].map((
    one,
  ) => ["list", one]),
  ["remote", "list", "-c"],
  ["add", "x", "x.example.com", "--tokenfile"],
  ["login", "--tokenfile"],
  ["keyserver", "login", "https://k.example.com", "--tokenfile"],
  ["plan", "--out"],
  ["fleet", "report", "--html"],
  ...["--tokens", "--cert", "--key"].map((one) => ["endpoint", "serve", one]),
  ["apply"],
  ["fleet", "report"],
];

Deno.test("paths: an empty one, as from an unset variable, is wrong usage everywhere", async () => {
  for (const args of PATHS) {
    using machine = new Machine();
    const { exit, out, err } = await runInProcess([...args, ""], machine);
    assert.deepEqual([exit, out], [64, ""], `${args.join(" ")}: ${err}`);
    assert.match(err, /^Error: \S+ "": the path is empty\nNext: Give a path, or omit it\n$/, args.join(" "));
  }
  const named = new Set(PATHS.flat().filter((one) => one.startsWith("--")));
  const paths = [...KNOWN.keys()].filter((one) => one.startsWith("--") && KNOWN.get(one)!.takesValue);
  assert.ok(paths.length > named.size);
});

Deno.test("remote: a remote.yaml that is no file is a wrong path, not a file to move", async () => {
  for (const path of ["/dev/null", "/", "."]) {
    for (
      const args of [["remote", "-c", path, "list"], [
        "--remote-file",
        path,
        "add",
        "--no-login",
        "x",
        "x.example.com",
      ]]
    ) {
      using machine = new Machine();
      const { exit, err } = await runInProcess(args, machine);
      assert.notEqual(exit, 0);
      assert.match(err, /\nNext: Give the path of a regular file\n$/, args.join(" "));
    }
  }
});

Deno.test("commands: the next step of a wrong word is about the words before it", async () => {
  for (
    const [args, next] of [
      [["nothing", "keyserver", "list"], "Run sremote --help"],
      [["remote", "keyserver", "list"], "Run sremote keyserver list"],
      [["remote", "keyserver"], "Run sremote keyserver --help"],
      [["remote", "-c", "list", "keyserver", "login", "https://k"], "Run sremote keyserver login"],
      [["registry", "login"], "Run singularity registry or apptainer registry: sremote has no registries"],
      [
        ["remote", "registry", "list"],
        "Run singularity registry or apptainer registry: sremote has no registries",
      ],
      [["--root", "plan", "remote", "zzzz", "list"], "Run sremote remote --help"],
      [["keyserver", "zzzz", "remove"], "Run sremote keyserver --help"],
    ] as const
  ) {
    using machine = new Machine();
    const { exit, err } = await runInProcess(args, machine);
    assert.equal(exit, 64, err);
    assert.ok(err.endsWith(`\nNext: ${next}\n`), `${args.join(" ")}: ${err}`);
  }
});

Deno.test("help: help WORDS is WORDS --help, at every depth", async () => {
  for (
    const words of [["list"], ["remote"], ["remote", "add"], ["keyserver", "login"], [
      "remote",
      "add-keyserver",
    ]]
  ) {
    using machine = new Machine();
    const asked = await runInProcess(["help", ...words], machine);
    assert.deepEqual(asked, await runInProcess([...words, "--help"], machine));
    assert.ok(asked.out.startsWith(`Usage: sremote ${words.join(" ")} `), asked.out);
  }
});
