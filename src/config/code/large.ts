/**
 * Texts of which the parsers would make too much. Theirs is the one work that no clock can interrupt: some of it grows with
 * the square of a text (a declaration is looked up among all others), some takes a hundred times the memory of it.
 */

/** Code up to this many characters may be any: it is parsed in well under a second, whatever it holds. */
export const FREE_CODE = 64 * 1024;

/** What larger code may hold at most. */
const MOST = { words: 300, signs: 300, tokens: 500_000 };

/** A comment, a text, a number or word, a sign; neither a regular expression nor a template. */
const TOKEN =
  /\s+|\/\/[^\n]*|\/\*[^]*?\*\/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|[\w$.+-]+|[{}[\]():,;]|[=<>?|&!]/y;

/**
 * Whether code is short, or little else than lists of data however long, as `sremote import` writes them. So there is
 * nothing in it of which parsing takes longer than reading.
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
