/** The commands that ask endpoints, and the one that is one. */
import { Option } from "@commander-js/extra-typings";
import { examples, many, type Program, type Run, wholeNumber } from "./common.ts";

/** `status`, `resolve`, `doctor`, `fleet`, `endpoint`. */
export function addEndpointCommands(program: Program, run: Run): void {
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
        const { status } = await import("../commands/status.ts");
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
      run(async (context) => (await import("../commands/resolve.ts")).resolveService(context, service, flags))
    );
  program.command("doctor")
    .description("look for what is wrong: files, conflicts, proxy, certificates, endpoints")
    .addHelpText("after", () => examples(["doctor", "doctor --json"]))
    .action(() => run(async (context) => (await import("../commands/doctor.ts")).doctor(context)));
  const fleet = program.command("fleet")
    .description("many hosts at once: what their plans say")
    .addHelpText("after", () => examples(["fleet report plans/", "fleet report plans/ --html fleet.html"]))
    .exitOverride();
  fleet.command("report")
    .description(
      "which hosts are in step, drifted or failed, by what plan --json or apply --json gave on each",
    )
    .argument("[dir]", "HOST.json of each host; without it, the documents come on standard input")
    .option("--html <file>", "also a page for a browser")
    .addHelpText(
      "after",
      () =>
        examples([
          "fleet report plans/",
          "fleet report plans/ --html fleet.html",
          "fleet report < plans.jsonl",
        ]),
    )
    .action((dir, flags) =>
      run(async (context) => (await import("../commands/fleet.ts")).fleetReport(context, dir, flags))
    );
  const endpoint = program.command("endpoint")
    .description("an endpoint on this machine, to try things with")
    .addHelpText("after", () => examples(["endpoint serve", "endpoint serve --port 5000 --down library"]))
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
      run(async (context) => (await import("../commands/endpoint.ts")).serveEndpoint(context, flags))
    );
}
