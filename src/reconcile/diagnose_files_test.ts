import assert from "node:assert/strict";
import { Secret } from "../base/secret.ts";
import { parseReader } from "../base/reader.ts";
import {
  diagnoseElsewhere,
  diagnoseFile,
  diagnoseGlobal,
  diagnoseHidden,
  diagnoseRefused,
  diagnoseTakeover,
  type FileFacts,
} from "./diagnose_files.ts";
import { NO_QUIRKS } from "./refused.ts";
import { file, stored, troubles, typed } from "./testing.ts";

const FACTS: FileFacts = {
  scope: "user",
  path: "/h/remote.yaml",
  uid: 7,
  file: { kind: "file", mode: 0o600, uid: 7 },
  secrets: true,
  directory: { path: "/h", mode: 0o700, uid: 7, dead: null },
  own: true,
  backup: null,
  lock: null,
  litter: [],
  ledger: null,
  owner: 7,
  nullRemotes: false,
};
const SHARED: Partial<FileFacts> = {
  scope: "global",
  owner: 0,
  file: { kind: "file", mode: 0o644, uid: 0 },
  directory: { path: "/h", mode: 0o755, uid: 0, dead: null },
};
const BACKUP = { path: "/h/b", kind: "file", uid: 7, mode: 0o600, tokens: [], credentials: [] };

Deno.test("diagnoses: a file, by its modes and owners and by what is beside it", () => {
  const regular = (mode: number, uid = 7) => ({ kind: "file", mode, uid });
  const directory = (mode: number, uid = 7) => ({ path: "/h", mode, uid, dead: null });
  const cases: readonly (readonly [Partial<FileFacts>, readonly string[]])[] = [
    [{}, []],
    [{ file: null }, []],
    [{ file: "unknown" }, []],
    [SHARED, []],
    [{ file: regular(0o640) }, ["warning /h/remote.yaml: others can read it and its tokens"]],
    [{ file: regular(0o604), secrets: null }, ["warning /h/remote.yaml: others can read it and its tokens"]],
    [{ file: regular(0o644), secrets: false }, [
      "warning /h/remote.yaml: others can read it, and the tokens that it will hold",
    ]],
    [{ ...SHARED, file: regular(0o640, 0) }, []],
    // A group may be meant to change it: no command fails. What everyone can change is an error.
    [{ file: regular(0o660) }, ["warning /h/remote.yaml: its group can change it"]],
    [{ ...SHARED, file: regular(0o664, 0) }, ["warning /h/remote.yaml: its group can change it"]],
    [{ file: regular(0o606) }, ["error /h/remote.yaml: everyone can change it"]],
    [{ ...SHARED, file: regular(0o602, 0) }, ["error /h/remote.yaml: everyone can change it"]],
    [{ file: regular(0o600, 8) }, ["error /h/remote.yaml: it belongs to uid 8, not to you"]],
    [{ file: regular(0o600, 8), directory: directory(0o2770, 8) }, [
      "error /h/remote.yaml: it belongs to uid 8, not to you",
      "warning /h: its group can replace the files in this directory",
    ]],
    [{ file: regular(0o600, 0) }, ["error /h/remote.yaml: it belongs to uid 0, not to you"]],
    [{ file: regular(0o600, 8), owner: 0, directory: null }, [
      "warning /h/remote.yaml: it belongs to uid 8, not to root, as whom sremote runs",
    ]],
    [{ ...SHARED, file: regular(0o644, 8) }, ["error /h/remote.yaml: it belongs to uid 8, not to root"]],
    [{ file: regular(0o600, 8), owner: null }, []],
    [{ file: { kind: "symlink", mode: 0o777, uid: 8 } }, []],
    [{ directory: directory(0o777) }, ["error /h: everyone can replace the files in this directory"]],
    [{ directory: directory(0o2770) }, ["warning /h: its group can replace the files in this directory"]],
    [{ directory: directory(0o2770, 8) }, ["warning /h: its group can replace the files in this directory"]],
    [{ directory: directory(0o2775, 0) }, ["warning /h: its group can replace the files in this directory"]],
    [{ directory: directory(0o755, 0) }, []],
    [{ directory: directory(0o1777, 0) }, []],
    [{ directory: directory(0o755, 8) }, [
      "warning /h: it belongs to uid 8, who can replace the files in it",
    ]],
    [{ directory: directory(0o700, 0) }, ["error /h: it belongs to uid 0, not to you"]],
    [{ ...SHARED, directory: directory(0o775, 0) }, [
      "warning /h: its group can replace the files in this directory",
    ]],
    // Its owner can give himself what he lacks.
    [{ file: regular(0o000) }, ["error /h/remote.yaml: it has mode 0000: you cannot read it"]],
    [{ file: "unknown", directory: directory(0o400) }, ["error /h: it has mode 0400: you cannot enter it"]],
    [{ file: regular(0o000, 0), uid: 0, owner: 0, directory: null }, []],
    [{ nullRemotes: true }, [
      "error /h/remote.yaml: its Remotes is empty (null): adding a remote fails in the programs",
    ]],
    [{ directory: directory(0o1777), own: false }, []],
    [{ directory: directory(0o1777) }, []],
    [{ directory: directory(0o755) }, [
      "note /h: it has mode 0755: others can see what is in it, and the programs set 0700",
    ]],
    [{ directory: directory(0o755), own: false }, []],
    [{ directory: directory(0o700, 8) }, ["error /h: it belongs to uid 8, not to you"]],
    [{ ...SHARED, directory: directory(0o755, 8) }, ["error /h: it belongs to uid 8, not to root"]],
    ...([["denied", "cannot be entered"], ["circle", "leads back to it"]] as const).map(([is, why]) =>
      [{ directory: { ...directory(0), dead: { target: "/x", is } } }, [
        `error /h: it is a symbolic link to /x, which ${why}`,
      ]] as const
    ),
    [{ directory: { ...directory(0o777), dead: { target: "/scratch/h", is: "absent" } } }, [
      "error /h: it is a symbolic link to /scratch/h, which does not exist",
    ]],
    [{ directory: null }, []],
    [{ backup: { ...BACKUP, mode: 0o640 } }, ["warning /h/b: others can read it"]],
    [{ ...SHARED, backup: { ...BACKUP, mode: 0o640 } }, []],
    [{ backup: BACKUP }, []],
    ...["symlink", "other", "folder"].map((kind) =>
      [{ backup: { ...BACKUP, kind, mode: 0o777 } }, [
        "warning /h/b: it is not a regular file: it is no backup, and rollback cannot use it",
      ]] as const
    ),
    [{ backup: { ...BACKUP, tokens: ["a", "b"], credentials: ["https://k"] } }, [
      'warning /h/b: it holds tokens of "a", "b" and credentials of "https://k" that remote.yaml no longer has',
    ]],
    [{ lock: { path: "/h/l", state: "held" }, litter: ["/h/t"] }, [
      "warning /h/l: a lock is held by a running or killed sremote process",
    ]],
    [{ lock: { path: "/h/l", state: "abandoned" }, litter: ["/h/t"] }, [
      "warning /h/l: this lock was left behind by an sremote process that was killed",
      "warning /h/t: it was left behind by an sremote process that was killed, and may hold a token",
    ]],
    [{ litter: ["/h/remote.yaml.sremote-unfinished"] }, [
      "error /h/remote.yaml.sremote-unfinished: a write in place was interrupted: " +
      "the programs read an incomplete remote.yaml",
    ]],
    [{ litter: ["/h/t"] }, [
      "warning /h/t: it was left behind by an sremote process that was killed, and may hold a token",
    ]],
    [{ ledger: { path: "/h/j", gone: [] } }, []],
    [{ ledger: { path: "/h/j", gone: ["a"] } }, [
      'warning /h/j: it lists remotes that remote.yaml does not have: "a"',
    ]],
  ];
  for (const [facts, expected] of cases) {
    assert.deepEqual(troubles(diagnoseFile({ ...FACTS, ...facts }, typed)), expected, JSON.stringify(facts));
  }
});

Deno.test("diagnoses: a remedy is a command that works for every path", () => {
  const path = "/h/my dir/remote.yaml";
  const [, found] = diagnoseFile({ ...FACTS, path, file: { kind: "file", mode: 0o666, uid: 7 } }, typed);
  assert.equal(found!.next, "Run chmod 600 '/h/my dir/remote.yaml'");
});

Deno.test("diagnoses: what a group shares is not taken from it", () => {
  for (const uid of [0, 7, 8]) {
    for (const mode of [0o2770, 0o2775, 0o770]) {
      const directory = { path: "/h", mode, uid, dead: null };
      for (const owner of [7, 8]) {
        const facts = { ...FACTS, directory, file: { kind: "file", mode: 0o600, uid: owner } };
        const found = [...diagnoseFile(facts, typed)];
        assert.ok(
          found.every(({ next }) => !/chown/.test(next ?? "")),
          `${uid} ${mode.toString(8)} ${owner}`,
        );
        const its = found.filter(({ subject, severity }) => subject === "/h" && severity !== "ok");
        assert.deepEqual(its.map(({ severity }) => severity), ["warning"]);
      }
    }
  }
});

Deno.test("diagnoses: a remedy says whether only root can carry it out, and acts on the file of its scope", () => {
  const left: Partial<FileFacts> = {
    backup: { ...BACKUP, tokens: ["a"] },
    ledger: { path: "/h/j", gone: ["a"] },
    litter: ["/h/remote.yaml.sremote-unfinished", "/h/t"],
  };
  const remedies = (facts: Partial<FileFacts>) =>
    Array.from(diagnoseFile({ ...FACTS, ...facts }, typed), ({ next }) => next).filter((one) => one);
  assert.deepEqual(remedies({ ...left, file: { kind: "file", mode: 0o666, uid: 7 } }), [
    "Run chmod 600 /h/remote.yaml",
    "Run rm /h/b unless you need sremote --root /r rollback, and revoke what is no longer used",
    "Run sremote --root /r apply, or another command that changes remote.yaml, to complete it",
    "Run sremote --root /r apply, or another command that changes remote.yaml: it completes the write, " +
    "or removes what is left",
    "Run sremote --root /r plan to see what apply would do about them",
  ]);
  const backup = { ...BACKUP, uid: 0, tokens: ["a"] };
  assert.deepEqual(remedies({ ...SHARED, ...left, backup, file: { kind: "file", mode: 0o666, uid: 0 } }), [
    "Run as root: chmod 644 /h/remote.yaml",
    "Run as root: rm /h/b unless you need sremote --root /r rollback --global, and revoke what is no longer used",
    "Run sremote --root /r apply --global, or another command that changes remote.yaml, to complete it",
    "Run sremote --root /r apply --global, or another command that changes remote.yaml: it completes the write, " +
    "or removes what is left",
    "Run sremote --root /r plan --global to see what apply would do about them",
  ]);
});

Deno.test("diagnoses: what is refused, by the version that was asked for or is installed", () => {
  const exclusive = file([stored("a", { exclusive: true })]);
  const found = (name: string, installed: boolean, content = exclusive, quirks = {}) => [...diagnoseRefused(
    parseReader(name),
    { scope: "user", path: "/f", content, quirks: { ...NO_QUIRKS, ...quirks } },
    installed,
  )];
  const says = 'it has the field Exclusive (of "a"), and every command of Singularity before 3.7 fails on it';
  assert.deepEqual(troubles(found("singularity@3.5", true)), [`error /f: ${says}`]);
  assert.equal(
    found("singularity@3.5", true)[0]!.next,
    "Remove the field, or install Singularity 3.7 or later",
  );
  assert.match(found("singularity@3.5", false)[0]!.next!, /name singularity@3\.7 as the program/);
  assert.deepEqual(found("singularity@3.7", true), []);
  const blank = (name: string) => troubles(found(name, true, file([]), { blank: true }));
  const comments = "it has only comments or blank lines: every command of";
  assert.deepEqual(blank("singularity@4.5.1"), [`error /f: ${comments} Singularity 4.5 and later fails`]);
  assert.deepEqual(blank("singularity@3.8"), [`warning /f: ${comments} Singularity 4.5 and later fails`]);
  assert.deepEqual(blank("apptainer@1.5.3"), [`error /f: ${comments} Apptainer 1.5 and later fails`]);
});

Deno.test("diagnoses: what hides the global file; above a staging place that is a warning", () => {
  const hidden = [
    { path: "/f", kind: "file", mode: 0o600, group: false, uid: 0 },
    { path: "/d", kind: "directory", mode: 0o750, group: true, uid: 0 },
  ] as const;
  const reader = parseReader("apptainer");
  const [one, other] = [
    "/f: it has mode 0600: users cannot read it, and every command of Apptainer fails for them",
    "/d: it has mode 0750: only the users of its group can enter it, and every command of Apptainer fails for others",
  ];
  assert.deepEqual(troubles(diagnoseHidden(reader, hidden, false, [])), [`error ${one}`, `warning ${other}`]);
  assert.deepEqual(troubles(diagnoseHidden(reader, hidden, true, [])), [
    `warning ${one}`,
    `warning ${other}`,
  ]);
});

Deno.test("diagnoses: the file that newer versions read in place of this one", () => {
  const elsewhere = { variable: "SINGULARITY_CONFIGDIR", since: "3.11.4", file: "/c/remote.yaml" } as const;
  assert.deepEqual(diagnoseElsewhere({ runtime: "singularity", oldest: "3.8" }, "/f", elsewhere), {
    severity: "warning",
    about: "environment",
    subject: "SINGULARITY_CONFIGDIR",
    message: "it is set: Singularity 3.11.4 and later read /c/remote.yaml, not /f",
    next: "Unset it, or name singularity@3.11.4 as the program if no older version reads the file",
  });
});

Deno.test("diagnoses: the global file", () => {
  const token = new Secret("CANARY");
  const content = file([stored("a", { token }), stored("b", { insecure: true }), stored("c")]);
  assert.deepEqual(troubles(diagnoseGlobal({ path: "/e", content }, false)), [
    'error /e: "a" has a token that everyone can read',
    "warning b: it is insecure, but users contact it over https: the programs do not copy Insecure to users",
  ]);
  // What users cannot read is not public: it is said with the remedy for that.
  assert.deepEqual(troubles(diagnoseGlobal({ path: "/e", content }, true)).length, 1);
  const hidden = [{ path: "/e", kind: "file", mode: 0o640, group: true, uid: 0 }] as const;
  assert.deepEqual(troubles(diagnoseHidden(parseReader("apptainer"), hidden, false, ["a"])), [
    'error /e: it has mode 0640 and tokens of "a": only the users of its group can read it, ' +
    "and every command of Apptainer fails for others",
  ]);
});

Deno.test("diagnoses: a takeover that is ahead, was cut off, or is done", () => {
  const takeover = { runtime: "apptainer", from: "/h/.singularity", to: "/h/.apptainer" } as const;
  const found = (missing: readonly string[] | null) =>
    troubles(diagnoseTakeover({ ...takeover, missing }, typed));
  assert.deepEqual(found(null), [
    "note /h/.apptainer: Apptainer takes over /h/.singularity on its first run, as long as this directory does not exist",
  ]);
  assert.deepEqual(found(["docker-config.json", "sypgp"]), [
    "note /h/.apptainer: it exists, so Apptainer does not take over /h/.singularity any more, " +
    "which has docker-config.json, sypgp",
  ]);
  assert.deepEqual(found([]), []);
});
