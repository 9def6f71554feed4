import process from "node:process";
import { run } from "./src/cli.ts";
import { realWorld } from "./src/world/real.ts";

process.exit(await run(realWorld()));
