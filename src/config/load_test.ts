import assert from "node:assert/strict";
import fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { realWorld, type World } from "../world.ts";
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

scene("the first of the usual names, in their order", async (folder, world) => {
  for (const name of [...DEFAULT_CONFIGS].reverse()) {
    fs.writeFileSync(join(folder, name), texts[name]);
    const { desired, origin } = await loadConfig(world, null, NO_VARS);
    assert.deepEqual([...desired.remotes.user.keys()], [name.slice("remotes.".length)]);
    assert.equal(origin.file, join(folder, name));
  }
  const { desired } = await loadConfig(world, "remotes.json", NO_VARS);
  assert.deepEqual([...desired.remotes.user.keys()], ["json"]);
});

scene("nothing there says where it looked and what to do", async (folder, world) => {
  const failure = await refuses("config-not-found", () => loadConfig(world, null, NO_VARS));
  for (const name of DEFAULT_CONFIGS) assert.ok(failure.message.includes(join(folder, name)));
  assert.match(failure.next!, /init.*import/);
  await refuses("config-not-found", () => loadConfig(world, "nowhere.ts", NO_VARS));
});

scene("what is no config is refused", async (folder, world) => {
  fs.mkdirSync(join(folder, "folder.ts"));
  fs.writeFileSync(join(folder, "remotes.txt"), "");
  fs.writeFileSync(join(folder, "latin.json"), new Uint8Array([0x22, 0xe9, 0x22]));
  fs.writeFileSync(join(folder, "huge.json"), "");
  fs.truncateSync(join(folder, "huge.json"), 100 * 1024 * 1024);
  const because = async (name: string) =>
    (await refuses("config-unreadable", () => loadConfig(world, name, NO_VARS))).message;
  assert.match(await because("folder.ts"), /it is a folder/);
  assert.match(await because("remotes.txt"), /its kind is not known/);
  assert.match(await because("latin.json"), /not UTF-8/);
  assert.match(await because("huge.json"), /larger than 16 MiB/);
});

scene("the digest covers what is imported, and nothing else", async (folder, world) => {
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
});

scene("variables come in, and are recorded in the order of their names", async (folder, world) => {
  fs.writeFileSync(
    join(folder, "remotes.ts"),
    "export default ({ vars }) => ({ remotes: { [vars.b]: { uri: vars.a } } });\n",
  );
  const { desired, origin } = await loadConfig(world, null, new Map([["b", "lab"], ["a", "a.example.com"]]));
  assert.equal(desired.remotes.user.get("lab")?.uri, "a.example.com");
  assert.deepEqual(origin.vars, [["a", "a.example.com"], ["b", "lab"]]);
});
