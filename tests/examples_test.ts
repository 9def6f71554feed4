/** The examples for merge requests, run as they are, line by line; what posts a note is put in their way and says so. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import { PROGRAMS } from "./scenario.ts";

const binary = PROGRAMS.find((one) => one.name === "binary")?.command[0];

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
  Deno.test({
    name: `examples: ${name} posts what a merge request would change, and nothing where there is nothing`,
    ignore: binary === undefined,
    fn: () => {
      const folder = mkdtempSync(join(tmpdir(), "sremote-examples-"));
      const posted = join(folder, "posted");
      /** Each line stops the job where it fails, as there. */
      const run = (lines: readonly string[], config: string) => {
        rmSync(posted, { force: true });
        writeFileSync(join(folder, "work/remotes.json"), config);
        const ran = spawnSync("sh", ["-ec", lines.join("\n")], {
          cwd: join(folder, "work"),
          encoding: "utf8",
          env: {
            PATH: `${join(folder, "bin")}:/usr/bin:/bin`,
            GITHUB_STEP_SUMMARY: "/dev/null",
            NUMBER: "1",
          },
        });
        return { status: ran.status, said: ran.stdout + ran.stderr };
      };
      try {
        mkdirSync(join(folder, "work"));
        mkdirSync(join(folder, "bin"));
        const put = (command: string, text: string) => {
          writeFileSync(join(folder, "bin", command), `#!/bin/sh\n${text}\n`);
          chmodSync(join(folder, "bin", command), 0o755);
        };
        // The machine's file of this test, not of this machine.
        put("sremote", `exec ${join(dirname(binary!), "sremote")} --sysconfdir ${join(folder, "etc")} "$@"`);
        for (const command of ["curl", "gh"]) put(command, `echo "$@" > ${posted}; cat plan.md >> ${posted}`);
        const uid = spawnSync("id", ["-u"], { encoding: "utf8" }).stdout.trim();

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
        if (uid !== "0") return; // the machine's file is root's
        assert.equal(run(apply, CONFIG).status, 0);
        assert.match(
          readFileSync(join(folder, "etc/singularity/remote.yaml"), "utf8"),
          /URI: a\.example\.com/,
        );
        assert.equal(run(plan, CONFIG).status, 0);
        assert.ok(!existsSync(posted), "a note for nothing");
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
  });
}
