/** The commands of `singularity remote` and `singularity keyserver`. */
import { Failure } from "../base/failure.ts";
import { type Definition, wholeNumber } from "./common.ts";

const login = () => import("../commands/login.ts");
const keyserver = () => import("../commands/keyserver.ts");

/** `list`, `add`, `remove`, `use`. */
export const REMOTE_COMMANDS: readonly Definition[] = [{
  name: "list",
  summary: "List global and user remotes",
  examples: ["sremote list", "sremote list --json"],
  build: (command, run) =>
    command.action(() => run(() => import("../commands/list.ts"), (it, context) => it.list(context))),
}, {
  name: "add",
  summary: "Add a remote",
  examples: [
    "sremote add company enterprise.example.com",
    "sremote add --no-login --insecure lab localhost:5000",
  ],
  build: (command, run) =>
    command.argument("<name>")
      .argument("<uri>", "host[:port][/path]; http:// in front means --insecure")
      .option("--global", "Add a global remote")
      .option("--default", "Make it the default")
      .option("--no-default", "Leave the default as it is, as without this option")
      .option("--no-login", "Do not log in")
      .option("--insecure", "Connect over http")
      .option("--tokenfile <file>", "Read the API key from this file")
      .option("--password-stdin", "Read the API key from standard input")
      .action((name, uri, flags) =>
        run(() => import("../commands/add.ts"), (it, context) => it.add(context, name, uri, flags))
      ),
}, {
  name: "remove",
  summary: "Remove a remote",
  examples: ["sremote remove company"],
  build: (command, run) =>
    command.argument("<name>")
      .option("--global", "Remove a global remote")
      .action((name, flags) =>
        run(() => import("../commands/remove.ts"), (it, context) => it.remove(context, name, flags))
      ),
}, {
  name: "use",
  summary: "Set the default remote",
  examples: ["sremote use company", "sremote use --global --exclusive company"],
  build: (command, run) =>
    command.argument("<name>")
      .option("--global", "Set the global default")
      .option("--exclusive", "Forbid the use of any other remote (implies --global)")
      .action((name, flags) =>
        run(() => import("../commands/use.ts"), (it, context) => it.use(context, name, flags))
      ),
}];

const KEYSERVER_COMMANDS: readonly Definition[] = [{
  name: "add",
  summary: "Add a keyserver to a global remote",
  examples: ["sremote keyserver add company https://keys.example.com --order 1"],
  build: (command, run) =>
    command.argument("<[name] uri...>")
      .addOption(wholeNumber("--order <number>", "Position among the keyservers in use, from 1", 1))
      .option("--insecure", "Do not verify its certificate")
      .action((words, flags) =>
        run(keyserver, (it, context) => it.keyserverAdd(context, atMostTwo(words), flags))
      ),
}, {
  name: "remove",
  summary: "Remove a keyserver from a global remote",
  examples: ["sremote keyserver remove company https://keys.example.com"],
  build: (command, run) =>
    command.argument("<[name] uri...>").action((words) =>
      run(keyserver, (it, context) => it.keyserverRemove(context, atMostTwo(words)))
    ),
}, {
  name: "list",
  summary: "List the keyservers of remotes",
  examples: ["sremote keyserver list", "sremote keyserver list company"],
  build: (command, run) =>
    command.argument("[name]", "Remote name (default: all remotes)").action((name) =>
      run(keyserver, (it, context) => it.keyserverList(context, name))
    ),
}, {
  name: "login",
  summary: "Log in to a keyserver with a password or a token",
  examples: ["sremote keyserver login --username me https://keys.example.com"],
  build: (command, run) =>
    command.argument("<uri>")
      .option("--username <name>", "User name, for a login with a password")
      .option("--password-stdin", "Read the password or token from standard input")
      .option("--tokenfile <file>", "Read the password or token from this file")
      .action((uri, flags) => run(keyserver, (it, context) => it.loginToKeyserver(context, uri, flags))),
}, {
  name: "logout",
  summary: "Log out of a keyserver",
  examples: ["sremote keyserver logout https://keys.example.com"],
  build: (command, run) =>
    command.argument("<uri>").action((uri) =>
      run(keyserver, (it, context) => it.logoutOfKeyserver(context, uri))
    ),
}];

/** `login`, `logout`, `get-login-password`, `keyserver`. */
export const LOGIN_COMMANDS: readonly Definition[] = [{
  name: "login",
  summary: "Log in to a remote or a keyserver",
  examples: [
    "sremote login",
    "sremote login company --tokenfile ~/.company-token",
    "sremote login --password-stdin company < token",
  ],
  build: (command, run) =>
    command.argument("[name]", "Remote name or keyserver address (default: current default remote)")
      .option("--tokenfile <file>", "Read the API key from this file")
      .option("--password-stdin", "Read the API key, or a keyserver's password, from standard input")
      .option("--username <name>", "Keyserver user, or the user that the API key must belong to")
      .option("-y, --yes", "Replace a valid API key without confirmation")
      .action((name, flags) => run(login, (it, context) => it.login(context, name, flags))),
}, {
  name: "logout",
  summary: "Log out of a remote",
  examples: ["sremote logout", "sremote logout company"],
  build: (command, run) =>
    command.argument("[name]", "Remote name (default: current default remote)")
      .action((name) => run(login, (it, context) => it.logout(context, name))),
}, {
  name: "get-login-password",
  summary: "Print the OCI registry password of the default remote",
  examples: [
    "sremote get-login-password | singularity registry login --username me --password-stdin docker://…",
  ],
  build: (command, run) => command.action(() => run(login, (it, context) => it.getLoginPassword(context))),
}, {
  name: "keyserver",
  summary: "Manage the keyservers of global remotes, and log in to keyservers",
  examples: [
    "sremote keyserver list",
    "sremote keyserver add company https://keys.example.com",
    "sremote keyserver login https://keys.example.com",
  ],
  commands: KEYSERVER_COMMANDS,
}];

function atMostTwo(words: readonly string[]): readonly string[] {
  if (words.length <= 2) return words;
  throw new Failure("usage", "too many arguments", {
    next: "Give the keyserver's address, with the name of a remote in front or without",
  });
}
