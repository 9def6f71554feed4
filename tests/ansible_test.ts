/** The Ansible collection, run by the real ansible-core (Debian's package) on fifty hosts with a root each; skipped without it. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { BINARY, CANARY, Machine, passwordHome, ROOT } from "./machine.ts";

const binary = BINARY.command[0];
const COLLECTION = join(ROOT, "ansible");
const there = spawnSync("ansible-playbook", ["--version"]).status === 0;
const HOSTS = 50;

const PLAY = `
- hosts: all
  gather_facts: false
  tasks:
    - sremote.sremote.remotes:
        executable: "{{ sremote }}"
        config: "{{ config }}"
        root: "{{ root }}"
`;
const COPY = `
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.file: { path: "{{ root }}/copied", state: directory }
    - ansible.builtin.copy: { src: "{{ result }}", dest: "{{ root }}/copied/remote.yaml", mode: "0644" }
`;
const USER = `
- hosts: host1
  gather_facts: false
  tasks:
    - sremote.sremote.remotes:
        executable: "{{ sremote }}"
        scope: user
        root: "{{ root }}"
        skip_login: true
        definition: { remotes: { mine: { uri: new.example.com, login: { env: SREMOTE_TOKEN } } } }
        token: "${CANARY}"
`;
const ROLE = `
- hosts: host1
  gather_facts: false
  roles:
    - role: sremote.sremote.sremote
      vars:
        sremote_binary: "{{ sremote }}"
        sremote_config: "{{ config }}"
        sremote_executable: "{{ root }}/bin/sremote"
        sremote_config_path: "{{ root }}/etc/sremote/remotes.json"
        sremote_options: { root: "{{ root }}" }
`;

interface Played {
  readonly status: number | null;
  readonly output: string;
  readonly seconds: number;
  /** By host: `ok=1 changed=0 …`. */
  readonly recap: ReadonlyMap<string, string>;
}

class Bench extends Machine {
  constructor() {
    super();
    const install = this.ansible("ansible-galaxy", [
      "collection",
      "install",
      COLLECTION,
      "-p",
      this.at("collections"),
    ]);
    assert.equal(install.status, 0, install.stdout + install.stderr);
    const names = Array.from({ length: HOSTS }, (_, i) => `host${i + 1}`);
    for (const name of names) mkdirSync(this.at(`roots/${name}/bin`), { recursive: true });
    writeFileSync(
      this.at("hosts"),
      `${names.map((one) => `${one} root=${this.work}/roots/${one}`).join("\n")}
[all:vars]
ansible_connection=local
ansible_python_interpreter=/usr/bin/python3
sremote=${binary}
config=${this.work}/remotes.json
result=${this.file("host1")}
`,
    );
    this.config("company.example.com");
  }

  config(uri: string): void {
    writeFileSync(
      this.at("remotes.json"),
      JSON.stringify({ remotes: { company: { uri, scope: "global" } }, default: "company" }),
    );
  }

  file(host: string): string {
    return this.at(`roots/${host}/etc/singularity/remote.yaml`);
  }

  ansible(command: string, args: readonly string[]) {
    return spawnSync(command, args, {
      cwd: this.work,
      encoding: "utf8",
      maxBuffer: 2 ** 27,
      env: {
        PATH: "/usr/bin:/bin",
        HOME: this.home,
        LC_ALL: "C.UTF-8",
        ANSIBLE_COLLECTIONS_PATH: this.at("collections"),
        ANSIBLE_COLLECTIONS_PATHS: this.at("collections"),
        ANSIBLE_LOCAL_TEMP: this.at("tmp"),
        ANSIBLE_REMOTE_TEMP: this.at("tmp"),
        ANSIBLE_NOCOLOR: "1",
        ANSIBLE_RETRY_FILES_ENABLED: "0",
      },
    });
  }

  play(text: string, ...flags: string[]): Played {
    writeFileSync(this.at("play.yml"), text);
    const from = performance.now();
    const { status, stdout, stderr } = this.ansible("ansible-playbook", [
      "-i",
      "hosts",
      "-f",
      "10",
      ...flags,
      "play.yml",
    ]);
    const seconds = (performance.now() - from) / 1000;
    const recap = new Map(
      Array.from(stdout.matchAll(/^(host\d+) +: (ok=.*?) *$/gm), (one) => [one[1]!, one[2]!] as const),
    );
    return { status, output: stdout + stderr, seconds, recap };
  }
}

function count(played: Played, what: string): number {
  return [...played.recap.values()].filter((one) => new RegExp(`\\b${what}=1\\b`).test(one)).length;
}

Deno.test({
  name: "ansible: the module and the role work on fifty hosts, with check mode, diff mode and a failing host",
  ignore: !there,
  fn: () => {
    using bench = new Bench();
    const first = bench.play(PLAY);
    assert.deepEqual(
      [first.status, count(first, "changed"), count(first, "ok")],
      [0, HOSTS, HOSTS],
      first.output,
    );
    const second = bench.play(PLAY);
    assert.deepEqual([second.status, count(second, "changed")], [0, 0], second.output);
    const wanted = readFileSync(bench.file("host1"), "utf8");

    writeFileSync(bench.file("host7"), wanted.replace("company.example.com", "drifted.example.com"));
    const checked = bench.play(PLAY, "--check", "--diff");
    assert.deepEqual([checked.status, count(checked, "changed")], [0, 1], checked.output);
    assert.match(checked.output, /- +URI: drifted\.example\.com\n\+ +URI: company\.example\.com/);
    assert.match(readFileSync(bench.file("host7"), "utf8"), /drifted/);
    const third = bench.play(PLAY);
    assert.equal(count(third, "changed"), 1, third.output);
    assert.match(third.recap.get("host7")!, /changed=1/);
    assert.equal(readFileSync(bench.file("host7"), "utf8"), wanted);

    writeFileSync(bench.file("host9"), "Remotes: [");
    bench.config("other.example.com");
    const failed = bench.play(PLAY);
    assert.deepEqual([count(failed, "failed"), count(failed, "changed")], [1, HOSTS - 1], failed.output);
    assert.match(failed.recap.get("host9")!, /failed=1/);
    assert.match(failed.output, /remote-file-invalid/);
    assert.equal(readFileSync(bench.file("host9"), "utf8"), "Remotes: [");

    // Ansible prints neither the stored token nor the given one.
    const stored = `Remotes:\n  mine:\n    URI: mine.example.com\n    Token: ${CANARY}\n`;
    bench.put(join("roots/host1", passwordHome(), ".singularity/remote.yaml"), stored, 0o600);
    const secret = bench.play(USER, "--diff", "-vvv");
    assert.equal(secret.status, 0, secret.output);
    assert.match(secret.output, /\+ +URI: new\.example\.com/);
    assert.ok(!secret.output.includes(CANARY));

    const digest = createHash("sha256").update(readFileSync(binary)).digest("hex");
    const wrong = bench.play(ROLE, "-e", `sremote_checksum=${digest.replace(/./g, "0")}`);
    assert.match(wrong.recap.get("host1")!, /failed=1/);
    assert.match(wrong.output, /is not the binary with the SHA-256/);
    const installed = join(bench.work, "roots/host1/bin/sremote");
    assert.ok(!existsSync(installed));
    rmSync(bench.file("host1"));
    const role = bench.play(ROLE, "-e", `sremote_checksum=${digest}`);
    assert.equal(role.status, 0, role.output);
    assert.match(role.recap.get("host1")!, /changed=4/);
    assert.match(readFileSync(bench.file("host1"), "utf8"), /other\.example\.com/);
    assert.match(bench.play(ROLE, "-e", `sremote_checksum=${digest}`).recap.get("host1")!, /changed=0/);

    const doc = bench.ansible("ansible-doc", ["sremote.sremote.remotes"]);
    assert.equal(doc.status, 0, doc.stderr);
    for (const option of ["definition", "strict_owner", "token_variable"]) {
      assert.ok(doc.stdout.includes(option), option);
    }

    cpSync(bench.file("host2"), bench.file("host1"));
    const copied = bench.play(COPY);
    const again = bench.play(COPY);
    const each = (one: Played) => `${(one.seconds / HOSTS * 1000).toFixed(0)} ms`;
    console.log(`first run: host1 ${first.recap.get("host1")}
second:    host1 ${second.recap.get("host1")}
drift:     host7 ${third.recap.get("host7")}
time per host, for ${HOSTS} hosts, 10 at a time
  sremote  first ${each(first)}  again ${each(second)}
  copy     first ${each(copied)}  again ${each(again)}`);
  },
});
