/**
 * What `compile.ts` runs with Bun: `bun bundle.mjs ENTRY OUTFILE COMMIT [TARGET RUNTIME]`. Bun's command line takes no plugins.
 *
 * Two of the packages are cut to what sremote uses of them, for each command pays for what they load:
 * commander asks for `node:child_process` (3 ms) to run commands that are programs of their own, and QuickJS carries
 * its WebAssembly in a text that is taken apart letter by letter (5 ms).
 *
 * Of the runtime, the names of the variables are struck out by which the environment could have it run other code:
 * Bun has no switch for them.
 */
import { readFileSync, statSync, writeFileSync } from "node:fs";

const [entry, outfile, commit, target, runtime] = process.argv.slice(2);

const withoutChildProcess = {
  name: "without-child-process",
  setup(build) {
    build.onResolve({ filter: /^(?:node:)?child_process$/ }, ({ importer }) => {
      if (!/[\\/]commander[\\/]/.test(importer)) return undefined;
      return { path: "none", namespace: "no-child-process" };
    });
    build.onLoad({ filter: /.*/, namespace: "no-child-process" }, () => ({
      contents: `const spawn = () => { throw new Error("no command of sremote is a program of its own"); };
export { spawn };
export default { spawn };`,
      loader: "js",
    }));
  },
};

const quickjsAsBase64 = {
  name: "quickjs-as-base64",
  setup(build) {
    const module = /quickjs-singlefile-mjs-release-sync[\\/]dist[\\/]emscripten-module[\w.-]*\.mjs$/;
    build.onLoad({ filter: module }, ({ path }) => {
      let found = 0;
      // One call, on one literal: each letter is a byte, but for U+0100, which stands for 0.
      const contents = readFileSync(path, "utf8").replace(
        /\b\w+\((`\\0asm(?:\\[\s\S]|[^`\\])*`)\)/g,
        (_, literal) => {
          found++;
          const text = (0, eval)(literal);
          const bytes = Uint8Array.from(
            text,
            (letter) => (~letter.charCodeAt(0) >> 8) & letter.charCodeAt(0),
          );
          if (!WebAssembly.validate(bytes)) {
            throw new Error(`no WebAssembly in ${path}`);
          }
          return `Uint8Array.fromBase64("${Buffer.from(bytes).toString("base64")}")`;
        },
      );
      if (found !== 1) throw new Error(`${found} WebAssembly literals in ${path}`);
      return { contents, loader: "js" };
    });
  },
};

/**
 * `BUN_OPTIONS=--preload FILE` and `BUN_INSPECT_PRELOAD` run a file first, `BUN_BE_BUN` makes the binary Bun's own
 * command line, `BUN_INSPECT` opens it to a debugger. No variable has a NUL in its name.
 */
const STRUCK = ["BUN_OPTIONS", "BUN_BE_BUN", "BUN_INSPECT"];

/**
 * Those by which the TLS library would trust what the programs do not, or open a pipe and wait. sremote reads two of them
 * itself, and so has the names too: only the library's are struck out, between NULs.
 */
const STRUCK_IN_LIBRARY = ["NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR"];

/** Strikes the names out of the runtime, which a compiled program begins with. */
function strikeOut(file) {
  const binary = readFileSync(file);
  const size = statSync(runtime ?? process.execPath).size;
  const strike = (name, offset) => {
    let found = 0;
    for (let at = binary.indexOf(name); at >= 0 && at < size; at = binary.indexOf(name, at + 1)) {
      binary[at + offset] = 0;
      found++;
    }
    if (found > 0) return;
    throw new Error(`${name} is not in Bun's runtime any more: look for what took its place`);
  };
  for (const name of STRUCK) strike(name, 0);
  for (const name of STRUCK_IN_LIBRARY) strike(`\0${name}\0`, 1);
  writeFileSync(file, binary);
}

// A runtime that was fetched is changed before it is used, for a Mac's program is signed when it is made.
if (runtime !== undefined) strikeOut(runtime);
const result = await Bun.build({
  entrypoints: [entry],
  define: { SREMOTE_COMMIT: JSON.stringify(commit) },
  minify: true,
  bytecode: true,
  splitting: true,
  format: "esm",
  plugins: [withoutChildProcess, quickjsAsBase64],
  compile: {
    outfile,
    // A binary that obeyed the `.env` or `bunfig.toml` of the current folder would run a stranger's code as root.
    autoloadDotenv: false,
    autoloadBunfig: false,
    autoloadTsconfig: false,
    autoloadPackageJson: false,
    ...(target === undefined ? {} : { target, executablePath: runtime }),
  },
});
if (!result.success) {
  console.error(result.logs.map(String).join("\n"));
  process.exit(1);
}
if (runtime === undefined) strikeOut(outfile);
