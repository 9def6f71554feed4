/** From a config to `remote.yaml`. */
import { Argument, Option } from "@commander-js/extra-typings";
import { examples, type Program, type Run } from "./common.ts";

/** `plan`, `apply`, `rollback`, and the commands about the config. */
export function addPlanCommands(program: Program, run: Run): void {
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
    .option("--strict-owner", "refuse a config that somebody else can change")
    .addOption(
      new Option("--format <format>", "how to show it").choices(["text", "json", "markdown"] as const),
    )
    .addHelpText(
      "after",
      () => examples(["plan --diff", "plan --global --out plan.json", "plan --format markdown"]),
    )
    .action((flags) =>
      run(async (context) => {
        const { plan } = await import("../commands/plan.ts");
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
    .option("--strict-owner", "refuse a config that somebody else can change")
    .addHelpText("after", () => examples(["apply", "apply --global --yes", "apply plan.json"]))
    .action((planFile, flags) =>
      run(async (context) => (await import("../commands/apply.ts")).apply(context, planFile, flags))
    );
  program.command("rollback")
    .description("put the previous remote.yaml back")
    .option("--global", "the whole machine's")
    .option("-y, --yes", "do not ask")
    .addHelpText("after", () => examples(["rollback", "rollback --global --yes"]))
    .action((flags) =>
      run(async (context) => (await import("../commands/rollback.ts")).rollback(context, flags))
    );
  addConfigCommands(program, run);
}

function addConfigCommands(program: Program, run: Run): void {
  program.command("validate")
    .description("check the config alone")
    .addHelpText("after", () => examples(["validate", "validate -c cluster/remotes.ts"]))
    .action(() => run(async (context) => (await import("../commands/validate.ts")).validate(context)));
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
      run(async (context) => (await import("../commands/import.ts")).importFiles(context, flags))
    );
  program.command("init")
    .description("write a first remotes.ts, and what an editor needs to check it")
    .option("--editor", "the editor's files alone: types and schema of this version")
    .addHelpText(
      "after",
      () =>
        `${examples(["init", "init --editor"])}

In a tsconfig.json or deno.json that was there before: map "sremote" to ./.sremote/sremote.ts
("paths" of TypeScript, "imports" of Deno).`,
    )
    .action((flags) => run(async (context) => (await import("../commands/init.ts")).init(context, flags)));
  program.command("schema")
    .description("print a JSON schema")
    .addArgument(
      new Argument("[name]", "which one").choices(["config", "plan", "status"] as const).default(
        "config" as const,
      ),
    )
    .addHelpText("after", () => examples(["schema > config.schema.json", "schema plan", "schema status"]))
    .action((name) => run(async () => (await import("../commands/schema.ts")).schema(name)));
  program.command("completions")
    .description("print a shell's completions")
    .addArgument(new Argument("<shell>", "which one").choices(["bash", "zsh", "fish"] as const))
    .addHelpText(
      "after",
      () =>
        `${
          examples([
            "completions zsh > _sremote",
            "completions fish > ~/.config/fish/completions/sremote.fish",
          ])
        }
  $ source <(sremote completions bash)`,
    )
    .action((shell) => run(async () => (await import("../commands/completions.ts")).completions(shell)));
}
