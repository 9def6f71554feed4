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
  if (reply.text.startsWith("\uFEFF")) {
    const message = `the answer of ${host} begins with a byte order mark`;
    return {
      trouble: trouble("malformed", message, "Contact its administrator: the programs refuse it too"),
    };
  }
  const kind = value !== undefined
    ? "not a JSON object"
    : isPage(reply)
    ? "HTML, not JSON"
    : SHOWN.test(reply.type) && reply.type !== "application/json"
    ? `${reply.type}, not JSON`
    : "not JSON";
  const next = `${CHECK_ADDRESS}, and not the login page of a proxy or a network`;
  return { trouble: trouble("malformed", `the answer of ${host} is ${kind}`, next) };
}

/** Whether an answer is a page for people, whatever its media type. */
export function isPage({ type, text }: Extract<Reply, { status: number }>): boolean {
  return type === "text/html" || /^\s*</.test(text);
}

/**
 * An answer that refuses, in the server's own words if it has them: `{"error":{"code":404,"message":"…"}}`, also with
 * status 200, or hinkskalle's `{"errors":[{"code":404,"detail":"…"}]}`.
 */
export function refusalOf(reply: Extract<Reply, { status: number }>, host: string, secret?: Secret): Trouble {
  const { status, retryAfter } = reply;
  const words = wordsIn(parsed(reply.text));
  const said = words === "" ? "" : `: ${shortened(withoutSecret(words, secret))}`;
  return trouble(
    "status",
    `${host} answers ${status === 200 ? "with an error" : status}${said}`,
    nextAfter(status, retryAfter, reply.now),
  );
}

/** The remedy for a status. 429 and 503 may come with the time after which to ask again (RFC 9110, 10.2.3). */
function nextAfter(status: number, retryAfter: string | null, now: number): string {
  if (status === 429 || status === 503) {
    // Digits or a date: nothing else that a server writes there is shown.
    const when = retryAfter === null
      ? null
      : /^\d{1,9}$/.test(retryAfter)
      ? after(Number(retryAfter))
      : at(retryAfter, now);
    if (when !== null) return `Try again ${when}`;
    if (status === 429) return "Try again later: it limits the number of requests";
  }
  return status === 200 || status >= 500 ? LATER : CHECK_ADDRESS;
}

/** A time that has passed is `later`. */
function at(date: string, now: number): string | null {
  const day = /^[A-Z][a-z]{2}, (\d\d) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) GMT$/.exec(date);
  if (day === null) return null;
  const time = Date.parse(date);
  return time > now ? `after ${day[1]} ${day[2]} ${day[3]}, ${day[4]} UTC` : "later";
}

/** So many seconds, in the largest unit that makes at least two of it. */
function after(seconds: number): string {
  if (seconds === 0) return "later";
  const [size, unit] = ([[86_400, "days"], [3_600, "hours"]] as const)
    .find(([size]) => seconds >= 2 * size) ?? [1, "s"];
  return `in ${Math.ceil(seconds / size)} ${unit}`;
}

function wordsIn(document: unknown): string {
  if (!isRecord(document)) return "";
  const { error, errors } = document;
  const first = Array.isArray(errors) ? errors[0] : undefined;
  const words = isRecord(error) ? error.message : isRecord(first) ? first.detail : undefined;
  return typeof words === "string" ? words : "";
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
