import assert from "node:assert/strict";
import fc from "fast-check";
import { Failure } from "../base/failure.ts";
import { ledgerPath, parseLedger, renderLedger } from "./ledger.ts";

Deno.test("ledger: any names come back", () => {
  const names = fc.uniqueArray(
    fc.oneof(
      fc.string({ unit: "grapheme" }),
      fc.string({ unit: "binary" }),
      fc.constantFrom("__proto__", "a\nb", "", "\u{1f680}", "\ud83d", '"', "constructor"),
    ),
  );
  fc.assert(fc.property(names, names, (remotes, previous) => {
    const ledger = { remotes: new Set(remotes), previous: new Set(previous) };
    assert.deepEqual(parseLedger(renderLedger(ledger), "l"), ledger);
  }));
});

Deno.test("ledger: what rollback has to know comes back, and what is not understood is ignored", () => {
  const last = {
    together: "01234567",
    readers: ["singularity@3.8", "apptainer"],
    reader: "singularity@3.8",
    remotes: ["a"],
    credentials: ["https://k.org"],
  };
  const none = new Set<string>();
  const ledger = { remotes: none, previous: none, last };
  assert.deepEqual(parseLedger(renderLedger(ledger), "l"), ledger);
  const odd = { together: 1, readers: "a", reader: null, remotes: [1], credentials: {}, more: "x" };
  for (const given of [odd, {}, null, "x", []]) {
    const text = JSON.stringify({ formatVersion: 1, remotes: [], previous: [], last: given });
    assert.deepEqual(parseLedger(text, "l"), { remotes: none, previous: none });
  }
});

Deno.test("ledger: the same names give the same text, in whatever order", () => {
  const none = new Set<string>();
  assert.equal(
    renderLedger({ remotes: new Set(["b", "a"]), previous: none }),
    renderLedger({ remotes: new Set(["a", "b"]), previous: none }),
  );
});

Deno.test("ledger: what is none is refused, with its path", () => {
  const broken = [
    "",
    "null",
    "[]",
    "{",
    '{ "formatVersion": 2, "remotes": [], "previous": [] }',
    '{ "formatVersion": 1, "remotes": ["a", 1], "previous": [] }',
    '{ "formatVersion": 1, "remotes": [] }',
    '{ "formatVersion": 1, "previous": [] }',
    '{ "remotes": [], "previous": [] }',
    '{ "formatVersion": "1", "remotes": [], "previous": [] }',
    '{ "formatVersion": 1, "remotes": { "a": 1 }, "previous": [] }',
    '{ "formatVersion": 1, "remotes": [null], "previous": [] }',
    '{ "formatVersion": 1, "remotes": [], "previous": ["a"] ',
    "1",
    '"ledger"',
  ];
  for (const text of broken) {
    assert.throws(
      () => parseLedger(text, "/here/ledger.json"),
      (error) =>
        error instanceof Failure && error.code === "ledger-invalid" && error.path === "/here/ledger.json" &&
        error.message.includes("/here/ledger.json") && /Remove it/.test(error.next!),
      text,
    );
  }
});

Deno.test("ledger: one beside each file", () => {
  assert.equal(ledgerPath("/etc/singularity/remote.yaml"), "/etc/singularity/.sremote-ledger.json");
  assert.equal(ledgerPath("/x/other.yaml"), "/x/.other.yaml.sremote-ledger.json");
  assert.notEqual(ledgerPath("/x/a.yaml"), ledgerPath("/x/b.yaml"));
});
