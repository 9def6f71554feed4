/** The status of remotes for Prometheus: the text format 0.0.4, as the node exporter's textfile collector reads it. */
import type { StatusDocument } from "../model.ts";
import { printable } from "../base/text.ts";

type Labels = Readonly<Record<string, string>>;

/** All metrics, each with its help text; ends with a line break. */
export function renderPrometheus({ remotes }: StatusDocument): string {
  const services = remotes.flatMap(({ remote, services }) => services.map((one) => ({ remote, ...one })));
  return [
    metric(
      "sremote_endpoint_up",
      "Whether the endpoint answers discovery.",
      remotes.map(({ remote, uri, trouble }) => [
        { remote, uri },
        trouble === null ? 1 : 0,
      ]),
    ),
    metric(
      "sremote_service_up",
      "Whether the service answers with its version.",
      services.map((one) => [{ remote: one.remote, service: one.service }, one.ok ? 1 : 0]),
    ),
    metric(
      "sremote_service_info",
      "The version of a service that is up.",
      services.flatMap(({ remote, service, version }) =>
        version === null ? [] : [[{ remote, service, version }, 1] as const]
      ),
    ),
    metric(
      "sremote_service_latency_seconds",
      "How long the service took to answer.",
      services.flatMap(({ remote, service, milliseconds }) =>
        milliseconds === null ? [] : [[{ remote, service }, milliseconds / 1000] as const]
      ),
    ),
    metric(
      "sremote_token_valid",
      "Whether the stored token is valid; absent if none is stored or it could not be verified.",
      remotes.flatMap(({ remote, login: { state } }) =>
        state === "valid" || state === "invalid" ? [[{ remote }, state === "valid" ? 1 : 0] as const] : []
      ),
    ),
    metric(
      "sremote_token_expiry_timestamp_seconds",
      "When the stored token says that it expires, in seconds since 1970; absent if it does not say.",
      remotes.flatMap(({ remote, login: { expires } }) =>
        expires === null ? [] : [[{ remote }, Date.parse(expires) / 1000] as const]
      ),
    ),
  ].join("");
}

function metric(name: string, help: string, samples: readonly (readonly [Labels, number])[]): string {
  const lines = samples.map(([labels, value]) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    return `${name}{${pairs.join(",")}} ${value}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join("")}`;
}

function escaped(text: string): string {
  return printable(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"');
}
