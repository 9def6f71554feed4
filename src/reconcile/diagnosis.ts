/** How a finding of `sremote doctor` is made. */
import type { Diagnosis } from "../model.ts";

/** A finding. `next`: the remedy, as an imperative. */
export function say(
  severity: Diagnosis["severity"],
  about: Diagnosis["about"],
  subject: string,
  message: string,
  next?: string,
): Diagnosis {
  return { severity, about, subject, message, ...(next === undefined ? {} : { next }) };
}
