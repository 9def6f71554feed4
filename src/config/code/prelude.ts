/**
 * JavaScript that runs in the sandbox before the config: it removes what would make two machines differ, and returns
 * the function that runs the config and turns its result into text. It keeps its own references to every intrinsic,
 * because a config may overwrite JSON.stringify or Array.prototype.
 *
 * Fresh WebAssembly is slow: parsing this text takes longer than everything else in a run, 1 to 2 ms per kilobyte. So
 * what a run seldom needs is in a second text, and the first has few functions and no messages.
 */
import { CODE_RESULT_CHARACTERS } from "../../base/limits.ts";

/** Deepest nesting of an exported value. */
export const MAX_DEPTH = 64;

/** The name under which the prelude runs. */
export const PRELUDE_NAME = "sremote:prelude";

/** What the sandbox returns: `=` and the value as JSON, or `!` and a {@link Thrown} as JSON. */
export interface Thrown {
  /** `no-default` and `value` come from the prelude, `throw` from the config. */
  readonly kind: "throw" | "no-default" | "value";
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** Longest regular expression that code may make: compiling one cannot be interrupted. */
const LONGEST_PATTERN = 10_000;
/** Most fields that a list may select for JSON: each is searched for among those before it. */
const MOST_NAMES = 1_000;
/** Longest array that the interpreter may walk in one step. */
const LONGEST = 1_000_000;

/**
 * The part that is evaluated only when needed: a function of the intrinsics that the prelude kept. It may use
 * no global and no method of a prototype, because a config may have changed them.
 */
export const RARE_SOURCE = `"use strict";
({ stringify, isArray, apply, ownKeys, Text, Fault, WrongType, getOwnPropertyDescriptor, getPrototypeOf, ObjectPrototype, ArrayPrototype, map, slice }) => {
const refuse = (what) => { throw new WrongType(what + " is not available: a config is hermetic, the same input gives the same plan"); };

// ---- steps that would take too long
const bounded = (value) => {
  if (value === null || typeof value !== "object" && typeof value !== "function") return;
  let length;
  if (isArray(value)) length = value.length;
  else {
    const own = getOwnPropertyDescriptor(value, "length");
    if (own === undefined) { if (value.length !== undefined) refuse("an array method on an object that inherits its length"); return; }
    if (getOwnPropertyDescriptor(own, "get") !== undefined && own.get !== undefined) refuse("an array method on an object whose length is computed");
    length = +own.value;
  }
  if (length > ${LONGEST}) throw new Fault("an array of " + length + " entries is longer than the limit of ${LONGEST}");
};
const flatten = (out, array, depth) => {
  for (let i = 0; i < array.length; i++) {
    if (!(i in array)) continue;
    if (depth > 0 && isArray(array[i])) { bounded(array[i]); flatten(out, array[i], depth - 1); } else out[out.length] = array[i];
  }
  return out;
};
const flat = (self, given) => { const depth = given[0]; bounded(self); return flatten([], self, depth === undefined ? 1 : +depth || 0); };
const flatMap = (self, given) => { bounded(self); return flatten([], apply(map, self, given), 1); };
const tooLong = (name) => { throw new Fault(name + "() on strings this long would take too long"); };
const pattern = (value) => {
  const text = Text(value);
  if (text.length > ${LONGEST_PATTERN}) tooLong("RegExp");
  return text;
};

// ---- the exported value, as JSON
let found;
const unfit = (path, what) => { throw found = { __proto__: null, message: (path === "" ? "the config" : path) + " is " + what }; };
const isWord = (key) => {
  if (key.length > 1000) return false;
  for (let i = 0; i < key.length; i++) {
    const c = key[i];
    if (!(c >= "a" && c <= "z" || c >= "A" && c <= "Z" || c === "_" || c === "$" || i > 0 && c >= "0" && c <= "9")) return false;
  }
  return key !== "";
};
const step = (path, key) => isWord(key) ? (path === "" ? key : path + "." + key) : path + "[" + stringify(key) + "]";
const describeObject = (value) => {
  let name = "";
  try { const made = value.constructor; if (typeof made === "function" && typeof made.name === "string") name = made.name; } catch {}
  return name === "" || name === "Object" || name === "Array" ? "an object with a prototype of its own (\\"__proto__\\" cannot be a name)" : "a " + name + ", which is not plain data";
};
let chars = 0;
const count = (text) => {
  chars += text.length;
  if (chars > ${CODE_RESULT_CHARACTERS}) tooLarge();
  return text;
};
const walk = (value, path, depth, outer) => {
  switch (typeof value) {
    case "string": case "boolean": return count(stringify(value));
    case "number": if (value - value !== 0) unfit(path, value + ", which a config cannot contain"); return count(stringify(value));
    case "undefined": return unfit(path, "undefined");
    case "symbol": case "function": return unfit(path, "a " + typeof value);
  }
  if (value === null) return count("null");
  if (depth >= ${MAX_DEPTH}) unfit(path, "nested deeper than ${MAX_DEPTH} levels");
  for (let one = outer; one !== null; one = one.outer) if (one.value === value) unfit(path, "a cycle: it contains itself");
  const here = { __proto__: null, value, outer };
  const prototype = getPrototypeOf(value);
  const array = isArray(value);
  if (prototype !== (array ? ArrayPrototype : ObjectPrototype) && (array || prototype !== null)) unfit(path, describeObject(value));
  let text = array ? "[" : "{", first = true;
  const length = array ? value.length : 0;
  for (let i = 0; i < length; i++) {
    const at = path + "[" + i + "]";
    if (getOwnPropertyDescriptor(value, i) === undefined) unfit(at, "missing: the array has a hole there");
    text += (first ? "" : ",") + walk(value[i], at, depth + 1, here);
    first = false;
  }
  const keys = ownKeys(value);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (typeof key === "symbol") unfit(path, "an object with a symbol as a key");
    const own = getOwnPropertyDescriptor(value, key);
    if (own === undefined || !own.enumerable) continue;
    if (array) { if (!isIndex(key)) unfit(step(path, key), "a named entry of an array"); continue; }
    const item = value[key];
    if (item === undefined) continue;
    text += (first ? "" : ",") + count(stringify(key)) + ":" + walk(item, step(path, key), depth + 1, here);
    first = false;
  }
  return text + (array ? "]" : "}");
};
const isIndex = (key) => {
  for (let i = 0; i < key.length; i++) if (!(key[i] >= "0" && key[i] <= "9")) return false;
  return key === "0" || key !== "" && key[0] !== "0";
};
const tooLarge = () => unfit("", "larger than ${CODE_RESULT_CHARACTERS / 1024 / 1024} MiB");
const explain = (value, large) => {
  if (large) tooLarge();
  if (value === undefined) unfit("", "undefined: the exported function returns nothing");
  return "=" + walk(value, "", 0, null);
};

// ---- the thrown value, as JSON
const field = (value, key) => { try { const got = value[key]; return typeof got === "string" ? got : ""; } catch { return ""; } };
// String by string: for an object, stringify keeps its own list, which a setter in Array.prototype would break.
const cut = (text) => stringify(apply(slice, text, [0, 20000]));
const answer = (kind, name, message, stack) => '!{"kind":' + cut(kind) + ',"name":' + cut(name) + ',"message":' + cut(message) + ',"stack":' + cut(stack) + "}";
const describe = (error) => {
  if (found !== undefined && error === found) return answer("value", "", found.message, "");
  if (typeof error === "object" && error !== null) {
    const name = field(error, "name");
    return answer("throw", name, field(error, "message") || (name ? "" : "an object that is not an Error"), field(error, "stack"));
  }
  let shown = ""; try { shown = typeof error === "string" ? error : Text(error); } catch {}
  return answer("throw", "", shown, "");
};
return { __proto__: null, refuse, bounded, flat, flatMap, tooLong, pattern, explain, describe, missing: () => answer("no-default", "", "", "") };
}`;

/**
 * An expression: `async (rareSource, entry, argumentJson) => string`, where `rareSource()` is {@link RARE_SOURCE}.
 *
 * The interpreter polls its clock between steps of the config, not inside one of its own long steps: a walk over an
 * array of four billion holes would exceed every limit. So such walks are refused in advance.
 *
 * The exported value is turned into JSON here while it is plain data. Where it is not, the rare part starts again.
 */
export const PRELUDE_SOURCE = `async (rareSource, entry, argumentJson) => {
"use strict";
const { stringify, parse } = JSON, { isArray } = Array, { apply, construct, ownKeys } = Reflect, evaluate = eval, Text = String, Fault = RangeError, WrongType = TypeError;
const { freeze, getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf, setPrototypeOf, defineProperty } = Object;
const ObjectPrototype = Object.prototype, ArrayPrototype = Array.prototype, { map } = ArrayPrototype, { slice, includes } = Text.prototype, sourceOf = getOwnPropertyDescriptor(RegExp.prototype, "source").get;
let kept;
const rare = () => kept ??= evaluate(rareSource())({ __proto__: null, stringify, isArray, apply, ownKeys, Text, Fault, WrongType, getOwnPropertyDescriptor, getPrototypeOf, ObjectPrototype, ArrayPrototype, map, slice });
const refuse = (object, key, what) => defineProperty(object, key, { value: { [key]: function () { rare().refuse(what); } }[key], writable: true, configurable: true });
refuse(Math, "random", "Math.random");
refuse(globalThis, "Date", "Date");
for (const name of ["now", "parse", "UTC"]) refuse(Date, name, "Date." + name);
for (const name of ["SharedArrayBuffer", "BigInt", "BigInt64Array", "BigUint64Array"]) delete globalThis[name];
for (const name of ["getBigInt64", "getBigUint64", "setBigInt64", "setBigUint64"]) delete DataView.prototype[name];
refuse(globalThis, "eval", "eval");
refuse(globalThis, "Function", "Function");
for (const one of [() => {}, async () => {}, function* () {}, async function* () {}]) refuse(getPrototypeOf(one), "constructor", "Function");
const guard = (object, name, check) => {
  const native = object[name];
  object[name] = { [name](...given) { check(this, given); return apply(native, this, given); } }[name];
};
const bounded = (value) => { if (!isArray(value) || value.length > ${LONGEST}) rare().bounded(value); };
for (const name of getOwnPropertyNames(ArrayPrototype)) switch (name) {
  case "length": case "constructor": case "push": case "pop": case "at": break;
  case "flat": case "flatMap": ArrayPrototype[name] = { [name](...given) { return rare()[name](this, given); } }[name]; break;
  case "concat": guard(ArrayPrototype, name, (self, given) => { bounded(self); for (let i = 0; i < given.length; i++) if (isArray(given[i])) bounded(given[i]); }); break;
  default: guard(ArrayPrototype, name, bounded);
}
ArrayPrototype[Symbol.iterator] = ArrayPrototype.values;
const isPattern = (value) => { try { apply(sourceOf, value, []); return true; } catch { return false; } };
const pattern = (given) => { const one = given[0]; if (one !== undefined && (typeof one === "string" ? one.length > ${LONGEST_PATTERN} : !isPattern(one))) given[0] = rare().pattern(one); return given; };
for (const name of ["indexOf", "lastIndexOf", "includes", "split", "replace", "replaceAll"]) {
  const native = Text.prototype[name];
  Text.prototype[name] = { [name](...given) {
    const self = Text(this), one = given[0];
    if ((typeof one === "object" && one !== null || typeof one === "function") && !isPattern(one)) given[0] = Text(one);
    if (typeof given[1] === "object") given[1] = Text(given[1]);
    const sought = given[0], put = given[1];
    if (typeof sought === "string") {
      if (self.length * sought.length > 1e9) rare().tooLong(name);
      if (name === "replaceAll" && typeof put === "string" && self.length / (sought.length || 1) * put.length > 1e9) rare().tooLong(name);
    }
    return apply(native, self, given);
  } }[name];
}
const Pattern = globalThis.RegExp = new Proxy(RegExp, {
  __proto__: null,
  apply: (native, self, given) => apply(native, self, pattern(given)),
  construct: (native, given, made) => construct(native, pattern(given), made),
});
const RegExpPrototype = RegExp.prototype;
RegExpPrototype.constructor = Pattern;
delete RegExpPrototype.compile;
for (const name of ["match", "matchAll", "search"]) guard(Text.prototype, name, (self, given) => { pattern(given); });
for (const name of [Symbol.split, Symbol.matchAll, Symbol.replace]) guard(RegExpPrototype, name, (self, given) => {
  if (!isPattern(self)) rare().refuse("an object that imitates a regular expression");
  if (name !== Symbol.replace) return;
  given[0] = Text(given[0]);
  const { length } = given[0];
  if (typeof given[1] === "function") return;
  const text = given[1] = Text(given[1]);
  if (length * text.length > 1e9 || length * length * text.length > 1e11 && apply(includes, text, ["$"])) rare().tooLong("replace");
});
guard(JSON, "stringify", (self, given) => { if (isArray(given[1]) && given[1].length > ${MOST_NAMES}) rare().tooLong("JSON.stringify"); });
let left = ${CODE_RESULT_CHARACTERS};
const plain = (value, depth) => {
  if (typeof value !== "object" || value === null) {
    if (typeof value !== "string" && typeof value !== "boolean" && value !== null && !(typeof value === "number" && value - value === 0)) return;
    const text = stringify(value);
    return (left -= text.length) < 0 ? undefined : text;
  }
  const list = isArray(value), prototype = getPrototypeOf(value);
  if (depth >= ${MAX_DEPTH} || prototype !== (list ? ArrayPrototype : ObjectPrototype) && (list || prototype !== null)) return;
  const keys = ownKeys(value), size = list ? value.length : keys.length;
  if (list && keys.length !== size + 1) return;
  let text = list ? "[" : "{", first = true;
  for (let i = 0; i < size; i++) {
    const key = list ? i : keys[i], own = typeof key === "symbol" ? undefined : getOwnPropertyDescriptor(value, key);
    if (own === undefined || !own.enumerable || getOwnPropertyDescriptor(own, "get") !== undefined) return;
    const item = value[key];
    if (item === undefined && !list) continue;
    const shown = plain(item, depth + 1);
    if (shown === undefined) return;
    text += (first ? "" : ",") + (list ? shown : plain(key, 0) + ":" + shown);
    first = false;
  }
  return text + (list ? "]" : "}");
};
try {
  const module = await import(entry);
  if (getOwnPropertyDescriptor(module, "default") === undefined) return rare().missing();
  let value = await module.default;
  if (typeof value === "function") value = await value(parse(argumentJson, (_, part) => typeof part === "object" && part !== null ? freeze(setPrototypeOf(part, null)) : part));
  const text = plain(value, 0);
  return text === undefined || left < 0 ? rare().explain(value, left < 0) : "=" + text;
} catch (error) {
  return rare().describe(error);
}
}`.replace(/\n\s+/g, "\n");
