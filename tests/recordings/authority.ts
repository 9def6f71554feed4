/**
 * A throw-away certificate authority: keys and certificates are made at run time and never leave the memory, so that no
 * key is committed and nothing expires. X.509 (RFC 5280) in DER, as much of it as a test needs.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";

/** What is wrong with a host's certificate. */
export type Flaw = "untrusted" | "wrong-name" | "expired";

/** What an https server needs. */
export interface Certified {
  readonly cert: string;
  readonly key: string;
}

/** An authority. */
export interface Authority {
  /** Its own certificate, PEM. */
  readonly certificate: string;
  /** A certificate for a host name or an IP address (IPv6 without brackets). */
  certify(host: string, flaw?: Exclude<Flaw, "untrusted">): Certified;
}

const HOUR = 3_600_000;

/** Makes an authority of this name. */
export function makeAuthority(name: string): Authority {
  const own = keyPair();
  const now = Date.now();
  const certificate = issue(own.privateKey, {
    issuer: name,
    subject: name,
    key: own.publicKey,
    from: now - 24 * HOUR,
    until: now + 24 * HOUR,
    extensions: [
      extension("2.5.29.19", true, sequence(der(0x01, [0xff]))), // a CA
      extension("2.5.29.15", true, der(0x03, [1, 0b0000_0110])), // signs certificates and CRLs
    ],
  });
  const server = keyPair();
  const key = server.privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return {
    certificate,
    certify(host, flaw) {
      const subject = flaw === "wrong-name" ? "elsewhere.example.net" : host.replace(/\.$/, "");
      const until = flaw === "expired" ? now - HOUR : now + 24 * HOUR;
      const cert = issue(own.privateKey, {
        issuer: name,
        subject: subject.slice(0, 60),
        key: server.publicKey,
        from: now - 12 * HOUR,
        until,
        extensions: [
          extension("2.5.29.17", false, sequence(alternativeName(subject))),
          extension("2.5.29.37", false, sequence(oid("1.3.6.1.5.5.7.3.1"))), // of a server
        ],
      });
      return { cert, key };
    },
  };
}

interface Content {
  readonly issuer: string;
  readonly subject: string;
  readonly key: KeyObject;
  readonly from: number;
  readonly until: number;
  readonly extensions: readonly Uint8Array[];
}

function keyPair() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function issue(signer: KeyObject, { issuer, subject, key, from, until, extensions }: Content): string {
  const algorithm = sequence(oid("1.2.840.10045.4.3.2")); // ECDSA with SHA-256
  const content = sequence(
    der(0xa0, der(0x02, [2])), // version 3
    der(0x02, [0x40, ...randomBytes(8)]),
    algorithm,
    commonName(issuer),
    sequence(time(from), time(until)),
    commonName(subject),
    key.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign("sha256", content, signer);
  const bytes = sequence(content, algorithm, der(0x03, [0, ...signature]));
  const lines = btoa(String.fromCharCode(...bytes)).match(/.{1,64}/g)!;
  return ["-----BEGIN CERTIFICATE-----", ...lines, "-----END CERTIFICATE-----", ""].join("\n");
}

// ---------------------------------------------------------------- DER (X.690)

function der(tag: number, ...contents: readonly ArrayLike<number>[]): Uint8Array {
  const content = contents.flatMap((one) => Array.from(one));
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Uint8Array.from([tag, ...length, ...content]);
}

function sequence(...contents: readonly ArrayLike<number>[]): Uint8Array {
  return der(0x30, ...contents);
}

function oid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return der(0x06, [first * 40 + second, ...rest.flatMap(base128)]);
}

function base128(value: number): number[] {
  const digits = [value & 0x7f];
  for (let left = value >> 7; left > 0; left >>= 7) digits.unshift(left & 0x7f | 0x80);
  return digits;
}

function commonName(text: string): Uint8Array {
  return sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, new TextEncoder().encode(text)))));
}

/** UTCTime: two digits of the year, until 2049. */
function time(milliseconds: number): Uint8Array {
  const digits = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, "").slice(2);
  return der(0x17, new TextEncoder().encode(digits));
}

function extension(id: string, critical: boolean, value: Uint8Array): Uint8Array {
  return sequence(oid(id), ...critical ? [der(0x01, [0xff])] : [], der(0x04, value));
}

function alternativeName(host: string): Uint8Array {
  return isIP(host) === 0 ? der(0x82, new TextEncoder().encode(host)) : der(0x87, addressBytes(host));
}

function addressBytes(address: string): number[] {
  if (isIP(address) === 4) return address.split(".").map(Number);
  const [head = "", tail] = address.split("::");
  const groups = (text: string) => text === "" ? [] : text.split(":").map((one) => parseInt(one, 16));
  const [before, after] = [groups(head), groups(tail ?? "")];
  const zeros = tail === undefined ? [] : Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].flatMap((one) => [one >> 8, one & 0xff]);
}
