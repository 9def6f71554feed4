/** Short notations for states in tests, and arbitrary states for properties. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { sremoteCommand } from "../base/text.ts";
import type { Sremote } from "./diagnosis.ts";
import { NO_QUIRKS } from "./refused.ts";
import type { Horizon } from "../base/expiry.ts";
import { Secret } from "../base/secret.ts";
import type {
  Desired,
  DesiredDefault,
  DesiredRemote,
  Diagnosis,
  Hidden,
  Observed,
  ObservedEndpoint,
  ObservedToken,
  Quirks,
  ReadElsewhere,
  RemoteFile,
  Runtime,
  Scope,
  StoredRemote,
} from "../model.ts";

/** Commands as doctor gets them, with the options that say which files they are about. */
export const typed: Sremote = (words, names) => sremoteCommand(["--root", "/r", ...words], names);
const COMMAND_ELSEWHERE = /\bsremote (?:add|apply|doctor|login|logout|plan|remove|rollback|status|use)\b/;

/** Findings of doctor that are not ok, as `severity subject: message`; each has what a finding needs, and no secret. */
export function troubles(found: Iterable<Diagnosis>): readonly string[] {
  const list = [...found];
  for (const one of list) {
    if (one.severity !== "note") {
      assert.equal(
        one.next === undefined,
        one.severity === "ok",
        `${one.message}: a remedy where one is needed`,
      );
    }
    if (one.next !== undefined) {
      assert.match(one.next, /^[A-Z].*[^.]$/);
      // A command without them may change the file of another program.
      assert.doesNotMatch(one.next, COMMAND_ELSEWHERE, one.next);
    }
  }
  assert.ok(!JSON.stringify(list).includes("CANARY"));
  return list.flatMap((one) =>
    one.severity === "ok" ? [] : [`${one.severity} ${one.subject}: ${one.message}`]
  );
}

/** A remote of the config. */
export function wanted(name: string, fields: Partial<DesiredRemote> = {}): DesiredRemote {
  return {
    name,
    uri: `${name}.example.com`,
    insecure: false,
    keyservers: null,
    login: null,
    check: [],
    ...fields,
  };
}

/** A remote of a file. */
export function stored(name: string, fields: Partial<StoredRemote> = {}): StoredRemote {
  return {
    name,
    uri: `${name}.example.com`,
    insecure: false,
    keyservers: [],
    token: null,
    system: false,
    exclusive: false,
    ...fields,
  };
}

/** A config. */
export function config(
  remotes: Partial<Record<Scope, readonly DesiredRemote[]>>,
  fields: Partial<Omit<Desired, "remotes" | "default">> & { default?: Partial<Desired["default"]> } = {},
): Desired {
  const map = (list: readonly DesiredRemote[] = []) => new Map(list.map((one) => [one.name, one]));
  return {
    runtimes: [{ runtime: "singularity", oldest: null }],
    sysconfdir: null,
    exclusive: null,
    unmanaged: "keep",
    cacert: null,
    ...fields,
    remotes: { user: map(remotes.user), global: map(remotes.global) },
    default: { user: unset, global: unset, ...fields.default },
  };
}

/** The config does not mention the default. */
export const unset: DesiredDefault = { kind: "unset" };

/** There is to be no default. */
export const none: DesiredDefault = { kind: "none" };

/** The default is this remote. */
export function use(name: string): DesiredDefault {
  return { kind: "remote", name };
}

/** A file's content. */
export function file(remotes: readonly StoredRemote[], active: string | null = null): RemoteFile {
  return { default: active, remotes: new Map(remotes.map((one) => [one.name, one])), credentials: [] };
}

/** The observed state. The ledger holds `ours`, which sremote may remove. */
export function found(
  content: RemoteFile,
  fields: {
    readonly scope?: Scope;
    readonly runtime?: Runtime;
    readonly other?: RemoteFile | "unreadable" | null;
    readonly ours?: readonly string[];
    readonly mode?: number;
    readonly ambiguous?: boolean;
    readonly cutsOff?: string;
    readonly elsewhere?: ReadElsewhere;
    readonly hidden?: readonly Hidden[];
    readonly quirks?: Partial<Quirks>;
    readonly endpoints?: readonly ObservedEndpoint[];
    readonly horizon?: Horizon;
  } = {},
): Observed {
  const { scope = "user", runtime = "singularity", other = file([]), ours = [], mode = 0o600 } = fields;
  return {
    target: { runtime, oldest: null, scope, file: "/here/remote.yaml" },
    file: { digest: `sha256:${"0".repeat(64)}`, content, quirks: { ...NO_QUIRKS, ...fields.quirks }, mode },
    other: other === null
      ? null
      : { path: "/other/remote.yaml", content: other === "unreadable" ? null : other, quirks: NO_QUIRKS },
    ours: new Set(ours),
    ledger: new Set(ours),
    cutsOff: fields.cutsOff ?? null,
    elsewhere: fields.elsewhere ?? null,
    hidden: fields.hidden ?? [],
    ambiguous: fields.ambiguous ?? false,
    horizon: fields.horizon ?? { now: 0, days: 7 },
    endpoints: new Map((fields.endpoints ?? []).map((one) => [one.remote, one])),
  };
}

/** An endpoint as observed: no token is stored and nothing was asked, except for what `token` says. */
export function looked(
  remote: string,
  token: Partial<ObservedToken> = {},
  services: ObservedEndpoint["services"] = null,
): ObservedEndpoint {
  const unseen = {
    state: "none",
    trouble: null,
    same: null,
    source: null,
    expires: null,
    exposed: null,
  } as const;
  return { remote, services, token: { ...unseen, ...token } };
}

const name = fc.constantFrom("a", "b", "c", "d", "__proto__", "constructor", "a b", "é");
const host = fc.constantFrom("one.example.com", "two.example.com", "three.example.com:8443/path");
const plainObject = { noNullPrototype: true };
const keyserver = fc.record({
  uri: fc.constantFrom("https://k", "https://l"),
  skip: fc.boolean(),
  external: fc.boolean(),
  insecure: fc.boolean(),
}, plainObject);
const anyStored = fc.record({
  name,
  uri: host,
  insecure: fc.boolean(),
  keyservers: fc.array(keyserver, { maxLength: 2 }),
  token: fc.option(fc.constant(new Secret("CANARY-of-a-token"))),
  system: fc.boolean(),
  exclusive: fc.boolean(),
}, plainObject);
const anyWanted = fc.record({
  name,
  uri: host,
  insecure: fc.boolean(),
  keyservers: fc.option(fc.array(keyserver.map((one) => ({ ...one, external: true })), { maxLength: 2 })),
  login: fc.constantFrom(null, false as const, { env: "T" }),
  check: fc.subarray(["library", "keystore"] as const),
}, plainObject);
const anyToken = fc.record({
  state: fc.constantFrom("valid" as const, "invalid" as const, "unknown" as const, "not-looked-at" as const),
  same: fc.option(fc.boolean()),
}, plainObject);
const unique = { selector: (one: { name: string }) => one.name, maxLength: 5 };
const anyFile = fc.tuple(fc.uniqueArray(anyStored, unique), fc.option(name))
  .map(([remotes, active]) => file(remotes, active));

/** Any config and any state of one file, its neighbour and its endpoints; a config has only names that it may have. */
export const anyState: fc.Arbitrary<{ readonly desired: Desired; readonly observed: Observed }> = fc.record({
  scope: fc.constantFrom("user" as const, "global" as const),
  content: anyFile,
  other: fc.option(anyFile),
  ours: fc.uniqueArray(name),
  remotes: fc.uniqueArray(anyWanted, unique),
  wish: fc.nat(),
  exclusive: fc.option(fc.boolean()),
  unmanaged: fc.constantFrom("keep" as const, "remove" as const),
  tokens: fc.array(anyToken, { minLength: 10, maxLength: 10 }),
  globals: fc.uniqueArray(anyWanted, unique),
}).map(({ scope, content, other, ours, remotes, wish, exclusive, unmanaged, tokens, globals }) => {
  const others = scope === "user"
    ? globals.filter((one) => !remotes.some(({ name }) => name === one.name))
    : [];
  const all = [...remotes, ...others];
  const wishes = [unset, none, ...all.map((one) => use(one.name))];
  const wished = wishes[wish % wishes.length]!;
  const desired = config({ ...(scope === "user" ? { global: others } : {}), [scope]: remotes }, {
    default: { [scope]: wished },
    exclusive: scope === "global" && wished.kind === "remote" ? exclusive : null,
    unmanaged,
  });
  const removable = unmanaged === "remove" ? [...content.remotes.keys()] : ours;
  const endpoints = all.map((one, i) => looked(one.name, tokens[i]));
  return { desired, observed: found(content, { scope, other, ours: removable, endpoints }) };
});
