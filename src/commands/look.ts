/** How plan and apply look at endpoints and token sources, by their flags. */
import { dirname } from "node:path";
import type { LoadedConfig } from "../config/load.ts";
import type { SourceOptions } from "../endpoint/tokens.ts";
import type { Look } from "../reconcile/look.ts";
import type { Context } from "./context.ts";
import { sessionOf } from "./network.ts";

/** The flags of both that speak of the network. */
export interface LookFlags {
  readonly offline?: true;
  readonly skipLogin?: true;
  readonly skipCheck?: true;
  readonly allowCommand?: true;
}

/** @throws {Failure} io, where a CA file cannot be read */
export function lookOf(context: Context, loaded: LoadedConfig, flags: LookFlags): Look {
  return {
    session: flags.offline ? null : sessionOf(context, loaded),
    sources: sourcesOf(context, loaded, flags),
    login: !flags.skipLogin,
    check: !flags.skipCheck,
  };
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
