/** Reads what a server answers: the JSON document, or why there is none. A secret that the server repeats is masked. */
import type { Trouble } from "../model.ts";
import type { Secret } from "../base/secret.ts";
import type { Reply } from "./session.ts";
import { LATER, trouble } from "./trouble.ts";

const KINDS: ReadonlySet<string> = new Set([
  "text/plain",
  "text/html",
  "text/xml",
  "application/xml",
  "application/json",
  "application/octet-stream",
]);

/**
 * The JSON object of an answer with status 200.
 * @param secret masked where the server's own words are shown
 */
export function documentOf(
  reply: Reply,
  host: string,
  secret?: Secret,
): { readonly value: Readonly<Record<string, unknown>> } | { readonly trouble: Trouble } {
  if ("trouble" in reply) return reply;
  if (reply.status !== 200) return { trouble: refusalOf(reply, host, secret) };
  const value = parsed(reply.text);
  if (isRecord(value)) return { value };
  // Only a known type is shown: a server can put anything there, even the token.
  const kind = /^\s*</.test(reply.text) ? "HTML" : KINDS.has(reply.type) ? reply.type : "not JSON";
  return {
    trouble: trouble(
      "malformed",
      `the answer of ${host} is ${kind === "not JSON" ? kind : `${kind}, not JSON`}`,
      "Check that this is the address of an endpoint, and not the login page of a proxy or a network",
    ),
  };
}

/** An answer with another status, in the words of its `{"error":{"code":404,"message":"…"}}` if it has them. */
export function refusalOf(reply: Extract<Reply, { status: number }>, host: string, secret?: Secret): Trouble {
  const document = parsed(reply.text);
  const error = isRecord(document) ? document.error : undefined;
  const said = isRecord(error) && typeof error.message === "string" && error.message !== ""
    ? `: ${shortened(withoutSecret(error.message, secret))}`
    : "";
  return trouble(
    "status",
    `${host} answers ${reply.status}${said}`,
    reply.status >= 500 ? LATER : "Check that this is the address of an endpoint",
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A server's text, with a secret that it repeats masked, whatever the case of its letters: host names are lower-cased. */
export function withoutSecret(text: string, secret: Secret | undefined): string {
  if (secret === undefined) return text;
  const value = secret.reveal();
  return [value, value.replace(/^(?:Bearer|Basic) /, "")].filter((one) => one !== "").reduce(
    (left, one) => left.replace(new RegExp(RegExp.escape(one), "gi"), "***"),
    text,
  );
}

/** One line of at most 120 characters. */
export function shortened(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.length <= 120 ? line : `${line.slice(0, 120).toWellFormed()}…`;
}

/** The host and port of an address; the text itself if it is not an address. */
export function hostOf(uri: string): string {
  return URL.parse(uri)?.host ?? uri;
}

/** Whether a JSON value is an object. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
