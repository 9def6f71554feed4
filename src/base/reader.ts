/** Container programs and their versions, as the config, `--runtime` and a plan name them. */

/** The container programs that read a `remote.yaml`. */
export const RUNTIMES = ["singularity", "apptainer"] as const;

/** One of them. */
export type Runtime = typeof RUNTIMES[number];

/** A version as a program prints it: `3.8`, `4.5.1`. */
export type Version = `${number}.${number}` | `${number}.${number}.${number}`;

/** A program that has to read a file. */
export interface Reader {
  readonly runtime: Runtime;
  /** The oldest version that has to read it; null: only current ones. */
  readonly oldest: Version | null;
}

const VERSION = "[0-9]{1,3}\\.[0-9]{1,3}(?:\\.[0-9]{1,3})?";

/** A version: `3.8`, `4.5.1`. */
export const VERSION_PATTERN = `^${VERSION}$`;

/** A program, or one with its oldest version: `singularity`, `singularity@3.8`. */
export const READER_PATTERN = `^(?:${RUNTIMES.join("|")})(?:@${VERSION})?$`;

/** Parses a text that matches {@link READER_PATTERN}. */
export function parseReader(text: string): Reader {
  const [runtime, oldest = null] = text.split("@") as [Runtime, Version?];
  return { runtime, oldest };
}

/** The opposite of {@link parseReader}. */
export function showReader({ runtime, oldest }: Reader): string {
  return oldest === null ? runtime : `${runtime}@${oldest}`;
}

/** Negative if `a` is older. */
export function compareVersions(a: Version, b: Version): number {
  const [one, other] = [a, b].map((version) => version.split(".").map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (one![i] ?? 0) - (other![i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
