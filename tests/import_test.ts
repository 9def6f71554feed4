/** `import` and the plan of what it gives, on every remote.yaml of the recordings. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runInProcess } from "./in_process.ts";
import { Machine } from "./machine.ts";
import { expandBytes, globalText, loadCases, NEWEST, type Program } from "./recordings/cases.ts";

interface Files {
  readonly program: Program;
  readonly user: string | undefined;
  readonly global: string | undefined;
}

/** Every pair of files that a case begins with. */
function recorded(): readonly Files[] {
  const pairs = new Map<string, Files>();
  for (const one of loadCases()) {
    for (const target of NEWEST) {
      const files = { program: target.program, user: one.user, global: globalText(one, target) };
      pairs.set(JSON.stringify(files), files);
    }
  }
  return [...pairs.values()];
}

interface PlanDocument {
  readonly plans: readonly {
    readonly changed: boolean;
    readonly findings: readonly { readonly severity: string; readonly code: string }[];
    readonly steps: readonly {
      readonly kind: string;
      readonly changes?: readonly {
        readonly kind: string;
        readonly remote: string;
        readonly before: Readonly<Record<string, unknown>>;
        readonly after: Readonly<Record<string, unknown>>;
      }[];
    }[];
  }[];
}

/** The first plan changes only what the program cannot use: the form of an address, or a missing `System: true`. */
function unusable(document: PlanDocument, where: string): number {
  const changes = document.plans.flatMap(({ steps }) => steps.flatMap((one) => one.changes ?? []));
  for (const { kind, before, after } of changes) {
    assert.equal(kind, "update", where);
    const fields = Object.keys(after).filter((one) =>
      JSON.stringify(before[one]) !== JSON.stringify(after[one])
    );
    for (const field of fields) {
      if (field === "uri") assert.match(String(before.uri), /^[^/]*:/, where);
      else assert.deepEqual([field, after.system], ["system", true], where);
    }
  }
  return changes.length;
}

Deno.test("import: the first plan of what it gives is empty, but for what the program cannot use", async () => {
  const counts = { files: 0, empty: 0, changes: 0, unread: 0 };
  for (const { program, user, global } of recorded()) {
    using machine = new Machine();
    const paths = { user: `.${program}/remote.yaml`, global: `${program}/remote.yaml` };
    const put = (path: string, text: string | undefined) => {
      if (text === undefined) return;
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, expandBytes(text), { mode: path.startsWith(machine.home) ? 0o600 : 0o644 });
    };
    put(join(machine.home, paths.user), user);
    put(join(machine.etc, paths.global), global);
    const where = JSON.stringify({ program, user, global });
    const given = ["--runtime", program];
    const imported = await runInProcess([...given, "import", "--format", "json"], machine);
    counts.files += 1;
    if (imported.exit !== 0) {
      assert.deepEqual([imported.exit, imported.out], [65, ""], where);
      counts.unread += 1;
      continue;
    }
    const insecure = (text: string | undefined) => /Insecure:/.test(text ?? "");
    if (!insecure(user) && !insecure(global)) assert.doesNotMatch(imported.out, /"uri": "http:/, where);
    writeFileSync(join(machine.work, "remotes.json"), imported.out);
    let changes = 0;
    for (const scope of [[], ["--global"]]) {
      const plan = await runInProcess([...given, "plan", "--offline", "--format", "json", ...scope], machine);
      assert.ok(plan.exit === 0 || plan.exit === 65, `${plan.err} ${where}`);
      changes += unusable(JSON.parse(plan.out) as PlanDocument, where);
    }
    counts.changes += changes;
    if (changes === 0) counts.empty += 1;
    assert.equal(
      user === undefined || readFileSync(join(machine.home, paths.user)).equals(expandBytes(user)),
      true,
    );
  }
  console.log(counts);
  assert.ok(counts.empty > 300, JSON.stringify(counts));
});
