/** The only key of the embedded endpoint, and its lookup by the HTTP Keyserver Protocol (draft-gallagher-openpgp-hkp). */
import type { ServedAnswer } from "../world.ts";

const KEY = {
  fingerprint: "A1C044AE519DA70D194CB3938DF3EC021EBD7D0D",
  user: "sremote test key <test@example.com>",
  created: 1795484487,
  armored: `-----BEGIN PGP PUBLIC KEY BLOCK-----

mDMEawTrRxYJKwYBBAHaRw8BAQdACe9nY5eeyeTIyQXnk1XWBXRNcDtkz5blIwpw
hjvkIZW0I3NyZW1vdGUgdGVzdCBrZXkgPHRlc3RAZXhhbXBsZS5jb20+iJAEExYI
ADgWIQShwESuUZ2nDRlMs5ON8+wCHr19DQUCawTrRwIbAwULCQgHAgYVCgkICwIE
FgIDAQIeAQIXgAAKCRCN8+wCHr19DS++AP9GnWKHETlD0/rdkHpz6mgIF1oKoLOg
WSpjzG4EhcVm2AD/WvF18l8abaZecmRKkB6UG3lIjiIAOSsnVtPnzt2R2gA=
=Ii2O
-----END PGP PUBLIC KEY BLOCK-----
`,
} as const;

/** The answer to `op=index` and `op=get`; null: no key has that fingerprint or user. */
export function lookUp(query: URLSearchParams): ServedAnswer | null {
  const search = (query.get("search") ?? "").toLowerCase();
  const fingerprint = KEY.fingerprint.toLowerCase();
  const known = search.startsWith("0x")
    ? search.length > 9 && fingerprint.endsWith(search.slice(2))
    : search !== "" && KEY.user.toLowerCase().includes(search);
  if (!known) return null;
  if (query.get("op") === "get") {
    return { status: 200, headers: { "content-type": "application/pgp-keys" }, body: KEY.armored };
  }
  const index = `info:1:1\npub:${KEY.fingerprint}:22:255:${KEY.created}::\nuid:${
    encodeURIComponent(KEY.user)
  }:${KEY.created}::\n`;
  return { status: 200, headers: { "content-type": "text/plain" }, body: index };
}
