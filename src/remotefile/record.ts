/** What the ledger says after a write. */
import { showReader } from "../base/reader.ts";
import { type LastWrite, renderLedger } from "./ledger.ts";
import type { Pending, Together } from "./pending.ts";

/** The new ledger; null: it stays. */
export function ledgerText(pending: Pending, together: Together | null): string | null {
  const { now, changed, ours, gone, reader } = pending;
  const { ledger } = now;
  const last: LastWrite | undefined = changed
    ? {
      ...pending.last,
      ...together,
      ...(reader === undefined || reader.oldest === null ? {} : { reader: showReader(reader) }),
      ...(gone.remotes.length === 0 ? {} : { remotes: gone.remotes.map((one) => one.name).sort() }),
      ...(gone.credentials.length === 0
        ? {}
        : { credentials: gone.credentials.map((one) => one.uri).sort() }),
    }
    : lastWithout(pending);
  const same = ours.size === ledger.remotes.size && [...ours].every((one) => ledger.remotes.has(one));
  if (same && !changed && last === ledger.last) return null;
  const previous = changed ? ledger.remotes : ledger.previous;
  return renderLedger({ remotes: ours, previous, ...(last === undefined ? {} : { last }) });
}

/** The last write, once secrets were taken out of its backup that a program had taken out of the file. */
function lastWithout(
  { now: { ledger: { last } }, gone, backup, last: { kept } }: Pending,
): LastWrite | undefined {
  if (backup === undefined || last === undefined) return last;
  const all = (known: readonly string[] = [], more: readonly string[]) =>
    [...new Set([...known, ...more])].sort();
  const remotes = all(last.remotes, gone.remotes.map((one) => one.name));
  const credentials = all(last.credentials, gone.credentials.map((one) => one.uri));
  return {
    ...last,
    ...(kept === undefined ? {} : { kept }),
    ...(remotes.length === 0 ? {} : { remotes }),
    ...(credentials.length === 0 ? {} : { credentials }),
  };
}
