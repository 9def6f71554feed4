/** The commands that take a config to `remote.yaml`. */
import { Argument, Option } from "@commander-js/extra-typings";
import type { Definition } from "./common.ts";

const SKIP_LOGIN = "Skip login steps";
const SKIP_CHECK = "Skip service checks";
const ALLOW_COMMAND = "Allow the config to get tokens from commands";
const STRICT_OWNER = "Refuse a config that other users can change";
const YES = "Do not ask for confirmation";
const DETAILED = "Exit with 2 if there are changes";

/** `plan`, `apply`, `rollback`. */
export const PLAN_COMMANDS: readonly Definition[] = [{
  name: "plan",
  summary: "Show what would change",
  examples: ["plan --diff", "plan --global --out plan.json", "plan --format markdown"],
  build: (command, run) =>
    command.option("--global", "Plan the global remotes")
      .option("--out <file>", "Save the plan for sremote apply FILE")
      .option("--detailed-exitcode", DETAILED)
      .option("--diff", "Also show a unified diff of remote.yaml, with tokens masked")
      .option("--offline", "Send no requests: check neither services nor stored tokens")
      .option("--skip-login", SKIP_LOGIN)
      .option("--skip-check", SKIP_CHECK)
      .option("--allow-command", ALLOW_COMMAND)
      .option("--strict-owner", STRICT_OWNER)
      .addOption(
        new Option("--format <format>", "Output format").choices(["text", "json", "markdown"] as const),
      )
      .action((flags) =>
        run(async (context) => {
          const { plan } = await import("../commands/plan.ts");
          return plan(context, { ...flags, format: context.options.json ? "json" : flags.format ?? "text" });
        }, flags.format)
      ),
}, {
  name: "apply",
  summary: "Apply the plan atomically",
  examples: ["apply", "apply --global --yes", "apply plan.json"],
  build: (command, run) =>
    command.argument("[planfile]", "Plan saved by sremote plan --out")
      .option("--global", "Apply the global remotes")
      .option("-y, --yes", YES)
      .option("--detailed-exitcode", DETAILED)
      .option("--allow-mass-removal", "Allow removing more than half of the remotes")
      .option("--skip-login", SKIP_LOGIN)
      .option("--skip-check", SKIP_CHECK)
      .option("--allow-command", ALLOW_COMMAND)
      .option("--strict-owner", STRICT_OWNER)
      .action((planFile, flags) =>
        run(async (context) => (await import("../commands/apply.ts")).apply(context, planFile, flags))
      ),
}, {
  name: "rollback",
  summary: "Restore the previous remote.yaml",
  examples: ["rollback", "rollback --global --yes"],
  build: (command, run) =>
    command.option("--global", "Restore the global file")
      .option("-y, --yes", YES)
      .action((flags) =>
        run(async (context) => (await import("../commands/rollback.ts")).rollback(context, flags))
      ),
}];

/** `validate`, `import`, `init`, `schema`, `completions`. */
export const CONFIG_COMMANDS: readonly Definition[] = [{
  name: "validate",
  summary: "Check the config",
  examples: ["validate", "validate -c cluster/remotes.ts"],
  build: (command, run) =>
    command.action(() => run(async (context) => (await import("../commands/validate.ts")).validate(context))),
}, {
  name: "import",
  summary: "Print a config that describes the current files",
  examples: ["import > remotes.ts", "import --global --format json > remotes.json"],
  build: (command, run) =>
    command.option("--global", "Import only the global remotes")
      .addOption(
        new Option("--format <format>", "Format of the config").choices(["typescript", "json"] as const)
          .default("typescript" as const),
      )
      .action((flags) =>
        run(async (context) => (await import("../commands/import.ts")).importFiles(context, flags))
      ),
}, {
  name: "init",
  summary: "Create a config, and the types and schema for your editor",
  examples: ["init", "init --editor"],
  notes: `If a tsconfig.json or deno.json exists, map "sremote" to ./.sremote/sremote.ts in it
("paths" of TypeScript, "imports" of Deno).`,
  build: (command, run) =>
    command.option("--editor", "Write only the files for the editor: types and schema of this version")
      .action((flags) => run(async (context) => (await import("../commands/init.ts")).init(context, flags))),
}, {
  name: "schema",
  summary: "Print a JSON schema",
  examples: ["schema > config.schema.json", "schema plan", "schema status"],
  build: (command, run) =>
    command.addArgument(
      new Argument("[name]", "Schema to print").choices(["config", "plan", "status"] as const)
        .default("config" as const),
    ).action((name) => run(async () => (await import("../commands/schema.ts")).schema(name))),
}, {
  name: "completions",
  summary: "Print a shell completion script",
  examples: [
    "completions zsh > _sremote",
    "completions fish > ~/.config/fish/completions/sremote.fish",
    "source <(sremote completions bash)",
  ],
  build: (command, run) =>
    command.addArgument(new Argument("<shell>", "Shell").choices(["bash", "zsh", "fish"] as const))
      .action((shell) => run(async () => (await import("../commands/completions.ts")).completions(shell))),
}];
