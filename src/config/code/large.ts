/**
 * Code that would cost the parsers too much. Parsing is the one step that cannot be interrupted: some of it grows with the
 * square of the length (each declaration is looked up among all others), some takes a hundred times as much memory.
 */

/** Code of up to this many characters may be anything: it is parsed in well under a second, whatever it contains. */
export const FREE_CODE = 64 * 1024;

/** The most that larger code may contain. */
const MOST = { words: 300, signs: 300, tokens: 500_000 };

/** A comment, a string, a number or word, a sign; neither a regular expression nor a template. */
const TOKEN =
  /\s+|\/\/[^\n]*|\/\*[^]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[\w$.+-]+|[{}[\]():,;]|[=<>?|&!]/y;

/**
 * Whether code is short, or little more than lists of data of any length, as `sremote import` writes them. Then parsing
 * takes no longer than reading.
 */
export function isParsedSoon(code: string): boolean {
  if (code.length <= FREE_CODE) return true;
  const words = new Set<string>();
  let signs = 0;
  let tokens = 0;
  let last = "";
  for (TOKEN.lastIndex = 0; TOKEN.lastIndex < code.length;) {
    const found = TOKEN.exec(code);
    if (found === null) return false;
    const [token] = found;
    if (/^(?:\s|\/[/*])/.test(token)) continue;
    if (/^[a-zA-Z_$]/.test(last) && token !== ":") words.add(last);
    if (/^[=<>?|&!]/.test(token)) signs++;
    if (++tokens > MOST.tokens || words.size > MOST.words || signs > MOST.signs) return false;
    last = token;
  }
  return true;
}
