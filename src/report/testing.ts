/** Plans for the tests of this directory. */
import type {
  Change,
  Entry,
  Finding,
  Keyserver,
  ObservedEndpoint,
  Plan,
  ServiceStatus,
  Step,
  Target,
} from "../model.ts";

/** An entry; by default not insecure and without keyservers. */
export function entry(uri: string, more: Partial<Entry> = {}): Entry {
  return { uri, system: false, insecure: false, keyservers: [], ...more };
}

/** An external keyserver. */
export function keyserver(uri: string, more: Partial<Keyserver> = {}): Keyserver {
  return { uri, skip: false, external: true, insecure: false, ...more };
}

/** The parts of a plan that differ from the default. */
export interface PlanParts {
  readonly checks?: readonly Step[];
  readonly findings?: readonly Finding[];
  readonly target?: Partial<Target>;
  readonly endpoints?: readonly ObservedEndpoint[];
}

/** A plan for the global file. */
export function planOf(
  changes: readonly Change[],
  { checks = [], findings = [], target, endpoints = [] }: PlanParts = {},
): Plan {
  return {
    formatVersion: 1,
    target: {
      runtime: "singularity",
      oldest: null,
      scope: "global",
      file: "/etc/singularity/remote.yaml",
      ...target,
    },
    seen: { digest: `sha256:${"0".repeat(64)}`, default: null, remotes: [], managed: [] },
    changed: changes.length > 0,
    endpoints,
    steps: [
      ...checks,
      ...(changes.length === 0 ? [] : [{ kind: "replace-file", basis: null, changes, managed: [] } as const]),
    ],
    findings,
  };
}

/** Every kind of change, of field and of source. */
export const EVERYTHING: readonly Change[] = [
  {
    kind: "add",
    remote: "company",
    after: entry("enterprise.example.com", {
      insecure: true,
      keyservers: [
        keyserver("https://keys.example.com"),
        keyserver("https://old.example.com", { skip: true }),
      ],
    }),
  },
  { kind: "add", remote: "café 🚀 lab", after: entry("lab.example.com:8443/path") },
  { kind: "add", remote: "__proto__", after: entry("proto.example.com") },
  {
    kind: "update",
    remote: "moved",
    before: entry("before.example.com", {
      keyservers: [keyserver("https://a.example.com"), keyserver("https://keys.example.com")],
    }),
    after: entry("after.example.com", {
      insecure: true,
      keyservers: [
        keyserver("https://keys.example.com", { insecure: true }),
        keyserver("https://a.example.com"),
      ],
    }),
  },
  {
    kind: "update",
    remote: "reordered",
    before: entry("same.example.com", { keyservers: [keyserver("https://a"), keyserver("https://b")] }),
    after: entry("same.example.com", { keyservers: [keyserver("https://b"), keyserver("https://a")] }),
  },
  {
    kind: "remove",
    remote: "gone",
    before: entry("gone.example.com", {
      keyservers: [keyserver("https://gone.example.com/keys", { external: false, skip: true })],
    }),
  },
  {
    kind: "use",
    before: { remote: null, exclusive: ["gone", "left, right"] },
    after: { remote: "company", exclusive: ["company"] },
  },
  { kind: "login", remote: "company", from: { env: "COMPANY_TOKEN" } },
  { kind: "login", remote: "moved", from: { file: "/run/secrets/token" } },
  { kind: "login", remote: "a", from: { command: ["pass", "show", "SECRET-ARGUMENT"] } },
  { kind: "login", remote: "b", from: { command: ["token-helper", "SECRET-ARGUMENT"] } },
  { kind: "login", remote: "c", from: { command: ["token-helper"] } },
  { kind: "login", remote: "d", from: { prompt: true } },
  { kind: "logout", remote: "old" },
];

/** One finding of each severity, the least severe first. */
export const FINDINGS: readonly Finding[] = [
  {
    severity: "info",
    code: "unmanaged",
    message: 'unmanaged remotes, left unchanged: "hand"',
    next: "Add it",
  },
  {
    severity: "warning",
    code: "readable-by-others",
    message: "/etc/singularity/remote.yaml holds tokens and has mode 0644",
    next: "Run chmod 600 /etc/singularity/remote.yaml",
  },
  { severity: "error", code: "default-unknown", message: 'the default "compny" does not exist' },
];

/** Text that tries to control a terminal, a page, or a reader. */
export const HOSTILE =
  "\u001b[2J\u009b31m\u202e@all [x](http://e.org) <img src=x> | `` #1 *b*\r\n\u2028\u{e0041}</details>\u0000";

/** A service that is up, and one that is down. */
export const SERVICES_SEEN: readonly ServiceStatus[] = [
  {
    service: "library",
    uri: "https://library.example.com",
    ok: true,
    version: "v0.5.3-0-g0d6b5b1",
    milliseconds: 12,
    trouble: null,
  },
  {
    service: "keystore",
    uri: "https://keys.example.com",
    ok: false,
    version: null,
    milliseconds: 34,
    trouble: { kind: "status", message: "keys.example.com answers 503", next: "Try again later" },
  },
];

/** An endpoint as observed. */
export function seenOf(remote: string, services: readonly ServiceStatus[]): ObservedEndpoint {
  const token = {
    state: "none",
    trouble: null,
    same: null,
    source: null,
    expires: null,
    exposed: null,
  } as const;
  return { remote, services, token };
}
