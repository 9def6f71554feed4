/** The fleet as one HTML page without outside resources, in which nothing from a host is interpreted. */
import { countStates, type HostReport, type HostState, inOrder, STATES } from "./fleet.ts";
import { printable } from "../base/text.ts";

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2024; --paper: #fff; --line: #dfe3e8; --dim: #60646c;
  --failed: #c62a2f; --drifted: #ab6400; --changed: #006dcb; --in-step: #18794e; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --paper: #111113; --line: #363a3f; --dim: #b0b4ba;
  --failed: #ff9592; --drifted: #ffca16; --changed: #70b8ff; --in-step: #3dd68c; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; }
ul { display: flex; flex-wrap: wrap; gap: 1rem; list-style: none; padding: 0; }
li { border: 1px solid var(--line); border-top: 4px solid; border-radius: 6px; padding: .5rem 1rem; min-width: 7rem; }
li b { display: block; font-size: 1.8rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .35rem .75rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere; }
th { color: var(--dim); font-weight: 600; }
td:nth-child(2) { white-space: nowrap; font-weight: 600; }
${STATES.map((one) => `.${classOf(one)} { color: var(--${classOf(one)}); }`).join("\n")}
`;

/** One self-contained page; the same reports give the same bytes. */
export function renderFleetHtml(reports: readonly HostReport[], title: string): string {
  const counts = countStates(reports);
  const tiles = STATES.map((one) => `<li class="${classOf(one)}"><b>${counts[one]}</b>${one}</li>`).join(
    "\n",
  );
  const rows = inOrder(reports).map(({ host, state, summary }) =>
    `<tr><td>${escaped(host)}</td><td class="${classOf(state)}">${state}</td><td>${
      escaped(summary)
    }</td></tr>`
  ).join("\n");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>${escaped(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>${escaped(title)}</h1>
<p>${reports.length} ${reports.length === 1 ? "host" : "hosts"}</p>
<ul>
${tiles}
</ul>
<table>
<thead><tr><th>Host</th><th>State</th><th>What there is to say</th></tr></thead>
<tbody>
${rows}
</tbody>
</table>
</body>
</html>
`;
}

function classOf(state: HostState): string {
  return state.replace(" ", "-");
}

function escaped(text: string): string {
  const named: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    "'": "&#39;",
  };
  return printable(text).replace(/[&<>"']/g, (one) => named[one]!);
}
