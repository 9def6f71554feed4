/** The tests behind the promises of SECURITY.md, with counts that take minutes. Variables that are already set win. */
import { spawnSync } from "node:child_process";
import process from "node:process";

/** The number of cases; each is described in its test. */
const COUNTS = { SREMOTE_KILLS: "500", SREMOTE_STRIDE: "1", SREMOTE_CASES: "50000" };

const TESTS = ["crash", "injection", "hostile_configs", "bad_input", "at_once"];

const { status } = spawnSync(
  process.execPath,
  ["test", "--allow-all", "--no-prompt", ...TESTS.map((one) => `tests/${one}_test.ts`)],
  { stdio: "inherit", env: { ...COUNTS, ...process.env } },
);
process.exit(status ?? 1);
