/** TLS as the programs have it, from source and as compiled: which certificates are accepted, and what the others lack. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { StatusDocument } from "../src/model.ts";
import { Machine, type Program, PROGRAMS } from "./machine.ts";
import { certificate, startSite } from "./servers.ts";

const file = (name: string) => certificate(`cases/${name}`);
const pem = (name: string) => readFileSync(file(name), "utf8");

/** A certificate, the host that is asked, and what its trouble says; null: it is accepted. */
const cases: readonly (readonly [name: string, host: string, message: RegExp | null, next?: RegExp])[] = [
  ["right", "localhost", null],
  ["right", "127.0.0.1", null],
  ["sha1-root", "localhost", null],
  [
    "common-name",
    "localhost",
    /names the host only as its common name/,
    /needs the subjectAltName localhost/,
  ],
  [
    "common-name-ip",
    "127.0.0.1",
    /names the host only as its common name/,
    /needs the subjectAltName 127\.0\.0\.1/,
  ],
  ["common-name", "127.0.0.1", /is for no host: it has no subjectAltName/],
  ["mail-only", "localhost", /names the host only as its common name/],
  ["sha1", "localhost", /is signed with SHA-1/, /Contact its administrator/],
  ["sha1-intermediate", "localhost", /“sremote test intermediate” behind localhost:\d+ is signed with SHA-1/],
  ["client-only", "localhost", /is not for servers/, /serverAuth/],
  ["ip-as-dns", "127.0.0.1", /has 127\.0\.0\.1 as a DNS name, not as an IP address/, /as a subjectAltName/],
  ["ip-as-dns", "localhost", /is for 127\.0\.0\.1$/, /Check the address/],
  ["expired", "localhost", /has expired \(valid until 2021-01-01\)/, /Check the clock/],
  ["future", "localhost", /is not valid yet \(valid from 2120-01-01\)/, /Check the clock/],
  ["self-signed", "localhost", /is self-signed$/, /--cacert FILE/],
];

/** What a server sends, what is trusted, and what its trouble says; null: it is accepted. All is in `tls/path/`. */
const chains: readonly (readonly [sent: string, trusted: string, message: RegExp | null, next?: RegExp])[] = [
  ["by-good good", "root", null],
  ["by-good weak good", "root", null],
  ["by-weak weak", "root", /“path weak” behind localhost:\d+ is signed with SHA-1/],
  ["by-weak root-sha1 weak", "root root-sha1", /“path weak” behind localhost:\d+ is signed with SHA-1/],
  ["by-weak good deep flat names critical clients no-signing no-authority root weak", "root", /SHA-1/],
  ["by-good good", "good", null],
  ["by-good", "good", null],
  ["by-weak weak", "weak", null],
  ["by-weak weak weak-renewed", "root", null],
  ["by-root-sha1", "root-sha1", null],
  ["by-no-authority no-authority", "root", /“path no authority” behind \S+ is not that of an authority/],
  [
    "by-no-constraints no-constraints",
    "root",
    /“path no constraints” behind \S+ is not that of an authority/,
  ],
  ["by-clients clients", "root", /“path clients” behind \S+ may not issue certificates for servers/],
  ["by-names names", "root", /“path names” behind \S+ may issue certificates only for certain names/],
  [
    "by-critical critical",
    "root",
    /“path critical” behind \S+ has a critical extension .*\(1\.2\.3\.4\.5\)$/,
  ],
  ["by-deep deep flat", "root", /“path flat” behind \S+ may not issue certificates of authorities/],
  [
    "by-weak weak-forged",
    "root",
    /signature of “path root” on the certificate “path weak” .* cannot be verified/,
  ],
  ["by-weak weak-expired", "root", /“path weak” behind \S+ has expired \(valid until 2021-01-01\)/],
  ["by-root weak-expired", "good", /untrusted authority “path root”$/, /--cacert FILE/],
  ["by-good", "root", /untrusted authority “path good”$/, /the server should send its certificate$/],
  ["aia", "root", /was issued by “path good”, whose certificate it does not send/, /should send/],
];
/** What only OpenSSL's relative in the binary refuses or accepts as Go does; Deno's library is stricter. */
const inBinary: typeof chains = [
  ["by-root", "by-root", null],
  ["by-no-signing no-signing", "root", /“path no signing” behind \S+ may not issue others/],
];

/** A server with certificates, in PEM. */
function serveChain(cert: string) {
  return startSite({ cert, key: pem("server.key") });
}

/** The status of remotes, by their names. */
async function statusOf(
  machine: Machine,
  program: Program,
  addresses: ReadonlyMap<string, string>,
  how: { readonly flags?: readonly string[]; readonly env?: Readonly<Record<string, string>> },
) {
  const remotes = Array.from(addresses, ([name, uri]) => `  ${name}:\n    URI: https://${uri}\n`);
  const yaml = machine.put("remote.yaml", `Remotes:\n${remotes.join("")}`, 0o600);
  const { stdout, stderr } = await machine.run(
    ["status", "--all", "--json", "--runtime", "singularity", "--remote-file", yaml, ...how.flags ?? []],
    { program, env: how.env ?? {} },
  );
  const { remotes: found } = JSON.parse(stdout) as StatusDocument;
  return { troubles: new Map(found.map((one) => [one.remote, one.trouble])), stderr };
}

for (const program of PROGRAMS) {
  Deno.test(`certificates: each is accepted, or refused for its own reason (${program.name})`, async () => {
    using machine = new Machine();
    await using servers = new AsyncDisposableStack();
    const addresses = new Map<string, string>();
    for (const [name, host] of cases) {
      const { port } = servers.use(await serveChain(pem(`${name}.pem`)));
      addresses.set(`${name}-${host}`, `${host}:${port}`);
    }
    const flags = ["--cacert", file("authorities.pem")];
    const { troubles } = await statusOf(machine, program, addresses, { flags });
    for (const [name, host, message, next] of cases) {
      const trouble = troubles.get(`${name}-${host}`);
      const about = `${name} for ${host}: ${JSON.stringify(trouble)}`;
      if (message === null) assert.equal(trouble, null, about);
      else {
        assert.equal(trouble?.kind, "certificate", about);
        assert.match(trouble.message, message, about);
        assert.match(trouble.next ?? "", next ?? /./, about);
        assert.doesNotMatch(trouble.next ?? "", /insecure|http:/i, about);
      }
    }
  });

  Deno.test(`certificates: the path to what is trusted decides, whatever else is sent (${program.name})`, async () => {
    using machine = new Machine();
    await using servers = new AsyncDisposableStack();
    const all = (names: string) =>
      names.split(" ").map((one) => readFileSync(certificate(`path/${one}.pem`), "utf8")).join("");
    const groups = Map.groupBy(
      program.name === "binary" ? [...chains, ...inBinary] : chains,
      ([, trusted]) => trusted,
    );
    for (const [trusted, group] of groups) {
      const addresses = new Map<string, string>();
      for (const [at, [sent]] of group.entries()) {
        const { port } = servers.use(await serveChain(all(sent)));
        addresses.set(`${at}`, `localhost:${port}`);
      }
      const env = { SSL_CERT_FILE: machine.put("trusted.pem", all(trusted)), SSL_CERT_DIR: "/dev/null" };
      const { troubles } = await statusOf(machine, program, addresses, { env });
      for (const [at, [sent, , message, next]] of group.entries()) {
        const trouble = troubles.get(`${at}`);
        const about = `${sent}, trusted ${trusted}: ${JSON.stringify(trouble)}`;
        if (message === null) assert.equal(trouble, null, about);
        else {
          assert.equal(trouble?.kind, "certificate", about);
          assert.match(trouble.message, message, about);
          assert.match(trouble.next ?? "", next ?? /./, about);
        }
      }
    }
  });

  Deno.test(`certificates: no variable makes it wait for a file, or trust more (${program.name})`, async () => {
    using machine = new Machine();
    await using served = await serveChain(pem("right.pem"));
    const address = new Map([["a", `localhost:${served.port}`]]);
    const pipe = machine.at("pipe");
    assert.equal(spawnSync("mkfifo", [pipe]).status, 0);
    const other = certificate("other-ca.pem");
    for (const file of [pipe, "/dev/zero", "/dev/tty"]) {
      for (
        const env of [
          { SSL_CERT_FILE: file },
          { SSL_CERT_FILE: file, SSL_CERT_DIR: file },
          { SSL_CERT_FILE: other, SSL_CERT_DIR: file },
          { SSL_CERT_FILE: other, NODE_EXTRA_CA_CERTS: file },
        ]
      ) {
        // Only the binary is deaf to this variable: it is a run of Deno's own otherwise.
        if (program.name !== "binary" && "NODE_EXTRA_CA_CERTS" in env) continue;
        const { troubles } = await statusOf(machine, program, address, { env });
        assert.equal(troubles.get("a")?.kind, "certificate", JSON.stringify(env));
      }
    }
    if (program.name !== "binary") return;
    const env = { SSL_CERT_FILE: other, NODE_EXTRA_CA_CERTS: file("authorities.pem") };
    const { troubles } = await statusOf(machine, program, address, { env });
    assert.match(troubles.get("a")?.message ?? "", /untrusted authority/);
  });

  Deno.test(`certificates: the stores that the environment names are read as Go reads them (${program.name})`, async () => {
    using machine = new Machine();
    await using served = await serveChain(pem("right.pem"));
    const address = new Map([["a", `localhost:${served.port}`]]);
    const authority = pem("authorities.pem");
    const bad = "-----BEGIN CERTIFICATE-----\nbm90IG9uZQ==\n-----END CERTIFICATE-----\n";
    const bundle = machine.put("bundle.pem", `a comment\n${bad}${authority}`);
    machine.put("one/README", "no certificates");
    machine.put("two/site.crt", authority);
    const [one, two, none] = [machine.at("one"), machine.at("two"), machine.at("none")];
    for (
      const [env, accepted, told] of [
        [{}, false, /^$/],
        [{ SSL_CERT_FILE: bundle }, true, /^Warning: skipped block 1 of \S+bundle\.pem \(line 2\): .*\n$/],
        [
          { SSL_CERT_FILE: none },
          false,
          /^Warning: cannot read \S+none of SSL_CERT_FILE: it does not exist\.\n$/,
        ],
        [{ SSL_CERT_DIR: two }, true, /^$/],
        [{ SSL_CERT_DIR: `${none}:${one}::${two}` }, true, /^$/],
        [{ SSL_CERT_DIR: one }, false, /^$/],
        [{ SSL_CERT_DIR: none }, false, /^Warning: cannot read any directory of SSL_CERT_DIR \(/],
      ] as const
    ) {
      const { troubles, stderr } = await statusOf(machine, program, address, { env });
      const trouble = troubles.get("a");
      assert.equal(trouble === null, accepted, `${JSON.stringify(env)}: ${JSON.stringify(trouble)}`);
      assert.match(stderr, told, JSON.stringify(env));
    }
  });
}
