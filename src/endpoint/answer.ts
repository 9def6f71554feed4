/** Reads what a server answers: the JSON document, or why there is none. A secret that the server repeats is masked. */
import type { Trouble } from "../model.ts";
import type { Secret } from "../base/secret.ts";
import type { Reply } from "./session.ts";
import { CHECK_ADDRESS, LATER, trouble } from "./trouble.ts";

/** Media types that may be shown: a server can put anything into the type, even the token. */
const SHOWN = /^(?:text\/(?:plain|html|xml)|application\/(?:xml|json|octet-stream))$/;

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
  const kind = /^\s*</.test(reply.text) ? "HTML" : SHOWN.test(reply.type) ? reply.type : "not JSON";
  return {
    trouble: trouble(
      "malformed",
      `the answer of ${host} is ${kind === "not JSON" ? kind : `${kind}, not JSON`}`,
      `${CHECK_ADDRESS}, and not the login page of a proxy or a network`,
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
    reply.status === 429 || reply.status >= 500 ? LATER : CHECK_ADDRESS,
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
