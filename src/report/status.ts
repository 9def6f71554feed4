/** The status of remotes as text. */
import type { EndpointStatus, LoginStatus, StatusDocument, Trouble } from "../model.ts";
import { printable } from "../base/text.ts";
import { showDay } from "../base/expiry.ts";
import type { Style } from "./style.ts";
import { table } from "./table.ts";

/**
 * A table for each remote, and who is logged in. One remote is shown as by `singularity remote status`.
 * @param now milliseconds since 1970
 */
export function renderStatus(
  { remotes, default: active }: StatusDocument,
  style: Style,
  now: number,
): string {
  if (remotes.length === 0) return "No remotes.";
  const shown = remotes.map((one) => {
    const name = one.remote === active ? `[${printable(one.remote)}]` : printable(one.remote);
    const head = remotes.length === 1 ? [] : [style.bold(`${name}  ${printable(one.uri)}`)];
    return [...head, ...renderOne(one, style, now)].join("\n");
  });
  return shown.join("\n\n");
}

function renderOne(status: EndpointStatus, style: Style, now: number): string[] {
  const { services, trouble } = status;
  const offered = services.filter((one) => one.uri !== null);
  const lines: string[] = [];
  if (trouble !== null) lines.push(`${style.red("N/A")}  ${printable(trouble.message)}`);
  else if (offered.length === 0) lines.push("The endpoint has no services.");
  else {
    const rows = offered.map(({ service, ok, version, uri }) => [
      serviceTitle(service),
      ok ? { text: "OK", style: style.green } : { text: "N/A", style: style.red },
      printable(version ?? ""),
      printable(uri ?? ""),
    ]);
    lines.push(table([["SERVICE", "STATUS", "VERSION", "URI"], ...rows]));
  }
  if (offered.length > 0 && services.some((one) => one.uri === null && one.service === "library")) {
    lines.push("", `${style.red("No library")}: library:// fails with this remote.`);
  }
  lines.push("", loginLine(status.login, style, now));
  const troubles = troublesOf(status);
  const shown = troubles.map((one) => renderTrouble(one, style)).filter((one) => one !== "");
  if (shown.length > 0) lines.push("", ...shown);
  return lines;
}

/** The title of a service in the table. */
export function serviceTitle(service: string): string {
  return `${printable(service).replace(/^./, (one) => one.toUpperCase())} Service`;
}

function loginLine({ state, identity, expires }: LoginStatus, style: Style, now: number): string {
  const expired = expires !== null && Date.parse(expires) <= now ? `expired on ${showDay(expires)}` : null;
  const until = expires === null ? "" : ` (${expired ?? `expires ${showDay(expires)}`})`;
  const who = identity === null
    ? ""
    : ` as ${printable(identity.username)}${
      identity.email === null ? "" : ` <${printable(identity.email)}>`
    }`;
  switch (state) {
    case "none":
      return "Not logged in.";
    case "valid":
      // The endpoint decides, whatever the API key says of itself.
      return `${style.green("Logged in")}${who}: the API key ${
        expired === null ? `is valid${until}` : `${expired}, but the endpoint accepts it`
      }.`;
    case "invalid":
      return `${style.red("The API key is invalid")}${until}: log in again.`;
    case "unknown":
      return `${style.yellow("An API key is stored")}${until}, but could not be verified.`;
  }
}

/** Each trouble once, with its subject. */
function troublesOf(
  { services, login, trouble }: EndpointStatus,
): readonly (Trouble & { readonly of: string })[] {
  const all = [
    ...(trouble === null ? [] : [{ ...trouble, of: "" }]),
    ...services.flatMap((one) =>
      one.trouble === null ? [] : [{ ...one.trouble, of: `${serviceTitle(one.service)}: ` }]
    ),
    ...(login.trouble === null || trouble !== null ? [] : [{ ...login.trouble, of: "API key: " }]),
  ];
  const seen = new Set<string>();
  return all.filter(({ message }) => !seen.has(message) && seen.add(message));
}

/** The message of the endpoint itself is already shown above. */
function renderTrouble({ of, message, next }: Trouble & { readonly of: string }, style: Style): string {
  const what = of === "" ? [] : [`${of}${printable(message)}`];
  const remedy = next === undefined
    ? []
    : [`${of === "" ? "" : "  "}${style.bold("Next:")} ${printable(next)}`];
  return [...what, ...remedy].join("\n");
}
