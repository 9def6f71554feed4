/** What every command receives and returns, and the checks that commands share. */
import type { Horizon } from "../../base/expiry.ts";
import { Failure } from "../../base/failure.ts";
import type { Desired, Reader, Scope } from "../../model.ts";
import type { PathOptions } from "../../remotefile/paths.ts";
import { colourStyle, plainStyle, type Style } from "../../report/style.ts";
import { sremoteHere } from "./hint.ts";
import { printable, visible } from "../../base/text.ts";
import type { World } from "../../world.ts";

/** The flags that printing depends on: a guess until the arguments are parsed. */
export interface Invocation {
  color: boolean;
  json: boolean;
  jsonInto: string | null;
}

/**
 * The world whose terminal shows what is invisible in text for people: standard error, questions and progress. Standard
 * output has formats for programs too, so its text passes {@link printed}.
 */
export function readable(world: World): World {
  const { terminal } = world;
  return {
    ...world,
    terminal: Object.assign(Object.create(terminal), {
      err: (text: string) => terminal.err(visible(text, isStyled(text) && terminal.errIsTerminal)),
      confirm: (question: string) => terminal.confirm(printable(question)),
      askSecret: (question: string) => terminal.askSecret(printable(question)),
      progress: (text: string | null) => terminal.progress(text === null ? null : printable(text)),
    }),
  };
}

/** Text for people as standard output gets it, with its line break. */
export function printed({ terminal }: World, text: string): string {
  return `${visible(text, isStyled(text) && terminal.outIsTerminal)}\n`;
}

/** Only then it matters whether it is a terminal, which takes time to find out. */
function isStyled(text: string): boolean {
  return text.includes("\u001b");
}

/** Color goes to a terminal alone, and not where NO_COLOR (no-color.org) or `--no-color` says so. */
export function styleFor({ here }: World, color: boolean, terminal: boolean): Style {
  return terminal && color && !here.env("NO_COLOR") && here.env("TERM") !== "dumb" ? colourStyle : plainStyle;
}

/** The global flags. */
export interface CommonOptions {
  readonly config: string | null;
  /** `--runtime`; null: the config or the machine decides. */
  readonly runtime: Reader | null;
  readonly root: string | null;
  readonly remoteFile: string | null;
  readonly sysconfdir: string | null;
  readonly vars: ReadonlyMap<string, string>;
  /** In milliseconds. */
  readonly lockTimeout: number;
  /** For each request, in milliseconds; null: depends on the request. */
  readonly timeout: number | null;
  /** For all requests together, in milliseconds. */
  readonly deadline: number;
  /** A file with certificates of authorities. */
  readonly cacert: string | null;
  /** Warn of tokens that expire within this many days. */
  readonly expiryDays: number;
  readonly json: boolean;
  readonly quiet: boolean;
}

/** What a command runs with. */
export interface Context {
  readonly world: World;
  readonly options: CommonOptions;
  /** For standard output. */
  readonly style: Style;
  /** Prints a part of the result on standard output; not with `--json`, since the document has it. */
  show(text: string): void;
  /** Prints what a person needs to see before confirming: to standard output, or standard error with `--json`. */
  ask(text: string): void;
  /** Prints to standard error, unless `--quiet`. */
  note(text: string): void;
  /** Prints to standard error with `--verbose`. */
  detail(text: string): void;
}

/** The result of a command. */
export interface Result {
  /** The exit code: 0, 2 with `--detailed-exitcode`, 3 if a status is not OK, 1 if the doctor found an error; that of `failure` if there is one. */
  readonly exit: 0 | 1 | 2 | 3;
  /** For people, on standard output; ends without a line break. What is invisible in it is made visible. */
  readonly text?: string;
  /** In place of `text`: a format with escapes of its own (a config, XML, a token), printed as it is. */
  readonly raw?: string;
  /** For programs, with `--json` or `--json-into`. */
  readonly document?: object;
  /** The error of a result that is shown anyway. */
  readonly failure?: Failure;
}

/** Where files are, according to flags and config. */
export function pathsOf(
  { options }: Pick<Context, "options">,
  desired: Pick<Desired, "sysconfdir"> | null,
): PathOptions {
  const { root, remoteFile, sysconfdir } = options;
  return { root, remoteFile, sysconfdir: sysconfdir ?? desired?.sysconfdir ?? null };
}

/** When to warn of tokens that expire. */
export function horizonOf({ world, options }: Context): Horizon {
  return { now: world.clock.date(), days: options.expiryDays };
}

/** The scope that `--global` chooses. */
export function scopeOf(global: boolean | undefined): Scope {
  return global ? "global" : "user";
}

/**
 * Refuses to write the global file for anyone but root, unless `--root` or `--remote-file` names another place.
 * @param doing what is refused, after "cannot"
 * @param command what to type as root
 * @throws {Failure} not-root
 */
export function requireRoot(context: Context, scope: Scope, doing: string, command: RootCommand): void {
  const { world: { here }, options } = context;
  if (scope === "user" || here.uid === 0 || options.root !== null || options.remoteFile !== null) return;
  const { words, names = [] } = command;
  const asRoot = `as root: sudo ${sremoteHere(context, words, names)}`;
  throw new Failure("not-root", `cannot ${doing}: only root can`, {
    next: words.includes("--global")
      ? `Omit --global to change your user file, or run it ${asRoot}`
      : `Run it ${asRoot}`,
  });
}

/** A command of sremote that only root can run. */
export interface RootCommand {
  readonly words: readonly string[];
  readonly names?: readonly string[];
}

/**
 * Confirmation by the user or by `--yes`.
 * @throws {Failure} declined, interrupted
 */
export async function confirm({ world }: Context, question: string, yes: boolean | undefined): Promise<void> {
  if (yes) return;
  if (!world.terminal.canAsk) {
    throw new Failure("declined", "cancelled: no terminal and no --yes; nothing was written", {
      next: "Run it again with --yes",
    });
  }
  const answer = await world.terminal.confirm(question);
  if (answer === null) throw new Failure("interrupted", "interrupted: nothing was written");
  if (!answer) throw new Failure("declined", "cancelled: nothing was written");
}

/** Work that a signal ends, unless it is writing. @throws {Failure} interrupted */
export async function stoppable<T>({ world }: Pick<Context, "world">, work: () => Promise<T>): Promise<T> {
  return await world.signals.stoppable((stop) => {
    const stopped = new Promise<never>((_, reject) => {
      stop.addEventListener(
        "abort",
        () => reject(new Failure("interrupted", "interrupted: nothing was written")),
      );
    });
    return Promise.race([work(), stopped]);
  });
}
