/** The trusted certificate authorities: the system's store, and files that users add. */
import { resolve } from "node:path";
import { Failure } from "../base/failure.ts";
import { io } from "../base/io.ts";
import { AUTHORITIES_BYTES } from "../base/limits.ts";
import { codeOf } from "../base/errno.ts";
import type { World } from "../world.ts";

/** Where systems keep it, in Go's order (crypto/x509, root_linux.go). */
const STORES = [
  "/etc/ssl/certs/ca-certificates.crt", // Debian, Ubuntu, Gentoo
  "/etc/pki/tls/certs/ca-bundle.crt", // Fedora, RHEL 6
  "/etc/ssl/ca-bundle.pem", // openSUSE
  "/etc/pki/tls/cacert.pem", // OpenELEC
  "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // CentOS, RHEL 7
  "/etc/ssl/cert.pem", // Alpine, macOS
];

const CERTIFICATE = /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED )?CERTIFICATE-----/g;

/** The system's certificate store. */
export interface SystemStore {
  /** null: there is none. */
  readonly file: string | null;
  readonly certificates: readonly string[];
}

/** Reads the system's store: `SSL_CERT_FILE`, as in Go and OpenSSL, or the first of the usual places. */
export function systemStore({ files, here }: Pick<World, "files" | "here">): SystemStore {
  const named = here.env("SSL_CERT_FILE");
  for (const file of named ? [named] : STORES) {
    try {
      const read = files.read(file, { limit: AUTHORITIES_BYTES });
      const found = read === null ? [] : certificatesIn(read.bytes);
      if (found.length > 0) return { file, certificates: found };
    } catch { /* try the next one */ }
  }
  return { file: null, certificates: [] };
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
): readonly string[] {
  const file = resolve(beside, given);
  let read;
  try {
    read = files.read(file, { limit: AUTHORITIES_BYTES });
  } catch (error) {
    if (codeOf(error) !== "EISDIR") throw io("read the CA certificates in", file, error);
    throw new Failure("io", `cannot read the CA certificates in ${file}: it is a directory`, { path: file });
  }
  const found = read === null ? [] : certificatesIn(read.bytes);
  if (found.length > 0) return found;
  const why = read === null ? "it does not exist" : "it contains no PEM certificate";
  throw new Failure("io", `cannot read the CA certificates in ${file}: ${why}`, {
    path: file,
    next: "Give a file that contains -----BEGIN CERTIFICATE-----",
  });
}

function certificatesIn(bytes: Uint8Array): readonly string[] {
  return new TextDecoder().decode(bytes).match(CERTIFICATE) ?? [];
}
