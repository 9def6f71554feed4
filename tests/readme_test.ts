/** The sessions of the README, run with its config, print what it shows. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { dialogue, type Typed } from "./dialogue.ts";
import { Machine, PROGRAMS, ROOT } from "./machine.ts";
import { certificate, startEndpoint, startProxy, TLS } from "./servers.ts";

const readme = readFileSync(join(ROOT, "README.md"), "utf8");
const example = readFileSync(join(ROOT, "remotes.example.ts"), "utf8");

/** The sessions of the README: each command with its output. */
function sessions(): { readonly command: string; readonly output: string }[][] {
  return Array.from(
    readme.matchAll(/```console\n([\s\S]*?)\n```/g),
    ([, text]) =>
      text!.split(/^\$ /m).slice(1).map((part) => {
        const [command = "", ...lines] = part.split("\n");
        return { command, output: lines.join("\n").trimEnd() };
      }),
  );
}

// deno-lint-ignore no-control-regex -- it matches control sequences of a terminal
const DRIVES = /\u001b\[[0-9;?]*[A-Za-z]|\r/g;

for (const program of PROGRAMS) {
  Deno.test(`the sessions of the README print what it shows (${program.name})`, async () => {
    using machine = new Machine();
    const { work } = machine;
    const tokens = machine.put("tokens", "alice token-of-alice\n");
    await using endpoint = await startEndpoint(machine, program, [...TLS, "--tokens", tokens]);
    // Through this proxy, enterprise.example.com is the endpoint.
    await using proxy = await startProxy(endpoint.port);
    const env = {
      HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
      SSL_CERT_FILE: certificate("ca.pem"),
    };
    machine.put("remotes.ts", example);
    machine.put(
      "etc/singularity/remote.yaml",
      "Active: SylabsCloud\nRemotes:\n  SylabsCloud:\n    URI: cloud.sylabs.io\n    System: true\n    Exclusive: false\n",
    );
    const [global, user] = sessions();
    const [shown, ...commands] = global!;
    assert.deepEqual(shown, { command: "cat remotes.ts", output: example.trimEnd() });
    assert.equal(commands.length, 4);
    for (const { command, output } of commands) {
      const [sremote, ...args] = command.replace(/^sudo /, "").split(" ");
      assert.equal(sremote, "sremote");
      const run = await machine.run([...args, "--root", "."], { program, env });
      assert.equal(run.stderr, "");
      assert.equal(run.status, 0);
      assert.equal(
        run.stdout.replaceAll(` --root ${work}`, "").replaceAll(work, "").trimEnd(),
        output,
        command,
      );
    }
    assert.deepEqual(user!.map((one) => one.command), ["sremote login", "sremote status"]);
    for (const { command, output } of user!) {
      const typing: Typed[] = command === "sremote login" ? [["API Key:", "token-of-alice\r"]] : [];
      const args = [...command.split(" ").slice(1), "--root", "."];
      const seen = await dialogue(machine, program, args, typing, { ...env, NO_COLOR: "1" });
      assert.equal(seen.exit, 0, seen.screen);
      let left = seen.screen.replaceAll(DRIVES, "");
      for (const line of output.split("\n")) {
        const at = left.indexOf(line);
        assert.ok(at >= 0, `${line} is missing or out of order on the screen:\n${seen.screen}`);
        left = left.slice(at + line.length);
      }
    }
  });
}

Deno.test("the example works for a user too, and the JSON of the README is a valid config", async () => {
  using machine = new Machine();
  const run = (...args: string[]) => machine.run([...args, "--root", "."]);
  const config = join(ROOT, "remotes.example.ts");
  assert.equal((await run("plan", "-c", config, "--detailed-exitcode")).status, 2);
  assert.equal((await run("apply", "-c", config, "--yes", "--detailed-exitcode")).status, 2);
  assert.equal((await run("plan", "-c", config, "--detailed-exitcode")).status, 0);
  assert.equal(
    machine.read("home/me/.singularity/remote.yaml"),
    "Active: lab\nRemotes:\n    lab:\n        URI: lab.example.com\n",
  );
  machine.put("c.json", /```json\n([\s\S]*?)```/.exec(readme)![1]!);
  assert.equal(
    (await run("validate", "-c", "c.json")).stdout,
    "c.json is valid: 1 remote (0 user, 1 global).\n",
  );
});

Deno.test("the two commands of the README are tasks, and the demo runs to its end", () => {
  const commands = Array.from(readme.matchAll(/^npx -y deno@2\.9\.6 task (\w+)$/gm), (found) => found[1]);
  assert.deepEqual(commands, ["demo", "test"]);
  const run = spawnSync(process.execPath, ["task", "--quiet", "demo"], { cwd: ROOT, encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  assert.match(
    run.stderr,
    new RegExp(
      [
        /^INFO: {4}Checking status of default remote: lab\n/,
        /Error: cannot apply: check failed: the library service of "site": .*\nNext: .*\n/,
        /Note: "lab" is insecure: asked over http\.\nNote: "lab", "site" are insecure: asked over http\.\n$/,
      ].map((one) => one.source).join(""),
    ),
  );
  const order = [
    "$ sremote plan",
    "1 to add",
    "Applied",
    "Nothing to do",
    "elsewhere.example.net →",
    "[company]",
    "1 login",
    "Logged in as alice",
    "$ sremote apply",
    "down for maintenance",
    "[lab]",
    "$ sremote apply",
    "the default changed",
    "[site]",
  ];
  let at = 0;
  for (const one of order) {
    at = run.stdout.indexOf(one, at);
    assert.ok(at >= 0, `${one} is missing or out of order in the demo`);
  }
});
