/** The examples for merge requests, run line by line as they are; scripts replace the commands that post a note. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { parse } from "yaml";
import { Machine } from "./machine.ts";

function example(name: string) {
  return parse(readFileSync(new URL(`../examples/${name}`, import.meta.url), "utf8"));
}

const gitlab = example("gitlab-ci.yml");
const github = example("github-actions.yml");

/** The lines of the two jobs. */
const EXAMPLES: Readonly<
  Record<string, { readonly plan: readonly string[]; readonly apply: readonly string[] }>
> = {
  "GitLab": { plan: gitlab.plan.script, apply: gitlab.apply.script },
  "GitHub": {
    plan: github.jobs.plan.steps.flatMap((one: { run?: string }) => one.run ?? []),
    apply: github.jobs.apply.steps.flatMap((one: { run?: string }) => one.run ?? []),
  },
};

const CONFIG = '{ "remotes": { "a": { "uri": "a.example.com", "scope": "global" } } }\n';

for (const [name, { plan, apply }] of Object.entries(EXAMPLES)) {
  Deno.test(`examples: ${name} posts the changes of a merge request, and nothing if there are none`, () => {
    using machine = new Machine();
    const posted = join(machine.root, "posted");
    const post = `echo "$@" > ${posted}; cat plan.md >> ${posted}`;
    const env = {
      ...machine.env(),
      PATH: `${machine.bin({ curl: post, gh: post })}:/usr/bin:/bin`,
      GITHUB_STEP_SUMMARY: "/dev/null",
      NUMBER: "1",
    };
    /** As in CI, the job stops at the first line that fails. */
    const run = (lines: readonly string[], config: string) => {
      rmSync(posted, { force: true });
      machine.put("remotes.json", config);
      const ran = spawnSync("sh", ["-ec", lines.join("\n")], { cwd: machine.work, encoding: "utf8", env });
      return { status: ran.status, said: ran.stdout + ran.stderr };
    };
    const first = run(plan, CONFIG);
    assert.equal(first.status, 0, first.said);
    assert.match(
      readFileSync(posted, "utf8"),
      /\*\*Plan: 1 to add, 0 to change, 0 to remove[^]*<details>[^]*```diff\n/,
    );
    const broken = run(plan, CONFIG.replace("uri", "url"));
    assert.notEqual(broken.status, 0);
    assert.match(broken.said, /unknown field/);
    assert.ok(!existsSync(posted));
    if (process.getuid?.() !== 0) return; // the global file belongs to root
    assert.equal(run(apply, CONFIG).status, 0);
    assert.match(
      readFileSync(join(machine.etc, "singularity/remote.yaml"), "utf8"),
      /URI: a\.example\.com/,
    );
    assert.equal(run(plan, CONFIG).status, 0);
    assert.ok(!existsSync(posted), "a note without changes");
  });
}
