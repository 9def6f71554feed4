/** `sremote add`, as `singularity remote add`. */
import { ENDPOINT_ALLOWED, nameProblem, parseEndpointUri } from "../base/uri.ts";
import { Failure } from "../base/failure.ts";
import { entryOf } from "../remotefile/entry.ts";
import { type Context, requireRoot, type Result, scopeOf } from "./shared/context.ts";
import { editFile } from "./shared/edit.ts";
import { mergedFor } from "./shared/merged.ts";

/** The flags of `add`. */
export interface AddOptions {
  readonly global?: true;
  readonly login: boolean;
  readonly insecure?: true;
  readonly tokenfile?: string;
  readonly passwordStdin?: true;
}

/**
 * Adds a remote, and logs in to it. It does not become the default: that is what `use` is for. Where logging in fails, the
 * remote stays added, as with `singularity remote add`, and the failure says so.
 */
export async function add(context: Context, name: string, uri: string, flags: AddOptions): Promise<Result> {
  const badName = nameProblem(name);
  if (badName !== null) {
    throw new Failure("usage", `cannot add a remote ${JSON.stringify(name)}: ${badName}`, {
      next: "choose another name",
    });
  }
  const address = parseEndpointUri(uri);
  if ("problem" in address) {
    throw new Failure("usage", `cannot add ${JSON.stringify(name)}: ${address.problem}`, {
      next: `give its address as ${ENDPOINT_ALLOWED}`,
    });
  }
  const scope = scopeOf(flags.global);
  requireRoot(context, scope, "add");
  if (scope === "global") context.note("Global option detected. Will not automatically log into remote.");
  const seen = (await mergedFor(context, scope))?.merged ?? null;
  const after = entryOf({ uri: address.uri, insecure: address.insecure || flags.insecure === true });
  const { file } = await editFile(context, scope, (now) => {
    const global = seen?.remotes.get(name)?.global;
    if (now.remotes.has(name) || seen?.remotes.has(name)) {
      throw new Failure(
        "remote-exists",
        `cannot add ${JSON.stringify(name)}: there is a remote of that name`,
        {
          next: global
            ? "it is the machine's: choose another name"
            : `remove it first, or choose another name`,
        },
      );
    }
    return [{ kind: "add", remote: name, after }];
  });
  const added: Result = {
    exit: 0,
    text: `Remote ${JSON.stringify(name)} added.`,
    document: { formatVersion: 1, changed: true, file, remote: name, ...after },
  };
  if (scope === "global" || !flags.login) return added;
  const { login } = await import("./login.ts");
  try {
    const done = await login(context, name, flags);
    return { ...added, text: `${added.text}\n${done.text}` };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const { code, message, path, problems } = error;
    const failure = new Failure(code, message, {
      ...(path === undefined ? {} : { path }),
      problems,
      next: `the remote is added; to log in to it: sremote login ${name}`,
    });
    return { ...added, failure };
  }
}
