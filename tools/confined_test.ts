/** The machine code that is put into the binary, on small ELF files; `tests/confined_test.ts` runs it. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startConfined } from "./confined.ts";

const BASE = 0x200000;
const [INTERP, DYNAMIC, SYMBOLS, STRINGS, VARIABLES, FUNCTIONS, PLT, GOT, END] = [
  0x200,
  0x240,
  0x400,
  0x500,
  0x600,
  0x640,
  0x800,
  0x900,
  0x980,
];
const NAMES = ["mmap", "pthread_attr_setstack", "pthread_getattr_np", "environ"];

interface Kind {
  readonly machine: number;
  readonly types: readonly [jumpSlot: number, globDat: number];
  readonly align: number;
  /** The stub of a function, and what its slot holds before the first call. */
  readonly stub: (at: number, slot: number) => readonly number[];
  readonly held: (stub: number) => number;
}

const KINDS: Readonly<Record<"x64" | "arm64", Kind>> = {
  x64: {
    machine: 62,
    types: [7, 6],
    align: 0x1000,
    stub: (at, slot) => [0x25ff | (slot - at - 6 & 0xffff) << 16, 0x6800_0000, 0xe900_0000, 0],
    held: (stub) => stub + 6,
  },
  arm64: {
    machine: 183,
    types: [1026, 1025],
    align: 0x10000,
    // adrp x16, the same page; ldr x17; add x16; br x17
    stub: (_, slot) => {
      const low = slot & 0xfff;
      return [0x9000_0010, 0xf940_0211 | low << 7, 0x9100_0210 | low << 10, 0xd61f_0220];
    },
    held: () => BASE + PLT,
  },
};

/** A program that imports these names, with a stub for each function. */
function program(
  kind: Kind,
  { names = NAMES, interpreter = "/lib/ld.so" }: { names?: readonly string[]; interpreter?: string } = {},
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(END);
  const view = new DataView(bytes.buffer);
  const number = (at: number, value: number) => view.setBigUint64(at, BigInt(value), true);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1]);
  view.setUint16(18, kind.machine, true);
  number(32, 64);
  const segments = [[1, 0, END], [3, INTERP, 0x40], [2, DYNAMIC, 0x80], [4, INTERP, 0x10]] as const;
  view.setUint16(56, segments.length, true);
  segments.forEach(([type, offset, size], index) => {
    const at = 64 + 56 * index;
    view.setUint32(at, type, true);
    [offset, BASE + offset, BASE + offset, size, size, type === 1 ? kind.align : 8].forEach((value, field) =>
      number(at + 8 + 8 * field, value)
    );
  });
  bytes.set(new TextEncoder().encode(interpreter), INTERP);
  const functions = names.filter((name) => name !== "environ");
  const tables = [
    [5, BASE + STRINGS],
    [6, BASE + SYMBOLS],
    [7, BASE + VARIABLES],
    [8, 24 * (names.length - functions.length)],
    [23, BASE + FUNCTIONS],
    [2, 24 * functions.length],
  ];
  tables.flat().forEach((value, index) => number(DYNAMIC + 8 * index, value));
  let text = 1;
  names.forEach((name, index) => {
    view.setUint32(SYMBOLS + 24 * (index + 1), text, true);
    bytes.set(new TextEncoder().encode(name), STRINGS + text);
    text += name.length + 1;
    const nth = functions.indexOf(name);
    const slot = BASE + GOT + 8 * index;
    const relocation = nth < 0 ? VARIABLES : FUNCTIONS + 24 * nth;
    number(relocation, slot);
    view.setUint32(relocation + 8, kind.types[nth < 0 ? 1 : 0], true);
    view.setUint32(relocation + 12, index + 1, true);
    if (nth < 0) return;
    const stub = PLT + 32 + 16 * nth;
    kind.stub(BASE + stub, slot).forEach((word, at) => view.setUint32(stub + 4 * at, word, true));
    number(GOT + 8 * index, kind.held(BASE + stub));
  });
  return bytes;
}

/** What becomes of a file: its bytes, and the name of the architecture, or the error. */
function changed(bytes: Uint8Array): { readonly bytes: Uint8Array; readonly name: string | null | Error } {
  const directory = mkdtempSync(join(tmpdir(), "sremote-elf-"));
  const file = join(directory, "program");
  try {
    writeFileSync(file, bytes);
    let name: string | null | Error;
    try {
      name = startConfined(file);
    } catch (error) {
      assert.ok(error instanceof Error);
      name = error;
    }
    return { bytes: new Uint8Array(readFileSync(file)), name };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

const hex = (bytes: Uint8Array) => Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");

/** As `objdump` takes it apart, and as it was run: natively, and under qemu with a `pthread_getattr_np` that fails. */
const CODE = {
  x64: `
    53 4889f3 ff1586f8ffff 85c0 741c 488b3583f8ffff 488b36 ba00008000 4829d6 4889df 5b ff255ef8ffff 5b c3 00000000
    4889f0 48c1e81e 743e 57 56 51 4883ec10 b861000000 bf09000000 4889e6 0f05 488b0424 4883c410 59 5e 5f
    48c1e81d 741d 48c1e803 4989f2 49c1ea1e 4939c2 7607
    48c7c600f0ffff ff2503f8ffff
    bf02000000 488d35f7feffff ba7f000000 b801000000 0f05 bf01000000 b8e7000000 0f05`,
  arm64: `
    fd7bbea9 fd030091 e10b00f9 90ffff90 118a44f9 10422491 20023fd6 e30b40f9 fd7bc2a8 60010034
    81ffff90 218c44f9 210040f9 0210a0d2 210002cb e00303aa 90ffff90 118644f9 10222491 20021fd6
    c0035fd6
    00000000 00000000 00000000
    30fc5ed3 500200b4 e90300aa ea0301aa ff4300d1 200180d2 e1030091 681480d2 010000d4 eb0741f8
    e00309aa e1030aaa 70fd5dd3 500100b4 70fd60d3 31fc5ed3 3f0210eb 49000054 e1ff8192 90ffff90
    118244f9 10022491 20021fd6 400080d2 01000090 21000091 e20f80d2 080880d2 010000d4 200080d2
    c80b80d2 010000d4`,
};

for (const name of ["x64", "arm64"] as const) {
  Deno.test(`confined: a program for ${name} calls the two functions in a new segment`, () => {
    const kind = KINDS[name];
    const before = program(kind);
    const now = changed(before);
    assert.equal(now.name, name);
    const view = new DataView(now.bytes.buffer);

    // The segment has the header of the note, and the addresses and offsets that the kernel asks for.
    const header = 64 + 56 * 3;
    const field = (at: number) => Number(view.getBigUint64(header + at, true));
    const [offset, address, size] = [field(8), field(16), field(32)];
    assert.deepEqual([view.getUint32(header, true), view.getUint32(header + 4, true)], [1, 5]);
    assert.deepEqual([field(40), field(48)], [size, kind.align]);
    assert.ok(address >= BASE + END && address % kind.align === 0 && offset % kind.align === 0);
    assert.ok(offset >= before.length && offset + size === now.bytes.length);

    const segment = now.bytes.subarray(offset);
    assert.match(new TextDecoder().decode(segment), /^Error: cannot start: .*\nNext: .*\n\0/);
    assert.equal(hex(segment.subarray(0x80)), CODE[name].replaceAll(/\s/g, ""));

    // Only the first instructions of two stubs have changed; each is a jump to its function.
    for (const [index, to] of [[0, 0xb0], [2, 0x80]] as const) {
      const stub = PLT + 32 + 16 * index;
      const distance = name === "x64"
        ? view.getInt32(stub + 1, true) + 5
        : (view.getInt32(stub, true) << 6 >> 6) * 4;
      assert.equal(now.bytes[stub + (name === "x64" ? 0 : 3)], name === "x64" ? 0xe9 : 0x14);
      const expected = name === "x64" ? to : to === 0xb0 ? 0xe0 : to;
      assert.equal(BASE + stub + distance, address + expected);
      now.bytes.set(before.subarray(stub, stub + 6), stub);
    }
    now.bytes.set(before.subarray(header, header + 56), header);
    assert.deepEqual(now.bytes.subarray(0, before.length), before);
  });

  Deno.test(`confined: a program for ${name} that is not as expected is refused, and stays unchanged`, () => {
    const unlike: [Uint8Array, RegExp][] = NAMES.map((missing) => [
      program(KINDS[name], { names: NAMES.filter((one) => one !== missing) }),
      RegExp(`: the runtime does not use ${missing}$`),
    ]);
    for (const index of [0, 2]) {
      const other = program(KINDS[name]);
      other[PLT + 32 + 16 * index + 1]! ^= 1;
      unlike.push([other, /: no stub for slot \d$/]);
    }
    const machine = program(KINDS[name]);
    machine[18] = 243;
    unlike.push([machine, /: machine 243 is not supported$/]);
    for (const [bytes, why] of unlike) {
      const now = changed(bytes);
      assert.ok(now.name instanceof Error);
      assert.match(now.name.message, why);
      assert.deepEqual(now.bytes, bytes);
    }
  });
}

Deno.test("confined: a program for musl or another system stays unchanged", () => {
  const musl = program(KINDS.x64, { interpreter: "/lib/ld-musl-x86_64.so.1" });
  const mac = Uint8Array.of(0xcf, 0xfa, 0xed, 0xfe, 7, 0, 0, 1);
  for (const bytes of [musl, mac]) assert.deepEqual(changed(bytes), { bytes, name: null });
});
