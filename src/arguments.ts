/** The commands and their flags, by commander; each command's code is loaded when it runs. */
import { Argument, Command, CommanderError, Option } from "@commander-js/extra-typings";
import { type Context, type Invocation, type Result, styleFor } from "./commands/context.ts";
import { Failure } from "./failure.ts";
import { VERSION } from "./version.ts";
import type { World } from "./world.ts";

/**
 * Runs the command that the arguments name; null where they asked for help.
 * @throws {Failure} usage, and what the command throws
 */
export async function parse(world: World, invocation: Invocation): Promise<Result | null> {
  let result: Result | null = null;
  const program = commonFlags(world);
  const run = async (
    command: (context: Context) => Result | Promise<Result>,
    format?: string,
  ): Promise<void> => {
    const options = program.opts();
    if (options.json && format !== undefined && format !== "json" && format !== "text") {
      throw new Failure("usage", `--json does not go with --format ${format}`, {
        next: "give one of the two",
      });
    }
    invocation.color = options.color;
    invocation.json = options.json === true || format === "json";
    invocation.jsonInto = options.jsonInto ?? null;
    result = await command(contextOf(world, options, invocation));
  };
  addCommands(program, run);
  try {
    await program.parseAsync([...world.here.args], { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return null;
    const command = program.commands.find((one) => world.here.args.includes(one.name()))?.name();
    throw wrongUsage(error, command === undefined ? "sremote --help" : `sremote ${command} --help`);
  }
  return result;
}

type Run = (command: (context: Context) => Result | Promise<Result>, format?: string) => Promise<void>;
type Program = ReturnType<typeof commonFlags>;

function commonFlags({ terminal }: World) {
  return new Command("sremote")
    .description("The remote endpoints of Singularity and Apptainer, kept in git.")
    .usage("[flags] COMMAND")
    .version(`sremote ${VERSION}`, "-V, --version", "the version")
    .helpOption("-h, --help", "this help")
    .helpCommand("help [command]", "the help of a command")
    .addOption(
      new Option("-c, --config <file>", "the config; ./remotes.ts, .js, .json or .yaml where none is named"),
    )
    .addOption(
      new Option("--runtime <name>", "whose remote.yaml").choices(["singularity", "apptainer"] as const),
    )
    .option("--root <dir>", "a folder that stands for /")
    .option("--remote-file <path>", "this very remote.yaml")
    .option("--sysconfdir <dir>", "the folder that holds singularity/ and apptainer/")
    .addOption(
      new Option("--var <name=value>", "a variable for the config; may be given again")
        .argParser(collectVar).default(new Map<string, string>(), "none"),
    )
    .addOption(
      new Option("--lock-timeout <seconds>", "how long to wait for another sremote")
        .argParser((given) => seconds(given, "--lock-timeout")).default(10_000, "10"),
    )
    .addOption(
      new Option("--timeout <seconds>", "for each request; 5 to 30 by its kind where none is given")
        .argParser((given) => seconds(given, "--timeout")),
    )
    .addOption(
      new Option("--deadline <seconds>", "for all requests together")
        .argParser((given) => seconds(given, "--deadline")).default(300_000, "300"),
    )
    .option("--cacert <file>", "authorities to trust beside the system's, PEM")
    .option("--json", "one JSON document on standard output")
    .option("--json-into <file>", "the JSON document into a file, beside the text")
    .option("--no-color", "no colour")
    .option("-q, --quiet", "results and errors alone")
    .option("-v, --verbose", "say more")
    .configureHelp({ showGlobalOptions: true, helpWidth: 100 })
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: () => {}, // cli.ts says what is wrong
    })
    .addHelpText("after", () => examples(["plan", "apply --global --yes", "list", "use company"]))
    .showSuggestionAfterError(true)
    .exitOverride();
}

function addCommands(program: Program, run: Run): void {
  program.command("plan")
    .description("show what would change; write nothing")
    .option("--global", "the whole machine's remotes")
    .option("--out <file>", "save the plan for sremote apply FILE")
    .option("--detailed-exitcode", "exit with 2 where something would change")
    .option("--diff", "also the unified diff of remote.yaml, tokens masked")
    .option("--offline", "ask no endpoint: neither services nor stored tokens are looked at")
    .option("--skip-login", "leave logging in out")
    .option("--skip-check", "leave the required services out")
    .option("--allow-command", "a token may come from a command that the config names")
    .addOption(
      new Option("--format <format>", "how to show it").choices(["text", "json", "markdown"] as const),
    )
    .addHelpText(
      "after",
      () => examples(["plan --diff", "plan --global --out plan.json", "plan --format markdown"]),
    )
    .action((flags) =>
      run(async (context) => {
        const { plan } = await import("./commands/plan.ts");
        return plan(context, { ...flags, format: context.options.json ? "json" : flags.format ?? "text" });
      }, flags.format)
    );
  program.command("apply")
    .description("make it so: all of it or nothing")
    .argument("[planfile]", "what sremote plan --out saved")
    .option("--global", "the whole machine's remotes")
    .option("-y, --yes", "do not ask")
    .option("--detailed-exitcode", "exit with 2 where something was changed")
    .option("--allow-mass-removal", "more than half of a file's remotes may go")
    .option("--skip-login", "leave logging in out")
    .option("--skip-check", "leave the required services out")
    .option("--allow-command", "a token may come from a command that the config names")
    .addHelpText("after", () => examples(["apply", "apply --global --yes", "apply plan.json"]))
    .action((planFile, flags) =>
      run(async (context) => (await import("./commands/apply.ts")).apply(context, planFile, flags))
    );
  program.command("rollback")
    .description("put the previous remote.yaml back")
    .option("--global", "the whole machine's")
    .option("-y, --yes", "do not ask")
    .addHelpText("after", () => examples(["rollback", "rollback --global --yes"]))
    .action((flags) =>
      run(async (context) => (await import("./commands/rollback.ts")).rollback(context, flags))
    );
  addConfigCommands(program, run);
  addRemoteCommands(program, run);
  addLoginCommands(program, run);
  addEndpointCommands(program, run);
}

function addConfigCommands(program: Program, run: Run): void {
  program.command("validate")
    .description("check the config alone")
    .addHelpText("after", () => examples(["validate", "validate -c cluster/remotes.ts"]))
    .action(() => run(async (context) => (await import("./commands/validate.ts")).validate(context)));
  program.command("import")
    .description("print a config that describes the present files")
    .option("--global", "the whole machine's remotes alone")
    .addOption(
      new Option("--format <format>", "of the config").choices(["typescript", "json"] as const)
        .default("typescript" as const),
    )
    .addHelpText(
      "after",
      () => examples(["import > remotes.ts", "import --global --format json > remotes.json"]),
    )
    .action((flags) =>
      run(async (context) => (await import("./commands/import.ts")).importFiles(context, flags))
    );
  program.command("init")
    .description("write a first remotes.ts")
    .action(() => run(async (context) => (await import("./commands/init.ts")).init(context)));
  program.command("schema")
    .description("print a JSON schema")
    .addArgument(
      new Argument("[name]", "which one").choices(["config", "plan", "status"] as const).default(
        "config" as const,
      ),
    )
    .addHelpText("after", () => examples(["schema > config.schema.json", "schema plan", "schema status"]))
    .action((name) => run(async () => (await import("./commands/schema.ts")).schema(name)));
}

function addRemoteCommands(program: Program, run: Run): void {
  program.command("list")
    .description("list the remotes, the machine's and your own")
    .addHelpText("after", () => examples(["list", "list --json"]))
    .action(() => run(async (context) => (await import("./commands/list.ts")).list(context)));
  program.command("add")
    .description("add a remote")
    .argument("<name>")
    .argument("<uri>", "host[:port][/path]; http:// before it means insecure")
    .option("--global", "for the whole machine")
    .option("--no-login", "do not log in")
    .option("--insecure", "contact it over http")
    .option("--tokenfile <file>", "the API Key is in this file")
    .option("--password-stdin", "the API Key comes on standard input")
    .addOption(new Option("--no-default", "as it is: add never changes the default").hideHelp())
    .addHelpText(
      "after",
      () => examples(["add company enterprise.example.com", "add --no-login --insecure lab localhost:5000"]),
    )
    .action((name, uri, flags) =>
      run(async (context) => (await import("./commands/add.ts")).add(context, name, uri, flags))
    );
  program.command("remove")
    .description("remove a remote")
    .argument("<name>")
    .option("--global", "for the whole machine")
    .addHelpText("after", () => examples(["remove company"]))
    .action((name, flags) =>
      run(async (context) => (await import("./commands/remove.ts")).remove(context, name, flags))
    );
  program.command("use")
    .description("make a remote the default")
    .argument("<name>")
    .option("--global", "for the whole machine")
    .option("--exclusive", "nobody may use another (implies --global)")
    .addHelpText("after", () => examples(["use company", "use --global --exclusive company"]))
    .action((name, flags) =>
      run(async (context) => (await import("./commands/use.ts")).use(context, name, flags))
    );
}

function addLoginCommands(program: Program, run: Run): void {
  program.command("login")
    .description("log in to a remote, the default where none is named; or to a keyserver by its address")
    .argument("[name]")
    .option("--tokenfile <file>", "the API Key is in this file")
    .option("--password-stdin", "the API Key, or a keyserver's password, comes on standard input")
    .option("--username <name>", "a keyserver's user; of a remote, whose API Key it has to be")
    .option("-y, --yes", "replace a valid API Key without asking")
    .addHelpText(
      "after",
      () =>
        examples([
          "login",
          "login company --tokenfile ~/.company-token",
          "login --password-stdin company < token",
        ]),
    )
    .action((name, flags) =>
      run(async (context) => (await import("./commands/login.ts")).login(context, name, flags))
    );
  program.command("logout")
    .description("log out of a remote, the default where none is named")
    .argument("[name]")
    .addHelpText("after", () => examples(["logout", "logout company"]))
    .action((name) => run(async (context) => (await import("./commands/login.ts")).logout(context, name)));
  program.command("get-login-password")
    .description("print the password of the default remote's OCI registry")
    .addHelpText(
      "after",
      () =>
        examples([
          "get-login-password | singularity registry login --username me --password-stdin docker://…",
        ]),
    )
    .action(() => run(async (context) => (await import("./commands/login.ts")).getLoginPassword(context)));
  const keyserver = program.command("keyserver")
    .description("the keyservers of the machine's remotes, and logging in to them")
    .exitOverride();
  keyserver.command("add")
    .description("add a keyserver to one of the machine's remotes")
    .argument("<[name] uri...>")
    .addOption(
      new Option("--order <number>", "its place among those in use, from 1").argParser((given) =>
        wholeNumber(given, "--order", 1)
      ),
    )
    .option("--insecure", "do not verify its certificate")
    .addHelpText("after", () => examples(["keyserver add company https://keys.example.com --order 1"]))
    .action((words, flags) =>
      run(async (context) =>
        (await import("./commands/keyserver.ts")).keyserverAdd(context, atMostTwo(words), flags)
      )
    );
  keyserver.command("remove")
    .description("remove a keyserver from one of the machine's remotes")
    .argument("<[name] uri...>")
    .addHelpText("after", () => examples(["keyserver remove company https://keys.example.com"]))
    .action((words) =>
      run(async (context) =>
        (await import("./commands/keyserver.ts")).keyserverRemove(context, atMostTwo(words))
      )
    );
  keyserver.command("list")
    .description("list the keyservers of the remotes")
    .argument("[name]")
    .addHelpText("after", () => examples(["keyserver list", "keyserver list company"]))
    .action((name) =>
      run(async (context) => (await import("./commands/keyserver.ts")).keyserverList(context, name))
    );
  keyserver.command("login")
    .description("log in to a keyserver: with --username a password, without it a token")
    .argument("<uri>")
    .option("--username <name>", "the user")
    .option("--password-stdin", "the password or token comes on standard input")
    .option("--tokenfile <file>", "the password or token is in this file")
    .addHelpText("after", () => examples(["keyserver login --username me https://keys.example.com"]))
    .action((uri, flags) =>
      run(async (context) => (await import("./commands/keyserver.ts")).loginToKeyserver(context, uri, flags))
    );
  keyserver.command("logout")
    .description("log out of a keyserver")
    .argument("<uri>")
    .addHelpText("after", () => examples(["keyserver logout https://keys.example.com"]))
    .action((uri) =>
      run(async (context) => (await import("./commands/keyserver.ts")).logoutOfKeyserver(context, uri))
    );
}

function addEndpointCommands(program: Program, run: Run): void {
  program.command("status")
    .description("services, versions and logins of remotes, the default where none is named")
    .argument("[names...]")
    .option("--all", "all remotes")
    .addOption(
      new Option("--parallel <number>", "requests in flight at most")
        .argParser((given) => wholeNumber(given, "--parallel", 1)).default(32),
    )
    .addOption(
      new Option("--format <format>", "how to show it").choices(
        ["text", "json", "junit", "prometheus"] as const,
      ),
    )
    .addHelpText(
      "after",
      () => examples(["status", "status company lab", "status --all --format prometheus"]),
    )
    .action((names, flags) =>
      run(async (context) => {
        const { status } = await import("./commands/status.ts");
        return status(context, names, {
          ...flags,
          format: context.options.json ? "json" : flags.format ?? "text",
        });
      }, flags.format)
    );
  program.command("resolve")
    .description("print the address that a command would use")
    .argument("<service>", "library, builder, keystore, token or consent; or an image such as library://a/b")
    .option("--remote <name>", "of this remote, not of the default one")
    .option("--library <url>", "as pull, push, search and build have it")
    .option("--builder <url>", "as build --remote has it")
    .option("--url <url>", "as key has it")
    .addHelpText("after", () => examples(["resolve library", "resolve keystore --remote company"]))
    .action((service, flags) =>
      run(async (context) => (await import("./commands/resolve.ts")).resolveService(context, service, flags))
    );
  program.command("doctor")
    .description("look for what is wrong: files, conflicts, proxy, certificates, endpoints")
    .addHelpText("after", () => examples(["doctor", "doctor --json"]))
    .action(() => run(async (context) => (await import("./commands/doctor.ts")).doctor(context)));
  const endpoint = program.command("endpoint")
    .description("an endpoint on this machine, to try things with")
    .exitOverride();
  endpoint.command("serve")
    .description("serve an endpoint on loopback until Ctrl-C; its tokens are printed at start")
    .addOption(
      new Option("--port <number>", "0: any that is free").argParser((given) =>
        wholeNumber(given, "--port", 0)
      ).default(0),
    )
    .option("--tokens <file>", "who may log in: a line each, a name and a token")
    .option("--cert <file>", "serve https with this certificate, PEM")
    .option("--key <file>", "the certificate's key, PEM")
    .addOption(many("--slow <part=ms>", "a part that takes so long, such as library=2000"))
    .addOption(many("--down <part>", "a part that is down"))
    .addOption(many("--wrong <part=how>", "a part that is wrong, such as token=500 or library=html"))
    .addHelpText(
      "after",
      () =>
        examples([
          "endpoint serve",
          "endpoint serve --port 5000 --down builder",
          "endpoint serve --wrong library=html",
        ]),
    )
    .action((flags) =>
      run(async (context) => (await import("./commands/endpoint.ts")).serveEndpoint(context, flags))
    );
}

/** An option that may be given again. */
function many<Flags extends string>(flags: Flags, description: string) {
  return new Option(flags, description)
    .argParser((given: string, before: readonly string[]) => [...before, given])
    .default([] as readonly string[], "none");
}

function atMostTwo(words: readonly string[]): readonly string[] {
  if (words.length <= 2) return words;
  throw new Failure("usage", "too many words", {
    next: "give a remote's name, or none, and the keyserver's address",
  });
}

function wholeNumber(given: string, flag: string, least: number): number {
  if (/^\d{1,5}$/.test(given) && Number(given) >= least && Number(given) <= 65_535) return Number(given);
  throw new Failure("usage", `${flag} ${JSON.stringify(given)}: not a number from ${least} to 65535`);
}

function examples(lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((one) => `  $ sremote ${one}`).join("\n")}`;
}

function contextOf(world: World, flags: ReturnType<Program["opts"]>, { color, json }: Invocation): Context {
  const { terminal } = world;
  const quiet = flags.quiet === true;
  const verbose = flags.verbose === true && !quiet;
  return {
    world,
    options: {
      config: flags.config ?? null,
      runtime: flags.runtime ?? null,
      root: flags.root ?? null,
      remoteFile: flags.remoteFile ?? null,
      sysconfdir: flags.sysconfdir ?? null,
      vars: flags.var,
      lockTimeout: flags.lockTimeout,
      timeout: flags.timeout ?? null,
      deadline: flags.deadline,
      cacert: flags.cacert ?? null,
      json,
      quiet,
    },
    style: styleFor(world, color, terminal.outIsTerminal && !json),
    show: (text) => json ? undefined : terminal.out(text + "\n"),
    ask: (text) => json ? terminal.err(text + "\n") : terminal.out(text + "\n"),
    note: (text) => quiet ? undefined : terminal.err(text + "\n"),
    detail: (text) => verbose ? terminal.err(text + "\n") : undefined,
  };
}

function collectVar(given: string, before: Map<string, string>): Map<string, string> {
  const equals = given.indexOf("=");
  if (equals <= 0) {
    throw new Failure("usage", `--var ${given}: there is no value`, { next: "give it as --var name=value" });
  }
  return new Map(before).set(given.slice(0, equals), given.slice(equals + 1));
}

/** Seconds on the command line, milliseconds from here on. */
function seconds(given: string, flag: string): number {
  if (/^\d{1,6}(?:\.\d+)?$/.test(given)) return Number(given) * 1000;
  throw new Failure("usage", `${flag} ${JSON.stringify(given)}: not a number of seconds`, {
    next: "give a number, such as 10 or 0.5",
  });
}

function wrongUsage(error: CommanderError, help: string): Failure {
  const [what = "", ...more] = error.message.replace(/^error: /, "").split("\n");
  const meant = /Did you mean (.*)\?/.exec(more.join(" "))?.[1];
  if (error.code === "commander.help") {
    return new Failure("usage", "no command given", { next: "sremote --help lists them" });
  }
  return new Failure("usage", what, {
    next: meant === undefined ? help : `did you mean ${meant}?`,
  });
}
