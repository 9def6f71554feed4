/** `sremote add`, as `singularity remote add`. */
import { ENDPOINT_ALLOWED, nameProblem, parseEndpointUri } from "../config/uri.ts";
import { Failure } from "../failure.ts";
import { type Context, requireRoot, type Result, scopeOf } from "./context.ts";
import { editFile } from "./edit.ts";
import { mergedFor } from "./merged.ts";

/** The flags of `add`. */
export interface AddOptions {
  readonly global?: true;
  readonly login: boolean;
  readonly insecure?: true;
}

/** Adds a remote. It does not become the default: that is what `use` is for. */
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
  else if (flags.login) {
    throw new Failure(
      "usage",
      `cannot add ${JSON.stringify(name)} and log in: this version does not log in`,
      {
        next: "add --no-login, then log in with singularity remote login",
      },
    );
  }
  const seen = (await mergedFor(context, scope))?.merged ?? null;
  const after = { uri: address.uri, insecure: address.insecure || flags.insecure === true, keyservers: [] };
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
  return {
    exit: 0,
    text: `Remote ${JSON.stringify(name)} added.`,
    document: { formatVersion: 1, changed: true, file, remote: name, ...after },
  };
}
