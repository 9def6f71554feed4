/** What the operating system's errors have in common. */

/** The `code` of an operating system's error, or undefined. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** An error as the operating system gives it. */
export function systemError(code: string, message: string, file: string): Error {
  return Object.assign(new Error(`${file} ${message}`), { code });
}
