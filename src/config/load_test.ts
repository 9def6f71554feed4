import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawnSync } from "node:child_process";
import { realWorld } from "../world/real.ts";
import type { World } from "../world.ts";
import { refuses } from "../../tests/refuses.ts";
import { DEFAULT_CONFIGS, loadConfig } from "./load.ts";

const NO_VARS = new Map<string, string>();

function scene(name: string, play: (folder: string, world: World) => Promise<void>): void {
  Deno.test(`load: ${name}`, async () => {
    const folder = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "sremote-load-")));
    try {
      const world = realWorld();
      await play(folder, { ...world, here: { ...world.here, host: world.here.host, folder } });
    } finally {
      fs.rmSync(folder, { recursive: true, force: true });
    }
  });
}

const texts: Readonly<Record<(typeof DEFAULT_CONFIGS)[number], string>> = {
  "remotes.ts": 'export default { remotes: { ts: { uri: "a.example.com" as string } } };\n',
  "remotes.js": 'export default { remotes: { js: { uri: "a.example.com" } } };\n',
  "remotes.json": '{ "remotes": { "json": { "uri": "a.example.com" } } }\n',
  "remotes.yaml": "remotes:\n  yaml:\n    uri: a.example.com\n",
};

scene("the first of the default names, in order", async (folder, world) => {
  for (const name of [...DEFAULT_CONFIGS].reverse()) {
    fs.writeFileSync(join(folder, name), texts[name]);
    const { desired, origin } = await loadConfig(world, null, NO_VARS);
    assert.deepEqual([...desired.remotes.user.keys()], [name.slice("remotes.".length)]);
    assert.equal(origin.file, join(folder, name));
  }
});

scene("-c names a config of any kind, anywhere", async (folder, world) => {
  fs.mkdirSync(join(folder, "sub"));
  const kinds = {
    ts: "ts",
    mts: "ts",
    js: "js",
    mjs: "js",
    json: "json",
    yaml: "yaml",
    yml: "yaml",
  } as const;
  for (const [ending, kind] of Object.entries(kinds)) {
    const file = join(folder, "sub", `site.${ending}`);
    fs.writeFileSync(file, texts[`remotes.${kind}`]);
    for (const given of [file, `sub/site.${ending}`, `./sub/../sub/site.${ending}`]) {
      const { desired, origin } = await loadConfig(world, given, NO_VARS);
      assert.deepEqual([...desired.remotes.user.keys()], [kind], given);
      assert.equal(origin.file, file);
    }
  }
});

scene("a byte order mark is accepted", async (folder, world) => {
  for (const name of DEFAULT_CONFIGS) {
    fs.writeFileSync(join(folder, name), `\ufeff${texts[name]}`);
    const { desired } = await loadConfig(world, name, NO_VARS);
    assert.equal(desired.remotes.user.size, 1, name);
  }
});

scene("without a config the error says where it looked and what to do", async (folder, world) => {
  const failure = await refuses("config-not-found", () => loadConfig(world, null, NO_VARS));
  for (const name of DEFAULT_CONFIGS) assert.ok(failure.message.includes(join(folder, name)));
  assert.match(failure.next!, /init.*import/);
  const given = await refuses("config-not-found", () => loadConfig(world, "nowhere.ts", NO_VARS));
  assert.ok(given.message.includes(join(folder, "nowhere.ts")));
  assert.match(given.next!, /-c/);
  fs.symlinkSync("gone", join(folder, "remotes.ts"));
  await refuses("config-not-found", () => loadConfig(world, null, NO_VARS));
});

scene("a file that is not a config is refused", async (folder, world) => {
  fs.mkdirSync(join(folder, "folder.ts"));
  fs.writeFileSync(join(folder, "remotes.txt"), "");
  fs.writeFileSync(join(folder, "latin.json"), new Uint8Array([0x22, 0xe9, 0x22]));
  fs.writeFileSync(join(folder, "huge.json"), "");
  fs.truncateSync(join(folder, "huge.json"), 100 * 1024 * 1024);
  fs.writeFileSync(join(folder, "large.yaml"), `#${"x".repeat(17 * 1024 * 1024)}`);
  fs.writeFileSync(join(folder, "bare"), "");
  assert.equal(spawnSync("mkfifo", [join(folder, "pipe.json")]).status, 0);
  const cases = [
    ["folder.ts", /it is a directory/, /Name the config file in it/],
    [".", /it is a directory/, /Name the config file in it/],
    ["", /it is a directory/, /Name the config file in it/],
    ["remotes.txt", /no known extension/, /\.ts, \.js, \.json or \.yaml/],
    ["bare", /no known extension/, /\.ts, \.js, \.json or \.yaml/],
    ["latin.json", /not UTF-8/, /Save it as UTF-8/],
    ["huge.json", /larger than 4 MiB/, /the right file/],
    ["large.yaml", /larger than 4 MiB/, /the right file/],
    ["pipe.json", /: it is not a regular file/, /Save it as a file/],
  ] as const;
  for (const [name, why, next] of cases) {
    const failure = await refuses("config-unreadable", () => loadConfig(world, name, NO_VARS));
    assert.match(failure.message, why);
    assert.match(failure.next!, next);
    assert.equal(failure.path, join(folder, name));
  }
  for (const name of DEFAULT_CONFIGS.filter((one) => one !== "remotes.ts")) fs.mkdirSync(join(folder, name));
  await refuses("config-unreadable", () => loadConfig(world, null, NO_VARS));
});

scene("an error of the operating system is explained", async (folder, world) => {
  const cases = [["EACCES", /permission denied/], ["EIO", /the device failed/]] as const;
  for (const name of DEFAULT_CONFIGS) {
    fs.writeFileSync(join(folder, name), texts[name]);
    for (const [code, why] of cases) {
      const read = () => {
        throw Object.assign(new Error("the device failed"), { code });
      };
      const refusing: World = { ...world, files: { ...world.files, read } };
      const failure = await refuses("config-unreadable", () => loadConfig(refusing, name, NO_VARS));
      assert.match(failure.message, why);
      assert.ok(failure.message.includes(join(folder, name)));
      assert.match(failure.next!, /permissions/);
    }
  }
});

scene("an error names the config as it was given", async (folder, world) => {
  fs.mkdirSync(join(folder, "sub"));
  for (const [name, text] of [["a.json", '{ "remotes": 1 }'], ["a.yaml", "remotes: 1"]] as const) {
    fs.writeFileSync(join(folder, "sub", name), text);
    const failure = await refuses("config-invalid", () => loadConfig(world, `sub/${name}`, NO_VARS));
    assert.ok(failure.message.includes(`sub/${name}`), failure.message);
    fs.writeFileSync(join(folder, "sub", name), "{");
    const broken = await refuses("config-syntax", () => loadConfig(world, `sub/${name}`, NO_VARS));
    assert.ok(broken.path!.startsWith(`sub/${name}:1:`), broken.path);
  }
});

scene("the digest covers imported files, and nothing else", async (folder, world) => {
  const write = (name: string, text: string) => fs.writeFileSync(join(folder, name), text);
  write("remotes.ts", 'import { uri } from "./site.ts";\nexport default { remotes: { a: { uri } } };\n');
  write("site.ts", 'export const uri = "a.example.com";\n');
  write("other.ts", "");
  const digest = async () => (await loadConfig(world, null, NO_VARS)).origin.digest;
  const first = await digest();
  assert.match(first, /^sha256:[0-9a-f]{64}$/);
  write("other.ts", "changed");
  assert.equal(await digest(), first);
  write("site.ts", 'export const uri = "b.example.com";\n');
  assert.notEqual(await digest(), first);
  write("site.ts", 'export const uri = "a.example.com";\n');
  assert.equal(await digest(), first);
  write("remotes.ts", `${fs.readFileSync(join(folder, "remotes.ts"), "utf8")}// a comment counts too\n`);
  assert.notEqual(await digest(), first);
});

scene("variables are passed in, and recorded in the order of their names", async (folder, world) => {
  fs.writeFileSync(
    join(folder, "remotes.ts"),
    "export default ({ vars }) => ({ remotes: { [vars.b]: { uri: vars.a } } });\n",
  );
  const vars = new Map([["b", "lab"], ["a", "a.example.com"], ["__proto__", "c"], ["B", "é"]]);
  const { desired, origin } = await loadConfig(world, null, vars);
  assert.equal(desired.remotes.user.get("lab")?.uri, "a.example.com");
  assert.deepEqual(origin.vars, [["B", "é"], ["__proto__", "c"], ["a", "a.example.com"], ["b", "lab"]]);
});
