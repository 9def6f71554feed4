/** Errors of the operating system. */

/** The `code` of a system error, or undefined. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** An error like those of the operating system. */
export function systemError(code: string, message: string, file: string): Error {
  return Object.assign(new Error(`${file} ${message}`), { code });
}
