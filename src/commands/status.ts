/** `sremote status`: services, versions and logins of remotes. */
import { askEndpoints, isOk, withMissingLibrary } from "../endpoint/status.ts";
import { Failure } from "../base/failure.ts";
import { printable } from "../base/text.ts";
import type { StatusDocument } from "../model.ts";
import { renderJunit } from "../report/junit.ts";
import { renderPrometheus } from "../report/prometheus.ts";
import { renderStatus } from "../report/status.ts";
import { VERSION } from "../base/version.ts";
import type { Context, Result } from "./shared/context.ts";
import { hintHere } from "./shared/hint.ts";
import { askedOf, namedOrDefault, noteCollisions, noteMoved, readMerged } from "./shared/merged.ts";
import { configForCacert, sessionOf, withProgress } from "./shared/session.ts";

/** The flags of `status`. */
export interface StatusOptions {
  readonly all?: true;
  readonly parallel: number;
  readonly format: "text" | "json" | "junit" | "prometheus";
}

/** Asks the named remotes, all remotes, or the default remote. */
export async function status(
  context: Context,
  names: readonly string[],
  flags: StatusOptions,
): Promise<Result> {
  if (flags.all && names.length > 0) {
    throw new Failure("usage", "--all and names cannot be used together", { next: "Give one of the two" });
  }
  // A config that is named is read first: what is wrong with it comes before what is wrong with the files.
  const named = context.options.config === null ? null : await configForCacert(context);
  const view = await readMerged(context);
  noteCollisions(context, view);
  const remotes =
    (flags.all
      ? Array.from(view.merged.remotes.keys()).sort()
      : names.length > 0
      ? [...new Set(names)].map((name) => namedOrDefault(view, name, "ask"))
      : [namedOrDefault(view, undefined, "ask")]).map((remote) => askedOf(view, remote));
  const [only] = remotes;
  if (flags.format === "text" && only !== undefined && remotes.length === 1) {
    const which = names.length === 0 && !flags.all ? "default remote" : "remote";
    context.note(`INFO:    Checking status of ${which}: ${printable(only.remote)}`);
  }
  for (const one of remotes) noteMoved(context, view, one.remote);
  const session = await sessionOf(context, named ?? await configForCacert(context), flags.parallel);
  // Asking who is logged in takes one more request per remote: only if all of these run at once.
  const who = remotes.filter((one) => one.token !== null).length <= flags.parallel;
  let answered = 0;
  const asked = await withProgress(
    context,
    () => `${answered} of ${remotes.length} ${remotes.length === 1 ? "remote has" : "remotes have"} answered`,
    () =>
      askEndpoints(session, remotes, who, (count) => {
        answered = count;
      }),
  );
  const endpoints = asked.map(withMissingLibrary).map((one) =>
    one.trouble?.next === undefined
      ? one
      : { ...one, trouble: { ...one.trouble, next: hintHere(context, one.trouble.next) } }
  );
  const document: StatusDocument = {
    formatVersion: 1,
    sremote: VERSION,
    default: view.merged.default,
    ok: endpoints.every(isOk),
    remotes: endpoints,
  };
  const exit = document.ok ? 0 : 3;
  switch (flags.format) {
    case "json":
      return { exit, document };
    case "junit":
      return { exit, document, raw: renderJunit(document) };
    case "prometheus":
      return { exit, document, raw: renderPrometheus(document).trimEnd() };
    case "text":
      return { exit, document, text: renderStatus(document, context.style) };
  }
}
