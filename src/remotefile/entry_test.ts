import assert from "node:assert/strict";
import { Secret } from "../base/secret.ts";
import {
  type Credential,
  CREDENTIAL_FIELDS,
  type Entry,
  ENTRY_FIELDS,
  entryOf,
  holdsSecret,
  holdsToken,
  KEYSERVER_FIELDS,
  newRemote,
  REMOTE_FIELDS,
  sameCredential,
  sameEntry,
  sameField,
  sameKeyserver,
  sameRemote,
  sameSeen,
  seenRemote,
  type StoredRemote,
  updatedRemote,
} from "./entry.ts";
import { maskPair } from "./mask.ts";
import { parseRemoteFile } from "./parse.ts";
import { credentialLines, fileLines, keyserverLines } from "./render.ts";

/** For each type of field, two different values, neither of which is unset. */
const VALUES = {
  text: () => ["a.example.com", "b.example.com"],
  flag: () => [true, false],
  secret: () => [new Secret("token-one"), new Secret("token-two")],
  keyservers: () => [
    [{ uri: "https://a.org", skip: false, external: true, insecure: false }],
    [{ uri: "https://a.org", skip: true, external: true, insecure: false }],
  ],
} as const;

const STYLE = { eol: "\n", entry: 4, step: 4, list: 4 } as const;
type Fields = readonly { readonly property: string; readonly type: keyof typeof VALUES }[];

/** A value with every field set, made anew each time so that nothing is equal by identity. */
function full<T>(fields: Fields, other?: string): T {
  return Object.fromEntries(
    fields.map(({ property, type }) => [property, VALUES[type]()[property === other ? 1 : 0]]),
  ) as T;
}

const stored = (other?: string): StoredRemote => ({
  ...full<StoredRemote>(REMOTE_FIELDS, other),
  name: "a",
});
const isEntry = (property: string) => ENTRY_FIELDS.some((one) => one.property === property);

Deno.test("entry: a difference in any one field is a difference, and only that", () => {
  const cases: readonly (readonly [Fields, (a: never, b: never) => boolean])[] = [
    [REMOTE_FIELDS, (a: StoredRemote, b: StoredRemote) => sameRemote(a, b)],
    [ENTRY_FIELDS, sameEntry],
    [KEYSERVER_FIELDS, sameKeyserver],
    [CREDENTIAL_FIELDS, sameCredential],
  ];
  for (const [fields, same] of cases) {
    assert.ok(same(full<never>(fields), full<never>(fields)));
    for (const { property } of fields) {
      assert.ok(!same(full<never>(fields), full<never>(fields, property)), property);
    }
  }
  assert.ok(!sameRemote(stored(), { ...stored(), name: "b" }));
  for (const field of REMOTE_FIELDS) {
    for (const { property } of REMOTE_FIELDS) {
      assert.equal(sameField(field, stored(), stored(property)), property !== field.property);
    }
  }
});

Deno.test("entry: an entry ignores what is not planned, and a seen remote has no secret", () => {
  for (const { property, type } of REMOTE_FIELDS) {
    assert.equal(sameEntry(entryOf(stored()), entryOf(stored(property))), !isEntry(property), property);
    // One token is seen like another; whether there is one is seen.
    assert.equal(sameSeen(seenRemote(stored()), seenRemote(stored(property))), type === "secret", property);
    if (type !== "secret") continue;
    assert.ok(!sameSeen(seenRemote(stored()), seenRemote({ ...stored(), [property]: null })), property);
    assert.equal((seenRemote(stored()) as unknown as Record<string, unknown>)[property], true);
  }
});

Deno.test("entry: a new remote takes an entry's fields and nothing else, and what is absent is unset", () => {
  const added = newRemote("b", stored());
  assert.equal(added.name, "b");
  assert.deepEqual(entryOf(added), entryOf(stored()));
  assert.deepEqual([added.token, added.system, added.exclusive], [null, true, false]);
  assert.deepEqual(entryOf({ uri: "a.org", keyservers: null }), {
    uri: "a.org",
    system: false,
    insecure: false,
    keyservers: [],
  });
});

Deno.test("entry: an update touches the fields that differ, and leaves the others as the file has them", () => {
  for (const { property } of ENTRY_FIELDS) {
    const before: Entry = entryOf({ uri: "old.example.com" });
    const after: Entry = { ...before, [property]: stored()[property] };
    const remote = stored(property);
    assert.deepEqual(updatedRemote(remote, before, after), { ...remote, [property]: after[property] });
  }
});

Deno.test("entry: every field is written, read again, and masked where it is a secret", async () => {
  const content = {
    default: null,
    remotes: new Map([["a", stored()]]),
    credentials: [full<never>(CREDENTIAL_FIELDS)],
  };
  const text = `${fileLines(content, STYLE).join("\n")}\n`;
  for (const { yaml } of [...REMOTE_FIELDS, ...CREDENTIAL_FIELDS]) {
    assert.match(text, new RegExp(`\\b${yaml}:`));
  }
  const document = await parseRemoteFile(text, "f");
  assert.ok(sameRemote(document.content.remotes.get("a")!, stored()));
  assert.ok(sameCredential(document.content.credentials[0]!, content.credentials[0]!));
  assert.doesNotMatch(maskPair(document, document).before, /token-one/);
  // What is unset is written only where the programs always write it.
  const lines = fileLines({
    ...content,
    remotes: new Map([["a", newRemote("a", { ...entryOf({ uri: "" }) })]]),
  }, STYLE);
  assert.deepEqual(lines.slice(0, 3), ["Remotes:", "    a:", '        URI: ""']);
  assert.equal(keyserverLines([full<never>(KEYSERVER_FIELDS)], 0).length, KEYSERVER_FIELDS.length);
  assert.deepEqual(credentialLines([{ uri: "a", auth: null, insecure: false }], 0), [
    "- URI: a",
    "  Insecure: false",
  ]);
});

Deno.test("entries: a token and a credential are secrets, and an entry without either is not", () => {
  const remote = newRemote("a", entryOf({ uri: "a.example.com" }));
  const withToken = { ...remote, token: new Secret("CANARY") };
  const credential = { uri: "https://k.example.com", auth: null, insecure: false };
  const of = (one: StoredRemote, credentials: readonly Credential[] = []) => ({
    remotes: new Map([["a", one]]),
    credentials,
  });
  assert.deepEqual([holdsToken(of(remote)), holdsSecret(of(remote))], [false, false]);
  assert.deepEqual([holdsToken(of(withToken)), holdsSecret(of(withToken))], [true, true]);
  assert.ok(!holdsSecret(of(remote, [credential])));
  const held = of(remote, [{ ...credential, auth: new Secret("CANARY") }]);
  assert.deepEqual([holdsToken(held), holdsSecret(held)], [false, true]);
});
