/**
 * Lets Bun's runtime start where glibc and JavaScriptCore give it up: where `/proc` is not mounted, as in chroots and image
 * builds, and where `ulimit -v` limits the address space, as on login nodes.
 *
 * The binary gets two more functions, in a segment of its own, between the runtime and glibc. In C they are:
 *
 *     int pthread_getattr_np(pthread_t thread, pthread_attr_t *attr) {
 *       if (glibc_pthread_getattr_np(thread, attr) == 0) return 0;
 *       return pthread_attr_setstack(attr, (char *)environ - STACK, STACK);
 *     }
 *
 *     void *mmap(void *address, size_t length, int protection, int flags, int fd, off_t offset) {
 *       struct rlimit limit;
 *       if (length >= 1 GiB) {
 *         getrlimit(RLIMIT_AS, &limit);
 *         if (limit.rlim_cur < 512 MiB) { write(2, TOO_SMALL, sizeof TOO_SMALL); exit_group(1); }
 *         if (limit.rlim_cur < 16 GiB) length = -4096; // not available: MAP_FAILED and ENOMEM
 *       }
 *       return glibc_mmap(address, length, protection, flags, fd, offset);
 *     }
 *
 * JavaScriptCore asks `pthread_getattr_np` for the stack of the main thread. glibc looks for its end in `/proc/self/maps`
 * and fails without it; JavaScriptCore ignores that, takes 0 for the end, and aborts. Of the answer it uses only where the
 * stack ends, and of that only what is below `environ`, which the kernel puts right above the stack (`StackBounds.cpp` of
 * Bun's WebKit): with this answer it comes to the same addresses as with `/proc`.
 *
 * The runtime reserves 10 GiB of addresses in three parts, and does without each that it does not get; but it aborts or
 * waits forever where the parts that it gets leave it less than 0.4 GiB. Without all three, more is always better.
 *
 * Addresses and names are those in the binary, whatever the version of Bun; what is not as expected fails the compilation.
 * A binary for musl, which does not read `/proc`, or for another system stays unchanged.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";

/** The size that is given for the stack, 8 MiB. JavaScriptCore does not use it: it asks `getrlimit`. */
const STACK = 0x80_0000;

const TOO_SMALL = `Error: cannot start: the address space is limited to less than 512 MiB
Next: Raise the limit, such as with "ulimit -v 1000000"
`;

const PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3, PT_NOTE = 4;
const DT_STRTAB = 5, DT_SYMTAB = 6, DT_RELA = 7, DT_RELASZ = 8, DT_JMPREL = 23, DT_PLTRELSZ = 2;
/** The size of a program header, a dynamic entry, a relocation with addend and a symbol, in bytes (elf(5)). */
const PHDR = 56, DYN = 16, RELA = 24, SYM = 24;

/** The slots of the global offset table that hold the addresses of glibc's functions and of `environ`. */
interface Slots {
  readonly getattr: number;
  readonly setstack: number;
  readonly mmap: number;
  readonly environ: number;
}

/** Little-endian 32-bit words as bytes. */
function words(...values: readonly number[]): number[] {
  return values.flatMap((value) => [value, value >> 8, value >> 16, value >> 24].map((byte) => byte & 0xff));
}

/** Machine code at an address. */
class Code {
  private readonly bytes: number[] = [];
  private readonly open: { readonly label: string; readonly fill: (to: number) => void }[] = [];
  private readonly labels = new Map<string, number>();

  constructor(private readonly start: number) {}

  /** The address of what comes next. */
  get here(): number {
    return this.start + this.bytes.length;
  }

  put(...bytes: readonly number[]): void {
    this.bytes.push(...bytes);
  }

  /** An x64 instruction that ends in the distance from its end to an address, in 32 bits. */
  toward(to: number, ...bytes: readonly number[]): void {
    this.put(...bytes, ...words(to - (this.here + bytes.length + 4)));
  }

  label(name: string): void {
    this.labels.set(name, this.here);
  }

  /** A branch to a label: `make` gets the distance from its beginning and gives `size` bytes. */
  branch(label: string, size: number, make: (distance: number) => readonly number[]): void {
    const [at, from] = [this.bytes.length, this.here];
    this.put(...Array<number>(size).fill(0));
    this.open.push({ label, fill: (to) => this.bytes.splice(at, size, ...make(to - from)) });
  }

  finish(): Uint8Array<ArrayBuffer> {
    for (const { label, fill } of this.open) {
      const to = this.labels.get(label);
      if (to === undefined) throw new Error(`no label ${label}`);
      fill(to);
    }
    return Uint8Array.from(this.bytes);
  }
}

interface Architecture {
  readonly name: string;
  /** The types of the relocations of a function's slot and of a variable's. */
  readonly jumpSlot: number;
  readonly globDat: number;
  /** The address of the stub in `.plt` that jumps to what a slot holds, from what the slot holds in the file. */
  readonly stub: (held: number, index: number) => number;
  /** The first bytes of that stub. */
  readonly stubCode: (at: number, slot: number) => readonly number[];
  /** What replaces its first instruction: a jump. */
  readonly jump: (at: number, to: number) => readonly number[];
  readonly getattr: (code: Code, slots: Slots) => void;
  /** @param text the address of {@link TOO_SMALL} */
  readonly mmap: (code: Code, slots: Slots, text: number) => void;
}

/** `jz` and `jnz`, with a distance of one byte. */
const jz = (code: Code, label: string) => code.branch(label, 2, (distance) => [0x74, distance - 2]);
const jnz = (code: Code, label: string) => code.branch(label, 2, (distance) => [0x75, distance - 2]);

const X64: Architecture = {
  name: "x64",
  jumpSlot: 7,
  globDat: 6,
  // A slot is bound at the first call: until then it holds the address of the stub's second instruction.
  stub: (held) => held - 6,
  stubCode: (at, slot) => [0xff, 0x25, ...words(slot - (at + 6))], // jmp [rip + slot]
  jump: (at, to) => [0xe9, ...words(to - (at + 5)), 0x90], //         jmp to; nop
  getattr(code, slots) {
    code.put(0x53); //                                push rbx
    code.put(0x48, 0x89, 0xf3); //                    mov rbx, rsi           ; attr
    code.toward(slots.getattr, 0xff, 0x15); //        call [rip + getattr]
    code.put(0x85, 0xc0); //                          test eax, eax
    jz(code, "done"); //                              jz done
    code.toward(slots.environ, 0x48, 0x8b, 0x35); //  mov rsi, [rip + environ]
    code.put(0x48, 0x8b, 0x36); //                    mov rsi, [rsi]
    code.put(0xba, ...words(STACK)); //               mov edx, STACK
    code.put(0x48, 0x29, 0xd6); //                    sub rsi, rdx
    code.put(0x48, 0x89, 0xdf); //                    mov rdi, rbx
    code.put(0x5b); //                                pop rbx
    code.toward(slots.setstack, 0xff, 0x25); //       jmp [rip + setstack]
    code.label("done");
    code.put(0x5b); //                                pop rbx
    code.put(0xc3); //                                ret
  },
  mmap(code, slots, text) {
    code.put(0x48, 0x89, 0xf0); //                    mov rax, rsi           ; length
    code.put(0x48, 0xc1, 0xe8, 30); //                shr rax, 30
    jz(code, "real"); //                              jz real
    code.put(0x57, 0x56, 0x51); //                    push rdi; push rsi; push rcx
    code.put(0x48, 0x83, 0xec, 16); //                sub rsp, 16
    code.put(0xb8, ...words(97)); //                  mov eax, 97            ; getrlimit
    code.put(0xbf, ...words(9)); //                   mov edi, 9             ; RLIMIT_AS
    code.put(0x48, 0x89, 0xe6); //                    mov rsi, rsp
    code.put(0x0f, 0x05); //                          syscall
    code.put(0x48, 0x8b, 0x04, 0x24); //              mov rax, [rsp]         ; rlim_cur
    code.put(0x48, 0x83, 0xc4, 16); //                add rsp, 16
    code.put(0x59, 0x5e, 0x5f); //                    pop rcx; pop rsi; pop rdi
    code.put(0x48, 0xc1, 0xe8, 29); //                shr rax, 29
    jz(code, "small"); //                             jz small
    code.put(0x48, 0xc1, 0xe8, 5); //                 shr rax, 5
    jnz(code, "real"); //                             jnz real
    code.put(0x48, 0xc7, 0xc6, ...words(-4096)); //   mov rsi, -4096
    code.label("real");
    code.toward(slots.mmap, 0xff, 0x25); //           jmp [rip + mmap]
    code.label("small");
    code.put(0xbf, ...words(2)); //                   mov edi, 2             ; stderr
    code.toward(text, 0x48, 0x8d, 0x35); //           lea rsi, [rip + text]
    code.put(0xba, ...words(TOO_SMALL.length)); //    mov edx, LENGTH
    code.put(0xb8, ...words(1)); //                   mov eax, 1             ; write
    code.put(0x0f, 0x05); //                          syscall
    code.put(0xbf, ...words(1)); //                   mov edi, 1
    code.put(0xb8, ...words(231)); //                 mov eax, 231           ; exit_group
    code.put(0x0f, 0x05); //                          syscall
  },
};

/** `adrp`: the page of an address into a register. */
function adrp(register: number, at: number, to: number): number {
  const pages = Math.floor(to / 4096) - Math.floor(at / 4096);
  return 0x9000_0000 | (pages & 3) << 29 | (pages >> 2 & 0x7_ffff) << 5 | register;
}
/** `ldr`: what is at an address into a register, the page of the address being in another. */
const ldr = (to: number, page: number, address: number) =>
  0xf940_0000 | (address & 0xff8) << 7 | page << 5 | to;
/** `add`: the address into the register that its page is in. */
const add = (page: number, address: number) => 0x9100_0000 | (address & 0xfff) << 10 | page << 5 | page;
/** The function of a slot into x17 and the slot's address into x16, as the stubs in `.plt` have it. */
const x17 = (at: number, slot: number) => words(adrp(16, at, slot), ldr(17, 16, slot), add(16, slot));
/** `cbz w0`, `cbz x16` and `cbnz x16`. */
const CBZ_W0 = 0x3400_0000, CBZ_X16 = 0xb400_0010, CBNZ_X16 = 0xb500_0010;
const cb = (code: Code, opcode: number, label: string) =>
  code.branch(label, 4, (distance) => words(opcode | distance / 4 << 5));

const ARM64: Architecture = {
  name: "arm64",
  jumpSlot: 1026,
  globDat: 1025,
  // Until the first call a slot holds the address of `.plt`: 32 bytes, and 16 for each stub.
  stub: (held, index) => held + 32 + 16 * index,
  stubCode: x17,
  jump: (at, to) => words(0x1400_0000 | (to - at) / 4 & 0x3ff_ffff), // b to
  getattr(code, slots) {
    code.put(...words(0xa9be_7bfd)); //                   stp x29, x30, [sp, #-32]!
    code.put(...words(0x9100_03fd)); //                   mov x29, sp
    code.put(...words(0xf900_0be1)); //                   str x1, [sp, #16]  ; attr
    code.put(...x17(code.here, slots.getattr)); //        adrp x16; ldr x17; add x16
    code.put(...words(0xd63f_0220)); //                   blr x17
    code.put(...words(0xf940_0be3)); //                   ldr x3, [sp, #16]
    code.put(...words(0xa8c2_7bfd)); //                   ldp x29, x30, [sp], #32
    cb(code, CBZ_W0, "done"); //                          cbz w0, done
    code.put(...words(adrp(1, code.here, slots.environ))); // adrp x1, environ
    code.put(...words(ldr(1, 1, slots.environ))); //      ldr x1, [x1, #environ]
    code.put(...words(0xf940_0021)); //                   ldr x1, [x1]
    code.put(...words(0xd2a0_0002 | STACK >> 16 << 5)); // mov x2, #STACK
    code.put(...words(0xcb02_0021)); //                   sub x1, x1, x2
    code.put(...words(0xaa03_03e0)); //                   mov x0, x3
    code.put(...x17(code.here, slots.setstack)); //       adrp x16; ldr x17; add x16
    code.put(...words(0xd61f_0220)); //                   br x17
    code.label("done");
    code.put(...words(0xd65f_03c0)); //                   ret
  },
  mmap(code, slots, text) {
    code.put(...words(0xd35e_fc30)); //                   lsr x16, x1, #30   ; length
    cb(code, CBZ_X16, "real"); //                         cbz x16, real
    code.put(...words(0xaa00_03e9, 0xaa01_03ea)); //      mov x9, x0; mov x10, x1
    code.put(...words(0xd100_43ff)); //                   sub sp, sp, #16
    code.put(...words(0xd280_0120)); //                   mov x0, #9         ; RLIMIT_AS
    code.put(...words(0x9100_03e1)); //                   mov x1, sp
    code.put(...words(0xd280_1468)); //                   mov x8, #163       ; getrlimit
    code.put(...words(0xd400_0001)); //                   svc #0
    code.put(...words(0xf841_07eb)); //                   ldr x11, [sp], #16 ; rlim_cur
    code.put(...words(0xaa09_03e0, 0xaa0a_03e1)); //      mov x0, x9; mov x1, x10
    code.put(...words(0xd35d_fd70)); //                   lsr x16, x11, #29
    cb(code, CBZ_X16, "small"); //                        cbz x16, small
    code.put(...words(0xd345_fe10)); //                   lsr x16, x16, #5
    cb(code, CBNZ_X16, "real"); //                        cbnz x16, real
    code.put(...words(0x9281_ffe1)); //                   mov x1, #-4096
    code.label("real");
    code.put(...x17(code.here, slots.mmap)); //           adrp x16; ldr x17; add x16
    code.put(...words(0xd61f_0220)); //                   br x17
    code.label("small");
    code.put(...words(0xd280_0040)); //                   mov x0, #2         ; stderr
    code.put(...words(adrp(1, code.here, text), add(1, text))); // adrp x1, text; add x1
    code.put(...words(0xd280_0002 | TOO_SMALL.length << 5)); // mov x2, #LENGTH
    code.put(...words(0xd280_0808)); //                   mov x8, #64        ; write
    code.put(...words(0xd400_0001)); //                   svc #0
    code.put(...words(0xd280_0020)); //                   mov x0, #1
    code.put(...words(0xd280_0bc8)); //                   mov x8, #94        ; exit_group
    code.put(...words(0xd400_0001)); //                   svc #0
  },
};

/** By the machine in the ELF header. */
const ARCHITECTURES: Readonly<Record<number, Architecture>> = { 62: X64, 183: ARM64 };

interface Segment {
  readonly type: number;
  /** Where its header is in the file. */
  readonly header: number;
  readonly offset: number;
  readonly address: number;
  readonly fileSize: number;
  readonly memorySize: number;
  readonly align: number;
}

/** Reads of an ELF file what is needed, by addresses. */
class Elf {
  readonly machine: number;
  readonly segments: readonly Segment[];

  /** The size of the file, in bytes. */
  readonly size: number;

  constructor(private readonly fd: number) {
    this.size = fstatSync(fd).size;
    const header = this.at(0, 64);
    if (header.getUint32(0) !== 0x7f45_4c46 || header.getUint16(4) !== 0x0201) {
      throw new Error("not a 64-bit little-endian ELF file");
    }
    this.machine = header.getUint16(18, true);
    const start = number(header, 32);
    this.segments = Array.from({ length: header.getUint16(56, true) }, (_, index) => {
      const place = start + index * PHDR;
      const read = this.at(place, PHDR);
      return {
        type: read.getUint32(0, true),
        header: place,
        offset: number(read, 8),
        address: number(read, 16),
        fileSize: number(read, 32),
        memorySize: number(read, 40),
        align: number(read, 48),
      };
    });
  }

  at(offset: number, size: number): DataView {
    const bytes = new Uint8Array(size);
    if (readSync(this.fd, bytes, 0, size, offset) !== size) throw new Error("the file ends early");
    return new DataView(bytes.buffer);
  }

  only(type: number): Segment {
    const [found, another] = this.segments.filter((one) => one.type === type);
    if (found === undefined || another !== undefined) throw new Error(`not one segment of type ${type}`);
    return found;
  }

  offsetOf(address: number): number {
    const found = this.segments.find((one) =>
      one.type === PT_LOAD && address >= one.address && address < one.address + one.fileSize
    );
    if (found === undefined) throw new Error(`nothing at address ${address.toString(16)}`);
    return address - found.address + found.offset;
  }

  text(offset: number, size: number): string {
    const read = this.at(offset, Math.min(size, this.size - offset));
    const text = new TextDecoder("latin1").decode(read);
    return text.slice(0, Math.max(text.indexOf("\0"), 0));
  }
}

/** A 64-bit number; those of a binary are below 2^53. */
function number(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

/** A slot, and the number of its function among all. */
interface Import {
  readonly slot: number;
  readonly index: number;
}

/** Finds the slot of a symbol by its name. */
function imports(elf: Elf): (name: string, type: number, functions: boolean) => Import {
  const { offset, fileSize } = elf.only(PT_DYNAMIC);
  const read = elf.at(offset, fileSize);
  const dynamic = new Map<number, number>();
  for (let at = 0; at + DYN <= fileSize && number(read, at) !== 0; at += DYN) {
    dynamic.set(number(read, at), number(read, at + 8));
  }
  const entry = (tag: number) => {
    const value = dynamic.get(tag);
    if (value === undefined) throw new Error(`no entry ${tag} in the dynamic section`);
    return value;
  };
  return (wanted, type, functions) => {
    const [table, size] = functions ? [DT_JMPREL, DT_PLTRELSZ] : [DT_RELA, DT_RELASZ];
    const all = elf.at(elf.offsetOf(entry(table)), entry(size));
    for (let at = 0; at + RELA <= all.byteLength; at += RELA) {
      if (all.getUint32(at + 8, true) !== type) continue;
      const symbol = elf.at(elf.offsetOf(entry(DT_SYMTAB) + all.getUint32(at + 12, true) * SYM), 4);
      const name = elf.text(elf.offsetOf(entry(DT_STRTAB) + symbol.getUint32(0, true)), wanted.length + 1);
      if (name === wanted) return { slot: number(all, at), index: at / RELA };
    }
    throw new Error(`the runtime does not use ${wanted}`);
  };
}

/** The address of the stub through which the runtime calls an imported function. */
function stubOf(elf: Elf, architecture: Architecture, { slot, index }: Import): number {
  const stub = architecture.stub(number(elf.at(elf.offsetOf(slot), 8), 0), index);
  const expected = architecture.stubCode(stub, slot);
  const found = elf.at(elf.offsetOf(stub), expected.length);
  if (expected.some((byte, at) => byte !== found.getUint8(at))) throw new Error(`no stub for slot ${index}`);
  return stub;
}

/** What is written, and where in the file. */
type Change = readonly [offset: number, bytes: Uint8Array];

function changesFor(elf: Elf, architecture: Architecture): readonly Change[] {
  const find = imports(elf);
  const getattr = find("pthread_getattr_np", architecture.jumpSlot, true);
  const mmap = find("mmap", architecture.jumpSlot, true);
  const slots = {
    getattr: getattr.slot,
    mmap: mmap.slot,
    setstack: find("pthread_attr_setstack", architecture.jumpSlot, true).slot,
    environ: find("environ", architecture.globDat, false).slot,
  };
  const loads = elf.segments.filter(({ type }) => type === PT_LOAD);
  const align = Math.max(...loads.map((one) => one.align));
  const up = (value: number) => Math.ceil(value / align) * align;
  const address = up(Math.max(...loads.map((one) => one.address + one.memorySize)));
  const place = up(elf.size);

  const code = new Code(address);
  code.put(...new TextEncoder().encode(TOO_SMALL));
  while (code.here % 16 !== 0) code.put(0);
  const newGetattr = code.here;
  architecture.getattr(code, slots);
  while (code.here % 16 !== 0) code.put(0);
  const newMmap = code.here;
  architecture.mmap(code, slots, address);
  const segment = code.finish();

  // The segment takes the header of a note, the build ID, which nothing reads: there is no room for one more.
  const header = new DataView(new ArrayBuffer(PHDR));
  header.setUint32(0, PT_LOAD, true);
  header.setUint32(4, 5, true); // read and execute
  const fields = [place, address, address, segment.length, segment.length, align];
  fields.forEach((value, at) => header.setBigUint64(8 + 8 * at, BigInt(value), true));
  const jump = (stub: number, to: number): Change => [
    elf.offsetOf(stub),
    Uint8Array.from(architecture.jump(stub, to)),
  ];
  return [
    [place, segment],
    [elf.only(PT_NOTE).header, new Uint8Array(header.buffer)],
    jump(stubOf(elf, architecture, getattr), newGetattr),
    jump(stubOf(elf, architecture, mmap), newMmap),
  ];
}

/**
 * Changes a compiled binary so that it starts without `/proc` and with a limited address space.
 * @returns the name of the architecture; null for a binary that stays unchanged: not of Linux, or for musl
 * @throws if the binary is for glibc and not as expected
 */
export function startConfined(file: string): string | null {
  const fd = openSync(file, "r+");
  try {
    const magic = new Uint8Array(4);
    readSync(fd, magic, 0, 4, 0);
    if (String.fromCharCode(...magic) !== "\x7fELF") return null;
    const elf = new Elf(fd);
    const { offset, fileSize } = elf.only(PT_INTERP);
    if (elf.text(offset, fileSize).includes("musl")) return null;
    const architecture = ARCHITECTURES[elf.machine];
    if (architecture === undefined) throw new Error(`machine ${elf.machine} is not supported`);
    for (const [at, bytes] of changesFor(elf, architecture)) {
      if (writeSync(fd, bytes, 0, bytes.length, at) !== bytes.length) {
        throw new Error("was not written whole");
      }
    }
    return architecture.name;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(`cannot change ${file}, so that it starts without /proc: ${why}`);
  } finally {
    closeSync(fd);
  }
}
