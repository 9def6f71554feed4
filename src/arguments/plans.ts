/** The commands that take a config to `remote.yaml`. */
import { Argument, type Command, Option } from "@commander-js/extra-typings";
import { type Definition, formatOf } from "./common.ts";
import { FLAG } from "./flags.ts";

const YES = "Do not ask for confirmation";

/** The options that `plan` and `apply` share. */
function planOptions(command: Command) {
  return command.option(FLAG.global, "Use the global remotes of the config, not the user remotes")
    .option("--detailed-exitcode", "Exit with 2 if there are changes")
    .option("--skip-login", "Skip login steps")
    .option("--skip-check", "Skip service checks")
    .option("--allow-command", "Allow the config to get tokens from commands")
    .option("--strict-owner", "Refuse a config that other users can change");
}

/** `plan`, `apply`, `rollback`. */
export const PLAN_COMMANDS: readonly Definition[] = [{
  name: "plan",
  uses: "config",
  summary: "Show what would change",
  examples: [
    "sremote plan --diff",
    "sremote plan --global --out plan.json",
    "sremote plan --format markdown",
  ],
  build: (command, run) =>
    planOptions(command)
      .option("--out <file>", "Save the plan for sremote apply FILE; -: standard output")
      .option("--diff", "Also show a unified diff of remote.yaml, with tokens masked")
      .option("--offline", "Send no requests: check neither services nor stored tokens")
      .addOption(
        new Option("--format <format>", "Output format").choices(["text", "json", "markdown"] as const),
      )
      .action((flags) =>
        run(
          () => import("../commands/plan.ts"),
          (it, context) => it.plan(context, { ...flags, format: formatOf(context, flags.format) }),
          flags.format,
        )
      ),
}, {
  name: "apply",
  uses: "config",
  summary: "Apply the plan atomically",
  examples: ["sremote apply", "sremote apply --global --yes", "sremote apply plan.json"],
  build: (command, run) =>
    planOptions(command).argument("[planfile]", "Plan saved by sremote plan --out; -: standard input")
      .option(FLAG.yes, YES)
      .option("--allow-mass-removal", "Allow removing more than half of the remotes")
      .action((planFile, flags) =>
        run(() => import("../commands/apply.ts"), (it, context) => it.apply(context, planFile, flags))
      ),
}, {
  name: "rollback",
  uses: "remote-file",
  summary: "Restore the previous remote.yaml",
  examples: ["sremote rollback", "sremote rollback --global --yes"],
  build: (command, run) =>
    command.option(FLAG.global, "Restore the global file")
      .option(FLAG.yes, YES)
      .action((flags) =>
        run(() => import("../commands/rollback.ts"), (it, context) => it.rollback(context, flags))
      ),
}];

/** `validate`, `import`, `init`, `schema`, `completions`. */
export const CONFIG_COMMANDS: readonly Definition[] = [{
  name: "validate",
  uses: "config",
  summary: "Check the config",
  examples: ["sremote validate", "sremote validate -c cluster/remotes.ts"],
  build: (command, run) =>
    command.action(() => run(() => import("../commands/validate.ts"), (it, context) => it.validate(context))),
}, {
  name: "import",
  uses: "remote-file",
  summary: "Print a config that describes the current files",
  examples: ["sremote import > remotes.ts", "sremote import --global --format json > remotes.json"],
  build: (command, run) =>
    command.option(FLAG.global, "Import only the global remotes")
      .addOption(
        new Option("--format <format>", "Format of the config").choices(["typescript", "json"] as const)
          .default("typescript" as const),
      )
      .action((flags) =>
        run(() => import("../commands/import.ts"), (it, context) => it.importFiles(context, flags))
      ),
}, {
  name: "init",
  summary: "Create a config, and the types and schema for your editor",
  examples: ["sremote init", "sremote init --editor"],
  notes: `If a tsconfig.json or deno.json exists, map "sremote" to ./.sremote/sremote.ts in it
("paths" of TypeScript, "imports" of Deno).`,
  build: (command, run) =>
    command.option("--editor", "Write only the files for the editor: types and schema of this version")
      .action((flags) => run(() => import("../commands/init.ts"), (it, context) => it.init(context, flags))),
}, {
  name: "schema",
  summary: "Print a JSON schema",
  examples: ["sremote schema > config.schema.json", "sremote schema plan", "sremote schema status"],
  build: (command, run) =>
    command.addArgument(
      new Argument("[name]", "Schema to print").choices(["config", "plan", "status"] as const)
        .default("config" as const),
    ).action((name) => run(() => import("../commands/schema.ts"), (it) => it.schema(name))),
}, {
  name: "completions",
  summary: "Print a shell completion script",
  examples: [
    "sremote completions zsh > _sremote",
    "sremote completions fish > ~/.config/fish/completions/sremote.fish",
    "source <(sremote completions bash)",
  ],
  build: (command, run) =>
    command.addArgument(new Argument("<shell>", "Shell").choices(["bash", "zsh", "fish"] as const))
      .action((shell) => run(() => import("../commands/completions.ts"), (it) => it.completions(shell))),
}];
