/**
 * The address of an endpoint as a `remote.yaml` holds it: `URI`. What a program makes of it was measured with
 * SingularityCE 3.5.3 to 4.5.1, Apptainer 1.1.9 and 1.5.3; see `tests/recordings/` (uri/*).
 */
import { asciiHost, endpointProblem, plainAddress, splitAddress } from "./uri.ts";

/**
 * How a program reads a stored address. `host` (SingularityCE before 3.9): puts `https://` before it, and asks `größe` as
 * `grösse`, which is another host. `url` (SingularityCE 3.9, Apptainer 1.1, and later): parses it as a URL, then sets the
 * scheme to http or https by `Insecure`; of `host:port` it takes the host for the scheme.
 */
export type AddressForm = "host" | "url";

/** What a stored address means. */
export type Address =
  | {
    /** `host[:port][/path]`, without trailing slashes. */
    readonly address: string;
  }
  | {
    /** Why it is not an address, as the end of a sentence: "has no address". */
    readonly problem: string;
  };

/**
 * Reads a stored address, whichever form it has: bare, with a scheme, or with `//` before it. A scheme says nothing: the
 * programs replace it.
 *
 * @example
 * ```ts
 * import { readAddress } from "./address.ts";
 * import assert from "node:assert/strict";
 * assert.deepEqual(readAddress("https://lab.example.com:8443/"), { address: "lab.example.com:8443" });
 * assert.deepEqual(readAddress("//lab.example.com"), { address: "lab.example.com" });
 * assert.deepEqual(readAddress(""), { problem: "has no address" });
 * ```
 */
export function readAddress(stored: string): Address {
  if (stored === "") return { problem: "has no address" };
  const address = plainAddress(stored);
  // IPv6 without brackets: the last colon would count as the port's.
  const colons = splitAddress(address)[0].split(":").length - 1;
  const problem = colons > 1 && !address.startsWith("[")
    ? "the address is an IPv6 address without brackets"
    : endpointProblem(address);
  return problem === null ? { address } : { problem: `has an invalid address: ${problem}` };
}

/** An endpoint with the plain form of its address; one without a valid address stays as it is, and nobody can ask it. */
export function plainEndpoint<T extends { readonly uri: string }>(endpoint: T): T {
  const read = readAddress(endpoint.uri);
  return "problem" in read || read.address === endpoint.uri ? endpoint : { ...endpoint, uri: read.address };
}

/** Whether a program that reads addresses in this form can use a stored one. */
export function canUse(stored: string, form: AddressForm): boolean {
  if ("problem" in readAddress(stored)) return false;
  // A scheme, or `//`.
  const hasPrefix = !stored.startsWith(plainAddress(stored));
  if (form === "url") return hasPrefix || !needsScheme(stored);
  return !hasPrefix && !OTHER_BY_OLD_STANDARD.test(splitAddress(stored)[0]);
}

/** In a host: what the standard of 2003 for names that are not ASCII, as the older versions have it, makes another name of. */
const OTHER_BY_OLD_STANDARD = /[\u00df\u1e9e\u03c2\u200c\u200d]/;

/**
 * An address as it is stored for a program: bare where every version reads that, else with its scheme; for older versions by
 * its `xn--` name if they would ask another host.
 */
export function storedAddress(address: string, insecure: boolean, form: AddressForm): string {
  if (form === "host") {
    const [host, path] = splitAddress(address);
    return OTHER_BY_OLD_STANDARD.test(host) ? asciiHost(host) + path : address;
  }
  if (!needsScheme(address)) return address;
  return `${insecure ? "http" : "https"}://${address}`;
}

/** With a port, or an IPv6 address: of it, what parses URLs takes the part before the colon for a scheme. */
function needsScheme(bareAddress: string): boolean {
  return splitAddress(bareAddress)[0].includes(":");
}
