import type { IncomingHttpHeaders } from "node:http";

/** Headers as a record of strings, by their names in lower case. */
export function plainHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const plain: [string, string][] = [];
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) plain.push([name, Array.isArray(value) ? value.join(", ") : value]);
  }
  return Object.fromEntries(plain);
}
