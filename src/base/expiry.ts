/** When a token expires. A JSON Web Token says so itself (RFC 7519, `exp`), so nobody has to be asked. */
import { TOKEN_BYTES } from "./limits.ts";
import type { Secret } from "./secret.ts";

/** The last moment that a Date can hold, in milliseconds. */
const LAST = 8.64e15;

const DAY = 86_400_000;

/**
 * When a token expires, in milliseconds since 1970; undefined if it is not a JWT or does not say. The signature is not
 * verified: whether a token is valid is for its endpoint to say.
 */
export function tokenExpiry(token: Secret): number | undefined {
  const text = token.reveal();
  if (text.length > TOKEN_BYTES) return undefined;
  // Three parts, and no more are looked for.
  const [header = "", claims = "", signature, more] = text.split(".", 4);
  if (signature === undefined || more !== undefined || objectIn(header) === null) return undefined;
  const exp = objectIn(claims)?.["exp"];
  if (typeof exp !== "number" || !Number.isFinite(exp)) return undefined;
  const time = Math.trunc(exp * 1000);
  return Math.abs(time) <= LAST ? time : undefined;
}

/** The JSON object in a base64url part; null: it holds something else. */
function objectIn(part: string): Readonly<Record<string, unknown>> | null {
  if (!/^[\w-]+$/.test(part)) return null;
  try {
    const bytes = Uint8Array.from(
      atob(part.replaceAll("-", "+").replaceAll("_", "/")),
      (one) => one.charCodeAt(0),
    );
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Readonly<Record<string, unknown>>
      : null;
  } catch {
    return null;
  }
}

/** {@link tokenExpiry} as a JSON document has it: ISO 8601 in UTC; null: unknown, or no token. */
export function expiryOf(token: Secret | null): string | null {
  const time = token === null ? undefined : tokenExpiry(token);
  return time === undefined ? null : new Date(time).toISOString();
}

/** The day of an expiry, in UTC: `2026-12-01`. */
export function showDay(expires: string): string {
  return expires.slice(0, expires.indexOf("T"));
}

/** When to warn. */
export interface Horizon {
  /** The time now, in milliseconds since 1970. */
  readonly now: number;
  /** Warn of what expires within this many days. */
  readonly days: number;
}

/**
 * What to say of an expiry, as the end of a sentence about the token: `expired on 2026-11-20`, `expires in 6 days
 * (2026-12-01)`; null: it is later than the horizon, or unknown.
 */
export function expiryWarning(expires: string | null, { now, days }: Horizon): string | null {
  if (expires === null) return null;
  const left = Date.parse(expires) - now;
  if (left <= 0) return `expired on ${showDay(expires)}`;
  if (left > days * DAY) return null;
  const whole = Math.floor(left / DAY);
  const when = whole === 0 ? "in less than a day" : whole === 1 ? "in 1 day" : `in ${whole} days`;
  return `expires ${when} (${showDay(expires)})`;
}
