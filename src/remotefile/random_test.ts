/** Properties over random files: the parser's two ways agree, edits do what they say and nothing else, secrets stay in. */
import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { Failure } from "../base/failure.ts";
import type { Change, Entry, RemoteFile } from "../model.ts";
import { Secret } from "../base/secret.ts";
import { applyChanges, sameContent } from "./changes.ts";
import { editRemoteFile } from "./edit.ts";
import { maskPair } from "./mask.ts";
import { parseRemoteFile, type RemoteDocument } from "./parse.ts";
import { scalarText } from "./render.ts";
import { scanYaml } from "./scan.ts";
import { commit } from "./store.ts";
import { realWorld } from "../world/real.ts";
import { goneFrom, valuesOf, withoutGone, withoutInComments } from "./withheld.ts";
import { readYaml } from "./yaml.ts";

const NAMES = ["a", "b", "company", "a b", "__proto__", "123", "no", "🐟", "x.y", "n".repeat(130)];
const name = fc.constantFrom(...NAMES);
const uri = fc.constantFrom("a.org", "b.org:443/p", "0123", "1:30", "https://k.org", "::1", "");
// A secret is easy to find in what comes out: nothing else has this word.
const token = fc.tuple(
  fc.constantFrom("SECRET", "eyJSECRET", "0SECRET", "SECRET:", "- SECRET", "SECRET #"),
  fc.stringMatching(/^[a-zA-Z0-9._ :#'"\\-]{0,12}$/),
).map(([head, tail]) => (head + tail).trim());
const keyserver = fc.record({ uri, skip: fc.boolean(), external: fc.boolean(), insecure: fc.boolean() });
const entry: fc.Arbitrary<Entry> = fc.record({
  uri,
  system: fc.boolean(),
  insecure: fc.boolean(),
  keyservers: fc.array(keyserver, { maxLength: 2 }),
});
const remote = fc.record({
  name,
  entry,
  token: fc.option(token),
  system: fc.boolean(),
  exclusive: fc.option(fc.boolean()),
  flow: fc.boolean(),
  order: fc.nat(5),
  comments: fc.nat(15),
});
const style = fc.record({
  indent: fc.constantFrom(1, 2, 4),
  list: fc.constantFrom(0, 2),
  quote: fc.constantFrom('"', "'", ""),
  crlf: fc.boolean(),
  bom: fc.boolean(),
  start: fc.boolean(),
  end: fc.boolean(),
  flow: fc.constantFrom("none", "none", "none", "entries", "remotes", "root"),
  activeLast: fc.boolean(),
  // Between entries in braces: comments of the one before and of the one after.
  comma: fc.constantFrom(", ", ",", ",   # of the one before\n  ", ",\n  # of the one after\n  "),
});
const plain = fc.record({
  active: fc.option(name),
  remotes: fc.option(fc.uniqueArray(remote, { selector: (one) => one.name, maxLength: 5 })),
  credentials: fc.option(fc.array(fc.record({ uri, auth: token }), { maxLength: 2 })),
  style,
});
type Plan = typeof plain extends fc.Arbitrary<infer T> ? T : never;

/** A file in some style. */
const file = plain.map(({ active, remotes, credentials, style }) => {
  const word = (text: string) =>
    style.quote === "'" && /^[^'\\\n]*$/.test(text)
      ? `'${text}'`
      : style.quote === '"'
      ? JSON.stringify(text)
      : scalarText(text);
  const pad = (depth: number) => " ".repeat(depth * style.indent);
  const comment = (column: string, on: number) => on ? `${column}# about Token: SECRETcomment\n` : "";
  const fields = (one: NonNullable<Plan["remotes"]>[number]) => {
    const all: [string, string | null][] = [
      ["URI", word(one.entry.uri)],
      ["Token", one.token === null ? null : word(one.token)],
      ["System", one.system ? "yes" : null],
      ["Exclusive", one.exclusive === null ? null : String(one.exclusive)],
      ["Insecure", one.entry.insecure ? "True" : null],
    ];
    return [...all.slice(one.order), ...all.slice(0, one.order)].filter(([, text]) => text !== null);
  };
  const item = (one: Entry["keyservers"][number]) =>
    [["URI", word(one.uri)], ["Skip", one.skip], ["External", one.external], ["Insecure", one.insecure]]
      .map(([key, text]) => `${key}: ${text}`);
  const flowRemote = (one: NonNullable<Plan["remotes"]>[number]) =>
    `{${
      [
        ...fields(one).map(([key, text]) => `${key}: ${text}`),
        `Keyservers: [${one.entry.keyservers.map((k) => `{${item(k).join(", ")}}`).join(", ")}]`,
      ].join(", ")
    }}`;
  const blockRemote = (one: NonNullable<Plan["remotes"]>[number]) =>
    "\n" + comment(pad(2), one.comments & 1) +
    fields(one).map(([key, text]) => `${pad(2)}${key}: ${text}${one.comments & 2 ? " # c" : ""}\n`).join("") +
    (one.entry.keyservers.length === 0
      ? ""
      : `${pad(2)}Keyservers:\n` + one.entry.keyservers.map((k) =>
        item(k).map((line, i) => `${pad(2)}${" ".repeat(style.list)}${i === 0 ? "- " : "  "}${line}\n`).join(
          "",
        )
      ).join("")) +
    comment(pad(2), one.comments & 4) + (one.comments & 8 ? "\n" : "");
  const list = remotes ?? [];
  const lines = list.map((one) =>
    comment(pad(1), one.comments & 4) + `${pad(1)}${word(one.name)}:` +
    (style.flow === "entries" && one.flow ? ` ${flowRemote(one)} # c\n` : blockRemote(one))
  ).join("");
  const flowRemotes = `{${
    list.map((one) => `${JSON.stringify(one.name)}: ${flowRemote(one)}`).join(style.comma)
  }}`;
  const activeLine = active === null ? "" : `Active: ${word(active)} # the default\n`;
  const body = style.flow === "root"
    ? `{Active: ${JSON.stringify(active ?? "")}, Remotes: ${flowRemotes}}\n`
    : (style.activeLast ? "" : activeLine) +
      (remotes === null
        ? ""
        : list.length === 0 || style.flow === "remotes"
        ? `Remotes: ${flowRemotes} # all\n`
        : `Remotes:\n${lines}`) +
      (credentials === null ? "" : credentials.length === 0 ? "Credentials: []\n" : "\nCredentials:\n" +
        credentials.map((one) => `- URI: ${word(one.uri)}\n  Auth: ${word(one.auth)}\n`).join("")) +
      (style.activeLast ? activeLine : "");
  let text = (style.start ? "# head\n---\n" : "") + body;
  if (style.end) text = text.replace(/\n+$/, "");
  if (style.crlf) text = text.replace(/\n/g, "\r\n");
  return (style.bom ? "\ufeff" : "") + text;
});

const wish = fc.oneof(
  fc.record({ kind: fc.constant("put" as const), remote: name, after: entry }),
  fc.record({ kind: fc.constant("remove" as const), remote: name }),
  fc.record({ kind: fc.constant("use" as const), remote: fc.option(name) }),
  fc.record({ kind: fc.constant("login" as const), remote: name, token }),
  fc.record({ kind: fc.constant("logout" as const), remote: name }),
);

/** Wishes as changes that fit the file. */
function changesFor(
  content: RemoteFile,
  wishes: readonly (typeof wish extends fc.Arbitrary<infer T> ? T : never)[],
) {
  const changes: Change[] = [];
  const tokens = new Map<string, Secret>();
  const present = new Map<string, Entry>(content.remotes);
  for (const one of wishes) {
    const before = one.remote === null ? undefined : present.get(one.remote);
    if (one.kind === "put") {
      changes.push(
        before === undefined
          ? { kind: "add", remote: one.remote, after: one.after }
          : { kind: "update", remote: one.remote, before, after: one.after },
      );
      present.set(one.remote, one.after);
    } else if (one.kind === "use") {
      const state = { remote: one.remote, exclusive: before === undefined ? [] : [one.remote!] };
      if (!wishes.some(({ kind }) => kind === "remove")) {
        changes.push({ kind: "use", before: { remote: null, exclusive: [] }, after: state });
      }
    } else if (before !== undefined) {
      if (one.kind === "remove") {
        changes.push({ kind: "remove", remote: one.remote, before });
        present.delete(one.remote);
      } else if (one.kind === "logout") changes.push({ kind: "logout", remote: one.remote });
      else {
        changes.push({ kind: "login", remote: one.remote, from: { prompt: true } });
        tokens.set(one.remote, new Secret(one.token));
      }
    }
  }
  return { changes, tokens };
}

/** What becomes of the credentials: one dropped, one changed, one added; or nothing. */
const credentialWish = fc.option(fc.record({
  at: fc.nat(3),
  how: fc.constantFrom("drop" as const, "change" as const, "add" as const),
  auth: token,
}));

function credentialsFor(
  present: RemoteFile["credentials"],
  wish: typeof credentialWish extends fc.Arbitrary<infer T> ? T : never,
) {
  if (wish === null) return null;
  const one = { uri: "https://new.example.com", auth: new Secret(`Bearer ${wish.auth}`), insecure: true };
  if (wish.how === "add") return [...present, one];
  if (wish.how === "drop") return present.filter((_, i) => i !== wish.at);
  return present.map((old, i) => i === wish.at ? { ...one, uri: old.uri } : old);
}

/** What is wished of a file, and its text afterwards. */
async function edited(
  document: RemoteDocument,
  wishes: Parameters<typeof changesFor>[1],
  credentialWish: Parameters<typeof credentialsFor>[1],
) {
  const { changes, tokens } = changesFor(document.content, wishes);
  const credentials = credentialsFor(document.content.credentials, credentialWish);
  const supplies = { tokens, ...(credentials === null ? {} : { credentials }) };
  return { changes, credentials, supplies, after: await editRemoteFile(document, changes, supplies) };
}

/** Whether a secret is part of one that the file holds, as that is or in quotes: then it is found where that stands. */
function isPartOfHeld({ remotes, credentials }: RemoteFile, secret: string): boolean {
  const held = [
    ...Array.from(remotes.values(), ({ token }) => token?.reveal() ?? ""),
    ...credentials.map(({ auth }) => auth?.reveal() ?? ""),
  ];
  return held.some((one) =>
    [one, JSON.stringify(one), `'${one.replaceAll("'", "''")}'`].some((form) => form.includes(secret))
  );
}

Deno.test("edits: the result has the changed content, and other lines stay", async () => {
  await fc.assert(
    fc.asyncProperty(
      file,
      fc.array(wish, { maxLength: 4 }),
      credentialWish,
      async (text, wishes, credentialWish) => {
        const document = await parseRemoteFile(text, "f");
        const { changes, credentials, supplies, after } = await edited(document, wishes, credentialWish);
        const read = await parseRemoteFile(after, "f");
        const wanted = applyChanges(document.content, changes, supplies);
        assert.ok(sameContent(read.content, wanted));
        if (sameContent(document.content, wanted)) assert.equal(after, text);
        if (text.includes("\r\n")) assert.doesNotMatch(after, /[^\r]\n/);
        // Entries that do not change stay as they are to the last byte.
        const touched = new Set(changes.flatMap((one) => one.kind === "use" ? [] : [one.remote]));
        if (document.root?.kind === "map") {
          const remotes = document.root.pairs.find(({ key }) => key.text === "Remotes")?.value;
          if (remotes?.kind === "map") {
            for (const { start, key, value } of remotes.pairs) {
              const was = document.content.remotes.get(key.text)!;
              if (
                touched.has(key.text) || wanted.remotes.get(key.text)?.exclusive !== was.exclusive
              ) continue;
              assert.ok(after.includes(text.slice(start, value.end)));
            }
          }
          for (
            const line of text.split(/\r?\n/).filter((one) =>
              /^[^\s{]/.test(one) && !/^\ufeff?(?:Active|Remotes)/.test(one) &&
              (credentials === null || !/^(?:Credentials|- )/.test(one))
            )
          ) {
            assert.ok(after.replace(/^\ufeff/, "").split(/\r?\n/).includes(line), line);
          }
        }
        const kept = untouchedLines(
          document,
          touched,
          changes.some((one) => one.kind === "use"),
          credentials !== null,
        );
        assert.ok(isSubsequence(kept, after.split("\n").map(plainLine)), `${text}\n=>\n${after}`);
        const masked = maskPair(document, read);
        assert.doesNotMatch(masked.before + masked.after, /SECRET/);
      },
    ),
    { numRuns: 5_000 },
  );
});

Deno.test("edits: a secret that is removed or replaced stays in no text that is kept", async () => {
  let removed = 0;
  await fc.assert(
    fc.asyncProperty(
      file,
      fc.array(wish, { maxLength: 4 }),
      credentialWish,
      async (text, wishes, credentialWish) => {
        const document = await parseRemoteFile(text, "f");
        const read = await parseRemoteFile((await edited(document, wishes, credentialWish)).after, "f");
        const gone = goneFrom(document.content, read.content);
        const values = valuesOf(gone);
        const after = { ...read, text: await withoutInComments(read.text, "f", values) };
        const kept = await withoutGone(document, after);
        assert.ok(kept !== null, text);
        // What a comment calls a token goes with the comment.
        const inComments = read.text.includes("SECRETcomment") ? [] : ["SECRETcomment"];
        for (const one of inComments) assert.ok(!kept.includes(one), kept);
        if (values.length === 0) return assert.equal(kept, await withoutInComments(text, "f", inComments));
        removed++;
        const { content } = await parseRemoteFile(kept, "f");
        assert.deepEqual(goneFrom(content, after.content), { remotes: [], credentials: [] });
        for (const one of values) {
          if (isPartOfHeld(after.content, one)) continue;
          for (const all of [kept, after.text]) {
            // A value before a comment may look like another value.
            assert.ok(!all.replaceAll(" # c", "").includes(one), `${text}\n=>\n${all}`);
          }
        }
        // Nothing else changes: the same remotes with the same entries.
        const entries = ({ default: active, remotes }: RemoteFile) =>
          JSON.stringify([active, [...remotes].map(([name, one]) => [name, { ...one, token: null }])]);
        assert.equal(entries(content), entries(document.content));
        const comments = (one: string) => one.match(/# (?:head|of the|the default)[^\r\n]*/g) ?? [];
        assert.deepEqual(comments(kept), comments(text));
      },
    ),
    { numRuns: 2_000 },
  );
  assert.ok(removed > 300, `${removed} of them removed a secret`);
});

Deno.test("commits: a secret that is removed or replaced is in no file of the directory", async () => {
  const world = realWorld();
  let removed = 0;
  await fc.assert(
    fc.asyncProperty(
      file,
      fc.array(fc.tuple(fc.array(wish, { maxLength: 3 }), credentialWish), { minLength: 1, maxLength: 3 }),
      fc.constantFrom("user" as const, "global" as const),
      async (text, edits, scope) => {
        const directory = mkdtempSync(join(tmpdir(), "sremote-random-"));
        try {
          const path = join(directory, "remote.yaml");
          writeFileSync(path, text);
          const old = new Set<string>();
          for (const [wishes, credentialWish] of edits) {
            const edit = async ({ document }: { readonly document: RemoteDocument }) => ({
              text: (await edited(document, wishes, credentialWish)).after,
              ours: new Set<string>(),
            });
            const { gone } = await commit(world, 1000, {
              path,
              scope,
              links: { root: null, refuse: null },
              edit,
            });
            for (const one of valuesOf(gone)) old.add(one);
            const now = (await parseRemoteFile(readFileSync(path, "utf8"), path)).content;
            for (const one of old) {
              if (isPartOfHeld(now, one)) continue;
              removed++;
              for (const name of readdirSync(directory)) {
                const all = readFileSync(join(directory, name), "utf8").replaceAll(" # c", "");
                assert.ok(!all.includes(one), `${name}:\n${all}\nof\n${text}`);
              }
            }
          }
        } finally {
          rmSync(directory, { recursive: true });
        }
      },
    ),
    { numRuns: 200 },
  );
  assert.ok(removed > 50, `${removed} secrets were removed`);
});

/** The lines of a file that no change concerns: in block style those of the other entries. */
function untouchedLines(
  { text, root }: RemoteDocument,
  touched: ReadonlySet<string>,
  used: boolean,
  credentials: boolean,
): string[] {
  if (root?.kind !== "map" || root.flow) return [];
  const spans = root.pairs.flatMap(({ start, key, value }) => {
    const whole = [{ start, end: value.end }];
    if (key.text === "Active") return used || touched.size > 0 ? whole : [];
    if (key.text === "Credentials") return credentials ? whole : [];
    // What stands between an entry and its neighbours may be a comment of it. Whether one is exclusive is a matter of all.
    const next = root.pairs.find((one) => one.start > start)?.start ?? text.length;
    if (value.kind !== "map" || value.flow || value.pairs.every((one) => touched.has(one.key.text))) {
      return [{ start, end: next }];
    }
    return value.pairs.flatMap((one, i) =>
      touched.has(one.key.text) || used
        ? [{ start: value.pairs[i - 1]?.value.end ?? start, end: value.pairs[i + 1]?.start ?? next }]
        : []
    );
  });
  const lines: string[] = [];
  let at = 0;
  for (const line of text.split("\n")) {
    const [start, end] = [at, at + line.length];
    at = end + 1;
    if (!spans.some((one) => one.start <= end && start < one.end)) lines.push(plainLine(line));
  }
  return lines;
}

/** A line that becomes the first or the last one gets or loses these. */
function plainLine(line: string): string {
  return line.replace(/^\ufeff|\r$/g, "");
}

function isSubsequence(some: readonly string[], all: readonly string[]): boolean {
  let at = 0;
  for (const line of all) if (at < some.length && some[at] === line) at++;
  return at === some.length;
}

// Lines that are nearly what the fast way reads.
const line = fc.tuple(
  fc.constantFrom("", "", " ", "  ", "  ", "   ", "    "),
  fc.constantFrom("", "", "", "- ", "-  "),
  fc.constantFrom("a", "b", '"q r"', "'s'", "1", "x/y-z", ""),
  fc.constantFrom(":", ":", ":", ":", " :", ""),
  fc.constantFrom("", "", " ", "  "),
  fc.constantFrom(
    "",
    "",
    "v",
    "http://h:1/p",
    "Basic ab==",
    '"a # b"',
    "'x'",
    "{}",
    "[]",
    "- v",
    "w:",
    "'",
    "a: b",
    "# c",
  ),
  fc.constantFrom("", "", "", " ", " # c", "#c", "\r"),
).map((parts) => parts.join(""));
const soup = fc.array(fc.oneof(line, line, line, fc.constantFrom("", "# c", "  # c", "      # c", "  ")), {
  maxLength: 7,
})
  .map((lines) => lines.join("\n"));

Deno.test("the fast parser and the library read the same tree", () => {
  let fast = 0;
  fc.assert(
    fc.property(
      fc.oneof(soup, soup, soup, file),
      fc.constantFrom("", "", "---\n", "# a\n---\n", "--- # b\n", "\ufeff"),
      fc.constantFrom("", "\n", "\n\n"),
      (body, head, end) => {
        const text = head + body + end;
        const tree = scanYaml(text);
        if (tree === null || /\r(?!\n)/.test(text)) return;
        fast++;
        assert.deepEqual(readYaml(text), tree, text);
      },
    ),
    { numRuns: 5000 },
  );
  assert.ok(fast > 300, String(fast));
});

Deno.test("an invalid file is refused with a Failure that shows no secret", async () => {
  const cut = fc.record({
    at: fc.nat(),
    drop: fc.nat(12),
    put: fc.constantFrom(
      "",
      "\n",
      ":",
      "{",
      "}",
      "[",
      "'",
      '"',
      "\t",
      "&",
      "*",
      "?",
      "- ",
      "|",
      "%",
      "\0",
      " ",
      "\n---\n",
      "#",
      "!",
    ),
  });
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(file, fc.array(cut, { minLength: 1, maxLength: 3 }), async (text, cuts) => {
      for (const { at, drop, put } of cuts) {
        const place = at % (text.length + 1);
        text = text.slice(0, place) + put + text.slice(place + drop);
      }
      try {
        await parseRemoteFile(text, "f");
      } catch (error) {
        assert.ok(error instanceof Failure, String(error));
        assert.equal(error.code, "remote-file-invalid");
        assert.ok(error.problems.length > 0);
        const shown = [error.message, error.excerpt, JSON.stringify(error.problems), error.next].join("\n");
        assert.doesNotMatch(shown, /SECRET|ECRET|SECRE/, text);
        refused++;
      }
    }),
    { numRuns: 5_000 },
  );
  assert.ok(refused > 100);
});
