/** The built-in module: what `import { … } from "sremote"` gives a config in the sandbox. */

/** The name under which a config imports the built-in module. */
export const BUILTIN_NAME = "sremote";

/** JavaScript of the built-in module; `schema/sremote.ts` has the types of the same functions. */
export const BUILTIN_SOURCE = `
const text = (value, call) => {
  if (typeof value !== "string" || value === "") throw new TypeError(call + " takes one string that is not empty");
  return value;
};
export const defineConfig = (config) => config;
export const env = (name) => ({ env: text(name, "env(name)") });
export const file = (path) => ({ file: text(path, "file(path)") });
export const command = (...words) => {
  const argv = words.length === 1 && Array.isArray(words[0]) ? [...words[0]] : words;
  if (argv.length === 0) throw new TypeError("command(...) takes the program and its arguments");
  for (let i = 0; i < argv.length; i++) {
    if (typeof argv[i] !== "string") throw new TypeError("command(...) takes strings only");
  }
  return { command: argv };
};
export const prompt = () => ({ prompt: true });
`;
