/** The recordings as data: what each program did, case by case. README.md explains every field. */
import { readdirSync, readFileSync } from "node:fs";
import type { Aspect } from "./compare.ts";

/** The programs that have a remote.yaml. */
export type Program = "singularity" | "apptainer";

/** What an invented host answers to a request, or how it takes a connection. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: string;
  /** Seconds. */
  readonly delay?: number;
  readonly close?: boolean;
  readonly if_auth?: Readonly<Record<string, Answer>>;
  readonly tls?: "untrusted" | "wrong-name" | "expired";
  readonly connect?: number;
}

/** Answers by `[METHOD ]URL`, or by a bare origin. */
export type Answers = Readonly<Record<string, Answer>>;

/** A command that runs first. */
export type Before = readonly string[] | {
  readonly args: readonly string[];
  readonly stdin?: string;
  readonly answers?: Answers;
};

/** How a file is made. */
interface FileState {
  readonly mode?: string;
  readonly symlink?: string;
  readonly directory?: boolean;
}

/** What a program did. */
export interface Result {
  /** Where an older version has other words: `remote add-keyserver` for `keyserver add`. */
  readonly args?: readonly string[];
  readonly versions: readonly string[];
  readonly exit: number | "timeout";
  readonly class: string;
  readonly requests?: readonly string[];
  readonly user?: string;
  readonly global?: string;
  readonly config?: string;
  readonly userMode?: string;
  readonly list?: readonly {
    readonly name: string;
    readonly uri: string;
    readonly default: boolean;
    readonly global: boolean;
    readonly exclusive?: boolean;
    readonly insecure?: boolean;
  }[];
  readonly services?: readonly { readonly service: string; readonly ok: boolean; readonly version: string }[];
  readonly login?: string;
  readonly identity?: { readonly username?: string } | null;
  readonly keyserverList?: readonly {
    readonly remote: string;
    readonly keyservers: readonly {
      readonly uri: string;
      readonly insecure: boolean;
      readonly loggedIn: boolean;
    }[];
  }[];
  readonly prints?: string;
}

/** One recorded case. */
export interface Case {
  readonly id: string;
  readonly story: string;
  readonly user?: string;
  readonly global?: string;
  readonly shipped?: boolean;
  readonly as?: "user";
  readonly files?: { readonly user_file?: FileState; readonly global_file?: FileState };
  readonly tokens?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
  readonly before?: readonly Before[];
  readonly args: readonly string[];
  readonly worlds?: readonly string[];
  readonly answers?: Readonly<Record<string, Answer | null>>;
  readonly unstable?: boolean;
  readonly results: readonly Result[];
}

interface Worlds {
  readonly worlds: Readonly<Record<string, Answers>>;
  readonly versions: readonly string[];
  readonly shipped: Readonly<Record<Program, string>>;
}

const DATA = new URL("./data/", import.meta.url);
const WORLDS = JSON.parse(readFileSync(new URL("worlds.json", DATA), "utf8")) as Worlds;

/** All cases, by file and place. */
export function loadCases(): readonly Case[] {
  return readdirSync(DATA).filter((one) => one !== "worlds.json").sort()
    .flatMap((one) => JSON.parse(readFileSync(new URL(one, DATA), "utf8")) as Case[]);
}

/** Who answers what in a case: its tables, then its own answers over them. */
export function answersOf(one: Case): Answers {
  const answers: Record<string, Answer> = {};
  for (const name of one.worlds ?? []) Object.assign(answers, WORLDS.worlds[name]);
  for (const [url, answer] of Object.entries(one.answers ?? {})) {
    if (answer === null) delete answers[url];
    else answers[url] = answer;
  }
  return expandAll(answers);
}

/** The global file's text before; undefined: there is none. */
export function globalText(one: Case, { program, version }: Target): string | undefined {
  if (!one.shipped) return one.global;
  const shipped = WORLDS.shipped[program];
  // The data has the newer one. 3.5.3 reads its own, which therefore lacks a field that it would refuse.
  return version === "singularity 3.5.3" ? shipped.replace(/^ *Exclusive:.*\n/m, "") : shipped;
}

/** What sremote is run as, and whose recorded result counts for it. */
export interface Target {
  /** The value of `--runtime`. */
  readonly runtime: string;
  readonly program: Program;
  /** A name in {@link Result.versions}. */
  readonly version: string;
  /** The cases that are replayed; absent: all. */
  readonly only?: RegExp;
  /** Respects that are not compared. */
  readonly but?: readonly Aspect[];
}

/** Without a version, a runtime means the newest one. */
export const NEWEST: readonly Target[] = [
  { runtime: "singularity", program: "singularity", version: "singularity 4.5.1" },
  { runtime: "apptainer", program: "apptainer", version: "apptainer 1.5.3" },
];

/**
 * What an older version is compared by: whether it can use a file, and what the file is afterwards. What its commands ask
 * of servers is not what `--runtime singularity@3.8` is about: 3.7 to 3.11 ask discovery to list, for instance. So the cases
 * about answers, which have no file as their subject, are not compared at all, nor are requests in any.
 */
const READERS = {
  only: /^(?!status\/|cache\/|get-login-password\/)/,
  but: ["requests-fewer", "requests-more", "requests-other", "identity-request", "identity", "login"],
} as const;

/** The oldest version that has to read the file. A version without its last number means the first with these two. */
const OLDER: readonly Target[] = [
  { runtime: "singularity@3.5", program: "singularity", version: "singularity 3.5.3", ...READERS },
  { runtime: "singularity@3.7", program: "singularity", version: "singularity 3.7.4", ...READERS },
  { runtime: "singularity@3.8", program: "singularity", version: "singularity 3.8.4", ...READERS },
  { runtime: "singularity@3.11.5", program: "singularity", version: "singularity 3.11.5", ...READERS },
  { runtime: "apptainer@1.1", program: "apptainer", version: "apptainer 1.1.9", ...READERS },
];

/** What the cases are replayed as. */
export const TARGETS: readonly Target[] = [...NEWEST, ...OLDER];

/** What the version of a target did; undefined: it was not asked, or does not count. */
export function recordedFor(one: Case, { version, only }: Target): Result | undefined {
  if (only?.test(one.id) === false) return undefined;
  return one.results.find(({ versions }) => versions.includes(version));
}

// ---------------------------------------------------------------- placeholders

/** Length of a long token: a token file has to hold 200 bytes for the programs. */
const LONG = 240;

/** `$LONG(T-alice)` written out, in every string of a value. */
function expandAll<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value).replace(/\$LONG\(([^)]*)\)/g, (_, name: string) => name.padEnd(LONG, ".")),
  ) as T;
}

/** Text with its placeholders written out, as bytes: `$BYTE(e9)` is one that is no UTF-8. */
export function expandBytes(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const part of expandAll(text).split(/(\$BYTE\(..\))/)) {
    const [, hex] = /^\$BYTE\((..)\)$/.exec(part) ?? [];
    if (hex !== undefined) bytes.push(parseInt(hex, 16));
    else bytes.push(...new TextEncoder().encode(part));
  }
  return Uint8Array.from(bytes);
}

/** A word of a command line, its placeholders written out. */
export function expandWord(word: string, places: Readonly<Record<string, string>>): string {
  return expandAll(word).replace(/\$(USER_DIR|ETC|CONFIG)\b/g, (_, name: string) => places[name]!);
}

/** The other way round, so that what was recorded and what was seen compare: long tokens by their names. */
export function collapse(text: string): string {
  return text.replace(/(T-[a-z0-9]+)\.{150,}/g, "$LONG($1)");
}
