/** Permission bits as people write them: `0644`. */
export function showMode(mode: number): string {
  return (mode & 0o777).toString(8).padStart(4, "0");
}
