/**
 * What `compile.ts` runs with Bun: `bun bundle.mjs ENTRY OUTFILE [TARGET]`. Bun's command line takes no plugins.
 *
 * Two of the packages are cut to what sremote uses of them, for each command pays for what they load:
 * commander asks for `node:child_process` (3 ms) to run commands that are programs of their own, and QuickJS carries
 * its WebAssembly in a text that is taken apart letter by letter (5 ms).
 */
import { readFileSync } from "node:fs";

const [entry, outfile, target] = process.argv.slice(2);

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

const result = await Bun.build({
  entrypoints: [entry],
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
    ...(target === undefined ? {} : { target }),
  },
});
if (!result.success) {
  console.error(result.logs.map(String).join("\n"));
  process.exit(1);
}
