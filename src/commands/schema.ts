/** `sremote schema`: the JSON schemas, for editors and for programs that read the output of sremote. */
import configSchema from "../../schema/config.schema.json" with { type: "json" };
import planSchema from "../../schema/plan.schema.json" with { type: "json" };
import statusSchema from "../../schema/status.schema.json" with { type: "json" };
import type { Result } from "./shared/context.ts";

/** The schemas that can be printed. */
export const SCHEMAS = ["config", "plan", "status"] as const;

/** One of the schemas, as JSON regardless of the flags. */
export function schema(name: (typeof SCHEMAS)[number]): Result {
  const document = { config: configSchema, plan: planSchema, status: statusSchema }[name];
  return { exit: 0, raw: JSON.stringify(document, null, 2), document };
}
