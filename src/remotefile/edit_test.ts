import assert from "node:assert/strict";
import { Failure } from "../base/failure.ts";
import type { Change, Credential, Entry } from "../model.ts";
import { Secret } from "../base/secret.ts";
import { editRemoteFile } from "./edit.ts";
import { parseRemoteFile } from "./parse.ts";

const entry = (uri: string, more: Partial<Entry> = {}): Entry => ({
  uri,
  system: false,
  insecure: false,
  keyservers: [],
  ...more,
});
const keys = (uri: string) => ({ uri, skip: false, external: true, insecure: false });
const add = (remote: string, after: Entry): Change => ({ kind: "add", remote, after });
const update = (remote: string, before: Entry, after: Entry): Change => ({
  kind: "update",
  remote,
  before,
  after,
});
const remove = (remote: string): Change => ({ kind: "remove", remote, before: entry("") });
const use = (remote: string | null, ...exclusive: string[]): Change => ({
  kind: "use",
  before: { remote: null, exclusive: [] },
  after: { remote, exclusive },
});
const login = (remote: string): Change => ({ kind: "login", remote, from: { env: "TOKEN" } });
const logout = (remote: string): Change => ({ kind: "logout", remote });

const TOKENS = new Map([["a", new Secret("tok-a")], ["new", new Secret("0123")]]);
const SYSTEM = new Map([["new", entry("new.org")]]);

async function edited(text: string, changes: readonly Change[]): Promise<string> {
  return await editRemoteFile(await parseRemoteFile(text, "remote.yaml"), changes, {
    tokens: TOKENS,
    system: SYSTEM,
  });
}

/** The text of a template without its first line break. */
const t = (parts: TemplateStringsArray) => parts.raw[0]!.replace(/^\n/, "").replace(/ +$/, "");

const cases: { name: string; before: string; changes: Change[]; after: string }[] = [
  {
    name: "an empty file",
    before: "",
    changes: [add("a", entry("a.org")), use("a")],
    after: t`
Active: a
Remotes:
    a:
        URI: a.org
`,
  },
  {
    name: "nothing but comments",
    before: "# ours\n---\n# more",
    changes: [add("a", entry("a.org", { insecure: true, keyservers: [keys("https://k.org")] }))],
    after: t`
# ours
---
# more
Remotes:
    a:
        URI: a.org
        Insecure: true
        Keyservers:
            - URI: https://k.org
              Skip: false
              External: true
              Insecure: false
`,
  },
  { name: "null", before: "--- ~ # c\n", changes: [use("a")], after: "--- \nActive: a\nRemotes: {} # c\n" },
  {
    name: "Remotes: {} becomes lines",
    before: "Active: b # act\r\nRemotes: {} # none\r\n",
    changes: [add("__proto__", entry("x.org"))],
    after: 'Active: b # act\r\nRemotes: # none\r\n    "__proto__":\r\n        URI: x.org\r\n',
  },
  {
    name: "Remotes: without a value, before Credentials in yaml.v2's style",
    before: t`
Active: ""
Remotes:
Credentials:
- URI: https://k.org
  Auth: Basic xyz
`,
    changes: [add("a", entry("a.org", { keyservers: [keys("https://k.org")] })), use("a", "a")],
    after: t`
Active: a
Remotes:
  a:
    URI: a.org
    Exclusive: true
    Keyservers:
    - URI: https://k.org
      Skip: false
      External: true
      Insecure: false
Credentials:
- URI: https://k.org
  Auth: Basic xyz
`,
  },
  {
    name: "no Remotes: after Active",
    before: "Active: a\n\n# creds\nCredentials: []\n",
    changes: [add("a", entry("a.org"))],
    after: "Active: a\nRemotes:\n    a:\n        URI: a.org\n\n# creds\nCredentials: []\n",
  },
  {
    name: "no Active: first, behind the byte order mark",
    before: "\ufeffRemotes:\n  a:\n    URI: a.org",
    changes: [use("a"), add("b", entry("b.org"))],
    after: "\ufeffActive: a\nRemotes:\n  a:\n    URI: a.org\n  b:\n    URI: b.org\n",
  },
  {
    name: "everything around an edit stays",
    before: t`
# Managed with care
Active: 'a'   # the default

Remotes:
  # all of them

  a:
    # about the address
    URI: "a.org"   # old
    Token: tok   # secret
    Exclusive: false

  # about b
  b: {URI: b.org, System: true} # flow
  # about c
  c:
      URI: c.org
      Keyservers: [] # none
      # deeper

  # tail
Credentials:
    - URI: 'https://k.org'
      Auth: Basic xyz
`,
    changes: [
      update("a", entry("a.org"), entry("a2.org", { insecure: true })),
      logout("a"),
      remove("b"),
      update("c", entry("c.org"), entry("c.org", { keyservers: [keys("k")] })),
      add("d", entry("1:30")),
      use("c", "c"),
    ],
    after: t`
# Managed with care
Active: c   # the default

Remotes:
  # all of them

  a:
    # about the address
    URI: a2.org   # old
    Exclusive: false
    Insecure: true

  # about c
  c:
      URI: c.org
      Exclusive: true
      Keyservers: # none
      - URI: k
        Skip: false
        External: true
        Insecure: false
      # deeper
  d:
    URI: "1:30"

  # tail
Credentials:
    - URI: 'https://k.org'
      Auth: Basic xyz
`,
  },
  {
    name: "a flow entry that changes stays in braces",
    before: "Remotes:\n  a: {URI: x, Token: t} # c\n  b: {URI: y}",
    changes: [update("a", entry("x"), entry("z", { insecure: true })), logout("a"), use("b")],
    after: "Active: b\nRemotes:\n  a: {URI: z, Insecure: true} # c\n  b: {URI: y}",
  },
  {
    name: "a file of JSON stays JSON",
    before: '{"Active": "a", "Remotes": {"a": {"URI": "x"}}, "Credentials": [{"URI": "k", "Auth": "b c"}]}\n',
    changes: [add("c", entry("c", { keyservers: [keys("https://k.org")] })), remove("a"), use(null)],
    after:
      '{ "Remotes": { "c": {"URI": "c", "Keyservers": [{"URI": "https://k.org", "Skip": false, "External": true, "Insecure": false}]}}, "Credentials": [{"URI": "k", "Auth": "b c"}]}\n'
        .replace("{ ", "{").replace("{ ", "{"),
  },
  {
    name: "braces over several lines keep the comments of the entries that stay",
    before: t`
# head
Remotes: {a: {URI: a.org},   # the first
  b: {URI: b.org},  # the second
  # above the third
  c: {URI: c.org}  # the third
}
`,
    changes: [add("d", entry("d.org")), remove("b"), update("c", entry("c.org"), entry("x.org"))],
    after: "# head\nRemotes: {a: {URI: a.org},   # the first\n  \n  # above the third\n" +
      "  c: {URI: x.org}, d: {URI: d.org}  # the third\n}\n",
  },
  {
    name: "the last entry in braces goes with its comma",
    before: "Remotes: {a: {URI: a}, b: {URI: b}}\n",
    changes: [remove("b")],
    after: "Remotes: {a: {URI: a}}\n",
  },
  {
    name: "a remote beside one that an alias shares",
    before: "Remotes:\n  a: &a\n    URI: a.org\n  b: *a\n  c:\n    <<: *a\n    Token: t\n",
    changes: [add("d", entry("d.org")), logout("c"), use("b")],
    after: "Active: b\nRemotes:\n  a: &a\n    URI: a.org\n  b: *a\n  c:\n    <<: *a\n  d:\n    URI: d.org\n",
  },
  {
    name: "the last remote goes",
    before:
      "Active: a\nRemotes: # all\n    # head\n    a:\n        URI: x\n        # inside\nCredentials: []\n",
    changes: [remove("a"), use(null)],
    after: "Remotes: {} # all\n    # head\nCredentials: []\n",
  },
  {
    name: "all go and one comes",
    before: "Remotes:\n  a:\n    URI: x\n  b:\n    URI: y\n",
    changes: [remove("a"), remove("b"), add("c", entry("z"))],
    after: "Remotes:\n  c:\n    URI: z\n",
  },
  {
    name: "a removed remote leaves one blank line",
    before: "Remotes:\n  a:\n    URI: x\n\n  b:\n    URI: y\n\n  c:\n    URI: z\n",
    changes: [remove("b")],
    after: "Remotes:\n  a:\n    URI: x\n\n  c:\n    URI: z\n",
  },
  {
    name: "log in: a new line, a new value, a new copy of a global remote",
    before: "Remotes:\n  a:\n    System: true\n    URI: a.org\n    Keyservers: []\n",
    changes: [login("a"), login("new")],
    after: t`
Remotes:
  a:
    System: true
    URI: a.org
    Token: tok-a
    Keyservers: []
  new:
    URI: new.org
    Token: "0123"
    System: true
`,
  },
  {
    name: "a token over several lines is replaced by one line",
    before: "Remotes:\n  a:\n    Token: |\n      one\n      two\n    URI: a.org\n",
    changes: [login("a")],
    after: "Remotes:\n  a:\n    Token: tok-a\n    URI: a.org\n",
  },
  {
    name: "log out of an entry with nothing but a token",
    before: "Remotes:\n  a:\n    Token: t\n",
    changes: [logout("a")],
    after: 'Remotes:\n  a:\n    URI: ""\n',
  },
  {
    name: "flags that become false go",
    before:
      "Remotes:\n  a:\n    URI: x\n    Insecure: yes\n    Exclusive: On\n  b:\n    URI: y\n    Insecure: false\n",
    changes: [update("a", entry("x", { insecure: true }), entry("x")), use(null, "b")],
    after: "Remotes:\n  a:\n    URI: x\n  b:\n    URI: y\n    Exclusive: true\n    Insecure: false\n",
  },
  {
    name: "keyservers are replaced and removed",
    before:
      "Remotes:\n  a:\n    URI: x\n    Keyservers: # ours\n      - URI: one\n        External: true\n  b:\n    URI: y\n    Keyservers:\n      - URI: one\n",
    changes: [
      update("a", entry("x", { keyservers: [keys("one")] }), entry("x", { keyservers: [keys("two")] })),
      update("b", entry("y", { keyservers: [keys("one")] }), entry("y")),
    ],
    after:
      "Remotes:\n  a:\n    URI: x\n    Keyservers: # ours\n      - URI: two\n        Skip: false\n        External: true\n        Insecure: false\n  b:\n    URI: y\n",
  },
  {
    name: "a keyserver among others",
    before:
      "Remotes:\n  a:\n    URI: x\n    Keyservers:\n    # first\n    - {URI: one, External: true} # 1\n\n    - URI: two # 2\n      External: yes\n    # last",
    changes: [
      update(
        "a",
        entry("x", { keyservers: [keys("one"), keys("two")] }),
        entry("x", { keyservers: [keys("one"), keys("new"), keys("two")] }),
      ),
    ],
    after:
      "Remotes:\n  a:\n    URI: x\n    Keyservers:\n    # first\n    - {URI: one, External: true} # 1\n    - URI: new\n      Skip: false\n      External: true\n      Insecure: false\n\n    - URI: two # 2\n      External: yes\n    # last",
  },
  {
    name: "a key of more than 128 bytes, as Go writes it",
    before: `Remotes:\n    ? ${"n".repeat(140)}\n    : URI: x\n    a:\n        URI: y\n`,
    changes: [update("n".repeat(140), entry("x"), entry("z")), update("a", entry("y"), entry("w"))],
    after: `Remotes:\n    ${"n".repeat(140)}:\n        URI: z\n    a:\n        URI: w\n`,
  },
  {
    name: "names that need quotes",
    before: "Remotes:\n  a:\n    URI: x\n",
    changes: [
      ...[
        "yes",
        "0123",
        "1e5",
        "1:30",
        "#x",
        "a: b",
        "- x",
        " x ",
        "🐟",
        "null",
        "",
        "~",
        "<<",
        "a\nb",
        '"\\',
      ],
    ].map((name) => add(name, entry(name))),
    after: "Remotes:\n  a:\n    URI: x\n" +
      [
        "yes",
        "0123",
        "1e5",
        "1:30",
        "#x",
        "a: b",
        "- x",
        " x ",
        "🐟",
        "null",
        "",
        "~",
        "<<",
        "a\\u000ab",
        '\\"\\\\',
      ]
        .map((name) => `  "${name}":\n    URI: "${name}"\n`).join(""),
  },
];

for (const { name, before, changes, after } of cases) {
  Deno.test(`edit: ${name}`, async () => {
    assert.equal(await edited(before, changes), after);
    assert.equal(await edited(before, []), before);
  });
}

Deno.test("changes without effect leave the text unchanged", async () => {
  const text = 'Active: "a"\nRemotes: {a: {URI: x, Exclusive: yes}}';
  assert.equal(await edited(text, [use("a", "a"), update("a", entry("x"), entry("x"))]), text);
});

Deno.test("a change that does not fit the file is an internal error without a token", async () => {
  const text = "Remotes:\n  a:\n    URI: x\n    Token: tok-en-en\n";
  for (const change of [add("a", entry("x")), remove("b"), logout("b"), login("b"), use("a", "b")]) {
    await assert.rejects(() => edited(text, [change]), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.code, "internal");
      assert.doesNotMatch(JSON.stringify(error), /tok-en/);
      return true;
    });
  }
});

Deno.test("what an alias or a merge key shares is not changed in one of its places", async () => {
  const shared = "Remotes:\n  a: &a\n    URI: a.org\n  b: *a\n  c:\n    <<: *a\n    Token: t\n";
  const changes = [
    update("a", entry("a.org"), entry("x.org")),
    update("b", entry("a.org"), entry("x.org")),
    remove("a"),
    login("a"),
  ];
  for (const change of changes) {
    await assert.rejects(
      () => edited(shared, [change]),
      { code: "remote-file-invalid" },
      JSON.stringify(change),
    );
  }
});

Deno.test("no edit leaves a file of comments alone, which the programs refuse", async () => {
  const document = await parseRemoteFile("# ours\nCredentials:\n- URI: https://k.org\n  Auth: x\n", "f");
  assert.equal(await editRemoteFile(document, [], { credentials: [] }), "# ours\nRemotes: {}\n");
});

Deno.test("a login to a keyserver leaves the remotes as they are laid out", async () => {
  const one = { uri: "https://k.org", auth: new Secret("Basic x"), insecure: false };
  for (
    const remotes of [
      "Remotes:\n",
      "Remotes: {a: {URI: a.org},   # the first\n  b: {URI: b.org}}  # the second\n",
    ]
  ) {
    const after = await editRemoteFile(await parseRemoteFile(remotes, "f"), [], { credentials: [one] });
    assert.ok(after.startsWith(remotes), after);
  }
});

Deno.test("edit: a credential is added, changed and removed in place", async () => {
  const before = t`
Remotes: {}
Credentials: # keyservers and registries
- URI: docker://a.org # ours
  Auth: Basic YQ==
  Insecure: false
- URI: https://k.org
  Auth: Basic Yg==
  Insecure: false
# the end
`;
  const edit = async (text: string, of: (now: readonly Credential[]) => readonly Credential[]) => {
    const document = await parseRemoteFile(text, "remote.yaml");
    return await editRemoteFile(document, [], { credentials: of(document.content.credentials) });
  };
  const one = { uri: "https://k.org", auth: new Secret("Bearer t"), insecure: false };
  const changed = await edit(before, ([first]) => [first!, one]);
  assert.equal(changed, before.replace("Auth: Basic Yg==", 'Auth: "Bearer t"'));
  assert.equal(
    await edit(changed, ([first]) => [first!]),
    before.replace("- URI: https://k.org\n  Auth: Basic Yg==\n  Insecure: false\n", ""),
  );
  assert.equal(
    await edit("Remotes: {}\n", () => [one]),
    'Remotes: {}\nCredentials:\n    - URI: https://k.org\n      Auth: "Bearer t"\n      Insecure: false\n',
  );
  assert.equal(
    await edit("Remotes: {}\nCredentials:\n- URI: https://k.org\n  Auth: x\n", () => []),
    "Remotes: {}\n",
  );
  assert.equal(
    await edit("", () => [one]).then((text) => text.startsWith("Remotes: {}\nCredentials:\n")),
    true,
  );
});
