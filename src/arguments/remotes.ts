/** The commands of `singularity remote`. */
import { Option } from "@commander-js/extra-typings";
import { Failure } from "../base/failure.ts";
import { examples, type Program, type Run, wholeNumber } from "./common.ts";

/** `list`, `add`, `remove`, `use`. */
export function addRemoteCommands(program: Program, run: Run): void {
  program.command("list")
    .description("list the remotes, the machine's and your own")
    .addHelpText("after", () => examples(["list", "list --json"]))
    .action(() => run(async (context) => (await import("../commands/list.ts")).list(context)));
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
      run(async (context) => (await import("../commands/add.ts")).add(context, name, uri, flags))
    );
  program.command("remove")
    .description("remove a remote")
    .argument("<name>")
    .option("--global", "for the whole machine")
    .addHelpText("after", () => examples(["remove company"]))
    .action((name, flags) =>
      run(async (context) => (await import("../commands/remove.ts")).remove(context, name, flags))
    );
  program.command("use")
    .description("make a remote the default")
    .argument("<name>")
    .option("--global", "for the whole machine")
    .option("--exclusive", "nobody may use another (implies --global)")
    .addHelpText("after", () => examples(["use company", "use --global --exclusive company"]))
    .action((name, flags) =>
      run(async (context) => (await import("../commands/use.ts")).use(context, name, flags))
    );
}

/** `login`, `logout`, `get-login-password`, `keyserver`. */
export function addLoginCommands(program: Program, run: Run): void {
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
      run(async (context) => (await import("../commands/login.ts")).login(context, name, flags))
    );
  program.command("logout")
    .description("log out of a remote, the default where none is named")
    .argument("[name]")
    .addHelpText("after", () => examples(["logout", "logout company"]))
    .action((name) => run(async (context) => (await import("../commands/login.ts")).logout(context, name)));
  program.command("get-login-password")
    .description("print the password of the default remote's OCI registry")
    .addHelpText(
      "after",
      () =>
        examples([
          "get-login-password | singularity registry login --username me --password-stdin docker://…",
        ]),
    )
    .action(() => run(async (context) => (await import("../commands/login.ts")).getLoginPassword(context)));
  const keyserver = program.command("keyserver")
    .description("the keyservers of the machine's remotes, and logging in to them")
    .addHelpText(
      "after",
      () =>
        examples([
          "keyserver list",
          "keyserver add company https://keys.example.com",
          "keyserver login https://keys.example.com",
        ]),
    )
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
        (await import("../commands/keyserver.ts")).keyserverAdd(context, atMostTwo(words), flags)
      )
    );
  keyserver.command("remove")
    .description("remove a keyserver from one of the machine's remotes")
    .argument("<[name] uri...>")
    .addHelpText("after", () => examples(["keyserver remove company https://keys.example.com"]))
    .action((words) =>
      run(async (context) =>
        (await import("../commands/keyserver.ts")).keyserverRemove(context, atMostTwo(words))
      )
    );
  keyserver.command("list")
    .description("list the keyservers of the remotes")
    .argument("[name]")
    .addHelpText("after", () => examples(["keyserver list", "keyserver list company"]))
    .action((name) =>
      run(async (context) => (await import("../commands/keyserver.ts")).keyserverList(context, name))
    );
  keyserver.command("login")
    .description("log in to a keyserver: with --username a password, without it a token")
    .argument("<uri>")
    .option("--username <name>", "the user")
    .option("--password-stdin", "the password or token comes on standard input")
    .option("--tokenfile <file>", "the password or token is in this file")
    .addHelpText("after", () => examples(["keyserver login --username me https://keys.example.com"]))
    .action((uri, flags) =>
      run(async (context) => (await import("../commands/keyserver.ts")).loginToKeyserver(context, uri, flags))
    );
  keyserver.command("logout")
    .description("log out of a keyserver")
    .argument("<uri>")
    .addHelpText("after", () => examples(["keyserver logout https://keys.example.com"]))
    .action((uri) =>
      run(async (context) => (await import("../commands/keyserver.ts")).logoutOfKeyserver(context, uri))
    );
}

function atMostTwo(words: readonly string[]): readonly string[] {
  if (words.length <= 2) return words;
  throw new Failure("usage", "too many words", {
    next: "give a remote's name, or none, and the keyserver's address",
  });
}
