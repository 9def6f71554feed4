/** `sremote fleet report`: the plans of many hosts as one table or page. */
import { basename, join, resolve } from "node:path";
import { Failure } from "../base/failure.ts";
import { io } from "../base/io.ts";
import { FLEET_BYTES } from "../base/limits.ts";
import {
  fleetDocument,
  hostOf,
  type HostReport,
  hostReport,
  renderFleet,
  splitDocuments,
} from "../report/fleet.ts";
import { codeOf } from "../base/errno.ts";
import type { Context, Result } from "./shared/context.ts";
import { readGiven, writeGiven } from "./shared/write.ts";

/** The flags of `fleet report`. */
export interface FleetOptions {
  /** The file for the page. */
  readonly html?: string;
}

/** Reads what `plan --json` or `apply --json` printed on each host: one file per host, or standard input. */
export async function fleetReport(
  context: Context,
  folder: string | undefined,
  { html }: FleetOptions,
): Promise<Result> {
  const reports = folder === undefined ? await fromInput(context) : fromFolder(context, folder);
  if (html !== undefined) {
    const { renderFleetHtml } = await import("../report/fleet_html.ts");
    writeGiven(
      context,
      html,
      new TextEncoder().encode(renderFleetHtml(reports, "sremote: the fleet")),
      0o644,
    );
    context.note(`Wrote ${resolve(context.world.here.folder, html)}`);
  }
  return {
    exit: reports.some((one) => one.state === "failed") ? 1 : 0,
    text: renderFleet(reports, context.style),
    document: fleetDocument(reports),
  };
}

function fromFolder(context: Context, given: string): readonly HostReport[] {
  const { files, here } = context.world;
  const folder = resolve(here.folder, given);
  let names;
  try {
    names = files.list(folder).filter((one) => one.endsWith(".json"));
  } catch (error) {
    if (codeOf(error) !== "ENOENT" && codeOf(error) !== "ENOTDIR") throw io("list", folder, error);
    throw new Failure("io", `cannot read the plans in ${folder}: no such directory`, {
      path: folder,
      next: "Give the directory that holds the plan of each host, as HOST.json",
    });
  }
  if (names.length === 0) {
    throw new Failure("io", `cannot read the plans in ${folder}: no file ends in .json`, {
      path: folder,
      next: "Save the output of sremote plan --json of each host there, as HOST.json",
    });
  }
  return names.map((name) => {
    const host = basename(name, ".json");
    try {
      return hostReport(host, readGiven(context, join(folder, name), "the plan"));
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      return { host, state: "failed" as const, summary: error.message };
    }
  });
}

async function fromInput({ world }: Context): Promise<readonly HostReport[]> {
  const documents = splitDocuments(await world.terminal.readInput(FLEET_BYTES));
  if (documents.length === 0) {
    throw new Failure("usage", "no plan on standard input", {
      next: "Give a directory, or one JSON document after the other: sremote fleet report DIR",
    });
  }
  return documents.map((one, i) => hostReport(hostOf(one) ?? `document ${i + 1}`, one));
}
