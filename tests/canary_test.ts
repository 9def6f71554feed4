/**
 * A token goes through every command and every kind of answer. Afterwards it may be in the user's `remote.yaml` and its
 * backup, both readable only by their owner, and in requests to its own endpoint; never in any output, in another file, at
 * another server or in the arguments of a process.
 */
import assert from "node:assert/strict";
import { lstatSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { CANARY, commandsOf, Machine, type Program, PROGRAMS } from "./machine.ts";

const NEW = `${CANARY}-new`;
const BASIC = btoa(`alice:${CANARY}`);
/** Every form in which it could be written. */
const TRACES = [CANARY, BASIC, encodeURIComponent(CANARY), btoa(CANARY).replaceAll("=", "")];

/** How the endpoint answers requests that carry a token. */
const MOODS = [
  "good",
  "unauthorized",
  "echo",
  "echo-html",
  "echo-kind",
  "redirect",
  "redirect-host",
  "hangs-up",
] as const;
type Mood = (typeof MOODS)[number];

interface Servers {
  readonly own: number;
  readonly other: number;
  mood: Mood;
  /** What the other server received. */
  readonly leaked: string[];
  /** How often its own server received the token. */
  received: number;
  stop(): Promise<void>;
}

/** Starts a server on loopback. */
function listen(handle: (request: IncomingMessage, response: ServerResponse) => void) {
  const server = createServer(handle);
  return new Promise<{ port: number; stop: () => Promise<void> }>((done) =>
    server.listen(0, "127.0.0.1", () =>
      done({
        port: (server.address() as AddressInfo).port,
        stop: () => {
          server.closeAllConnections();
          return new Promise((end) => server.close(() => end()));
        },
      }))
  );
}

async function serve(): Promise<Servers> {
  const leaked: string[] = [];
  const other = await listen((request, response) => {
    leaked.push(`${request.url} ${JSON.stringify(request.headers)}`);
    response.end("{}");
  });
  const own = await listen((request, response) => {
    const token = request.headers.authorization;
    if (token !== undefined) servers.received++;
    const json = (status: number, value: unknown) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
    };
    const base = `http://localhost:${own.port}`;
    if (request.url!.endsWith("config.prod.json")) {
      const names = ["library", "builder", "keystore", "token", "consent"];
      return json(200, Object.fromEntries(names.map((one) => [`${one}API`, { uri: `${base}/${one}` }])));
    }
    if (token !== undefined && servers.mood !== "good") {
      switch (servers.mood) {
        case "unauthorized":
          return json(401, { error: { code: 401, message: `who is ${token}?` } });
        case "echo":
          return json(500, { error: { code: 500, message: `no ${token} and ${token}` } });
        case "echo-html":
          return void response.writeHead(200, { "content-type": token }).end(`<html>${token}</html>`);
        case "echo-kind":
          return void response.writeHead(200, { "content-type": token }).end("no JSON");
        case "redirect-host":
          return void response.writeHead(302, { location: `https://${token.replace(/.* /, "")}.invalid/` })
            .end();
        case "redirect":
          return void response.writeHead(302, { location: `http://localhost:${other.port}/?${token}` }).end();
        case "hangs-up":
          return void request.socket.destroy();
      }
    }
    if (request.url!.endsWith("/version")) return json(200, { data: { version: "v1.0.0" } });
    json(200, {
      username: "alice",
      email: `${token}@example.com`,
      oidc_user_meta: { secret: "of the registry" },
    });
  });
  const servers: Servers = {
    own: own.port,
    other: other.port,
    mood: "good",
    leaked,
    received: 0,
    stop: async () => void await Promise.all([own.stop(), other.stop()]),
  };
  return servers;
}

/** Every command, in all ways that could leak a token; all of them get a token on standard input. */
const RUNS: readonly (readonly string[])[] = [
  ["plan"],
  ["plan", "--diff"],
  ["plan", "--format", "json"],
  ["plan", "--format", "markdown", "--diff"],
  ["plan", "--out", "plan.json", "--json-into", "document.json"],
  ["plan", "--global"],
  ["apply", "--yes"],
  ["apply", "--yes", "--json"],
  ["apply", "plan.json", "--yes"],
  ["apply", "--global", "--yes"],
  ["rollback", "--yes"],
  ["rollback", "--yes", "--json"],
  ["validate"],
  ["validate", "--json"],
  ["import"],
  ["import", "--format", "json"],
  ["init"],
  ["schema", "status"],
  ["completions", "bash"],
  ["fleet", "report", ".", "--html", "fleet.html"],
  ["list"],
  ["list", "--json"],
  ["status", "--all"],
  ["status", "--all", "--json"],
  ["status", "--all", "--format", "junit"],
  ["status", "--all", "--format", "prometheus", "--json-into", "status.json"],
  ["login", "lab", "--yes", "--tokenfile", "given/token"],
  ["login", "lab", "--yes", "--password-stdin", "--username", "alice"],
  ["login", "lab", "--password-stdin", "--json"],
  ["keyserver", "login", "--username", "alice", "--password-stdin", "http://localhost:OWN/keystore"],
  ["keyserver", "login", "--password-stdin", "http://localhost:OWN/keystore", "--json"],
  ["keyserver", "list", "--json"],
  ["keyserver", "logout", "http://localhost:OWN/keystore"],
  ["get-login-password"],
  ["resolve", "library", "--json"],
  ["doctor"],
  ["doctor", "--json"],
  ["add", "--insecure", "new", "localhost:OWN", "--tokenfile", "given/token"],
  ["use", "new"],
  ["remove", "new"],
  ["logout", "lab", "--json"],
  ["remote", "list"],
  ["remote", "login", "lab", "--password", NEW],
  ["remote", "login", "lab", "--pasword", NEW],
  ["remote", "login", "lab", `--pasword=${NEW}`],
  ["keyserver", "login", "-u", "alice", "-p", NEW, "http://localhost:OWN/keystore"],
  // The password of the environment, which is for keyservers alone.
  ["keyserver", "login", "http://localhost:OWN/keystore"],
  ["login", "lab", "--yes"],
];

/** Commands that do not end by themselves. */
const SKIPPED = ["endpoint"];

const CONFIG = `remotes:
  lab:
    uri: http://localhost:OWN
    login: { env: LAB_TOKEN }
    check: [library]
  file:
    uri: http://localhost:OWN
    login: { file: given/token }
  moved:
    uri: http://localhost:OTHER
default: lab
`;
const FILE = `# mine
Active: lab
Remotes:
  lab:
    URI: http://localhost:OWN
    Token: ${CANARY}
    Insecure: true
  moved:
    URI: http://localhost:OWN
    Token: ${CANARY}
    Insecure: true
Credentials:
- URI: docker://ghcr.io
  Auth: Basic ${BASIC}
  Insecure: false
`;

function findTraces(text: string, where: string): void {
  const small = text.toLowerCase();
  for (const one of TRACES) {
    assert.ok(!small.includes(one.toLowerCase()), `the token is in ${where}:\n${text}`);
  }
}

function findInFiles({ root }: Machine): void {
  for (const path of readdirSync(root, { recursive: true, encoding: "utf8" })) {
    const stat = lstatSync(join(root, path));
    if (!stat.isFile() || path.startsWith("work/given/")) continue;
    const text = readFileSync(join(root, path), "utf8");
    if (/^work\/me\/remote\.yaml(?:\.sremote-backup)?$/.test(path)) {
      assert.equal(stat.mode & 0o777, 0o600, `${path} can be read by others`);
    } else findTraces(text, path);
  }
}

for (const program of PROGRAMS) {
  Deno.test(`no command leaks a token (${program.name})`, async (test) => {
    const servers = await serve();
    try {
      // A run from source takes ten times as long: only the most telling moods.
      for (
        const mood of program.name === "binary"
          ? MOODS
          : MOODS.filter((one) => /good|echo$|redirect/.test(one))
      ) {
        await test.step(mood, () => throughAll(program, servers, mood));
      }
      assert.ok(servers.received > 50, `the token was sent ${servers.received} times`);
    } finally {
      await servers.stop();
    }
  });
}

async function throughAll(program: Program, servers: Servers, mood: Mood): Promise<void> {
  using machine = new Machine();
  const withPorts = (text: string) =>
    text.replaceAll("OWN", String(servers.own)).replaceAll("OTHER", String(servers.other));
  const env = { SINGULARITY_CONFIGDIR: machine.at("me"), LAB_TOKEN: NEW, SINGULARITY_LOGIN_PASSWORD: NEW };
  servers.mood = mood;
  machine.put("given/token", `${CANARY}\n`, 0o600);
  machine.put("remotes.yaml", withPorts(CONFIG));
  for (const run of RUNS) {
    // Each run starts with tokens in place, whatever the previous one did.
    if (run[0] !== "rollback") machine.put("me/remote.yaml", withPorts(FILE), 0o600);
    const args = [...run.map(withPorts), "-v"];
    const cwd = run[0] === "init" ? machine.at("empty") : machine.work;
    mkdirSync(cwd, { recursive: true });
    const ran = await machine.run(args, { program, cwd, env, stdin: `${NEW}\n` });
    const shown = `${args.join(" ")} (${mood})`;
    findTraces(ran.stdout + ran.stderr, shown);
    assert.doesNotMatch(ran.stderr, /\n {4}at |sremote has a bug/, shown);
    findInFiles(machine);
    for (const sent of servers.leaked.splice(0)) findTraces(sent, `a request to another host of ${shown}`);
  }
}

Deno.test("every command is tested for leaks", async () => {
  using machine = new Machine();
  const { stdout } = await machine.run(["--help"]);
  const covered = new Set(RUNS.map(([name]) => name));
  assert.deepEqual(commandsOf(stdout).filter((one) => !covered.has(one)), SKIPPED);
});

Deno.test("no process has a token in its arguments", async () => {
  const servers = await serve();
  using machine = new Machine();
  try {
    const file = machine.put("token", CANARY, 0o600);
    const text = `remotes: { lab: { uri: "http://localhost:${servers.own}", login: { command: [cat, ${
      JSON.stringify(file)
    }] } } }\n`;
    machine.put("remotes.yaml", text);
    const seen: string[] = [];
    let done = false;
    const watch = (async () => {
      while (!done) {
        for (const pid of readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
          try {
            seen.push(readFileSync(`/proc/${pid}/cmdline`, "utf8"));
          } catch { /* it has ended */ }
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    })();
    const args = ["apply", "--yes", "--allow-command", "--remote-file", "remote.yaml"];
    const ran = await machine.run(args, { env: { PATH: "/usr/bin:/bin" } });
    done = true;
    await watch;
    assert.equal(ran.status, 0, ran.stderr);
    assert.ok(seen.some((one) => one.includes("--allow-command")), "the program was not among the processes");
    findTraces(seen.join("\n"), "a process's arguments");
  } finally {
    await servers.stop();
  }
});
