/** `sremote endpoint serve`: what it prints is what users and the programs need to try it. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Machine, type Program, PROGRAMS } from "./machine.ts";
import { certificate, TLS } from "./servers.ts";

/** Serves an endpoint until the end of the block. */
async function serve(machine: Machine, program: Program, flags: readonly string[]) {
  const { command, options } = machine.start(["endpoint", "serve", ...flags], { program });
  const child = spawn(command[0], command.slice(1), { ...options, stdio: ["ignore", "pipe", "inherit"] });
  const [printed] = await once(child.stdout, "data") as [Uint8Array];
  const stop = async () => {
    const ended = once(child, "close");
    child.kill("SIGTERM");
    await ended;
  };
  return { text: new TextDecoder().decode(printed), [Symbol.asyncDispose]: stop };
}

for (const program of PROGRAMS) {
  for (
    const [scheme, like] of [["http", "enterprise"], ["https", "enterprise"], ["http", "hinkskalle"]] as const
  ) {
    Deno.test(`endpoint serve: its own words lead to a login (${scheme}, ${like}, ${program.name})`, async () => {
      using machine = new Machine();
      const flags = [...scheme === "https" ? TLS : [], "--like", like];
      await using served = await serve(machine, program, flags);
      const url = /Serving a test endpoint at (\S+) /.exec(served.text)?.[1] ?? "";
      assert.match(url, new RegExp(`^${scheme}://localhost:\\d+$`));
      const add = /\$ sremote (add .*)/.exec(served.text)?.[1];
      assert.equal(add, `add try ${url}`);
      const token = /^ {2}alice +(\S+)$/m.exec(served.text)?.[1] ?? "";
      // hinkskalle's tokens have 64 characters.
      assert.equal(token.length, like === "hinkskalle" ? 64 : 36);

      const trust = scheme === "https" ? ["--cacert", certificate("ca.pem")] : [];
      const run = (args: readonly string[], stdin?: string) =>
        machine.run([...args, ...trust], { program, ...stdin === undefined ? {} : { stdin } });
      const added = await run([...add!.split(" "), "--no-login"]);
      assert.equal(added.status, 0, added.stderr);
      const used = await run(["use", "try"]);
      assert.equal(used.status, 0, used.stderr);
      const loggedIn = await run(["login", "--password-stdin"], token);
      assert.equal(loggedIn.status, 0, loggedIn.stderr);
      const status = await run(["status"]);
      assert.equal(status.status, 0, status.stdout + status.stderr);
      assert.match(status.stdout, /^Logged in as alice <alice@example.com>/m);
      // SingularityCE 3.9 and later, and Apptainer, use an address with a port only with its scheme.
      const file = readFileSync(join(machine.home, ".singularity/remote.yaml"), "utf8");
      assert.equal(/URI: (.*)/.exec(file)?.[1], url);
    });
  }

  Deno.test(`endpoint serve: its JSON has the address with its scheme (${program.name})`, async () => {
    using machine = new Machine();
    for (const [scheme, flags] of [["http", []], ["https", TLS]] as const) {
      await using served = await serve(machine, program, ["--json", ...flags]);
      const { accounts, port, ...rest } = JSON.parse(served.text);
      const url = `${scheme}://localhost:${port}`;
      assert.deepEqual(rest, { formatVersion: 1, url, uri: url });
      assert.deepEqual(accounts.map(({ username }: { username: string }) => username), ["alice", "bob"]);
    }
  });
}
