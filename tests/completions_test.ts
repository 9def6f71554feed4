/** What real shells offer at the tab key; a shell that is not installed is skipped. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { Machine } from "./machine.ts";

/** Arguments with which a shell completes the last of the words and prints what it offers, one per line. */
const SHELLS: Readonly<Record<string, (words: readonly string[]) => readonly string[]>> = {
  bash: (words) => [
    "--norc",
    "-c",
    `source <(sremote completions bash); COMP_WORDS=(${words.map(quoted).join(" ")}); COMP_CWORD=${
      words.length - 1
    }
     compopt() { echo FILES; }
     _sremote sremote; ((\${#COMPREPLY[@]})) && printf '%s\\n' "\${COMPREPLY[@]}"; true`,
  ],
  zsh: (words) => [
    "-f",
    "-c",
    `compdef() { [[ "$*" == "_sremote sremote" ]] }; source <(sremote completions zsh)
     _files() { echo FILES }; _describe() { for one in $values; do print -r -- \${\${one//\\\\:/$'\\0'}%%:*}; done | tr '\\0' ':'; true }
     words=(${words.map(quoted).join(" ")}); CURRENT=${words.length}; _sremote; true`,
  ],
  fish: (words) => [
    "--no-config",
    "-c",
    `sremote completions fish | source; complete -C ${quoted(words.join(" "))} | string split -f1 \\t`,
  ],
};

function quoted(word: string): string {
  return `'${word}'`;
}

/** The typed words, and what must be offered. */
const CASES: readonly (readonly [words: readonly string[], offered: readonly string[]])[] = [
  [["sremote", "pl"], ["plan"]],
  [["sremote", "re"], ["remote", "remove", "resolve"]],
  [["sremote", "remote", "add"], ["add", "add-keyserver"]],
  [["sremote", "remote", "use", "--exc"], ["--exclusive"]],
  // As the programs spell options.
  [["sremote", "remote", "-cshared.yaml", "use", ""], ["theirs"]],
  [["sremote", "remote", "-c=shared.yaml", "use", ""], ["theirs"]],
  [["sremote", "remote", "-qc", "shared.yaml", "use", ""], ["theirs"]],
  [["sremote", "help", "pl"], ["plan"]],
  [["sremote", "help", "keyserver", "lo"], ["login", "logout"]],
  [["sremote", "remote", "help", "log"], ["login", "logout"]],
  [["sremote", "help", "list", ""], []],
  [["sremote", "remote", "use", "c"], ["company"]],
  [["sremote", "remote", "-c", "shared.yaml", "use", ""], ["theirs"]],
  [["sremote", "remote", "--config", "shared.yaml", "logout", ""], ["theirs"]],
  [["sremote", "keyserver", "lo"], ["login", "logout"]],
  [["sremote", "plan", "--o"], ["--offline", "--out"]],
  [["sremote", "apply", "--stri"], ["--strict-owner"]],
  [["sremote", "plan", "--format", "m"], ["markdown"]],
  // Global options are offered before and after every command.
  [["sremote", "--js"], ["--json", "--json-into"]],
  [["sremote", "plan", "--js"], ["--json", "--json-into"]],
  [["sremote", "keyserver", "list", "--ro"], ["--root"]],
  [["sremote", "keyserver", "--ro"], ["--root"]],
  [["sremote", "list", "--runtime", "a"], ["apptainer"]],
  [["sremote", "use", ""], ["company", "lab"]],
  [["sremote", "--json", "use", "c"], ["company"]],
  [["sremote", "status", "lab", "co"], ["company"]],
  [["sremote", "resolve", "--remote", "l"], ["lab"]],
  [["sremote", "completions", ""], ["bash", "fish", "zsh"]],
  [["sremote", "resolve", "lib"], []],
];

for (const [shell, args] of Object.entries(SHELLS)) {
  Deno.test({
    name: `completions in ${shell}`,
    ignore: spawnSync(shell, ["--version"]).status !== 0,
    fn: () => {
      using machine = new Machine();
      machine.put("remote.yaml", "Remotes:\n  lab:\n    URI: lab.example.com\n  company:\n    URI: c\n");
      machine.put("shared.yaml", "Remotes:\n  theirs:\n    URI: theirs.example.com\n");
      const { work } = machine;
      const env = { ...machine.env(), PATH: `${machine.bin()}:/usr/bin:/bin`, SINGULARITY_CONFIGDIR: work };
      const ask = (words: readonly string[]) => {
        const ran = spawnSync(shell, args(words), { cwd: work, env, encoding: "utf8" });
        assert.equal(ran.stderr, "", words.join(" "));
        return ran.stdout.split("\n").filter((one) => one !== "").sort();
      };
      for (const [words, offered] of CASES) assert.deepEqual(ask(words), offered, words.join(" "));
      const files = ask(["sremote", "plan", "--config", ""]);
      assert.deepEqual(files, shell === "fish" ? ["remote.yaml", "shared.yaml"] : ["FILES"]);
    },
  });
}

Deno.test({
  name: "completions: a broken file and odd names offer nothing and print no error",
  fn: () => {
    using machine = new Machine();
    const ask = (text: string) => {
      machine.put("remote.yaml", text);
      const env = { SINGULARITY_CONFIGDIR: machine.work };
      const { status, stdout, stderr } = machine.runSync(["__complete", "use", ""], { env });
      return [status, stdout, stderr];
    };
    assert.deepEqual(ask("Remotes: ["), [0, "", ""]);
    assert.deepEqual(ask('Remotes:\n  "a\\tb":\n    URI: h\n  "c d":\n    URI: "h\\e[31m"\n'), [
      0,
      "c d\th\\u{1b}[31m\n",
      "",
    ]);
  },
});
