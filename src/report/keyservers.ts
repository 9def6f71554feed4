/** The table of `sremote keyserver list`. */
import type { Keyserver, Trouble } from "../model.ts";
import { printable } from "../base/text.ts";
import { table } from "./table.ts";

/** A remote with its keyservers, in the order of use. */
export interface KeyserverRow {
  readonly remote: string;
  readonly default: boolean;
  readonly trouble: Trouble | null;
  readonly keyservers: readonly (Keyserver & { readonly loggedIn: boolean })[];
}

/** A row for each keyserver, with its position among those in use. */
export function renderKeyservers(remotes: readonly KeyserverRow[]): string {
  const rows = remotes.flatMap(({ remote, default: isDefault, trouble, keyservers }) => {
    const name = isDefault ? `[${printable(remote)}]` : printable(remote);
    if (keyservers.length === 0) {
      return [[name, "", trouble === null ? "none" : `N/A (${printable(trouble.message)})`, "", ""]];
    }
    let order = 0;
    return keyservers.map(({ uri, skip, insecure, loggedIn }, i) => [
      i === 0 ? name : "",
      skip ? "skipped" : `#${++order}`,
      printable(uri),
      insecure || /^(?:http|hkp):/i.test(uri) ? "NO" : "YES",
      loggedIn ? "YES" : "NO",
    ]);
  });
  return table([["NAME", "ORDER", "KEYSERVER", "SECURE", "LOGGED IN"], ...rows]);
}
