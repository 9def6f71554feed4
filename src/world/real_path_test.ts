/** The path without symbolic links, found one name after the other, is the one that the system finds. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { codeOf } from "../base/errno.ts";
import { realPath, walk } from "./real_path.ts";

function scene(play: (directory: string) => void): void {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "sremote-path-")));
  try {
    play(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const code = (work: () => unknown) => {
  try {
    return work();
  } catch (error) {
    return codeOf(error);
  }
};

Deno.test("real path: links of all kinds lead where the kernel goes", () =>
  scene((directory) => {
    mkdirSync(join(directory, "a/b"), { recursive: true });
    writeFileSync(join(directory, "a/b/file"), "");
    writeFileSync(join(directory, "file"), "");
    const links = {
      "relative": "a/b",
      "absolute": join(directory, "a/b"),
      "chain": "relative",
      "a/b/up": "../../a",
      "up-from-link": "relative/../b/file",
      "dots": "./a/.//b/",
      "root": "/",
      "gone": "nowhere",
      "loop": "loop",
    };
    for (const [name, target] of Object.entries(links)) symlinkSync(target, join(directory, name));
    const found = [
      ["", ""],
      ["a/b/file", "a/b/file"],
      ["relative", "a/b"],
      ["relative/file", "a/b/file"],
      ["absolute/file", "a/b/file"],
      ["chain/up/b", "a/b"],
      ["chain/../../file", "file"],
      ["up-from-link", "a/b/file"],
      ["dots/file", "a/b/file"],
      [`root${directory}/file`, "file"],
    ] as const;
    for (const [given, expected] of found) {
      const path = given === "" ? directory : `${directory}/${given}`;
      assert.equal(walk(path), expected === "" ? directory : join(directory, expected), given);
      assert.equal(realPath(path), realpathSync(path), given);
    }
    assert.equal(walk("/"), "/");
    for (const given of ["none", "none/file", "gone", "gone/file"]) {
      assert.equal(code(() => walk(join(directory, given))), "ENOENT", given);
      assert.equal(code(() => realPath(join(directory, given))), "ENOENT", given);
    }
    assert.equal(code(() => walk(join(directory, "loop"))), "ELOOP");
    assert.equal(code(() => realPath(join(directory, "loop"))), "ELOOP");
  }));

Deno.test("real path: as many links as the kernel follows, and no more", () =>
  scene((directory) => {
    writeFileSync(join(directory, "0"), "");
    for (let at = 1; at <= 41; at++) symlinkSync(String(at - 1), join(directory, String(at)));
    assert.equal(walk(join(directory, "40")), join(directory, "0"));
    assert.equal(code(() => walk(join(directory, "41"))), "ELOOP");
  }));
