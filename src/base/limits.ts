/**
 * The limits of files, answers and what else comes from outside, with their reasons. A limit is looked at before any other
 * work on a text, and work within it is linear. What only one module knows (the code of a config, waiting, what a report
 * shows) is stated there.
 */

const KIB = 1024;
const MIB = 1024 * KIB;

// ---------------------------------------------------------------- a config

/** Bytes of a config file: ten thousand remotes are 1 MiB, and a log file that was named by mistake is larger. */
export const CONFIG_BYTES = 4 * MIB;
/** Characters of all modules of a config together: what the interpreter holds within its memory. */
export const CONFIG_CHARACTERS = 8 * MIB;
/** Remotes of a config: no plan is larger than a machine has room for. */
export const CONFIG_REMOTES = 50_000;
/** Levels of JSON in a config: more than any config has, less than the stack. */
export const CONFIG_LEVELS = 200;
/** Mistakes that are looked for in a config: one for each remote. */
export const CONFIG_MISTAKES = CONFIG_REMOTES;
/** Milliseconds that a config's code may run. */
export const CODE_MILLISECONDS = 2_000;
/** Bytes of memory that a config's code may use. */
export const CODE_MEMORY = 64 * MIB;
/** Characters of the JSON that a config's code may give. */
export const CODE_RESULT_CHARACTERS = 16 * MIB;

// ---------------------------------------------------------------- remote.yaml

/** Bytes of a `remote.yaml` or its ledger: 10,000 remotes are under 2 MB. */
export const REMOTE_FILE_BYTES = 64 * MIB;
/** Levels of YAML in a `remote.yaml`: five in a valid one; the rest is for an error that speaks of the field. */
export const REMOTE_FILE_LEVELS = 12;
/** Characters of a remote's name: what Singularity and Apptainer show in a table. */
export const NAME_CHARACTERS = 255;

// ---------------------------------------------------------------- what others give

/** Bytes of a saved plan, or of another file that the command line names. */
export const GIVEN_BYTES = 64 * MIB;
/** Bytes of the plans of a fleet: 10,000 hosts, with room. */
export const FLEET_BYTES = 1024 * MIB;
/** Bytes of a token, and of the file, command output or input that it comes from: what is larger was named by mistake. */
export const TOKEN_BYTES = 64 * KIB;
/** Bytes of a file with certificates of authorities: those of systems have 200 to 500 KiB. */
export const AUTHORITIES_BYTES = 4 * MIB;
/** Files of a directory with certificates of authorities: Debian's has 300. */
export const AUTHORITIES_FILES = 10_000;
/** Bytes of an answer of an endpoint. */
export const ANSWER_BYTES = 1 * MIB;
/** Services of one endpoint that are asked: real ones name five. */
export const SERVICES_ASKED = 100;
/** Characters of a merge request's comment: GitHub takes 65,536. */
export const COMMENT_CHARACTERS = 60_000;

// ---------------------------------------------------------------- YAML

/** Columns of indentation that a YAML parser may meet: no config and no `remote.yaml` has as many levels. */
const YAML_COLUMNS = 600;

/** Whether YAML is nested so deeply, by indentation or by dashes, that a parser needs quadratic time for it. */
export function nestsTooDeeply(yaml: string): boolean {
  return new RegExp(`^[ \\t?-]{${YAML_COLUMNS}}`, "m").test(yaml);
}

/** Lines, items and fields of a config in YAML: ten thousand remotes have half of them. */
const YAML_PARTS = 200_000;

/** Whether the YAML is more than its parser reads in two seconds, or in 300 MB. */
export function isTooMuchYaml(yaml: string): boolean {
  let count = 0;
  const parts = /[,\n]|: /g;
  while (parts.test(yaml)) if (++count > YAML_PARTS) return true;
  return false;
}
