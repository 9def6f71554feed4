/** The commands of `singularity remote` and `singularity keyserver`. */
import { Option } from "@commander-js/extra-typings";
import { Failure } from "../base/failure.ts";
import { type Definition, wholeNumber } from "./common.ts";

const NAME = "Remote name (default: current default remote)";

/** `list`, `add`, `remove`, `use`. */
export const REMOTE_COMMANDS: readonly Definition[] = [{
  name: "list",
  summary: "List global and user remotes",
  examples: ["list", "list --json"],
  build: (command, run) =>
    command.action(() => run(async (context) => (await import("../commands/list.ts")).list(context))),
}, {
  name: "add",
  summary: "Add a remote",
  examples: ["add company enterprise.example.com", "add --no-login --insecure lab localhost:5000"],
  build: (command, run) =>
    command.argument("<name>")
      .argument("<uri>", "host[:port][/path]; http:// in front means --insecure")
      .option("--global", "Add a global remote")
      .option("--no-login", "Do not log in")
      .option("--insecure", "Connect over http")
      .option("--tokenfile <file>", "Read the API key from this file")
      .option("--password-stdin", "Read the API key from standard input")
      .addOption(new Option("--no-default", "No effect: add never changes the default").hideHelp())
      .action((name, uri, flags) =>
        run(async (context) => (await import("../commands/add.ts")).add(context, name, uri, flags))
      ),
}, {
  name: "remove",
  summary: "Remove a remote",
  examples: ["remove company"],
  build: (command, run) =>
    command.argument("<name>")
      .option("--global", "Remove a global remote")
      .action((name, flags) =>
        run(async (context) => (await import("../commands/remove.ts")).remove(context, name, flags))
      ),
}, {
  name: "use",
  summary: "Set the default remote",
  examples: ["use company", "use --global --exclusive company"],
  build: (command, run) =>
    command.argument("<name>")
      .option("--global", "Set the global default")
      .option("--exclusive", "Forbid the use of any other remote (implies --global)")
      .action((name, flags) =>
        run(async (context) => (await import("../commands/use.ts")).use(context, name, flags))
      ),
}];

const KEYSERVER_COMMANDS: readonly Definition[] = [{
  name: "add",
  summary: "Add a keyserver to a global remote",
  examples: ["keyserver add company https://keys.example.com --order 1"],
  build: (command, run) =>
    command.argument("<[name] uri...>")
      .addOption(
        new Option("--order <number>", "Position among the keyservers in use, from 1")
          .argParser((given) => wholeNumber(given, "--order", 1)),
      )
      .option("--insecure", "Do not verify its certificate")
      .action((words, flags) =>
        run(async (context) =>
          (await import("../commands/keyserver.ts")).keyserverAdd(context, atMostTwo(words), flags)
        )
      ),
}, {
  name: "remove",
  summary: "Remove a keyserver from a global remote",
  examples: ["keyserver remove company https://keys.example.com"],
  build: (command, run) =>
    command.argument("<[name] uri...>").action((words) =>
      run(async (context) =>
        (await import("../commands/keyserver.ts")).keyserverRemove(context, atMostTwo(words))
      )
    ),
}, {
  name: "list",
  summary: "List the keyservers of remotes",
  examples: ["keyserver list", "keyserver list company"],
  build: (command, run) =>
    command.argument("[name]", "Remote name (default: all remotes)").action((name) =>
      run(async (context) => (await import("../commands/keyserver.ts")).keyserverList(context, name))
    ),
}, {
  name: "login",
  summary: "Log in to a keyserver with a password or a token",
  examples: ["keyserver login --username me https://keys.example.com"],
  build: (command, run) =>
    command.argument("<uri>")
      .option("--username <name>", "User name, for a login with a password")
      .option("--password-stdin", "Read the password or token from standard input")
      .option("--tokenfile <file>", "Read the password or token from this file")
      .action((uri, flags) =>
        run(async (context) =>
          (await import("../commands/keyserver.ts")).loginToKeyserver(context, uri, flags)
        )
      ),
}, {
  name: "logout",
  summary: "Log out of a keyserver",
  examples: ["keyserver logout https://keys.example.com"],
  build: (command, run) =>
    command.argument("<uri>").action((uri) =>
      run(async (context) => (await import("../commands/keyserver.ts")).logoutOfKeyserver(context, uri))
    ),
}];

/** `login`, `logout`, `get-login-password`, `keyserver`. */
export const LOGIN_COMMANDS: readonly Definition[] = [{
  name: "login",
  summary: "Log in to a remote or a keyserver",
  examples: [
    "login",
    "login company --tokenfile ~/.company-token",
    "login --password-stdin company < token",
  ],
  build: (command, run) =>
    command.argument("[name]", "Remote name or keyserver address (default: current default remote)")
      .option("--tokenfile <file>", "Read the API key from this file")
      .option("--password-stdin", "Read the API key, or a keyserver's password, from standard input")
      .option("--username <name>", "Keyserver user, or the user that the API key must belong to")
      .option("-y, --yes", "Replace a valid API key without confirmation")
      .action((name, flags) =>
        run(async (context) => (await import("../commands/login.ts")).login(context, name, flags))
      ),
}, {
  name: "logout",
  summary: "Log out of a remote",
  examples: ["logout", "logout company"],
  build: (command, run) =>
    command.argument("[name]", NAME)
      .action((name) => run(async (context) => (await import("../commands/login.ts")).logout(context, name))),
}, {
  name: "get-login-password",
  summary: "Print the OCI registry password of the default remote",
  examples: ["get-login-password | singularity registry login --username me --password-stdin docker://…"],
  build: (command, run) =>
    command.action(() =>
      run(async (context) => (await import("../commands/login.ts")).getLoginPassword(context))
    ),
}, {
  name: "keyserver",
  summary: "Manage the keyservers of global remotes, and log in to keyservers",
  examples: [
    "keyserver list",
    "keyserver add company https://keys.example.com",
    "keyserver login https://keys.example.com",
  ],
  commands: KEYSERVER_COMMANDS,
}];

function atMostTwo(words: readonly string[]): readonly string[] {
  if (words.length <= 2) return words;
  throw new Failure("usage", "too many arguments", {
    next: "Give the keyserver's address, with the name of a remote in front or without",
  });
}
