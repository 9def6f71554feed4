/** A recorded command in sremote's words. */

/** What sremote is given. */
export interface Words {
  readonly args: readonly string[];
  /** In place of the case's standard input; undefined: that one. */
  readonly stdin?: string;
}

/**
 * sremote's words for those of a program; null: sremote has no such command. `remote X` is X; the commands that use a service
 * (`pull`, `key search`, …) become `resolve`, which says the address that they would ask.
 */
export function sremoteWords(recorded: readonly string[]): Words | null {
  const [group, command] = recorded;
  switch (group) {
    case "remote":
    case "keyserver": {
      const args = [...recorded];
      const stdin = command === "login" ? withoutSecrets(args) : undefined;
      const words = group === "remote" ? ofGroupRemote(args) : args;
      if (words === null) return null;
      const tables = words.some((one) => one === "list" || one === "status");
      return { args: [...tables ? ["--json"] : [], ...words], ...stdin === undefined ? {} : { stdin } };
    }
    case "search":
    case "pull":
    case "push":
    case "delete": {
      const image = recorded.find((one) => one.startsWith("library://")) ?? "library";
      return resolve(image, "--library", recorded);
    }
    case "build":
      return resolve("builder", "--builder", recorded);
    case "key":
    case "verify":
      return resolve("keystore", "--url", recorded);
    default:
      return null;
  }
}

/** TO GO once `sremote remote …` is there: `remote X` is X, and the group's `--config` is `--remote-file`. */
function ofGroupRemote(args: readonly string[]): readonly string[] | null {
  const words = args.slice(1);
  if (words.length === 0) return null;
  return words[0] === "--config" ? ["--remote-file", ...words.slice(1)] : words;
}

/** A password on the command line becomes standard input, for sremote takes none there; nor has its login `--insecure`. */
function withoutSecrets(args: string[]): string | undefined {
  const insecure = args.indexOf("--insecure");
  if (insecure >= 0) args.splice(insecure, 1);
  const password = args.indexOf("--password");
  return password < 0 ? undefined : args.splice(password, 2, "--password-stdin")[1];
}

function resolve(service: string, override: string, recorded: readonly string[]): Words {
  const at = recorded.indexOf(override);
  return { args: ["--json", "resolve", service, ...at < 0 ? [] : [override, recorded[at + 1]!]] };
}
