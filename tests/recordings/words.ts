/** A recorded command in sremote's words. */

/** What sremote is given. */
export interface Words {
  readonly args: readonly string[];
}

/**
 * sremote's words for those of a program; null: sremote has no such command. The groups `remote` and `keyserver` are the same; the commands that use a
 * service (`pull`, `key search`, …) become `resolve`, which says the address that they would ask.
 */
export function sremoteWords(recorded: readonly string[]): Words | null {
  const [group, command] = recorded;
  switch (group) {
    case "remote":
    case "keyserver": {
      if (command === undefined) return null;
      const tables = recorded.some((one) => one === "list" || one === "status");
      return { args: [...tables ? ["--json"] : [], ...recorded] };
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

function resolve(service: string, override: string, recorded: readonly string[]): Words {
  const at = recorded.indexOf(override);
  return { args: ["--json", "resolve", service, ...at < 0 ? [] : [override, recorded[at + 1]!]] };
}
