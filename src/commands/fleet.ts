/** `sremote fleet report`: many hosts' plans as one table or page. */
import { basename, join, resolve } from "node:path";
import { Failure } from "../base/failure.ts";
import { io } from "../base/io.ts";
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
  /** A file for the page. */
  readonly html?: string;
}

/** As much as the plans of 10,000 hosts, with room. */
const INPUT_LIMIT = 1024 * 1024 * 1024;

/** Reads what each host's `plan --json` or `apply --json` gave: a file a host, or one text on standard input. */
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
    throw new Failure("io", `cannot read the plans in ${folder}: there is no such folder`, {
      path: folder,
      next: "give the folder that holds each host's plan, as HOST.json",
    });
  }
  if (names.length === 0) {
    throw new Failure("io", `cannot read the plans in ${folder}: there is no file that ends in .json`, {
      path: folder,
      next: "put what sremote plan --json gives on each host there, as HOST.json",
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
  const documents = splitDocuments(await world.terminal.readInput(INPUT_LIMIT));
  if (documents.length === 0) {
    throw new Failure("usage", "there is no plan on standard input", {
      next: "give a folder, or one JSON document after the other: sremote fleet report DIR",
    });
  }
  return documents.map((one, i) => hostReport(hostOf(one) ?? `document ${i + 1}`, one));
}
