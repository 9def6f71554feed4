import assert from "node:assert/strict";
import {
  command,
  type Config as EditorConfig,
  type ConfigInput,
  defineConfig,
  env,
  file,
  prompt,
} from "sremote";
import type { Config } from "./config.ts";

type Same<A, B> = [A] extends [B] ? [B] extends [A] ? true : false : false;

Deno.test("the editor's types match the schema", () => {
  const same: Same<EditorConfig, Config> = true;
  assert(same);
});

Deno.test("the helpers return references", () => {
  assert.deepEqual(env("T"), { env: "T" });
  assert.deepEqual(file("t"), { file: "t" });
  assert.deepEqual(command("a", "b"), { command: ["a", "b"] });
  assert.deepEqual(command(["a", "b"]), { command: ["a", "b"] });
  assert.deepEqual(prompt(), { prompt: true });
  assert.throws(() => env(""), TypeError);
  // @ts-expect-error a program is needed
  assert.throws(() => command(), TypeError);
  assert.throws(() => command([]), TypeError);
  // @ts-expect-error texts only
  assert.throws(() => command("a", 1), TypeError);
});

Deno.test("defineConfig returns its argument, with the argument's own type", () => {
  const config = defineConfig({
    runtimes: ["singularity", "apptainer"],
    remotes: { lab: { uri: "lab.example.com", scope: "global", check: ["library"], login: env("LAB") } },
    default: "lab",
  });
  const uri: "lab.example.com" = config.remotes.lab.uri;
  assert.equal(uri, "lab.example.com");
  const plain: Config = config;
  assert.equal(plain, config);
});

Deno.test("a config can be `as const`, satisfy the type, or be built elsewhere", () => {
  const fixed = { remotes: { lab: { uri: "lab.example.com", check: ["library"] } }, default: "lab" } as const;
  assert.equal(defineConfig(fixed), fixed);
  const checked = { remotes: { lab: { uri: "lab.example.com" } } } satisfies EditorConfig;
  assert.equal(defineConfig(checked), checked);
  const loose: EditorConfig = {
    remotes: Object.fromEntries([["a", { uri: "a.example.com" }]]),
    default: null,
  };
  assert.equal(defineConfig(loose), loose);
});

Deno.test("a config can be a function, sync or async", async () => {
  const input: ConfigInput = {
    vars: { site: "x.example.com" },
    host: { name: "n1", os: "linux", arch: "x64" },
  };
  const sync = defineConfig(({ vars, host }) => ({
    remotes: {
      site: { uri: vars.site ?? "site.example.com", scope: host.os === "linux" ? "global" : "user" },
    },
  }));
  assert.equal((await sync(input)).remotes.site.uri, "x.example.com");
  const later = defineConfig(async () => ({
    remotes: { a: { uri: await Promise.resolve("a.example.com") } },
  }));
  assert.equal((await later(input)).remotes.a.uri, "a.example.com");
  const typed = defineConfig((): EditorConfig => ({ remotes: {} }));
  assert.deepEqual(await typed(input), { remotes: {} });
});

Deno.test("mistakes show in the editor", () => {
  // @ts-expect-error a mistyped field
  defineConfig({ remotes: {}, exclusiv: true });
  // @ts-expect-error a mistyped field of a remote
  defineConfig({ remotes: { a: { uri: "a", scoep: "global" } } });
  // @ts-expect-error a token
  defineConfig({ remotes: { a: { uri: "a", login: "token" } } });
  // @ts-expect-error no such service
  defineConfig({ remotes: { a: { uri: "a", check: ["libary"] } } });
  // @ts-expect-error no such scope
  defineConfig({ remotes: { a: { uri: "a", scope: "machine" } } });
  // @ts-expect-error no address
  defineConfig({ remotes: { a: {} } });
  // @ts-expect-error a mistyped field of a keyserver
  defineConfig({ remotes: { a: { uri: "a", keyservers: [{ uri: "https://k", insecur: true }] } } });
  // @ts-expect-error a mistyped field of what a function returns
  defineConfig(() => ({ remotes: {}, exclusiv: true }));
  // @ts-expect-error a mistyped source
  defineConfig({ remotes: { a: { uri: "a", login: { envv: "T" } } } });
});
