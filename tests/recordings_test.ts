/** sremote against what Singularity and Apptainer were measured to do: `recordings/README.md`. */
import assert from "node:assert/strict";
import process from "node:process";
import { loadCases, TARGETS } from "./recordings/cases.ts";
import { compare } from "./recordings/compare.ts";
import { judge, readLists, replayAll, summary, updated, writeLists } from "./recordings/differences.ts";
import { unusableFiles } from "./recordings/usable.ts";

Deno.test("recordings: every case does what the programs do, less the listed differences", async () => {
  const compared = await replayAll();
  if (process.env.UPDATE_GOLDEN === "1") writeLists(updated(readLists(), compared));
  const lists = readLists();
  const { unlisted, vanished, listedTwice } = judge(lists, compared);
  console.log(summary(lists, compared));
  assert.deepEqual(unlisted, [], `${unlisted.length} differences are not listed:\n${unlisted.join("\n")}`);
  assert.deepEqual(
    vanished,
    [],
    `${vanished.length} listed differences are gone (UPDATE_GOLDEN=1):\n${vanished.join("\n")}`,
  );
  assert.deepEqual(listedTwice, []);
  assert.deepEqual(compared.flatMap(({ unusable }) => unusable), []);
  for (const target of TARGETS) {
    const least = target.only === undefined ? 800 : 650;
    const { length } = compared.filter((one) => one.target === target);
    assert(length > least, `only ${length} cases for ${target.runtime}`);
  }
});

Deno.test("recordings: what is unlisted, gone or listed twice is found, and an update mends the first two", () => {
  const one = loadCases()[0]!;
  const [target] = TARGETS;
  const kind = { kind: "k", programs: "p", sremote: "s", reason: "r" };
  const listed = (aspect: "user" | "global") => ({
    ...kind,
    cases: { [one.id]: { [target!.runtime]: [aspect] } },
  });
  const compared = [{
    one,
    target: target!,
    differences: [
      { aspect: "user", detail: "a" },
      { aspect: "default", detail: "b" },
      { aspect: "list", detail: "c" },
      { aspect: "prints", detail: "d" },
    ] as const,
    unusable: [],
  }];
  const elsewhere = { ...kind, cases: { [one.id]: { "another@1.0": ["prints"] as const } } };
  const lists = {
    stay: [listed("user"), { ...listed("global"), adopts: ["default"] as const }, elsewhere],
    open: [listed("user")],
  };
  const name = `${one.id} ${target!.runtime}`;
  assert.deepEqual(judge(lists, compared), {
    unlisted: [`${name}: default\n    b`, `${name}: list\n    c`, `${name}: prints\n    d`],
    vanished: [`${name}: global`, `${one.id} another@1.0: prints`],
    listedTwice: [`${name}: user`],
  });
  const { stay, open } = updated(lists, compared);
  assert.deepEqual(judge({ stay, open }, compared), { unlisted: [], vanished: [], listedTwice: [] });
  assert.deepEqual(stay.map(({ cases }) => cases[one.id]![target!.runtime]), [
    ["user"],
    ["default"],
    ["prints"],
  ]);
  assert.deepEqual(open.map((each) => [each.kind, each.cases[one.id]![target!.runtime]]), [["unjudged", [
    "list",
  ]]]);
});

Deno.test("recordings: the comparison sees every respect in which two runs may differ", () => {
  const [target] = TARGETS;
  const base = {
    exit: 0,
    out: "",
    err: "",
    requests: [],
    user: undefined,
    global: undefined,
    config: undefined,
  };
  const seen = { ...base, document: undefined, userWritten: false, userMode: undefined };
  const recorded = { versions: [target!.version], exit: 0, class: "ok" };
  const of = (args: string, theirs: object, ours: object, files: object = {}) =>
    compare(
      { id: "x", story: "", args: args.split(" "), results: [], ...files },
      target!,
      { ...recorded, ...theirs },
      { ...seen, ...ours },
    ).map(({ aspect }) => aspect);
  const row = { name: "a", uri: "a.org", default: true, global: false, exclusive: false, insecure: false };
  const login = { state: "valid", identity: null };
  const get = { method: "GET", url: "https://a.org/x?y", authorization: "Bearer T-a" };
  const status = {
    remotes: [{ trouble: null, services: [{ service: "library", ok: true, version: null }], login }],
  };
  const keys = [{ uri: "https://k.org", insecure: false, loggedIn: true }];
  assert.deepEqual(of("remote list", {}, {}), []);
  assert.deepEqual(of("remote list", { exit: 255 }, {}), ["exit-succeeds"]);
  assert.deepEqual(of("remote list", {}, { exit: 1 }), ["exit-fails"]);
  assert.deepEqual(of("remote list", {}, { exit: null }), ["time-out"]);
  assert.deepEqual(
    of("remote use a", { user: "Active: a\n" }, { user: "# x\n'Active': \"a\"\nRemotes: {}\n" }),
    [],
  );
  assert.deepEqual(of("remote use a", { user: "Active: a\n" }, { user: "Active: b\n" }), ["user"]);
  assert.deepEqual(of("remote add a", { user: "Active: a\n" }, { user: "Active: b\n" }), ["default"]);
  assert.deepEqual(of("remote use a", { global: "Active: a\n" }, {}), ["global"]);
  assert.deepEqual(of("remote use a", { config: "Active: a\n" }, {}), ["config"]);
  const global = "Remotes: {a: {URI: a.org, System: true}}\n";
  assert.deepEqual(of("remote use a", { user: global }, { global }, { global }), ["user-copies"]);
  assert.deepEqual(of("remote use a", {}, { userWritten: true, userMode: 0o644 }), ["mode"]);
  const asked = { requests: ["GET https://a.org/x Bearer T-a…"] };
  assert.deepEqual(of("remote status", asked, { requests: [get] }), []);
  assert.deepEqual(of("remote status", asked, {}), ["requests-fewer"]);
  assert.deepEqual(of("remote status", {}, { requests: [get] }), ["requests-more"]);
  assert.deepEqual(of("remote status", asked, { requests: [{ ...get, authorization: "" }] }), [
    "requests-other",
  ]);
  assert.deepEqual(
    of("remote status", { requests: ["GET https://a.org/v1/rbac/users/current Bearer "] }, {}),
    [
      "identity-request",
    ],
  );
  assert.deepEqual(
    of("remote list", { list: [row] }, { document: { remotes: [{ ...row, default: false }] } }),
    ["list"],
  );
  const services = [{ service: "library", ok: true, version: "v1" }];
  const identity = { username: "alice" };
  assert.deepEqual(of("remote status", { services, login: "invalid", identity }, { document: status }), [
    "services",
    "login",
    "identity",
  ]);
  assert.deepEqual(
    of("keyserver list", { keyserverList: [{ remote: "a", keyservers: keys }] }, {
      document: { remotes: [{ remote: "a", keyservers: [{ ...keys[0], skip: true }] }] },
    }),
    ["keyservers"],
  );
  assert.deepEqual(of("remote get-login-password", { prints: "x" }, { out: "y\n" }), ["prints"]);
  const resolved = (uri: string) => ({ document: { uri, all: [uri, "https://b.org"] } });
  const search = { requests: ["GET https://a.org/x/v1/search?value=y"] };
  assert.deepEqual(of("search y", search, resolved("https://a.org/x")), []);
  assert.deepEqual(of("search y", search, resolved("https://b.org")), ["address-other"]);
  assert.deepEqual(of("search y", search, { exit: 1 }), ["address-none"]);
  assert.deepEqual(of("search y", {}, resolved("https://a.org/x")), ["address-extra"]);
  assert.deepEqual(of("verify y", search, resolved("https://a.org/x")), ["address-fewer"]);
});

Deno.test("recordings: a written file that the version cannot use is found", async () => {
  const [newest] = TARGETS;
  const old = TARGETS.find(({ runtime }) => runtime === "singularity@3.8")!;
  const of = async (target: typeof old, user: string, before = "") =>
    (await unusableFiles({ id: "x", story: "", args: [], results: [], user: before }, target, {
      user,
      global: undefined,
      config: undefined,
    })).length;
  const plain = "Remotes:\n  a:\n    URI: a.example.com\n";
  const port = "Remotes:\n  a:\n    URI: a.example.com:8443\n";
  assert.equal(await of(old, plain), 0);
  assert.equal(await of(old, `${plain}    Insecure: false\n`), 1);
  assert.equal(await of(newest!, `${plain}    Insecure: false\n`), 0);
  assert.equal(await of(old, port), 0);
  assert.equal(await of(newest!, port), 1);
  // What sremote did not write is not its fault.
  assert.equal(await of(newest!, port, `# ${port}`), 0);
});
