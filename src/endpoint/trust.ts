/**
 * The trusted certificate authorities: the system's, found as Go's `crypto/x509` finds them (`root_linux.go`, `root_unix.go`),
 * and files that users add.
 */
import { join, resolve } from "node:path";
import { Failure } from "../base/failure.ts";
import { io, reasonOf } from "../base/io.ts";
import { AUTHORITIES_BYTES, AUTHORITIES_FILES } from "../base/limits.ts";
import { codeOf } from "../base/errno.ts";
import type { World } from "../world.ts";
import { readCertificate } from "./certificate.ts";

/** Bundles of the system, in Go's order. */
const STORES = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Gentoo
  "/etc/pki/tls/certs/ca-bundle.crt", // Fedora, RHEL 6
  "/etc/ssl/ca-bundle.pem", // openSUSE
  "/etc/pki/tls/cacert.pem", // OpenELEC
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // CentOS, RHEL 7
  "/etc/ssl/cert.pem", // Alpine, macOS
];

/** Directories of the system. */
const DIRECTORIES = ["/etc/ssl/certs", "/etc/pki/tls/certs"];

/** The system's certificate store. */
export interface SystemStore {
  /** The bundle, or the directory if there is no bundle; null: there is neither. */
  readonly file: string | null;
  readonly certificates: readonly string[];
  /** Those of the system's directories, which are read only if the others do not suffice. */
  more(): readonly string[];
}

/** What a warning is about: a variable of the environment, a file of the system, or a block of a file. */
export type WarningKind = "variable" | "file" | "block";

/** Tells the user about a certificate that is skipped, or a file that cannot be read. */
export type Warn = (message: string, kind: WarningKind) => void;

/**
 * Reads the system's store: the bundle of `SSL_CERT_FILE`, or the first of the usual ones; and each directory of
 * `SSL_CERT_DIR`, which `:` separates, or the usual ones. A block that is not a certificate is skipped.
 */
export function systemStore(
  { files, here }: Pick<World, "files" | "here">,
  warn: Warn = () => {},
): SystemStore {
  const [bundle, directories] = [here.env("SSL_CERT_FILE"), here.env("SSL_CERT_DIR")];
  let file: string | null = null;
  const certificates: string[] = [];
  for (const one of bundle ? [bundle] : STORES) {
    try {
      const read = files.read(one, { limit: AUTHORITIES_BYTES });
      if (read === null) {
        if (bundle) warn(`cannot read ${one} of SSL_CERT_FILE: it does not exist`, "variable");
        continue;
      }
      file = one;
      certificates.push(...usable(read.bytes, one, warn));
      break;
    } catch (error) {
      const of = bundle ? " of SSL_CERT_FILE" : "";
      warn(`cannot read ${one}${of}: ${whyNot(error)}`, bundle ? "variable" : "file");
    }
  }
  if (directories) {
    let readable = false;
    for (const one of directories.split(":").filter((one) => one !== "")) {
      const found = inDirectory(files, one, warn);
      if (found === null) continue;
      readable = true;
      file ??= one;
      certificates.push(...found);
    }
    if (!readable) warn(`cannot read any directory of SSL_CERT_DIR (${directories})`, "variable");
    return { file, certificates: unique(certificates), more: () => [] };
  }
  const more = () => {
    // What is wrong in the system's own directories is no concern of most users.
    const found = DIRECTORIES.flatMap((one) => inDirectory(files, one, () => {}) ?? []);
    const known = new Set(certificates);
    return unique(found).filter((one) => !known.has(one));
  };
  if (certificates.length > 0) return { file, certificates: unique(certificates), more };
  const found = more();
  return { file: file ?? (found.length > 0 ? DIRECTORIES[0]! : null), certificates: found, more: () => [] };
}

/** The certificates in the files of a directory; null: it cannot be read. */
function inDirectory(files: World["files"], directory: string, warn: Warn): readonly string[] | null {
  let names;
  try {
    names = files.list(directory);
  } catch {
    return null;
  }
  return names.slice(0, AUTHORITIES_FILES).flatMap((name) => {
    const file = join(directory, name);
    try {
      // OpenSSL's links by hash lead to files of the same directory.
      if (files.stat(file)?.kind === "symlink" && !files.readLink(file)?.includes("/")) return [];
      const read = files.read(file, { limit: AUTHORITIES_BYTES });
      return read === null ? [] : usable(read.bytes, file, warn);
    } catch {
      return [];
    }
  });
}

/**
 * The certificates in a file that the user named.
 * @param beside the directory at which a relative path starts
 * @throws {Failure} io
 */
export function readAuthorities(
  { files }: Pick<World, "files">,
  given: string,
  beside: string,
  warn: Warn = () => {},
): readonly string[] {
  const file = resolve(beside, given);
  let read;
  try {
    read = files.read(file, { limit: AUTHORITIES_BYTES });
  } catch (error) {
    if (codeOf(error) !== "EFBIG") throw io("read the CA certificates in", file, error);
    throw new Failure("io", `cannot read the CA certificates in ${file}: ${whyNot(error)}`, { path: file });
  }
  const found = read === null ? [] : usable(read.bytes, file, warn);
  if (found.length > 0) return found;
  const why = read === null ? "it does not exist" : "it contains no PEM certificate";
  throw new Failure("io", `cannot read the CA certificates in ${file}: ${why}`, {
    path: file,
    next: read === null ? "Check the path" : "Give a file that contains -----BEGIN CERTIFICATE-----",
  });
}

/** Why a file cannot be read; of one that is too large, the limit. */
function whyNot(error: unknown): string {
  if (codeOf(error) !== "EFBIG") return reasonOf(error);
  return `it is larger than ${AUTHORITIES_BYTES / 1024 / 1024} MiB`;
}

function unique(certificates: readonly string[]): readonly string[] {
  return [...new Set(certificates)];
}

/** The certificates of a bundle; each block that is skipped is named. */
function usable(bytes: Uint8Array, file: string, warn: Warn): readonly string[] {
  const { certificates, skipped } = readBundle(new TextDecoder().decode(bytes));
  for (const { block, line, why } of skipped.slice(0, 5)) {
    warn(`skipped block ${block} of ${file} (line ${line}): ${why}`, "block");
  }
  if (skipped.length > 5) warn(`skipped ${skipped.length - 5} more blocks of ${file}`, "block");
  return certificates;
}

/** A block of a bundle that is not a certificate which Go reads. */
export interface SkippedBlock {
  /** Counted from 1, like the line. */
  readonly block: number;
  readonly line: number;
  readonly why: string;
}

/**
 * The certificates in PEM (RFC 7468), each written anew, and the blocks that Go skips. Blocks of other kinds (a key, a
 * revocation list) are neither. One pass, whatever the text.
 */
export function readBundle(
  text: string,
): { readonly certificates: readonly string[]; readonly skipped: readonly SkippedBlock[] } {
  const certificates: string[] = [];
  const skipped: SkippedBlock[] = [];
  let open: { readonly label: string; readonly at: number; readonly body: number } | null = null;
  let [block, line, counted] = [0, 1, 0];
  const skip = (at: number, why: string) => {
    for (let i = text.indexOf("\n", counted); i >= 0 && i < at; i = text.indexOf("\n", counted)) {
      line++;
      counted = i + 1;
    }
    skipped.push({ block, line, why });
  };
  for (const { 0: marker, 1: kind, 2: label = "", index } of text.matchAll(MARKER)) {
    if (open !== null && kind === "BEGIN") {
      skip(open.at, "it has no END line");
      open = null;
    }
    if (kind === "BEGIN") {
      if (!/^(?:TRUSTED |X509 )?CERTIFICATE$/.test(label)) continue;
      block++;
      open = { label, at: index, body: index + marker.length };
      continue;
    }
    if (open === null) continue;
    const { label: its, at, body } = open;
    open = null;
    if (its !== "CERTIFICATE" || label !== its) {
      skip(
        at,
        its === label
          ? `the programs do not read a block of the kind ${its}`
          : "its END line is of another kind",
      );
      continue;
    }
    const base64 = text.slice(body, index).replaceAll(/\s/g, "");
    if (isCertificate(base64)) certificates.push(pem(base64));
    else skip(at, "it is not a certificate");
  }
  if (open !== null) skip(open.at, "it has no END line");
  return { certificates, skipped };
}

/** A marker on a line of its own; the label is bounded. */
const MARKER = /^-----(BEGIN|END) ([A-Z0-9 ]{1,40})-----[ \t]{0,8}\r?$/gm;

function isCertificate(base64: string): boolean {
  const der = bytesOf(base64);
  return der !== null && readCertificate(der) !== null;
}

function pem(base64: string): string {
  return `-----BEGIN CERTIFICATE-----\n${
    base64.replaceAll(/.{64}(?=.)/g, "$&\n")
  }\n-----END CERTIFICATE-----`;
}

/** The bytes of a certificate in PEM, as {@link readBundle} writes it. */
export function derOf(certificate: string): Uint8Array {
  return bytesOf(certificate.replaceAll(/-----[A-Z ]+-----|\s/g, "")) ?? new Uint8Array();
}

function bytesOf(base64: string): Uint8Array | null {
  try {
    return Uint8Array.from(atob(base64), (one) => one.charCodeAt(0));
  } catch {
    return null;
  }
}
