/** How a part of the embedded endpoint can misbehave. */
import { type ServiceName, SERVICES } from "../model.ts";
import type { ServedAnswer, ServedRequest } from "../world.ts";

/** A part of the endpoint that can be made to misbehave. */
export type Part = ServiceName | "discovery" | "identity" | "status" | "all";

/** The versions of the services, discovery, the identity, the token check, or all of them. */
export const PARTS: readonly Part[] = [...SERVICES, "discovery", "identity", "status", "all"];

/** Ways in which a part can be wrong. */
export const WRONGS = [
  "401",
  "404",
  "429",
  "500",
  "html", // instead of JSON
  "text",
  "bom", // a byte order mark before the right answer
  "half", // an incomplete answer
  "endless",
  "redirect", // to another host
  "echo", // an error that repeats the token
  "member", // discovery with a member that is not an object
  "missing", // discovery without the `uri`
  "http", // discovery with an http `uri`
  "keyserver", // discovery with keyserverAPI instead of keystoreAPI
  "no-version", // an answer without a version
  "error", // an error beside the version, with status 200
] as const;

/** One of {@link WRONGS}. */
export type Wrong = (typeof WRONGS)[number];

/** The parts of the kinds that not every part can have. */
const ONLY: Partial<Record<Wrong, readonly Part[]>> = {
  member: ["discovery"],
  missing: SERVICES,
  http: SERVICES,
  keyserver: ["keystore"],
  "no-version": SERVICES,
  error: SERVICES,
};

/** The parts that can be wrong in a way; "all" means each of them. */
export function partsWith(wrong: Wrong): readonly Part[] {
  return [...ONLY[wrong] ?? PARTS.filter((one) => one !== "all"), "all"];
}

/** How a part is wrong: its own way wins over that of all. */
export function wrongOf(given: ReadonlyMap<Part, Wrong>, part: Part): Wrong | undefined {
  const all = given.get("all");
  return given.get(part) ?? (all !== undefined && partsWith(all).includes(part) ? all : undefined);
}

/** An answer that refuses the request, in the words of the endpoint. */
export type Refuse = (status: number, message: string) => ServedAnswer;

/**
 * The answer of a part that is wrong.
 * @param right what it would answer otherwise; this is where the ways that affect only some members of a document are
 */
export function wrongAnswer(
  wrong: Wrong,
  request: ServedRequest,
  refuse: Refuse,
  right: () => ServedAnswer,
): ServedAnswer {
  switch (wrong) {
    case "401":
      return refuse(401, "unauthorized");
    case "404":
      return refuse(404, "not found");
    case "429": {
      const later = refuse(429, "too many requests");
      return { ...later, headers: { ...later.headers, "retry-after": "30" } };
    }
    case "500":
      return refuse(500, "internal error");
    case "html":
      return answer("text/html", "<!doctype html><title>Log in</title><p>Log in to the network.</p>\n");
    case "text":
      return answer("text/plain", "it works\n");
    case "bom": {
      const its = right();
      return { ...its, body: `\uFEFF${its.body}` };
    }
    case "half":
      return { ...answer("application/json", '{"data":{"ver'), ends: "cut" };
    case "endless":
      return { ...answer("application/json", " ".repeat(65_536)), ends: "endless" };
    case "redirect":
      return { status: 302, headers: { location: `https://elsewhere.invalid${request.path}` }, body: "" };
    case "echo":
      return refuse(500, `cannot do that for ${request.headers.authorization ?? "nobody"}`);
    case "member":
    case "missing":
    case "http":
    case "keyserver":
    case "no-version":
    case "error":
      return right();
  }
}

/** An answer with status 200. */
export function answer(type: string, body: string): ServedAnswer {
  return { status: 200, headers: { "content-type": type }, body };
}

/** An answer in JSON. */
export function json(status: number, value: object): ServedAnswer {
  return { ...answer("application/json", JSON.stringify(value)), status };
}
