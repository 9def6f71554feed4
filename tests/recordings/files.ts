/** What a remote.yaml says, as data that compares: without what says nothing, and whatever the style. */
import { parse } from "yaml";

/** A file's content: text, lists and maps. `broken` holds the text of a file that is no map. */
export type Data = string | readonly Data[] | { readonly [key: string]: Data };
type Fields = { readonly [key: string]: Data };

const FLAGS: ReadonlySet<string> = new Set(["System", "Exclusive", "Insecure", "Skip", "External"]);

/** The data of a file's text; an absent file and an empty one are alike. */
export function dataOf(text: string | undefined): Fields {
  if (text === undefined || text.trim() === "") return {};
  let value: unknown;
  try {
    value = parse(text, { schema: "failsafe", merge: true, uniqueKeys: false, logLevel: "silent" });
  } catch {
    return { broken: text };
  }
  if (value === null || value === "" || value === "null" || value === "~") return {};
  if (!isFields(value)) return { broken: text };
  const data = (said(value) ?? {}) as Fields;
  if (!isFields(value.Remotes)) return data;
  // A remote of which nothing is said is there all the same.
  const remotes = Object.entries(value.Remotes).map(([name, one]) => [name, said(one) ?? {}] as const);
  return remotes.length === 0 ? data : { ...data, Remotes: Object.fromEntries(remotes) };
}

/** What the program sees at a user's command: the user file with the global one (sources: the recordings `merge/…`). */
export function mergedView(user: Fields, global: Fields): Fields {
  if ("broken" in user || "broken" in global) return { user, global };
  const remotes: Record<string, Fields> = { ...fieldsOf(user.Remotes) };
  let active = user.Active;
  for (const [name, one] of Object.entries(fieldsOf(global.Remotes)).sort(([a], [b]) => a < b ? -1 : 1)) {
    const own = remotes[name];
    if (own !== undefined && own.System === undefined) continue;
    const { URI: _uri, Exclusive: _exclusive, Keyservers: _keyservers, ...kept } = own ?? {};
    const { URI, Exclusive, Keyservers } = one;
    const refreshed = Object.entries({ URI, Exclusive, Keyservers }).filter(([, value]) =>
      value !== undefined
    );
    remotes[name] = { ...kept, System: "true", ...Object.fromEntries(refreshed) as Fields };
    if (Exclusive !== undefined) active = name;
  }
  active ??= global.Active;
  return { ...user, Remotes: remotes, ...active === undefined ? {} : { Active: active } };
}

/** Data less what says nothing: null, false, "", empty lists and maps. */
function said(value: unknown, key = ""): Data | undefined {
  if (Array.isArray(value)) {
    return value.length === 0 ? undefined : value.map((one) => said(one) ?? {});
  }
  if (isFields(value)) {
    const fields = Object.entries(value).map(([name, one]) => [name, said(one, name)] as const)
      .filter(([, one]) => one !== undefined);
    return fields.length === 0 ? undefined : Object.fromEntries(fields) as Fields;
  }
  const text = String(value ?? "");
  if (["", "null", "~"].includes(text)) return undefined;
  if (!FLAGS.has(key)) return text;
  if (/^(?:false|no|off|n)$/i.test(text)) return undefined;
  return /^(?:true|yes|on|y)$/i.test(text) ? "true" : text;
}

function fieldsOf(value: Data | undefined): Record<string, Fields> {
  return isFields(value) ? value as Record<string, Fields> : {};
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
