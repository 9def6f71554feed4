/** `sremote completions SHELL`, and the answers to what those scripts ask. */
import type { Completed } from "../arguments/complete.ts";
import { printable } from "../base/text.ts";
import type { Context, Result } from "./shared/context.ts";
import { readMerged } from "./shared/merged.ts";

/** The shells with a script. */
export type Shell = "bash" | "zsh" | "fish";

/** Printed instead of words: the shell offers files. */
const FILES = ":files";

const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# Completions of sremote for bash: source <(sremote completions bash)
_sremote() {
  local line word
  COMPREPLY=()
  while IFS= read -r line; do
    if [[ $line == ${FILES} ]]; then
      compopt -o default
      COMPREPLY=()
      return
    fi
    word=\${line%%$'\\t'*}
    [[ $COMP_WORDBREAKS == *=* ]] && word=\${word#-*=}
    printf -v word %q "$word"
    COMPREPLY+=("$word")
  done < <("$1" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _sremote sremote
`,
  zsh: `#compdef sremote
# Completions of sremote for zsh: a file _sremote in a directory of fpath, or source <(sremote completions zsh)
_sremote() {
  local line value
  local -a values
  for line in "\${(@f)$("\${(Q)words[1]}" __complete "\${(@Q)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == ${FILES} ]]; then
      _files
      return
    fi
    [[ -z $line ]] && continue
    value=\${line%%$'\\t'*}
    values+=("\${value//:/\\\\:}:\${line#*$'\\t'}")
  done
  _describe sremote values
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _sremote "$@"
else
  compdef _sremote sremote
fi
`,
  fish: `# Completions of sremote for fish: sremote completions fish > ~/.config/fish/completions/sremote.fish
function __sremote_complete
    set -l words (commandline -opc)
    set -l word (commandline -ct)
    for line in (command $words[1] __complete $words[2..-1] "$word" 2>/dev/null)
        if test "$line" = ${FILES}
            __fish_complete_path "$word"
        else
            printf '%s\\n' "$line"
        end
    end
end
complete -c sremote -f -a '(__sremote_complete)'
`,
};

/** The script of a shell, to be sourced. */
export function completions(shell: Shell): Result {
  return {
    exit: 0,
    raw: SCRIPTS[shell].trimEnd(),
    document: { formatVersion: 1, shell, script: SCRIPTS[shell] },
  };
}

/** The candidates at the cursor, one per line: the word, a tab, its description. Never an error: a shell could not show it. */
export async function completeWord(
  context: Context,
  { word, before, completion }: Completed,
): Promise<Result> {
  if (completion.kind === "files") return { exit: 0, raw: FILES };
  const candidates = completion.kind === "words"
    ? completion.candidates
    : completion.kind === "remotes"
    ? await remotes(context)
    : [];
  const lines = candidates.filter(({ value }) => value.startsWith(word) && !/\p{Cc}/u.test(value))
    .map(({ value, description }) => `${before}${value}\t${printable(description)}`);
  return lines.length === 0 ? { exit: 0 } : { exit: 0, raw: lines.join("\n") };
}

async function remotes(context: Context) {
  try {
    const { merged } = await readMerged(context);
    return [...merged.remotes].map(([value, { remote }]) => ({ value, description: remote.uri }));
  } catch {
    return [];
  }
}
