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
 *         if (length / 1 GiB > limit.rlim_cur / 4 GiB) length = -4096; // more than there is: ENOMEM
 *       }
 *       return glibc_mmap(address, length, protection, flags, fd, offset);
 *     }
 *
 * JavaScriptCore asks `pthread_getattr_np` for the stack of the main thread. glibc looks for its end in `/proc/self/maps`
 * and fails without it; JavaScriptCore ignores that, takes 0 for the end, and aborts. Of the answer it uses only where the
 * stack ends, and of that only what is below `environ`, which the kernel puts right above the stack (`StackBounds.cpp` of
 * Bun's WebKit): with this answer it comes to the same addresses as with `/proc`.
 *
 * The runtime reserves 10 GiB of addresses: 1 for memory, 1 for compiled code, 8 for the layouts of objects. It does without
 * what it does not get, and halves the last until it does; but where what it gets leaves it less than 0.4 GiB, it aborts or
 * waits forever. So none of them may take more than a quarter of the limit, counted in whole GiB.
 *
 * Addresses and names are those in the binary, whatever the version of Bun; what is not as expected fails the compilation.
 * A binary for musl, which does not read `/proc`, or for another system stays unchanged.
 */
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { type Architecture, ARCHITECTURES, Code, TOO_SMALL } from "./confined_code.ts";

const PT_LOAD = 1, PT_DYNAMIC = 2, PT_INTERP = 3, PT_NOTE = 4;
const DT_STRTAB = 5, DT_SYMTAB = 6, DT_RELA = 7, DT_RELASZ = 8, DT_JMPREL = 23, DT_PLTRELSZ = 2;
/** The size of a program header, a dynamic entry, a relocation with addend and a symbol, in bytes (elf(5)). */
const PHDR = 56, DYN = 16, RELA = 24, SYM = 24;

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
