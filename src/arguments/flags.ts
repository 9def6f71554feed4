/** The flags that more than one command has, each spelled once, with the short forms of Singularity and Apptainer. */

/** By the name in code. */
export const FLAG = {
  global: "-g, --global",
  exclusive: "-e, --exclusive",
  noDefault: "-n, --no-default",
  insecure: "-i, --insecure",
  username: "-u, --username <name>",
  password: "-p, --password <text>",
  passwordStdin: "--password-stdin",
  tokenfile: "--tokenfile <file>",
  order: "-o, --order <number>",
  yes: "-y, --yes",
} as const;
