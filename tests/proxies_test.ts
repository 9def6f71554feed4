/** Requests through proxies, from source and as compiled: by CONNECT, by SOCKS 5, and with TLS to the proxy itself. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import type { StatusDocument, Trouble } from "../src/model.ts";
import { Machine, type Program, PROGRAMS } from "./machine.ts";
import { certificate, type RunningProxy, startProxy, startSite, startSocks } from "./servers.ts";

const pem = (name: string) => readFileSync(certificate(`cases/${name}`), "utf8");
const tls = (name: string) => ({ cert: pem(`${name}.pem`), key: pem("server.key") });
const PASSWORD = "CANARY-pass word";

/** A server for 10.9.9.9, 2001:db8::9 and lab.example.com, whose discovery names no service. */
function startServer() {
  return startSite(tls("addresses"));
}

/** What stops the request to a host through a proxy; null: nothing. */
async function ask(
  machine: Machine,
  program: Program,
  host: string,
  env: Readonly<Record<string, string>>,
): Promise<Trouble | null> {
  const yaml = machine.put("remote.yaml", `Active: a\nRemotes:\n  a:\n    URI: "https://${host}"\n`, 0o600);
  const { stdout, stderr } = await machine.run([
    ...["status", "--json", "--runtime", "singularity", "--remote-file", yaml, "--timeout", "10"],
    ...["--cacert", certificate("cases/authorities.pem")],
  ], { program, env });
  assert.ok(!(stdout + stderr).includes("CANARY"), stdout + stderr);
  return (JSON.parse(stdout) as StatusDocument).remotes[0]!.trouble;
}

/** A kind of proxy, how its variable begins, and how it is started. */
const kinds: readonly (readonly [scheme: string, start: (port: number) => Promise<RunningProxy>])[] = [
  ["http://127.0.0.1", (port) => startProxy(port)],
  ["https://localhost", (port) => startProxy(port, 200, tls("right"))],
  ["https://127.0.0.1", (port) => startProxy(port, 200, tls("right"))],
  ["socks5://127.0.0.1", (port) => startSocks(port)],
  ["socks5h://127.0.0.1", (port) => startSocks(port)],
];

/** A host, whether the server's certificate is for it, and what the proxy is asked for. */
const hosts: readonly (readonly [host: string, accepted: boolean, asked: string])[] = [
  ["lab.example.com", true, "lab.example.com:443"],
  ["10.9.9.9", true, "10.9.9.9:443"],
  ["10.9.9.9:8443", true, "10.9.9.9:8443"],
  ["[2001:db8::9]", true, "[2001:db8::9]:443"],
  ["10.9.9.8", false, "10.9.9.8:443"],
  ["other.example.com", false, "other.example.com:443"],
];

for (const program of PROGRAMS) {
  for (const [scheme, start] of kinds) {
    Deno.test(`proxies: names and IP addresses through ${scheme} (${program.name})`, async () => {
      using machine = new Machine();
      await using server = await startServer();
      await using proxy = await start(server.port);
      for (const [host, accepted, asked] of hosts) {
        const trouble = await ask(machine, program, host, { HTTPS_PROXY: `${scheme}:${proxy.port}` });
        const about = `${host}: ${JSON.stringify(trouble)}`;
        if (accepted) assert.equal(trouble, null, about);
        else assert.equal(trouble?.kind, "certificate", about);
        const log = proxy.log.splice(0);
        assert.ok(log.length > 0 && log.every((one) => one === `CONNECT ${asked}`), `${about} ${log}`);
      }
    });
  }

  Deno.test(`proxies: a SOCKS 5 proxy gets its user and password, and its refusals are told (${program.name})`, async () => {
    using machine = new Machine();
    await using server = await startServer();
    await using proxy = await startSocks(server.port, { user: "me", password: PASSWORD });
    await using refusing = await startSocks(server.port, { reply: 2 });
    const address = (userinfo: string) => `socks5://${userinfo}127.0.0.1:${proxy.port}`;
    const through = (HTTPS_PROXY: string) => ask(machine, program, "lab.example.com", { HTTPS_PROXY });
    assert.equal(await through(address(`me:${encodeURIComponent(PASSWORD)}@`)), null);
    assert.deepEqual(proxy.log.splice(0), [`CONNECT lab.example.com:443 me:${PASSWORD}`]);
    for (const userinfo of ["", "me:wrong@"]) {
      const trouble = await through(address(userinfo));
      assert.equal(trouble?.kind, "proxy");
      assert.match(
        trouble.message,
        /the proxy socks5:\/\/127\.0\.0\.1:\d+ of HTTPS_PROXY rejects the user or the password/,
      );
      assert.match(trouble.next ?? "", /HTTPS_PROXY=socks5:\/\/USER:PASSWORD@HOST:PORT/);
    }
    for (
      const [value, message] of [
        [`socks5://127.0.0.1:${refusing.port}`, /of HTTPS_PROXY cannot connect: not allowed$/],
        [`socks5://127.0.0.1:${server.port}`, /of HTTPS_PROXY/],
        ["socks5://127.0.0.1:1", /of HTTPS_PROXY refuses the connection$/],
        ["socks5://proxy.invalid", /cannot resolve the name proxy\.invalid$/],
      ] as const
    ) {
      const trouble = await through(value);
      assert.equal(trouble?.kind, "proxy", value);
      assert.match(trouble.message, message);
      assert.match(trouble.next ?? "", /HTTPS_PROXY/);
    }
  });

  Deno.test(`proxies: the certificate of a proxy is checked like that of a server (${program.name})`, async () => {
    using machine = new Machine();
    await using server = await startServer();
    for (
      const [name, message] of [
        ["common-name", /names the host only as its common name/],
        ["sha1", /is signed with SHA-1/],
        ["expired", /has expired/],
        ["self-signed", /is self-signed/],
      ] as const
    ) {
      await using proxy = await startProxy(server.port, 200, tls(name));
      const trouble = await ask(machine, program, "lab.example.com", {
        HTTPS_PROXY: `https://localhost:${proxy.port}`,
      });
      assert.equal(trouble?.kind, "proxy", name);
      assert.match(
        trouble.message,
        /^cannot use the proxy of HTTPS_PROXY: the certificate of localhost:\d+ /,
      );
      assert.match(trouble.message, message);
      assert.deepEqual(proxy.log, [], name);
    }
  });
}
