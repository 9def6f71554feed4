/** With the schema of `sremote schema`, yaml-language-server (of the YAML extension of VS Code) checks a YAML config. */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { pathToFileURL } from "node:url";
import { Machine, ROOT } from "./machine.ts";

const SERVER = join(ROOT, "node_modules/yaml-language-server/bin/yaml-language-server");

interface Message {
  readonly id?: number;
  readonly method?: string;
  // deno-lint-ignore no-explicit-any -- the assertions check what the server sends
  readonly [field: string]: any;
}

/** JSON-RPC over standard input and output, as in the Language Server Protocol. */
class Client {
  #rest = new Uint8Array();
  #answers = new Map<number, (answer: Message) => void>();
  #problems = new Map<string, (lines: string[]) => void>();
  #last = 0;

  constructor(readonly server: ChildProcess) {
    server.stdout!.on("data", (part: Uint8Array) => this.#read(part));
  }

  notify(method: string, params: object): void {
    this.#send({ method, params });
  }

  ask(method: string, params: object): Promise<Message> {
    const id = ++this.#last;
    return new Promise((done) => {
      this.#answers.set(id, done);
      this.#send({ id, method, params });
    });
  }

  /** Opens a document; returns the problems that the server finds: `line: message`. */
  open(uri: string, text: string): Promise<string[]> {
    return new Promise((done) => {
      this.#problems.set(uri, done);
      this.notify("textDocument/didOpen", { textDocument: { uri, languageId: "yaml", version: 1, text } });
    });
  }

  #send(message: object): void {
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    this.server.stdin!.write(`Content-Length: ${new TextEncoder().encode(body).length}\r\n\r\n${body}`);
  }

  #read(part: Uint8Array): void {
    this.#rest = new Uint8Array([...this.#rest, ...part]);
    for (;;) {
      const head = new TextDecoder("latin1").decode(this.#rest);
      const found = /Content-Length: (\d+)[^]*?\r\n\r\n/.exec(head);
      if (found === null) return;
      const from = found.index + found[0].length;
      const to = from + Number(found[1]);
      if (this.#rest.length < to) return;
      const message = JSON.parse(new TextDecoder().decode(this.#rest.slice(from, to))) as Message;
      this.#rest = this.#rest.slice(to);
      this.#take(message);
    }
  }

  #take(message: Message): void {
    if (message.method === "textDocument/publishDiagnostics") {
      const { uri, diagnostics } = message.params;
      // deno-lint-ignore no-explicit-any -- as above
      const lines = diagnostics.map((one: any) => `${one.range.start.line + 1}: ${one.message}`).sort();
      this.#problems.get(uri)?.(lines);
    } else if (message.id !== undefined && message.method !== undefined) {
      this.#send({ id: message.id, result: null });
    } else if (message.id !== undefined) this.#answers.get(message.id)?.(message);
  }
}

Deno.test("editors: yaml-language-server finds the problems of a YAML config and shows its documentation", async () => {
  using machine = new Machine();
  const uriOf = (name: string) => pathToFileURL(machine.at(name)).href;
  const printed = await machine.run(["schema"]);
  assert.equal(printed.status, 0, printed.stderr);
  machine.put("remotes.schema.json", printed.stdout);
  const server = spawn(process.execPath, ["run", "-A", "--no-prompt", SERVER, "--stdio"], {
    cwd: machine.work,
    stdio: ["pipe", "pipe", "ignore"],
  });
  const ended = new Promise((done) => server.once("close", done));
  try {
    const client = new Client(server);
    await client.ask("initialize", { processId: process.pid, rootUri: uriOf(""), capabilities: {} });
    client.notify("initialized", {});
    client.notify("workspace/didChangeConfiguration", {
      settings: { yaml: { validate: true, hover: true, schemaStore: { enable: false } } },
    });
    const schema = "# yaml-language-server: $schema=./remotes.schema.json\n";
    const good =
      `${schema}remotes:\n  lab:\n    uri: lab.example.com:8443\n    login: { env: LAB_TOKEN }\n    check: [library]\n`;
    assert.deepEqual(await client.open(uriOf("good.yaml"), good), []);
    const bad = `${schema}remotes:\n  lab:\n    url: lab.example.com\n    scope: globl\nexclusive: 1\n`;
    assert.deepEqual(await client.open(uriOf("bad.yaml"), bad), [
      '3: Missing property "uri".',
      "4: Property url is not allowed.",
      '5: Value is not accepted. Valid values: "user", "global".',
      '6: Incorrect type. Expected "boolean".',
    ]);
    const hover = await client.ask("textDocument/hover", {
      textDocument: { uri: uriOf("good.yaml") },
      position: { line: 5, character: 5 },
    });
    assert.match(JSON.stringify(hover.result), /Services that must respond before apply changes the file/);
  } finally {
    server.kill("SIGKILL");
    await ended;
  }
});
