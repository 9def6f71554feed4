/** The commands of `singularity remote` and `singularity keyserver`. */
import { Failure } from "../base/failure.ts";
import { type Definition, wholeNumber } from "./common.ts";
import { STATUS } from "./endpoints.ts";
import { FLAG } from "./flags.ts";

const login = () => import("../commands/login.ts");
const keyserver = () => import("../commands/keyserver.ts");

const PASSWORD = "API key or password; other users can see it, so prefer --password-stdin";
/** The programs accept `--insecure` at a login and do the same without it, except for registries. */
const NO_EFFECT = "Accepted for compatibility; has no effect";
const VARIABLES =
  `For a keyserver, SINGULARITY_LOGIN_USERNAME and SINGULARITY_LOGIN_PASSWORD (with Apptainer also
APPTAINER_LOGIN_…) are used where no option gives a user name or a password.`;

const GLOBAL = "It changes the global file, so only root can run it.";

/** `list`, `add`, `remove`, `use`. */
export const REMOTE_COMMANDS: readonly Definition[] = [{
  name: "list",
  uses: "remote-file",
  summary: "List global and user remotes",
  examples: ["sremote list", "sremote list --wide", "sremote list --json"],
  build: (command, run) =>
    command.option("--wide", "Also show which remotes are exclusive or insecure, and the logins")
      .action((flags) => run(() => import("../commands/list.ts"), (it, context) => it.list(context, flags))),
}, {
  name: "add",
  uses: "remote-file",
  summary: "Add a remote",
  examples: [
    "sremote add company enterprise.example.com",
    "sremote add --no-login --insecure lab localhost:5000",
  ],
  build: (command, run) =>
    command.argument("<name>")
      .argument("<uri>", "host[:port][/path]; http:// in front means --insecure")
      .option(FLAG.global, "Add a global remote")
      .option("--default", "Make it the default")
      .option(FLAG.noDefault, "Leave the default as it is, as without this option")
      .option("--no-login", "Do not log in")
      .option(FLAG.insecure, "Connect over http")
      .option(FLAG.tokenfile, "Read the API key from the first line of this file")
      .option(FLAG.passwordStdin, "Read the API key from standard input")
      .action((name, uri, flags) =>
        run(() => import("../commands/add.ts"), (it, context) => it.add(context, name, uri, flags))
      ),
}, {
  name: "remove",
  uses: "remote-file",
  summary: "Remove a remote",
  examples: ["sremote remove company"],
  build: (command, run) =>
    command.argument("<name>")
      .option(FLAG.global, "Remove a global remote")
      .action((name, flags) =>
        run(() => import("../commands/remove.ts"), (it, context) => it.remove(context, name, flags))
      ),
}, {
  name: "use",
  uses: "remote-file",
  summary: "Set the default remote",
  examples: ["sremote use company", "sremote use --global --exclusive company"],
  build: (command, run) =>
    command.argument("<name>")
      .option(FLAG.global, "Set the global default")
      .option(FLAG.exclusive, "Forbid the use of any other remote (implies --global)")
      .action((name, flags) =>
        run(() => import("../commands/use.ts"), (it, context) => it.use(context, name, flags))
      ),
}];

const KEYSERVER_ADD: Definition = {
  name: "add",
  uses: "remote-file",
  global: true,
  summary: "Add a keyserver to a global remote",
  notes: GLOBAL,
  examples: ["sremote keyserver add company https://keys.example.com --order 1"],
  build: (command, run) =>
    command.argument("<[name] uri...>")
      .addOption(wholeNumber(FLAG.order, "Position among the keyservers in use, from 1", 1))
      .option(FLAG.insecure, "Do not verify its certificate")
      .action((words, flags) =>
        run(keyserver, (it, context) => it.keyserverAdd(context, atMostTwo(words), flags))
      ),
};

const KEYSERVER_REMOVE: Definition = {
  name: "remove",
  uses: "remote-file",
  global: true,
  summary: "Remove a keyserver from a global remote",
  notes: GLOBAL,
  examples: ["sremote keyserver remove company https://keys.example.com"],
  build: (command, run) =>
    command.argument("<[name] uri...>").action((words) =>
      run(keyserver, (it, context) => it.keyserverRemove(context, atMostTwo(words)))
    ),
};

const KEYSERVER_COMMANDS: readonly Definition[] = [KEYSERVER_ADD, KEYSERVER_REMOVE, {
  name: "list",
  uses: "remote-file",
  summary: "List the keyservers of remotes",
  examples: ["sremote keyserver list", "sremote keyserver list company"],
  build: (command, run) =>
    command.argument("[name]", "Remote name (default: all remotes)").action((name) =>
      run(keyserver, (it, context) => it.keyserverList(context, name))
    ),
}, {
  name: "login",
  uses: "remote-file",
  summary: "Log in to a keyserver with a password or a token",
  examples: ["sremote keyserver login --username me https://keys.example.com"],
  notes: VARIABLES,
  build: (command, run) =>
    command.argument("<uri>")
      .option(FLAG.username, "User name, for a login with a password")
      .option(FLAG.password, PASSWORD)
      .option(FLAG.passwordStdin, "Read the password or token from standard input")
      .option(FLAG.tokenfile, "Read the password or token from the first line of this file")
      .option(FLAG.insecure, NO_EFFECT)
      .action((uri, flags) => run(keyserver, (it, context) => it.loginToKeyserver(context, uri, flags))),
}, {
  name: "logout",
  uses: "remote-file",
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
  uses: "remote-file",
  summary: "Log in to a remote or a keyserver",
  examples: [
    "sremote login",
    "sremote login company --tokenfile ~/.company-token",
    "sremote login --password-stdin company < token",
  ],
  notes: VARIABLES,
  build: (command, run) =>
    command.argument("[name]", "Remote name or keyserver address (default: current default remote)")
      .option(FLAG.tokenfile, "Read the API key from the first line of this file")
      .option(FLAG.passwordStdin, "Read the API key, or a keyserver's password, from standard input")
      .option(FLAG.username, "Keyserver user, or the user that the API key must belong to")
      .option(FLAG.password, PASSWORD)
      .option(FLAG.insecure, NO_EFFECT)
      .option(FLAG.yes, "Replace a valid API key without confirmation")
      .action((name, flags) => run(login, (it, context) => it.login(context, name, flags))),
}, {
  name: "logout",
  uses: "remote-file",
  summary: "Log out of a remote",
  examples: ["sremote logout", "sremote logout company"],
  build: (command, run) =>
    command.argument("[name]", "Remote name (default: current default remote)")
      .action((name) => run(login, (it, context) => it.logout(context, name))),
}, {
  name: "get-login-password",
  uses: "remote-file",
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

/**
 * The group `remote` of the programs: the commands without `remote` in front, and `add-keyserver` and `remove-keyserver` of
 * Singularity 3.7 to 3.11. There, `-c` names the remote.yaml.
 */
export const REMOTE_GROUP: Definition = {
  name: "remote",
  summary: "Run commands as typed for singularity remote",
  examples: ["sremote remote list", "sremote remote -c shared.yaml add lab lab.example.com"],
  notes:
    "sremote remote COMMAND is sremote COMMAND, but -c FILE (--config FILE) names the remote.yaml to use.",
  commands: [
    ...REMOTE_COMMANDS.map((one) => alias(one)),
    ...LOGIN_COMMANDS.filter((one) => one.commands === undefined).map((one) => alias(one)),
    alias(STATUS),
    alias(KEYSERVER_ADD, "add-keyserver", "keyserver add"),
    alias(KEYSERVER_REMOVE, "remove-keyserver", "keyserver remove"),
  ],
};

/** A command under another name in the group `remote`. */
function alias(definition: Definition, name = definition.name, aliasOf = definition.name): Definition {
  const examples = definition.examples.map((one) =>
    one.replaceAll(`sremote ${aliasOf}`, `sremote remote ${name}`)
  );
  return { ...definition, name, examples, aliasOf };
}

function atMostTwo(words: readonly string[]): readonly string[] {
  if (words.length <= 2) return words;
  throw new Failure("usage", "too many arguments", {
    next: "Give the keyserver's address, with the name of a remote in front or without",
  });
}
