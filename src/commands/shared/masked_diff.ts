/** Two versions of one `remote.yaml` as a unified diff without tokens. */
import { maskPair } from "../../remotefile/mask.ts";
import { parseRemoteFile, type RemoteDocument } from "../../remotefile/parse.ts";
import { unifiedDiff } from "../../report/diff.ts";
import type { Style } from "../../report/style.ts";

/** The unified diff from a document to a text; empty if they are the same. */
export async function maskedDiff(before: RemoteDocument, after: string, style: Style): Promise<string> {
  const masked = maskPair(before, await parseRemoteFile(after, before.path));
  return await unifiedDiff(before.path, masked.before, masked.after, style);
}
