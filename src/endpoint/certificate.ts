/**
 * X.509 certificates (RFC 5280), read and judged as Go's `crypto/x509` does, because Singularity and Apptainer use that. The
 * TLS library verifies the chain; what Go refuses and some TLS libraries accept is checked here: a host that only the common
 * name names, and a chain that depends on a signature with SHA-1 or MD5 (`path.ts`). Reads untrusted bytes: every element is
 * looked at once.
 */

/** What is needed of a certificate. */
export interface Certificate {
  /** The certificate itself. */
  readonly der: Uint8Array;
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
  /** Whether it is that of an authority: `CA:TRUE`, or version 1 or 2, which cannot say so; null: only these. */
  readonly authority: boolean | null;
  /** How many more intermediate certificates may be below it; null: any number. */
  readonly depth: number | null;
  /** Whether its key may sign certificates: `keyCertSign`, or any use. */
  readonly signs: boolean;
  /** Whether it limits the names below it. */
  readonly constrained: boolean;
  /** The OID of a critical extension that Go does not know; null: none. */
  readonly unknown: string | null;
  /** Whether it says where the certificate of its issuer is, as those below an intermediate authority do. */
  readonly namesIssuer: boolean;
}

/** The name of a subject or an issuer. */
export interface DistinguishedName {
  /** For comparisons, in hexadecimal. */
  readonly der: string;
  /** The common name, or else the organization; null: neither is given. */
  readonly text: string | null;
}

/** Bytes of one certificate: real ones have 1 to 4 KiB, and TLS libraries take no more than 100 KiB. */
const CERTIFICATE_BYTES = 256 * 1024;

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
const BASIC_CONSTRAINTS = "2.5.29.19";
const KEY_USAGE = "2.5.29.15";
const NAME_CONSTRAINTS = "2.5.29.30";
const AUTHORITY_ACCESS = "1.3.6.1.5.5.7.1.1";
const CA_ISSUERS = "1.3.6.1.5.5.7.48.2";
/** The extensions that Go reads: of the others, none may be critical. */
const KNOWN: ReadonlySet<string> = new Set([
  ...["14", "15", "17", "19", "30", "31", "32", "33", "35", "36", "37", "54"].map((one) => `2.5.29.${one}`),
  AUTHORITY_ACCESS,
]);
const SERVER_PURPOSES: readonly string[] = ["1.3.6.1.5.5.7.3.1", "2.5.29.37.0"];

/** Whether a server may use the certificate. */
export function isForServers({ purposes }: Certificate): boolean {
  return purposes === null || purposes.some((one) => SERVER_PURPOSES.includes(one));
}

/** Whether a certificate is for a host: by its subjectAltName alone, and with `*` only for the first label. */
export function isFor({ names, addresses }: Certificate, host: string): boolean {
  const address = addressOf(host);
  if (address !== null) return addresses.some((one) => shortAddress(one) === address);
  const wanted = host.toLowerCase().replace(/\.$/, "").split(".");
  if (wanted.some((label) => label === "")) return false;
  return names.some((name) => {
    // Names are ASCII, so nothing else becomes an ASCII letter here.
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
  // The version is optional, and 1 without it; 2 stands for version 3, the only one with extensions.
  const version = fields[0]?.tag === context(0) ? childrenOf(der, fields.shift()!)[0] : undefined;
  const isNewest = version !== undefined && der[version.end - 1] === 2;
  const [, , issuer, validity, subject, key, ...more] = fields;
  const [from, until] = childrenOf(der, expect(validity, SEQUENCE));
  const names: string[] = [];
  const addresses: string[] = [];
  let purposes: string[] | null = null;
  let authority: boolean | null = isNewest ? false : null;
  let [depth, unknown]: [number | null, string | null] = [null, null];
  let [signs, constrained, namesIssuer] = [true, false, false];
  for (const { oid, critical, start, end } of extensionsIn(der, more)) {
    if (critical && !KNOWN.has(oid)) unknown ??= oid;
    // Only those that are read here: others may have values that are not DER.
    const value = () => elementAt(der, start, end);
    const list = () => childrenOf(der, expect(value(), SEQUENCE));
    switch (oid) {
      case SUBJECT_ALT_NAME:
        for (const one of list()) {
          if (one.tag === 0x82) names.push(asciiOf(der, one));
          if (one.tag === 0x87) addresses.push(hexOf(der, one.start, one.end));
        }
        break;
      case EXTENDED_KEY_USAGE:
        purposes = list().map((one) => oidOf(der, one));
        break;
      case BASIC_CONSTRAINTS: {
        const [flag, length] = list();
        authority = flag?.tag === BOOLEAN && der[flag.start] !== 0;
        if (length?.tag === INTEGER) depth = parseInt(hexOf(der, length.start, length.end), 16);
        break;
      }
      case KEY_USAGE: {
        // The first byte says how many bits are unused; `keyCertSign` is the sixth bit.
        const bits = expect(value(), BIT_STRING);
        signs = bits.end - bits.start > 1 && (der[bits.start + 1]! & 0x04) !== 0;
        break;
      }
      case NAME_CONSTRAINTS:
        constrained = true;
        break;
      case AUTHORITY_ACCESS:
        namesIssuer = list().some((one) =>
          oidOf(der, childrenOf(der, expect(one, SEQUENCE))[0]) === CA_ISSUERS
        );
    }
  }
  return {
    der,
    weak: WEAK.get(oidOf(der, childrenOf(der, expect(algorithm, SEQUENCE))[0])) ?? null,
    issuer: nameOf(der, expect(issuer, SEQUENCE)),
    subject: nameOf(der, expect(subject, SEQUENCE)),
    key: hexOf(der, expect(key, SEQUENCE).start, key!.end),
    from: timeOf(der, from),
    until: timeOf(der, until),
    names,
    addresses,
    purposes,
    authority,
    depth,
    signs,
    constrained,
    unknown,
    namesIssuer,
  };
}

const SEQUENCE = 0x30;
const SET = 0x31;
const OID = 0x06;
const BOOLEAN = 0x01;
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const UTC_TIME = 0x17;
const GENERALIZED_TIME = 0x18;
const BMP_STRING = 0x1e;

function context(number: number): number {
  return 0xa0 | number;
}

/** An extension, and where its value is. */
interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly start: number;
  readonly end: number;
}

function* extensionsIn(der: Uint8Array, fields: readonly Element[]): Iterable<Extension> {
  const found = fields.find((one) => one.tag === context(3));
  if (found === undefined) return;
  for (const extension of childrenOf(der, expect(childrenOf(der, found)[0], SEQUENCE))) {
    const [oid, ...rest] = childrenOf(der, expect(extension, SEQUENCE));
    const flag = rest[0]?.tag === BOOLEAN ? rest.shift() : undefined;
    const { start, end } = expect(rest[0], OCTET_STRING);
    yield { oid: oidOf(der, oid), critical: flag !== undefined && der[flag.start] !== 0, start, end };
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

/** `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ` (RFC 5280, 4.1.2.5); in the former, Go also reads no seconds and an offset. */
function timeOf(der: Uint8Array, element: Element | undefined): number {
  if (element?.tag !== UTC_TIME && element?.tag !== GENERALIZED_TIME) throw new RangeError("no time");
  let text = textOf(der, element);
  // A UTCTime is of the years 1950 to 2049.
  if (element.tag === UTC_TIME) text = `${text < "5" ? "20" : "19"}${text}`;
  const [, year, month, day, hour, minute, second = "00", zone, sign, hours, minutes] = TIME.exec(text) ?? [];
  const offset = zone === "Z" ? "Z" : `${sign}${hours}:${minutes}`;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`);
  if (Number.isNaN(time)) throw new RangeError("no time");
  return time;
}

const TIME = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(Z|([+-])(\d\d)(\d\d))$/;

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

/** A DNS name. With other characters, Go refuses the certificate. */
function asciiOf(der: Uint8Array, { start, end }: Element): string {
  const bytes = der.subarray(start, end);
  if (bytes.some((one) => one > 0x7f)) throw new RangeError("no ASCII");
  return new TextDecoder().decode(bytes);
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
