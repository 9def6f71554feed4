import assert from "node:assert/strict";
import { golden } from "../../tests/golden.ts";
import type { EndpointStatus, StatusDocument } from "../model.ts";
import { renderDiagnoses } from "./doctor.ts";
import { renderJunit } from "./junit.ts";
import { renderKeyservers } from "./keyservers.ts";
import { renderPrometheus } from "./prometheus.ts";
import { renderStatus } from "./status.ts";
import { colourStyle, plainStyle } from "./style.ts";
import { HOSTILE, keyserver, SERVICES_SEEN } from "./testing.ts";

const NOW = Date.UTC(2026, 10, 25);

const endpoint = (remote: string, more: Partial<EndpointStatus> = {}): EndpointStatus => ({
  remote,
  uri: `${remote}.example.com`,
  insecure: false,
  services: SERVICES_SEEN.slice(0, 1),
  login: { state: "none", identity: null, expires: null, trouble: null },
  trouble: null,
  ...more,
});

const alice = { username: "alice", email: "alice@example.com", realname: null };
const refused = {
  kind: "refused",
  message: "down.example.com refuses the connection",
  next: "Check that it is running",
} as const;
const REMOTES: readonly EndpointStatus[] = [
  endpoint("company", {
    services: SERVICES_SEEN,
    login: { state: "valid", identity: alice, expires: "2026-12-01T12:00:00.000Z", trouble: null },
  }),
  endpoint("down", {
    services: [],
    login: { state: "unknown", identity: null, expires: "2026-12-02T00:00:00.000Z", trouble: refused },
    trouble: refused,
  }),
  endpoint("old", {
    login: {
      state: "invalid",
      identity: null,
      expires: "2026-11-30T23:59:59.000Z",
      trouble: { kind: "status", message: "auth.example.com rejects the API key (401)" },
    },
  }),
  endpoint(HOSTILE, {
    uri: HOSTILE,
    services: [{ ...SERVICES_SEEN[0]!, version: HOSTILE, uri: HOSTILE }],
    login: { state: "valid", identity: { ...alice, username: HOSTILE }, expires: null, trouble: null },
  }),
];
const document = (remotes: readonly EndpointStatus[]): StatusDocument => ({
  formatVersion: 1,
  sremote: "0.1.0",
  default: "company",
  ok: false,
  remotes,
});

Deno.test("the status of many remotes, of one, and in color", () => {
  golden("report/status.txt", renderStatus(document(REMOTES), plainStyle, NOW));
  golden("report/status-of-one.txt", renderStatus(document(REMOTES.slice(0, 1)), plainStyle, NOW));
  golden(
    "report/status-in-colour.txt",
    renderStatus(document(REMOTES.slice(0, 3)), colourStyle, NOW).replaceAll("\u001b", "␛"),
  );
});

Deno.test("the status as JUnit's XML, with any names", () => {
  const xml = renderJunit(document(REMOTES));
  golden("report/status.junit.xml", xml);
  // deno-lint-ignore no-control-regex -- no such character may be in XML
  assert.doesNotMatch(xml, /[\u0000-\u0008\u000b-\u001f]/);
  assert.equal(xml.match(/<failure /g)?.length, 4);
});

Deno.test("the status for Prometheus, one sample per line", () => {
  const text = renderPrometheus(document(REMOTES));
  golden("report/status.prom", text.trimEnd());
  for (const line of text.trimEnd().split("\n")) {
    assert.match(line, /^(?:# (?:HELP|TYPE) .*|[a-z_]+\{(?:[a-z]+="(?:[^"\\]|\\.)*",?)*\} [0-9.e-]+)$/u);
  }
});

Deno.test("keyservers in the order of use", () => {
  const own = keyserver("https://keys.example.com", { external: false });
  golden(
    "report/keyservers.txt",
    renderKeyservers([
      {
        remote: "company",
        default: true,
        trouble: null,
        keyservers: [
          { ...own, skip: true, loggedIn: true },
          { ...keyserver("hkp://other.example.com"), loggedIn: false },
          { ...keyserver("https://third.example.com", { insecure: true }), loggedIn: true },
        ],
      },
      { remote: "down", default: false, trouble: refused, keyservers: [] },
    ]),
  );
});

Deno.test("the findings of the doctor, with remedies", () => {
  const text = renderDiagnoses([
    {
      severity: "ok",
      about: "file",
      subject: "/etc/singularity/remote.yaml",
      message: "the global file, mode 0644, owner 0",
    },
    {
      severity: "warning",
      about: "conflict",
      subject: "default",
      message: "there is no default remote",
      next: "sremote use NAME",
    },
    {
      severity: "error",
      about: "dns",
      subject: HOSTILE,
      message: "cannot be resolved",
      next: "check the name",
    },
  ], plainStyle);
  golden("report/doctor.txt", text);
  assert.equal(renderDiagnoses([], plainStyle), "\nNo problems found.");
});
