import assert from "node:assert/strict";
import { parseRemoteFile } from "../remotefile/parse.ts";
import { keysFor } from "./restore.ts";

const file = (key: string | null, uri = "a.org", name = "a") =>
  `Remotes:\n  ${name}:\n    URI: ${uri}\n${key === null ? "" : `    Token: ${key}\n`}`;

/** The key of remote a after a rollback; undefined: its own stays. */
async function keyOf(now: string, before: string): Promise<string | null | undefined> {
  const document = await parseRemoteFile(now, "f");
  const { content } = await parseRemoteFile(before, "f");
  const { changes, tokens } = keysFor({ digest: "x", document }, document.content, content, {});
  const [change] = changes;
  return change === undefined ? undefined : change.kind === "login" ? tokens.get("a")!.reveal() : null;
}

Deno.test("restore: the present key stays wherever it may be sent, and no other returns", async () => {
  for (
    const [now, before, expected] of [
      [file("new"), file("old"), "new"],
      [file("new"), file(null), "new"],
      [file("same"), file("same"), undefined],
      [file(null), file(null), undefined],
      [file(null), file("old"), null],
      [file("new", "b.org"), file("old"), null],
      [file("new", "b.org"), file(null), undefined],
      [file("new", "https://A.org/path"), file("old"), "new"],
      // The key has moved to another name.
      [file("old", "a.org", "b"), file("old"), undefined],
      [file("new", "a.org", "b"), file("old"), null],
      // Lost, not given up.
      ["", file("old"), undefined],
    ] as const
  ) assert.equal(await keyOf(now, before), expected, `${now}\n${before}`);
});

Deno.test("restore: credentials likewise, each address once", async () => {
  const list = (...all: (readonly [string, string | null])[]) =>
    "Remotes: {}\nCredentials:\n" +
    all.map(([uri, auth]) => `- URI: ${uri}\n${auth === null ? "" : `  Auth: ${auth}\n`}`).join("");
  const document = await parseRemoteFile(list(["k", "new"], ["k", "two"], ["m", "mine"], ["w", "back"]), "f");
  const before = await parseRemoteFile(list(["k", "old"], ["k", null], ["l", "gone"], ["n", null]), "f");
  const last = { credentials: ["w", "z"] };
  const { credentials, dropped } = keysFor({ digest: "x", document }, document.content, before.content, last);
  assert.deepEqual(credentials.map((one) => [one.uri, one.auth?.reveal()]), [
    ["k", "new"],
    ["k", "two"],
    ["n", undefined],
    ["w", "back"],
  ]);
  assert.deepEqual(dropped, { remotes: [], credentials: ["l"] });
});
