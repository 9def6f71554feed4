/**
 * JavaScript that runs in the sandbox before any config does: it takes away what would make two machines
 * differ, and returns the function that runs the config and turns its result into text. It keeps its own
 * references to every intrinsic, for a config may overwrite JSON.stringify or Array.prototype.
 */

/** Deepest nesting of an exported value. */
export const MAX_DEPTH = 64;
/** Longest exported value, as JSON. */
export const MAX_RESULT_CHARS = 16 * 1024 * 1024;

/** The name under which the prelude runs. */
export const PRELUDE_NAME = "sremote:prelude";

/** What the sandbox hands back: `=` and the value as JSON, or `!` and a {@link Thrown} as JSON. */
export interface Thrown {
  /** `no-default` and `value` come from the prelude, `throw` from the config. */
  readonly kind: "throw" | "no-default" | "value";
  readonly name: string;
  readonly message: string;
  readonly stack: string;
}

/** What an export may have of entries and characters to be taken as plain data without counting its JSON. */
const PLAIN_BUDGET = 1_000_000;

/** The module that says what is wrong with an exported value, or what was thrown; loaded only where something is. */
export const EXPLAIN_NAME = "sremote:explain";

/** Its default export takes the intrinsics that the prelude kept, so that a config cannot have changed them. */
export const EXPLAIN_SOURCE = `
export default ({ apply, ownKeys, create, getOwnPropertyDescriptor, getPrototypeOf, stringify, isArray, isFinite, exec, test, ObjectPrototype, ArrayPrototype, Text, Seen, WeakSetHas, WeakSetAdd, WeakSetDelete, slice }) => {
// ---- the exported value, as JSON
const MAX_DEPTH = ${MAX_DEPTH}, MAX_CHARS = ${MAX_RESULT_CHARS};
class Unfit { constructor(message) { this.message = message; } }
const isUnfit = (value) => typeof value === "object" && value !== null && getPrototypeOf(value) === Unfit.prototype;
const unfit = (path, what) => { throw new Unfit((path === "" ? "the config" : path) + " is " + what); };
const step = (path, key) => apply(exec, test, [key]) !== null ? (path === "" ? key : path + "." + key) : path + "[" + stringify(key) + "]";
const describeObject = (value) => {
  let name = "";
  try { const made = value.constructor; if (typeof made === "function" && typeof made.name === "string") name = made.name; } catch {}
  return name === "" || name === "Object" || name === "Array" ? "an object with a prototype of its own (\\"__proto__\\" cannot be a name)" : "a " + name + ", which is no plain data";
};
const active = new Seen();
let chars = 0;
const count = (text) => {
  chars += text.length;
  if (chars > MAX_CHARS) unfit("", "larger than " + MAX_CHARS / 1048576 + " MiB");
  return text;
};
const walk = (value, path, depth) => {
  switch (typeof value) {
    case "string": return count(stringify(value));
    case "boolean": return count(value ? "true" : "false");
    case "number": if (!isFinite(value)) unfit(path, Text(value) + ", which is not a number that a config can hold"); return count(stringify(value));
    case "bigint": return unfit(path, "a bigint");
    case "symbol": return unfit(path, "a symbol");
    case "function": return unfit(path, "a function");
    case "undefined": return unfit(path, "undefined");
  }
  if (value === null) return count("null");
  if (depth >= MAX_DEPTH) unfit(path, "nested deeper than " + MAX_DEPTH + " levels");
  if (apply(WeakSetHas, active, [value])) unfit(path, "a cycle: it contains itself");
  apply(WeakSetAdd, active, [value]);
  const prototype = getPrototypeOf(value);
  const array = isArray(value);
  if (prototype !== (array ? ArrayPrototype : ObjectPrototype) && (array || prototype !== null)) unfit(path, describeObject(value));
  let text = array ? "[" : "{", first = true;
  if (array) {
    const length = value.length;
    for (let i = 0; i < length; i++) {
      const at = path + "[" + i + "]";
      if (getOwnPropertyDescriptor(value, i) === undefined) unfit(at, "missing: the array has a hole there");
      text += (first ? "" : ",") + walk(value[i], at, depth + 1);
      first = false;
    }
  }
  const keys = ownKeys(value);
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (typeof key === "symbol") unfit(path, "an object with a symbol as a key");
    const own = getOwnPropertyDescriptor(value, key);
    if (own === undefined || !own.enumerable) continue;
    if (array) { if (apply(exec, /^(?:0|[1-9][0-9]*)$/, [key]) === null) unfit(step(path, key), "a named entry of an array"); continue; }
    const item = value[key];
    if (item === undefined) continue;
    text += (first ? "" : ",") + count(stringify(key)) + ":" + walk(item, step(path, key), depth + 1);
    first = false;
  }
  apply(WeakSetDelete, active, [value]);
  return text + (array ? "]" : "}");
};

// ---- what was thrown, as JSON
const field = (value, key) => { try { const got = value[key]; return typeof got === "string" ? got : ""; } catch { return ""; } };
const describe = (error) => {
  if (isUnfit(error)) return { kind: "value", name: "", message: error.message, stack: "" };
  if (typeof error === "object" && error !== null) {
    return { kind: "throw", name: field(error, "name"), message: field(error, "message") || (field(error, "name") ? "" : "an object that is no Error"), stack: field(error, "stack") };
  }
  let shown = ""; try { shown = typeof error === "string" ? error : Text(error); } catch {}
  return { kind: "throw", name: "", message: shown, stack: "" };
};
const answer = (thrown) => {
  const plain = create(null);
  plain.kind = thrown.kind;
  const keys = ["name", "message", "stack"];
  for (let i = 0; i < 3; i++) plain[keys[i]] = apply(slice, thrown[keys[i]], [0, 20000]);
  return "!" + stringify(plain);
};
const text = (value) => {
  if (value === undefined) throw new Unfit("the config is undefined: the exported function returns nothing");
  return walk(value, "", 0);
};
return { text, answer, describe };
};
`;

const SOURCE = `(() => {
"use strict";
const { stringify, parse } = JSON;
const { isArray } = Array;
const { apply, ownKeys } = Reflect;
const { create, freeze, getOwnPropertyDescriptor, getOwnPropertyNames, getPrototypeOf, setPrototypeOf, defineProperty } = Object;
const ObjectPrototype = Object.prototype, ArrayPrototype = Array.prototype;
const { isFinite } = Number;
const Text = String, Fault = RangeError, WrongType = TypeError;
const WeakSetHas = WeakSet.prototype.has, WeakSetAdd = WeakSet.prototype.add, WeakSetDelete = WeakSet.prototype.delete;
const Seen = WeakSet;
const test = /^[A-Za-z_$][A-Za-z0-9_$]*$/;
const exec = RegExp.prototype.exec, slice = String.prototype.slice;

// Nothing that differs between two machines, or between two runs.
const refuse = (what) => { throw new WrongType(what + " is not available: a config is hermetic, the same input gives the same plan"); };
const put = (object, key, value) => defineProperty(object, key, { value, writable: true, configurable: true, enumerable: false });
put(Math, "random", function random() { refuse("Math.random"); });
const NoDate = function Date() { refuse("Date"); };
put(NoDate, "now", function now() { refuse("Date.now"); });
put(NoDate, "parse", function parse() { refuse("Date.parse"); });
put(NoDate, "UTC", function UTC() { refuse("Date.UTC"); });
put(globalThis, "Date", NoDate);
for (const name of ["WeakRef", "FinalizationRegistry", "SharedArrayBuffer", "Atomics", "performance", "console", "print", "std", "os", "bjson"]) delete globalThis[name];

// The interpreter polls its clock between steps of the config, not inside one long step of its own: a walk over
// an array of four thousand million holes would outlive every limit. So such walks are refused beforehand.
const LONGEST = 1000000;
const bounded = (value) => {
  if (value === null || typeof value !== "object" && typeof value !== "function") return;
  let length;
  if (isArray(value)) length = value.length;
  else {
    const own = getOwnPropertyDescriptor(value, "length");
    if (own === undefined) { if (value.length !== undefined) refuse("an array method on a thing that inherits its length"); return; }
    if (own.get !== undefined) refuse("an array method on a thing whose length is computed");
    length = +own.value;
  }
  if (length > LONGEST) throw new Fault("an array of " + length + " entries is longer than a config may use (" + LONGEST + ")");
};
const wrap = (name) => {
  const native = ArrayPrototype[name];
  if (typeof native !== "function" || name === "constructor" || name === "push" || name === "pop" || name === "at") return;
  const all = name === "concat";
  put(ArrayPrototype, name, { [name](...given) {
    bounded(this);
    if (all) for (let i = 0; i < given.length; i++) if (isArray(given[i])) bounded(given[i]);
    return apply(native, this, given);
  } }[name]);
};
for (const name of getOwnPropertyNames(ArrayPrototype)) wrap(name);
put(ArrayPrototype, Symbol.iterator, ArrayPrototype.values);
const flatten = (out, array, depth) => {
  for (let i = 0; i < array.length; i++) {
    if (!(i in array)) continue;
    if (depth > 0 && isArray(array[i])) { bounded(array[i]); flatten(out, array[i], depth - 1); } else out[out.length] = array[i];
  }
  return out;
};
put(ArrayPrototype, "flat", function flat(depth = 1) { bounded(this); return flatten([], this, +depth || 0); });
const wrapSearch = (name) => {
  const native = String.prototype[name];
  put(String.prototype, name, { [name](...given) {
    const sought = given[0];
    if (typeof this === "string" && typeof sought === "string" && this.length * sought.length > 1e9) throw new Fault(name + "() on texts as long as these would take too long");
    return apply(native, this, given);
  } }[name]);
};
for (const name of ["indexOf", "lastIndexOf", "includes", "split", "replace", "replaceAll"]) wrapSearch(name);
const wrapBig = (object, name, measure) => {
  const native = object[name];
  put(object, name, { [name](...given) {
    if (measure(this, given)) throw new Fault("a bigint of this size takes too long");
    return apply(native, this, given);
  } }[name]);
};
const HUGE = 1n << 100000n;
wrapBig(BigInt.prototype, "toString", (self) => typeof self === "bigint" && (self > HUGE || self < -HUGE));

// ---- the exported value, as JSON: plain data is left to the engine, all else to the module that explains it
const MAX_DEPTH = ${MAX_DEPTH};
let budget = ${PLAIN_BUDGET};
const isPlain = (value, depth) => {
  if (--budget < 0) return false;
  switch (typeof value) {
    case "string": return (budget -= value.length) >= 0;
    case "boolean": return true;
    case "number": return isFinite(value);
    case "object": break;
    default: return false;
  }
  if (value === null) return true;
  if (depth >= MAX_DEPTH) return false;
  const prototype = getPrototypeOf(value), array = isArray(value);
  if (prototype !== (array ? ArrayPrototype : ObjectPrototype) && (array || prototype !== null)) return false;
  const keys = ownKeys(value);
  if (array && keys.length !== value.length + 1) return false;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (typeof key === "symbol") return false;
    if (array && key === "length") continue;
    const own = getOwnPropertyDescriptor(value, key);
    if (own === undefined || own.get !== undefined || own.set !== undefined || !own.enumerable) return false;
    budget -= key.length;
    if (own.value === undefined && !array) continue;
    if (!isPlain(own.value, depth + 1)) return false;
  }
  return true;
};
const explaining = async () => (await import("${EXPLAIN_NAME}")).default({
  apply, ownKeys, create, getOwnPropertyDescriptor, getPrototypeOf, stringify, isArray, isFinite, exec, test,
  ObjectPrototype, ArrayPrototype, Text, Seen, WeakSetHas, WeakSetAdd, WeakSetDelete, slice,
});

const seal = (value) => {
  if (typeof value !== "object" || value === null) return value;
  const keys = ownKeys(value);
  for (let i = 0; i < keys.length; i++) seal(value[keys[i]]);
  setPrototypeOf(value, null);
  return freeze(value);
};
return async (entry, argumentJson) => {
  try {
    const module = await import(entry);
    if (!getOwnPropertyDescriptor(module, "default")) return (await explaining()).answer({ kind: "no-default", name: "", message: "", stack: "" });
    let value = await module.default;
    if (typeof value === "function") value = await value(seal(parse(argumentJson)));
    if (isPlain(value, 0) && !getOwnPropertyDescriptor(ObjectPrototype, "toJSON") && !getOwnPropertyDescriptor(ArrayPrototype, "toJSON")) return "=" + stringify(value);
    return "=" + (await explaining()).text(value);
  } catch (error) {
    const { answer, describe } = await explaining();
    return answer(describe(error));
  }
};
})()`;

/**
 * An expression, `(entry, argumentJson) => Promise<string>`, without comments and indentation: the interpreter reads it
 * letter by letter, in each run anew.
 */
export const PRELUDE_SOURCE = SOURCE.replace(/^\s*\/\/.*\n/gm, "").replace(/\n\s+/g, "\n");
