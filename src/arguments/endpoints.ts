/** The commands that ask endpoints, and the one that serves one. */
import { Option } from "@commander-js/extra-typings";
import { type Definition, formatOf, many, wholeNumber } from "./common.ts";

const REPORT: Definition = {
  name: "report",
  summary: "Show which hosts are up to date, have drifted or failed",
  examples: [
    "sremote fleet report plans/",
    "sremote fleet report plans/ --html fleet.html",
    "sremote fleet report < plans.jsonl",
  ],
  build: (command, run) =>
    command.argument(
      "[dir]",
      "Directory with the output of plan --json or apply --json as HOST.json (default: standard input)",
    )
      .option("--html <file>", "Also write an HTML page")
      .action((dir, flags) =>
        run(() => import("../commands/fleet.ts"), (it, context) => it.fleetReport(context, dir, flags))
      ),
};

const SERVE: Definition = {
  name: "serve",
  summary: "Serve an endpoint on loopback until Ctrl-C",
  examples: [
    "sremote endpoint serve",
    "sremote endpoint serve --port 5000 --down builder",
    "sremote endpoint serve --without builder --wrong library=html",
    "sremote endpoint serve --like hinkskalle",
  ],
  notes: `Parts are the services (builder, consent, keystore, library, token), discovery, identity, status
(the token check), and all. A part can be wrong in these ways:
  401, 404, 429, 500            answers with this status
  html, text                    answers with something other than JSON
  bom                           sends a byte order mark before its answer
  half, endless                 ends its answer too early, or never
  redirect                      redirects to another host
  echo                          repeats the token in an error
  missing, http                 service: discovery lists it without an address, or over http
  no-version, error             service: /version has no version, or an error beside it
  keyserver                     keystore: discovery lists it as keyserverAPI
  member                        discovery: a member is not an object
hinkskalle has only library, token and keystore; library and token share one /version, which is library's.`,
  build: (command, run) =>
    command.addOption(wholeNumber("--port <number>", "Port to listen on; 0: any free port", 0).default(0))
      .option("--tokens <file>", "File with the accounts: a name and a token per line")
      .option("--cert <file>", "Serve https with this certificate (PEM)")
      .option("--key <file>", "Private key of the certificate (PEM)")
      .addOption(
        new Option("--like <kind>", "Behave like Singularity Enterprise or like hinkskalle")
          .choices(["enterprise", "hinkskalle"] as const).default("enterprise" as const),
      )
      .addOption(many("--without <service>", "Leave a service out of discovery"))
      .addOption(many("--slow <part=ms>", "Delay a part, such as library=2000"))
      .addOption(many("--down <part>", "Take a part down"))
      .addOption(many("--wrong <part=how>", "Make a part misbehave, such as token=500 or library=html"))
      .action((flags) =>
        run(() => import("../commands/endpoint.ts"), (it, context) => it.serveEndpoint(context, flags))
      ),
};

/** `status`. */
export const STATUS: Definition = {
  name: "status",
  uses: "config",
  summary: "Show services, versions and logins of remotes",
  examples: ["sremote status", "sremote status company lab", "sremote status --all --format prometheus"],
  build: (command, run) =>
    command.argument("[names...]", "Remote names (default: current default remote)")
      .option("--all", "Show all remotes")
      .addOption(wholeNumber("--parallel <number>", "Limit of concurrent requests", 1).default(32))
      .addOption(
        new Option("--format <format>", "Output format")
          .choices(["text", "json", "junit", "prometheus"] as const),
      )
      .action((names, flags) =>
        run(
          () => import("../commands/status.ts"),
          (it, context) => it.status(context, names, { ...flags, format: formatOf(context, flags.format) }),
          flags.format,
        )
      ),
};

/** `status`, `resolve`, `doctor`, `fleet`, `endpoint`. */
export const ENDPOINT_COMMANDS: readonly Definition[] = [STATUS, {
  name: "resolve",
  uses: "remote-file",
  summary: "Print the address that a command would use",
  examples: ["sremote resolve library", "sremote resolve keystore --remote company"],
  build: (command, run) =>
    command.argument(
      "<service>",
      "library, builder, keystore, token, consent, or an image such as library://a/b",
    )
      .option("--remote <name>", "Use this remote instead of the default")
      .option("--library <url>", "Override, as in pull, push, search and build")
      .option("--builder <url>", "Override, as in build --remote")
      .option("--url <url>", "Override, as in key")
      .action((service, flags) =>
        run(
          () => import("../commands/resolve.ts"),
          (it, context) => it.resolveService(context, service, flags),
        )
      ),
}, {
  name: "doctor",
  uses: "config",
  summary: "Diagnose files, programs, variables, proxies and endpoints",
  examples: ["sremote doctor", "sremote doctor --offline", "sremote doctor --json"],
  build: (command, run) =>
    command.option("--offline", "Send no requests")
      .action((flags) =>
        run(() => import("../commands/doctor.ts"), (it, context) => it.doctor(context, flags))
      ),
}, {
  name: "fleet",
  summary: "Report on many hosts",
  examples: REPORT.examples.slice(0, 2),
  commands: [REPORT],
}, {
  name: "endpoint",
  summary: "Run a local endpoint for testing",
  examples: ["sremote endpoint serve", "sremote endpoint serve --port 5000 --down library"],
  commands: [SERVE],
}];
