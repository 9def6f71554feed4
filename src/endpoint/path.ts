/**
 * The path from a server's certificate to a trusted one, as Go's `crypto/x509` finds it: a server may send certificates in any
 * order, and others that have nothing to do with its own, so only those on a path are judged. A trusted certificate ends a
 * path, whatever its kind, and its own signature does not matter.
 */
import { type Certificate, isFor, isForServers, readCertificate } from "./certificate.ts";

/** A code of Node's for a certificate of another host, and our own for what only Go refuses. */
export type Objection =
  | "ERR_TLS_CERT_ALTNAME_INVALID"
  | "ERR_TLS_CERT_NO_NAMES"
  | "ERR_TLS_CERT_WEAK_SIGNATURE"
  | "ERR_TLS_CERT_UNREADABLE"
  | "CERT_UNTRUSTED";

/** What decides about a path. */
export interface Anchors {
  /** The trusted certificates, by their subjects (see `DistinguishedName.der`). */
  readonly bySubject: ReadonlyMap<string, readonly Certificate[]>;
  /** Whether the key of the second certificate signed the first. */
  signed(certificate: Certificate, issuer: Certificate): boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** A server's certificate, its issuer, and so on. */
export interface Path {
  readonly certificates: readonly Certificate[];
  /** Whether the last certificate is trusted. */
  readonly trusted: boolean;
}

/** Certificates of one path: no authority has more than four levels. */
const LENGTH = 20;
/** Certificates looked at in search of a path, for a server may send hundreds with the same name. */
const STEPS = 1_000;
/** Signatures that are verified in search of a path: as many as in Go. */
const SIGNATURES = 100;

/** The trusted certificates by their subjects. */
export function bySubject(certificates: readonly (Certificate | null)[]): Anchors["bySubject"] {
  return Map.groupBy(certificates.filter((one) => one !== null), (one) => one.subject.der);
}

/**
 * Why Go would refuse a chain that the TLS library has verified; null: it would not. The library does not say by which path:
 * one without weak signatures must exist. If a weak one was sent, the library may have gone by it, so everything about the
 * other path is verified here.
 * @param host a host name or an IP address without brackets
 * @param chain the certificates in DER, as sent: the server's own first
 */
export function objectionTo(
  host: string,
  chain: readonly Uint8Array[],
  trust: () => Anchors,
): Objection | null {
  const [own, ...others] = chain.map(readCertificate);
  if (own === undefined || own === null) return "ERR_TLS_CERT_UNREADABLE";
  if (!isFor(own, host)) {
    return own.names.length === 0 && own.addresses.length === 0
      ? "ERR_TLS_CERT_NO_NAMES"
      : "ERR_TLS_CERT_ALTNAME_INVALID";
  }
  const sent = others.filter((one) => one !== null);
  // Go reads all of them before it looks for a path.
  if (sent.length < others.length) return "ERR_TLS_CERT_UNREADABLE";
  const anchors = trust();
  const paths = Array.from(pathsFrom(own, sent, anchors)).filter((one) => one.trusted);
  const isDoubtful = [own, ...sent].some((one) => one.weak !== null && !isAnchor(one, anchors));
  const signed = countedBy(anchors);
  const isSound = (path: Path) =>
    weakOn(path) === null && (!isDoubtful || faultOn(path, { ...anchors, signed }) === null);
  if (paths.some(isSound)) return null;
  return paths.some((one) => weakOn(one) !== null) ? "ERR_TLS_CERT_WEAK_SIGNATURE" : "CERT_UNTRUSTED";
}

/** The verification of signatures, each once, and only so many: none of the others counts as verified. */
function countedBy({ signed }: Anchors): Anchors["signed"] {
  const known = new Map<Certificate, Map<Certificate, boolean>>();
  let left = SIGNATURES;
  return (certificate, issuer) => {
    const issuers = known.get(certificate) ?? new Map<Certificate, boolean>();
    known.set(certificate, issuers);
    let its = issuers.get(issuer);
    if (its === undefined) {
      its = left-- > 0 && signed(certificate, issuer);
      issuers.set(issuer, its);
    }
    return its;
  };
}

/** The path that a message is about: the best one there is. */
export function bestPath(
  own: Certificate,
  sent: readonly Certificate[],
  anchors: Anchors,
): Path {
  const signed = countedBy(anchors);
  const rank = (path: Path) => {
    const fault = faultOn(path, { ...anchors, signed });
    if (!path.trusted) return 4;
    return fault?.kind === "signature" ? 3 : fault !== null ? 2 : weakOn(path) !== null ? 1 : 0;
  };
  const ranked = Array.from(pathsFrom(own, sent, anchors), (path) => ({ path, rank: rank(path) }));
  ranked.sort((a, b) => a.rank - b.rank || b.path.certificates.length - a.path.certificates.length);
  const [best] = ranked;
  // Another certificate of the same name may be trusted.
  const isOwnIssuer = isSelfIssued(own) && signed(own, own);
  return best === undefined || best.rank > 2 && isOwnIssuer
    ? { certificates: [own], trusted: false }
    : best.path;
}

/** All paths by names, those to a trusted certificate and those that end before. */
function* pathsFrom(
  own: Certificate,
  sent: readonly Certificate[],
  anchors: Anchors,
): Iterable<Path> {
  if (isAnchor(own, anchors)) return yield { certificates: [own], trusted: true };
  const issuers = bySubject(sent);
  let left = STEPS;
  function* above(path: readonly Certificate[]): Iterable<Path> {
    const { der } = path.at(-1)!.issuer;
    let found = false;
    for (const one of anchors.bySubject.get(der) ?? []) {
      found = true;
      yield { certificates: [...path, one], trusted: true };
    }
    for (const one of issuers.get(der) ?? []) {
      if (left-- <= 0) return;
      if (isAnchor(one, anchors) || path.some((its) => isSame(its, one)) || path.length >= LENGTH) continue;
      found = true;
      yield* above([...path, one]);
    }
    if (!found) yield { certificates: path, trusted: false };
  }
  yield* above([own]);
}

function isAnchor(one: Certificate, { bySubject }: Anchors): boolean {
  return bySubject.get(one.subject.der)?.some((its) => isSame(its, one)) ?? false;
}

function isSame(one: Certificate, other: Certificate): boolean {
  return one.key === other.key && one.subject.der === other.subject.der;
}

/** The first certificate of a path whose weak signature matters; null: none. */
export function weakOn({ certificates, trusted }: Path): Certificate | null {
  // If the last one issued itself, it is what a user would trust.
  return certificates.find((one, at) =>
    one.weak !== null && !(at === certificates.length - 1 && (trusted || isSelfIssued(one)))
  ) ?? null;
}

/** Whether a certificate names itself as its issuer. */
export function isSelfIssued({ issuer, subject }: Certificate): boolean {
  return issuer.der === subject.der;
}

/** What is wrong with a certificate of a path, besides a weak signature. */
export interface Fault {
  readonly of: Certificate;
  readonly kind:
    | "expired"
    | "early"
    | "no-authority"
    | "no-signing"
    | "purpose"
    | "depth"
    | "critical"
    | "names"
    | "signature";
}

/**
 * The first fault of a path, from the server's certificate up; null: none. Names that an authority limits are not compared:
 * that it does so is the fault, and the last one.
 */
export function faultOn(
  { certificates, trusted }: Path,
  { signed, now }: Omit<Anchors, "bySubject">,
): Fault | null {
  let limiting: Certificate | null = null;
  for (const [at, one] of certificates.entries()) {
    const isLast = trusted && at === certificates.length - 1;
    const kind = one.until < now
      ? "expired"
      : one.from > now
      ? "early"
      : one.unknown !== null
      ? "critical"
      : !isForServers(one)
      ? "purpose"
      : at > 0 && (one.authority === false || one.authority === null && !isLast)
      ? "no-authority"
      : at > 0 && !one.signs
      ? "no-signing"
      : at > 0 && one.depth !== null && at - 1 > one.depth
      ? "depth"
      : certificates[at + 1] !== undefined && !signed(one, certificates[at + 1]!)
      ? "signature"
      : null;
    if (kind !== null) return { of: one, kind };
    if (at > 0 && one.constrained) limiting ??= one;
  }
  return limiting === null ? null : { of: limiting, kind: "names" };
}
