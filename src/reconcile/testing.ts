/** Short notations for states in tests. */
import type {
  Desired,
  DesiredDefault,
  DesiredRemote,
  Observed,
  ObservedEndpoint,
  ObservedToken,
  RemoteFile,
  Runtime,
  Scope,
  StoredRemote,
} from "../model.ts";

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
    runtimes: ["singularity"],
    sysconfdir: null,
    exclusive: null,
    unmanaged: "keep",
    cacert: null,
    ...fields,
    remotes: { user: map(remotes.user), global: map(remotes.global) },
    default: { user: unspecified, global: unspecified, ...fields.default },
  };
}

/** The config does not mention the default. */
export const unspecified: DesiredDefault = { kind: "unspecified" };

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
    readonly endpoints?: readonly ObservedEndpoint[];
  } = {},
): Observed {
  const { scope = "user", runtime = "singularity", other = file([]), ours = [], mode = 0o600 } = fields;
  return {
    target: { runtime, scope, file: "/here/remote.yaml" },
    file: { digest: `sha256:${"0".repeat(64)}`, content, mode },
    other: other === null
      ? null
      : { path: "/other/remote.yaml", content: other === "unreadable" ? null : other },
    ours: new Set(ours),
    ledger: new Set(ours),
    ambiguous: fields.ambiguous ?? false,
    endpoints: new Map((fields.endpoints ?? []).map((one) => [one.remote, one])),
  };
}

/** An endpoint as observed: no token is stored and nothing was asked, except for what `token` says. */
export function looked(
  remote: string,
  token: Partial<ObservedToken> = {},
  services: ObservedEndpoint["services"] = null,
): ObservedEndpoint {
  const unseen = { state: "none", trouble: null, same: null, source: null, exposed: null } as const;
  return { remote, services, token: { ...unseen, ...token } };
}
