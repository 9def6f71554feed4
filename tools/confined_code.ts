/** The machine code of `confined.ts`, for each architecture, with its assembly. */

/** The size that is given for the stack, 8 MiB. JavaScriptCore does not use it: it asks `getrlimit`. */
const STACK = 0x80_0000;

export const TOO_SMALL = `Error: cannot start: the address space is limited to less than 512 MiB
Next: Raise the limit, such as with "ulimit -v 1000000"
`;

/** The slots of the global offset table that hold the addresses of glibc's functions and of `environ`. */
export interface Slots {
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
export class Code {
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

export interface Architecture {
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

/** A conditional jump on x64: `jz` is 0x74, `jbe` is 0x76. */
const short = (code: Code, opcode: number, label: string) =>
  code.branch(label, 2, (distance) => [opcode, distance - 2]);

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
    short(code, 0x74, "done"); //                     jz done
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
    short(code, 0x74, "real"); //                     jz real
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
    short(code, 0x74, "small"); //                    jz small
    code.put(0x48, 0xc1, 0xe8, 3); //                 shr rax, 3             ; in 4 GiB
    code.put(0x49, 0x89, 0xf2); //                    mov r10, rsi
    code.put(0x49, 0xc1, 0xea, 30); //                shr r10, 30            ; in GiB
    code.put(0x49, 0x39, 0xc2); //                    cmp r10, rax
    short(code, 0x76, "real"); //                     jbe real
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
/** `cbz w0`, `cbz x16` and `b.ls`, without the distance. */
const CBZ_W0 = 0x3400_0000, CBZ_X16 = 0xb400_0010, B_LS = 0x5400_0009;
const conditional = (code: Code, opcode: number, label: string) =>
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
    conditional(code, CBZ_W0, "done"); //                 cbz w0, done
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
    conditional(code, CBZ_X16, "real"); //                cbz x16, real
    code.put(...words(0xaa00_03e9, 0xaa01_03ea)); //      mov x9, x0; mov x10, x1
    code.put(...words(0xd100_43ff)); //                   sub sp, sp, #16
    code.put(...words(0xd280_0120)); //                   mov x0, #9         ; RLIMIT_AS
    code.put(...words(0x9100_03e1)); //                   mov x1, sp
    code.put(...words(0xd280_1468)); //                   mov x8, #163       ; getrlimit
    code.put(...words(0xd400_0001)); //                   svc #0
    code.put(...words(0xf841_07eb)); //                   ldr x11, [sp], #16 ; rlim_cur
    code.put(...words(0xaa09_03e0, 0xaa0a_03e1)); //      mov x0, x9; mov x1, x10
    code.put(...words(0xd35d_fd70)); //                   lsr x16, x11, #29
    conditional(code, CBZ_X16, "small"); //               cbz x16, small
    code.put(...words(0xd360_fd70)); //                   lsr x16, x11, #32  ; in 4 GiB
    code.put(...words(0xd35e_fc31)); //                   lsr x17, x1, #30   ; in GiB
    code.put(...words(0xeb10_023f)); //                   cmp x17, x16
    conditional(code, B_LS, "real"); //                   b.ls real
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
export const ARCHITECTURES: Readonly<Record<number, Architecture>> = { 62: X64, 183: ARM64 };
