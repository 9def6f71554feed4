/** How much work a test has caused. */
import process from "node:process";

/** Milliseconds of processor time that this process has used: what else runs on the machine does not count. */
export function effort(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
