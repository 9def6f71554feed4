/** Who runs sremote, and where. */
import process from "node:process";
import type { Surroundings } from "../world.ts";
import { fs, load } from "./load.ts";

/** The real ones. */
export function realSurroundings(): Surroundings {
  return {
    args: process.argv.slice(2),
    folder: process.cwd(),
    uid: process.getuid?.() ?? 0,
    get runtime() {
      const { bun, deno, node } = process.versions;
      return bun !== undefined ? `bun ${bun}` : deno !== undefined ? `deno ${deno}` : `node ${node}`;
    },
    get host() {
      return {
        name: load("node:os").hostname(),
        os: load("node:os").platform(),
        arch: load("node:os").arch(),
      };
    },
    env: (name) => process.env[name],
    passwordHome,
  };
}

/*
 * Not `os.userInfo()`, which returns $HOME under Bun. `getent` also knows users that are not in /etc/passwd (LDAP, SSSD),
 * as the C library does for Singularity. It is called by its full path and without our environment.
 */
async function passwordHome(): Promise<string | null> {
  const uid = String(process.getuid?.() ?? 0);
  const homeIn = (table: string) => {
    for (const line of table.split("\n")) {
      const fields = line.split(":");
      if (fields.length >= 7 && fields[2] === uid && fields[5]) return fields[5];
    }
    return null;
  };
  let table = "";
  try {
    table = fs().readFileSync("/etc/passwd", "utf8");
  } catch { /* a system without one: getent, or nothing */ }
  const home = homeIn(table);
  if (home !== null) return home;
  const { spawnSync } = await import("node:child_process");
  const found = spawnSync("/usr/bin/getent", ["passwd", uid], { env: {}, timeout: 5_000, encoding: "utf8" });
  return found.status === 0 ? homeIn(found.stdout) : null;
}
