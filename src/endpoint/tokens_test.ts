/** Token sources: each way to a token, and each failure. */
import assert from "node:assert/strict";
import fc from "fast-check";
import type { SecretRef } from "../model.ts";
import type { ProgramRun } from "../world.ts";
import { readSource, type SourceOptions, type SourceWorld, tokenIn } from "./tokens.ts";

interface Outside {
  readonly env?: Readonly<Record<string, string>>;
  readonly files?: Readonly<
    Record<string, { readonly text?: string; readonly mode?: number; readonly code?: string }>
  >;
  readonly programs?: readonly string[];
  readonly run?: Partial<ProgramRun> | string;
  readonly home?: string | null;
}

function world({ env = {}, files = {}, programs = [], run = {}, home = "/home/me" }: Outside) {
  const ran: (readonly string[])[] = [];
  const made: SourceWorld = {
    here: {
      folder: "/here",
      env: (name: string) => env[name],
      passwordHome: () => Promise.resolve(home),
    } as SourceWorld["here"],
    files: {
      exists: (file: string) => programs.includes(file),
      read: (file: string) => {
        const one = files[file];
        if (one === undefined) return null;
        if (one.code !== undefined) throw Object.assign(new Error(one.code), { code: one.code });
        return { bytes: new TextEncoder().encode(one.text), mode: one.mode ?? 0o600, uid: 0, gid: 0 };
      },
    } as unknown as SourceWorld["files"],
    programs: {
      run: (argv) => {
        ran.push(argv);
        if (typeof run === "string") return Promise.reject(Object.assign(new Error(run), { code: run }));
        return Promise.resolve({ status: 0, stdout: "", timedOut: false, ...run });
      },
    },
  };
  return { made, ran };
}

const OPTIONS: SourceOptions = { folder: "/conf", root: null, allowCommand: true, ask: null };
const PASS = ["/usr/bin/pass"];

const cases: readonly {
  readonly story: string;
  readonly from: SecretRef;
  readonly outside?: Outside;
  readonly options?: Partial<SourceOptions>;
  /** The token, or why there is none. */
  readonly expected: string | RegExp;
}[] = [
  { story: "a variable", from: { env: "T" }, outside: { env: { T: " tok \n" } }, expected: "tok" },
  { story: "an unset variable", from: { env: "T" }, expected: /^T is not set$/ },
  {
    story: "an empty variable",
    from: { env: "T" },
    outside: { env: { T: "" } },
    expected: /variable T is empty/,
  },
  {
    story: "a file next to the config",
    from: { file: "t" },
    outside: { files: { "/conf/t": { text: "tok\n" } } },
    expected: "tok",
  },
  {
    story: "a file with an absolute path",
    from: { file: "/run/t" },
    outside: { files: { "/run/t": { text: "tok" } } },
    expected: "tok",
  },
  {
    story: "a file under --root",
    from: { file: "/run/t" },
    outside: { files: { "/here/root/run/t": { text: "tok" } } },
    options: { root: "root" },
    expected: "tok",
  },
  {
    story: "a file in the home directory",
    from: { file: "~/.t" },
    outside: { files: { "/home/me/.t": { text: "tok" } } },
    expected: "tok",
  },
  {
    story: "a file in the home directory under --root",
    from: { file: "~/.t" },
    outside: { files: { "/r/home/me/.t": { text: "tok" } } },
    options: { root: "/r" },
    expected: "tok",
  },
  {
    story: "a user without a home directory",
    from: { file: "~/.t" },
    outside: { home: null },
    expected: /no home directory/,
  },
  { story: "a missing file", from: { file: "t" }, expected: /^\/conf\/t does not exist$/ },
  {
    story: "an empty file",
    from: { file: "t" },
    outside: { files: { "/conf/t": { text: "\n" } } },
    expected: /\/conf\/t is empty/,
  },
  {
    story: "a directory",
    from: { file: "t" },
    outside: { files: { "/conf/t": { code: "EISDIR" } } },
    expected: /it is a directory/,
  },
  {
    story: "a file without permission",
    from: { file: "t" },
    outside: { files: { "/conf/t": { code: "EACCES" } } },
    expected: /permission denied/,
  },
  {
    story: "a file without a token, such as /etc/shadow",
    from: { file: "/etc/shadow" },
    outside: {
      files: { "/etc/shadow": { text: "root:*:19000:0:99999:7:::\ndaemon:*:19000:0:99999:7:::\n" } },
    },
    expected: /is not a token/,
  },
  {
    story: "a command",
    from: { command: ["pass", "show"] },
    outside: { programs: PASS, run: { stdout: "tok\n" } },
    expected: "tok",
  },
  {
    story: "a command that is not allowed",
    from: { command: ["pass", "CANARY"] },
    options: { allowCommand: false },
    expected: /^the config may not run the command pass$/,
  },
  {
    story: "a program outside the usual directories",
    from: { command: ["pass"] },
    outside: { env: { PATH: "/evil" }, programs: ["/evil/pass"] },
    expected: /cannot find the program pass in/,
  },
  {
    story: "a program that fails",
    from: { command: ["pass"] },
    outside: { programs: PASS, run: { status: 2, stdout: "CANARY" } },
    expected: /failed with exit code 2/,
  },
  {
    story: "a program that a signal ends",
    from: { command: ["pass"] },
    outside: { programs: PASS, run: { status: null } },
    expected: /failed with a signal/,
  },
  {
    story: "a program that takes too long",
    from: { command: ["pass"] },
    outside: { programs: PASS, run: { timedOut: true } },
    expected: /longer than 30 s/,
  },
  {
    story: "a program that prints nothing",
    from: { command: ["pass"] },
    outside: { programs: PASS },
    expected: /the output of \/usr\/bin\/pass is empty/,
  },
  {
    story: "a missing program",
    from: { command: ["./helper"] },
    outside: { run: "ENOENT" },
    expected: /cannot run \/conf\/helper: it does not exist/,
  },
  {
    story: "input",
    from: { prompt: true },
    options: { ask: () => Promise.resolve("tok") },
    expected: "tok",
  },
  {
    story: "empty input",
    from: { prompt: true },
    options: { ask: () => Promise.resolve("") },
    expected: /the input is empty/,
  },
  {
    story: "cancelled input",
    from: { prompt: true },
    options: { ask: () => Promise.resolve(null) },
    expected: /nothing was entered/,
  },
  { story: "no one to ask", from: { prompt: true }, expected: /interactive input is required/ },
];

for (const { story, from, outside = {}, options, expected } of cases) {
  Deno.test(`token sources: ${story}`, async () => {
    const reply = await readSource(world(outside).made, from, { ...OPTIONS, ...options });
    if (typeof expected === "string") assert.equal("token" in reply && reply.token.reveal(), expected);
    else assert.match("why" in reply ? reply.why : "a token", expected);
    assert.ok(!JSON.stringify(reply).includes("CANARY"));
  });
}

Deno.test("token sources: PATH does not decide which program runs, and no shell reads its arguments", async () => {
  const { made, ran } = world({
    env: { PATH: "/evil" },
    programs: ["/evil/pass", ...PASS],
    run: { stdout: "t" },
  });
  await readSource(made, { command: ["pass", "$HOME; id"] }, OPTIONS);
  assert.deepEqual(ran, [["/usr/bin/pass", "$HOME; id"]]);
});

Deno.test("token sources: a file that other users can read is reported, and no other is", async () => {
  for (
    const [mode, exposed] of [[0o644, true], [0o640, true], [0o604, true], [0o600, false], [
      0o400,
      false,
    ]] as const
  ) {
    const { made } = world({ files: { "/conf/t": { text: "tok", mode } } });
    const reply = await readSource(made, { file: "t" }, OPTIONS);
    assert.deepEqual("token" in reply && reply.exposed, exposed ? { file: "/conf/t", mode } : null);
  }
});

Deno.test("token sources: a token is one word of visible ASCII, and anything else is rejected", () => {
  fc.assert(fc.property(fc.string({ unit: "binary" }), (text) => {
    const reply = tokenIn(text, "it");
    const word = /^[\x21-\x7e]+$/.test(text.trim());
    assert.equal("token" in reply, word);
    if ("token" in reply) assert.equal(reply.token.reveal(), text.trim());
  }));
  assert.ok("why" in tokenIn("x".repeat(64 * 1024 + 1), "it"));
});
