/** The table of programs (`src/programs.ts`) against what every recorded version did: `recordings/README.md`. */
import assert from "node:assert/strict";
import { type AddressForm, canUse, readAddress } from "../src/base/address.ts";
import { compareVersions, type Reader, type Version } from "../src/base/reader.ts";
import { type ByVersion, fieldsRefusedBy, PROGRAMS, valueFor } from "../src/programs.ts";
import { NO_QUIRKS, refusedWhole } from "../src/reconcile/refused.ts";
import { NEW_FIELDS } from "../src/remotefile/entry.ts";
import { parseRemoteFile, type RemoteDocument } from "../src/remotefile/parse.ts";
import { type Case, globalText, loadCases, type Result, type Target, TARGETS } from "./recordings/cases.ts";

const CASES = new Map(loadCases().map((one) => [one.id, one]));

/** A measured version, as the reader that `--runtime` makes of it. */
interface Measured {
  readonly target: Target;
  readonly reader: Reader;
}

const MEASURED: readonly Measured[] = TARGETS.map((target) => {
  const [runtime, version] = target.version.split(" ") as [Target["program"], Version];
  return { target, reader: { runtime, oldest: version } };
});

function caseOf(id: string): Case {
  const one = CASES.get(id);
  assert(one !== undefined, `no case ${id}`);
  return one;
}

function resultOf(one: Case, { version }: Target): Result {
  const result = one.results.find(({ versions }) => versions.includes(version));
  assert(result !== undefined, `${one.id} has no result of ${version}`);
  return result;
}

/** Compares a fact of the table with what it has to be by the recordings, for every version. */
function hold<T>(fact: (measured: Measured) => T, recorded: (measured: Measured) => T): void {
  for (const measured of MEASURED) {
    assert.deepEqual(fact(measured), recorded(measured), measured.target.version);
  }
}

/** The value of a fact of the table. */
function valueOf<T>(fact: (program: typeof PROGRAMS["singularity"]) => ByVersion<T>) {
  return ({ reader }: Measured): T => valueFor(fact(PROGRAMS[reader.runtime]), reader);
}

Deno.test("recordings: seven versions were measured, and the table starts with the oldest of each program", () => {
  assert.equal(new Set(TARGETS.map(({ version }) => version)).size, 7);
  for (const [program, { symlink }] of Object.entries(PROGRAMS)) {
    const [oldest] = MEASURED.filter(({ reader }) => reader.runtime === program)
      .map(({ reader }) => reader.oldest!).sort(compareVersions);
    assert(oldest!.startsWith(`${symlink[0].since}.`), oldest);
  }
});

Deno.test("recordings: each version uses exactly the stored addresses that the table says", () => {
  const forms = [...CASES.values()].filter(({ id }) => id.startsWith("uri/status-")).flatMap((one) => {
    const [, uri] = /^ *URI: (.*)$/m.exec(one.user ?? "") ?? [];
    const stored = uri?.replace(/^'(.*)'$/, "$1");
    // What sremote takes for no address at all is judged in `uri_test.ts`.
    return stored === undefined || "problem" in readAddress(stored) ? [] : [{ one, stored }];
  });
  assert(forms.length > 20, `only ${forms.length} stored forms`);
  const asks = (one: Case, target: Target) => resultOf(one, target).exit === 0;
  // A refused file says nothing about the address.
  const counted = (target: Target) =>
    forms.filter(({ one }) => resultOf(one, target).class !== "strict-decode");
  hold<readonly AddressForm[]>(
    (measured) => [valueOf(({ address }) => address)(measured)],
    ({ target }) =>
      (["host", "url"] as const).filter((form) =>
        counted(target).every(({ one, stored }) => canUse(stored, form) === asks(one, target))
      ),
  );
});

Deno.test("recordings: each version refuses exactly the fields that the table says", async () => {
  const fields = new Map<string, Set<Case>>(NEW_FIELDS.map((field) => [field, new Set()]));
  for (const one of CASES.values()) {
    if (!/^reading\/list-/.test(one.id)) continue;
    const document = await parsed(one.user);
    // One new field alone, so that it is the one that is refused.
    const [field, ...others] = new Set(document?.quirks.newFields.map(({ field }) => field));
    if (field !== undefined && others.length === 0) fields.get(field)!.add(one);
  }
  for (const [field, cases] of fields) assert(cases.size > 0, `no case has ${field} alone`);
  hold(
    ({ reader }) => new Set(fieldsRefusedBy(reader).map(([field]) => field as string)),
    ({ target }) => {
      const refused = [...fields].filter(([, cases]) => {
        const answers = new Set(
          [...cases].map((one) => resultOf(one, target).class === "strict-decode"),
        );
        assert.equal(answers.size, 1, `the cases disagree: ${[...cases].map(({ id }) => id).join(", ")}`);
        return answers.has(true);
      });
      return new Set(refused.map(([field]) => field));
    },
  );
});

Deno.test("recordings: every version fails on exactly the files that are refused as a whole", async () => {
  // `list` and `use` read both files, and fail for no other reason with these classes.
  const REFUSED = new Set(["strict-decode", "empty-document", "yaml-type"]);
  const counts = { refused: 0, read: 0 };
  for (const one of CASES.values()) {
    if (!/^remote (?:list|use [^-]*)$/.test(one.args.join(" "))) continue;
    if (one.files !== undefined || one.before !== undefined) continue;
    for (const { target, reader } of MEASURED) {
      const texts = { user: one.user, global: globalText(one, target) };
      const documents = [await parsed(texts.user), await parsed(texts.global)];
      if (documents.includes(null)) continue; // refused for its YAML, which `reading/*` compares
      const refusals = documents.flatMap((document, i) => {
        const { content, quirks } = document ?? { content: EMPTY, quirks: NO_QUIRKS };
        return [...refusedWhole(reader, { scope: i === 0 ? "user" : "global", path: "x", content, quirks })];
      });
      const fails = REFUSED.has(resultOf(one, target).class);
      assert.equal(refusals.length > 0, fails, `${one.id} ${target.version}`);
      counts[fails ? "refused" : "read"]++;
    }
  }
  assert(counts.refused > 50 && counts.read > 500, JSON.stringify(counts));
});

Deno.test("recordings: blank files, dates without quotes and symbolic links, by version", () => {
  const refuses = (ids: readonly string[], because: string) => ({ target }: Measured) => {
    const answers = new Set(ids.map((id) => resultOf(caseOf(id), target).class === because));
    assert.equal(answers.size, 1, `${ids} disagree for ${target.version}`);
    return answers.has(true) ? "refuse" : "read";
  };
  const blank = ["comment-only", "blank-lines", "spaces"].map((one) => `reading/list-${one}`);
  hold(valueOf(({ emptyDocument }) => emptyDocument), refuses(blank, "empty-document"));
  const dates = ["name-plain-2001-01-01", "uri-as-date", "token-as-date"].map((one) => `reading/${one}`);
  hold(valueOf(({ plainDate }) => plainDate), refuses(dates, "yaml-type"));
  const links = ["symlink-list", "symlink-use", "dangling-symlink-list", "dangling-symlink-add"];
  const link = refuses(links.map((one) => `file/${one}`), "symlink");
  hold(valueOf(({ symlink }) => symlink), (one) => link(one) === "read" ? "follow" : "refuse");
});

Deno.test("recordings: where each version looks for the user file", () => {
  const VARIABLES = ["APPTAINER_CONFIGDIR", "SINGULARITY_CONFIGDIR"];
  const heeds = (id: string, target: Target) => resultOf(caseOf(id), target).config !== undefined;
  hold(
    (measured) => [...valueOf(({ configVariables }) => configVariables)(measured)].sort(),
    ({ target }) =>
      VARIABLES.filter((one) => heeds(`file/configdir-${one.split("_")[0]!.toLowerCase()}`, target)),
  );
  // There, HOME leads to another directory than the password database, and `add` changes the one that it finds.
  const elsewhere = caseOf("file/home-elsewhere");
  hold(
    ({ reader }) => PROGRAMS[reader.runtime].homeVariable === null,
    ({ target }) => resultOf(elsewhere, target).user !== undefined,
  );
});

Deno.test("recordings: what each version does with a name in both files, a host in library://, and no file at all", () => {
  const both = [...CASES.keys()].filter((id) =>
    /collision$/.test(id) && /^use\/|^merge\/(?:use|status)/.test(id)
  );
  assert(both.length > 2);
  hold(
    ({ reader }) => PROGRAMS[reader.runtime].nameInBoth,
    ({ target }) => {
      const answers = new Set(both.map((id) => resultOf(caseOf(id), target).class === "name-collision"));
      assert.equal(answers.size, 1, target.version);
      return answers.has(true) ? "fail" : "use-user";
    },
  );
  const asked = (id: string, { target }: Measured) =>
    (resultOf(caseOf(id), target).requests ?? []).map((line) => new URL(line.split(" ")[1]!).host);
  hold(
    valueOf(({ hostInLibrary }) => hostInLibrary),
    (measured) => asked("address/pull-host-in-uri-own", measured).includes("mirror.example.com"),
  );
  // The public cloud's keyserver is the one that its discovery names; older versions have it built in.
  hold(
    ({ reader }) => new URL(PROGRAMS[reader.runtime].builtIn.keyserver ?? "https://keys.sylabs.io").host,
    (measured) => asked("address/key-search-no-files", measured).at(-1)!,
  );
});

const EMPTY = { default: null, remotes: new Map(), credentials: [] };

/** undefined: no file; null: it is refused for its YAML. */
async function parsed(text: string | undefined): Promise<RemoteDocument | null | undefined> {
  if (text === undefined) return undefined;
  try {
    return await parseRemoteFile(text, "remote.yaml");
  } catch {
    return null;
  }
}
