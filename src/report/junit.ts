/** The status of remotes as JUnit XML, for the test reports of CI systems: a suite per remote, a case per service. */
import type { EndpointStatus, StatusDocument, Trouble } from "../model.ts";
import { printable } from "../base/text.ts";
import { serviceTitle } from "./status.ts";

/** The whole document. */
export function renderJunit({ remotes }: StatusDocument): string {
  const suites = remotes.map(suiteOf);
  const count = (of: "tests" | "failures") => suites.reduce((sum, one) => sum + one[of], 0);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="sremote status" tests="${count("tests")}" failures="${count("failures")}">`,
    ...suites.map((one) => one.xml),
    "</testsuites>",
  ].join("\n");
}

function suiteOf({ remote, uri, services, login, trouble }: EndpointStatus) {
  const cases = [
    { name: "Discovery", trouble, milliseconds: null as number | null },
    ...services.map((one) => ({
      name: serviceTitle(one.service),
      trouble: one.trouble,
      milliseconds: one.milliseconds,
    })),
    ...(login.state === "none" ? [] : [{ name: "API Key", trouble: login.trouble, milliseconds: null }]),
  ];
  const failures = cases.filter((one) => one.trouble !== null).length;
  const xml = [
    `  <testsuite name="${text(remote)}" hostname="${
      text(uri)
    }" tests="${cases.length}" failures="${failures}">`,
    ...cases.map((one) => caseOf(remote, one)),
    "  </testsuite>",
  ].join("\n");
  return { tests: cases.length, failures, xml };
}

function caseOf(
  remote: string,
  { name, trouble, milliseconds }: { name: string; trouble: Trouble | null; milliseconds: number | null },
): string {
  const time = milliseconds === null ? "" : ` time="${(milliseconds / 1000).toFixed(3)}"`;
  const open = `    <testcase classname="${text(remote)}" name="${text(name)}"${time}`;
  if (trouble === null) return `${open}/>`;
  const next = trouble.next === undefined ? "" : text(trouble.next);
  return `${open}>\n      <failure type="${text(trouble.kind)}" message="${
    text(trouble.message)
  }">${next}</failure>\n    </testcase>`;
}

/** Text for an attribute or an element; XML 1.0 cannot represent control characters. */
function text(value: string): string {
  const entities: Record<string, string> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&apos;",
  };
  return printable(value).toWellFormed().replace(/[&<>"']/g, (one) => entities[one]!);
}
