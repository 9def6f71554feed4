/** Limits of untrusted text, looked at before any other work on it. */

/** No config and no `remote.yaml` has as many levels. */
const DEEPEST_INDENT = 600;

/** Whether YAML is nested so deeply by its indentation, or by dashes, that a parser takes the square of its length. */
export function nestsTooDeeply(yaml: string): boolean {
  return new RegExp(`^[ \\t?-]{${DEEPEST_INDENT}}`, "m").test(yaml);
}

/** Lines, items and fields that a config in YAML may have: ten thousand remotes have half of them. */
const MOST_YAML = 200_000;

/** Whether the YAML is more than its parser reads in two seconds, or in 300 MB. */
export function isTooMuchYaml(yaml: string): boolean {
  let count = 0;
  const parts = /[,\n]|: /g;
  while (parts.test(yaml)) if (++count > MOST_YAML) return true;
  return false;
}
