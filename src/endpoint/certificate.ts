/**
 * X.509 certificates (RFC 5280) as Go's `crypto/x509` judges them, because Singularity and Apptainer do. The TLS library below
 * verifies the chain; what Go refuses and some TLS libraries accept is checked here: a host that only the common name names,
 * and signatures with SHA-1 or MD5. Reads untrusted bytes: every element is looked at once.
 */

/** What is needed of a certificate. */
export interface Certificate {
  /** The algorithm of its signature if Go refuses it; null: any other. */
  readonly weak: "SHA-1" | "MD5" | "MD2" | null;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** The public key, in hexadecimal. */
  readonly key: string;
  /** The time from which, and until which, it is valid: in milliseconds since 1970. */
  readonly from: number;
  readonly until: number;
  /** The DNS names of its subjectAltName. */
  readonly names: readonly string[];
  /** The IP addresses of its subjectAltName, in hexadecimal: 8 or 32 digits. */
  readonly addresses: readonly string[];
  /** What it may be used for, as OIDs; null: for anything. */
  readonly purposes: readonly string[] | null;
}

/** The name of a subject or an issuer. */
export interface DistinguishedName {
  /** For comparisons, in hexadecimal. */
  readonly der: string;
  /** The common name, or else the organization; null: neither is given. */
  readonly text: string | null;
}

/** A code of Node's for a certificate of another host, and our own for what only Go refuses. */
export type Objection =
  | "ERR_TLS_CERT_ALTNAME_INVALID"
  | "ERR_TLS_CERT_NO_NAMES"
  | "ERR_TLS_CERT_WEAK_SIGNATURE"
  | "ERR_TLS_CERT_UNREADABLE";

/** Bytes of one certificate: real ones have 1 to 4 KiB. */
const CERTIFICATE_BYTES = 64 * 1024;

/** The algorithms that Go refuses (RFC 3279 and 5758; the last two are older names of RSA with SHA-1). */
const WEAK: ReadonlyMap<string, "SHA-1" | "MD5" | "MD2"> = new Map([
  ["1.2.840.113549.1.1.2", "MD2"],
  ["1.2.840.113549.1.1.4", "MD5"],
  ["1.2.840.113549.1.1.5", "SHA-1"],
  ["1.2.840.10040.4.3", "SHA-1"],
  ["1.2.840.10045.4.1", "SHA-1"],
  ["1.3.14.3.2.27", "SHA-1"],
  ["1.3.14.3.2.29", "SHA-1"],
]);

const COMMON_NAME = "2.5.4.3";
const ORGANIZATION = "2.5.4.10";
const SUBJECT_ALT_NAME = "2.5.29.17";
const EXTENDED_KEY_USAGE = "2.5.29.37";
const SERVER_PURPOSES: readonly string[] = ["1.3.6.1.5.5.7.3.1", "2.5.29.37.0"];

/** Whether a server may use the certificate. */
export function isForServers({ purposes }: Certificate): boolean {
  return purposes === null || purposes.some((one) => SERVER_PURPOSES.includes(one));
}

/**
 * Why Go would refuse a chain that the TLS library has verified; null: it would not.
 * @param host a host name or an IP address without brackets
 * @param chain the certificates in DER, the server's own first, each followed by its issuer
 * @param trusted the certificates of the trusted authorities, in DER; called only if a signature is weak
 */
export function objectionTo(
  host: string,
  chain: readonly Uint8Array[],
  trusted: () => readonly Uint8Array[],
): Objection | null {
  const read = chain.map(readCertificate);
  const [own] = read;
  if (own === undefined || own === null) return "ERR_TLS_CERT_UNREADABLE";
  if (!isFor(own, host)) {
    return own.names.length === 0 && own.addresses.length === 0
      ? "ERR_TLS_CERT_NO_NAMES"
      : "ERR_TLS_CERT_ALTNAME_INVALID";
  }
  return weakIn(read, trusted) === null ? null : "ERR_TLS_CERT_WEAK_SIGNATURE";
}

/**
 * The first certificate of a chain with a weak signature that matters; null: none. The signature of a trusted authority does
 * not matter, nor does what lies above one.
 */
export function weakIn(
  chain: readonly (Certificate | null)[],
  trusted: () => readonly Uint8Array[],
): Certificate | null {
  let anchors: readonly (Certificate | null)[] | undefined;
  for (const one of chain) {
    if (one === null || one.weak === null) continue;
    anchors ??= trusted().map(readCertificate);
    const isAnchor = anchors.some((its) => its?.key === one.key && its.subject.der === one.subject.der);
    return isAnchor ? null : one;
  }
  return null;
}

/** Whether a certificate is for a host: by its subjectAltName alone, and with `*` only for the first label. */
export function isFor({ names, addresses }: Certificate, host: string): boolean {
  const address = addressOf(host);
  if (address !== null) return addresses.some((one) => shortAddress(one) === address);
  const wanted = host.toLowerCase().replace(/\.$/, "").split(".");
  if (wanted.some((label) => label === "")) return false;
  return names.some((name) => {
    const labels = name.toLowerCase().split(".");
    return labels.length === wanted.length &&
      labels.every((label, at) => label === wanted[at] || at === 0 && label === "*" && labels.length > 1);
  });
}

/** The names and addresses of a certificate, for messages. */
export function namesOf({ names, addresses }: Certificate): readonly string[] {
  return [...names, ...addresses.map(shownAddress)];
}

/** An IP address in hexadecimal; null: the host is a name. */
function addressOf(host: string): string | null {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(host)) {
    return host.split(".").map((one) => Number(one).toString(16).padStart(2, "0")).join("");
  }
  if (!host.includes(":")) return null;
  const [head = "", tail] = (URL.parse(`http://[${host}]/`)?.hostname.slice(1, -1) ?? "").split("::");
  const groups = (part: string) => part === "" ? [] : part.split(":");
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = tail === undefined
    ? []
    : Array<string>(Math.max(0, 8 - before.length - after.length)).fill("0");
  return shortAddress([...before, ...zeros, ...after].map((one) => one.padStart(4, "0")).join(""));
}

/** An IPv4-mapped IPv6 address (RFC 4291, 2.5.5.2) is that IPv4 address. */
function shortAddress(hex: string): string {
  const mapped = `${"0".repeat(20)}ffff`;
  return hex.length === 32 && hex.startsWith(mapped) ? hex.slice(mapped.length) : hex;
}

function shownAddress(hex: string): string {
  if (hex.length === 8) return hex.match(/../g)!.map((one) => parseInt(one, 16)).join(".");
  const text = hex.match(/.{1,4}/g)?.join(":") ?? "";
  return URL.parse(`http://[${text}]/`)?.hostname.slice(1, -1) ?? text;
}

// ---------------------------------------------------------------- DER (X.690)

/** An element: its tag, and where its contents are. */
interface Element {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** Reads a certificate in DER; null: it is none. */
export function readCertificate(der: Uint8Array): Certificate | null {
  try {
    return certificateIn(der);
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function certificateIn(der: Uint8Array): Certificate {
  if (der.length > CERTIFICATE_BYTES) throw new RangeError("too large");
  const whole = elementAt(der, 0, der.length);
  if (whole.end !== der.length) throw new RangeError("more than a certificate");
  const [signed, algorithm] = childrenOf(der, expect(whole, SEQUENCE));
  const fields = childrenOf(der, expect(signed, SEQUENCE));
  // The version is optional, and 1 without it.
  if (fields[0]?.tag === context(0)) fields.shift();
  const [, , issuer, validity, subject, key, ...more] = fields;
  const [from, until] = childrenOf(der, expect(validity, SEQUENCE));
  const names: string[] = [];
  const addresses: string[] = [];
  let purposes: string[] | null = null;
  for (const [oid, value] of extensionsIn(der, more)) {
    if (oid === SUBJECT_ALT_NAME) {
      for (const one of childrenOf(der, expect(value, SEQUENCE))) {
        if (one.tag === 0x82) names.push(textOf(der, one));
        if (one.tag === 0x87) addresses.push(hexOf(der, one.start, one.end));
      }
    } else if (oid === EXTENDED_KEY_USAGE) {
      purposes = childrenOf(der, expect(value, SEQUENCE)).map((one) => oidOf(der, one));
    }
  }
  return {
    weak: WEAK.get(oidOf(der, childrenOf(der, expect(algorithm, SEQUENCE))[0])) ?? null,
    issuer: nameOf(der, expect(issuer, SEQUENCE)),
    subject: nameOf(der, expect(subject, SEQUENCE)),
    key: hexOf(der, expect(key, SEQUENCE).start, key!.end),
    from: timeOf(der, from),
    until: timeOf(der, until),
    names,
    addresses,
    purposes,
  };
}

const SEQUENCE = 0x30;
const SET = 0x31;
const OID = 0x06;
const BOOLEAN = 0x01;
const OCTET_STRING = 0x04;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const BMP_STRING = 0x1e;

function context(number: number): number {
  return 0xa0 | number;
}

/** The extensions: their OIDs, and the element in each one's value. */
function* extensionsIn(der: Uint8Array, fields: readonly Element[]): Iterable<readonly [string, Element]> {
  const found = fields.find((one) => one.tag === context(3));
  if (found === undefined) return;
  for (const extension of childrenOf(der, expect(childrenOf(der, found)[0], SEQUENCE))) {
    const [oid, ...rest] = childrenOf(der, expect(extension, SEQUENCE));
    const value = expect(rest[0]?.tag === BOOLEAN ? rest[1] : rest[0], OCTET_STRING);
    const name = oidOf(der, oid);
    // Only those that are read here: others may have values that are not DER.
    if (name !== SUBJECT_ALT_NAME && name !== EXTENDED_KEY_USAGE) continue;
    yield [name, elementAt(der, value.start, value.end)];
  }
}

function nameOf(der: Uint8Array, name: Element): DistinguishedName {
  const parts = new Map<string, string>();
  for (const set of childrenOf(der, name)) {
    for (const attribute of childrenOf(der, expect(set, SET))) {
      const [type, value] = childrenOf(der, expect(attribute, SEQUENCE));
      if (value !== undefined) parts.set(oidOf(der, type), textOf(der, value));
    }
  }
  return {
    der: hexOf(der, name.start, name.end),
    text: parts.get(COMMON_NAME) ?? parts.get(ORGANIZATION) ?? null,
  };
}

/** `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ` (RFC 5280, 4.1.2.5). */
function timeOf(der: Uint8Array, element: Element | undefined): number {
  if (element?.tag !== UTC_TIME && element?.tag !== GENERALIZED_TIME) throw new RangeError("no time");
  let text = textOf(der, element);
  // A UTCTime is of the years 1950 to 2049.
  if (element.tag === UTC_TIME) text = `${text < "5" ? "20" : "19"}${text}`;
  const [, year, month, day, hour, minute, second] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text) ??
    [];
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Number.isNaN(time)) throw new RangeError("no time");
  return time;
}

function oidOf(der: Uint8Array, element: Element | undefined): string {
  const { start, end } = expect(element, OID);
  const numbers: number[] = [];
  let number = 0;
  for (let at = start; at < end; at++) {
    number = number * 128 + (der[at]! & 0x7f);
    if (der[at]! & 0x80) continue;
    if (numbers.length === 0) {
      const first = Math.min(2, Math.floor(number / 40));
      numbers.push(first, number - 40 * first);
    } else numbers.push(number);
    number = 0;
  }
  return numbers.join(".");
}

function textOf(der: Uint8Array, { tag, start, end }: Element): string {
  return new TextDecoder(tag === BMP_STRING ? "utf-16be" : "utf-8").decode(der.subarray(start, end));
}

function hexOf(der: Uint8Array, start: number, end: number): string {
  let hex = "";
  for (let at = start; at < end; at++) hex += der[at]!.toString(16).padStart(2, "0");
  return hex;
}

function expect(element: Element | undefined, tag: number): Element {
  if (element?.tag !== tag) throw new RangeError(`no element with the tag ${tag}`);
  return element;
}

function childrenOf(der: Uint8Array, { start, end }: Element): Element[] {
  const children: Element[] = [];
  for (let at = start; at < end;) {
    const child = elementAt(der, at, end);
    children.push(child);
    at = child.end;
  }
  return children;
}

function elementAt(der: Uint8Array, from: number, limit: number): Element {
  const [tag, first] = [der[from], der[from + 1]];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f) throw new RangeError("no tag");
  let start = from + 2;
  let length = first;
  if (first >= 0x80) {
    const bytes = first & 0x7f;
    if (bytes === 0 || bytes > 3) throw new RangeError("no length");
    length = 0;
    for (let i = 0; i < bytes; i++) length = length * 256 + (der[start++] ?? 0);
  }
  const end = start + length;
  if (end > limit) throw new RangeError("longer than what it is in");
  return { tag, start, end };
}
