/** How plan and apply look at endpoints and token sources, by their flags. */
import { dirname } from "node:path";
import type { LoadedConfig } from "../../config/load.ts";
import type { SourceOptions } from "../../endpoint/tokens.ts";
import type { Session } from "../../endpoint/session.ts";
import type { Skip } from "../../reconcile/plan.ts";
import type { Look } from "../../reconcile/watched.ts";
import type { Context } from "./context.ts";
import { sessionOf } from "./session.ts";

/** The flags of both that speak of the network. */
export interface LookFlags {
  readonly offline?: true;
  readonly skipLogin?: true;
  readonly skipCheck?: true;
  readonly allowCommand?: true;
}

/** How a plan is to look; its session is opened when it is first needed, and stays the same. */
export function lookOf(context: Context, loaded: LoadedConfig, flags: LookFlags): Look {
  let opened: Promise<Session> | undefined;
  return {
    session: flags.offline ? null : () => opened ??= sessionOf(context, loaded),
    sources: sourcesOf(context, loaded, flags),
  };
}

/** What the flags leave out. */
export function skipOf({ skipLogin, skipCheck }: LookFlags): Skip {
  return { login: skipLogin === true, check: skipCheck === true };
}

/** Token sources of a config; nobody is asked. */
export function sourcesOf({ options }: Context, { origin }: LoadedConfig, flags: LookFlags): SourceOptions {
  return {
    folder: dirname(origin.file),
    root: options.root,
    allowCommand: flags.allowCommand === true,
    ask: null,
  };
}
