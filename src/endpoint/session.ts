/** Requests of one run: proxies, certificate authorities, time limits, redirects, concurrency; each address is asked once. */
import type { Trouble } from "../model.ts";
import type { Secret } from "../base/secret.ts";
import { VERSION } from "../base/version.ts";
import { codeOf } from "../base/errno.ts";
import { ANSWER_BYTES } from "../base/limits.ts";
import { quote } from "../base/text.ts";
import type { HttpResponse, World } from "../world.ts";
import { proxyFor } from "./proxy.ts";
import { certificateTrouble, isCertificate, trouble, troubleOf } from "./trouble.ts";
import { systemStore } from "./trust.ts";

/** Network options of the command line and the config. Times are in milliseconds. */
export interface SessionOptions {
  /** PEM certificates to trust in addition to the system's. */
  readonly authorities: readonly string[];
  /** Limit for each request; null: Singularity's, which depends on the request. */
  readonly timeout: number | null;
  /** Limit for all requests together. */
  readonly deadline: number;
  /** Limit of concurrent requests. */
  readonly parallel: number;
}

/** What a session needs of the world. */
export type SessionWorld = Pick<World, "network" | "files" | "here" | "clock">;

/** Options of one request. */
export interface GetOptions {
  /** Limit in milliseconds without `--timeout`. */
  readonly timeout: number;
  /** The `Authorization` header; never sent to another host. */
  readonly authorization?: Secret;
  /** Whether http is allowed. */
  readonly insecure: boolean;
  /** Accept any certificate (a keyserver's `Insecure`). */
  readonly anyCertificate?: boolean;
}

/** An answer, or why there is none. `type` is the media type without parameters. */
export type Reply =
  | { readonly status: number; readonly type: string; readonly text: string; readonly milliseconds: number }
  | { readonly trouble: Trouble; readonly milliseconds: number };

const REDIRECTS = 5;

/** The requests of one run of a command. */
export class Session {
  private readonly answers = new Map<string, Promise<Reply>>();
  private readonly waiting: (() => void)[] = [];
  private flying = 0;
  private ends: number;
  private trusted: { readonly all: readonly string[]; readonly store: string | null } | undefined;

  constructor(private readonly world: SessionWorld, private readonly options: SessionOptions) {
    this.ends = world.clock.now() + options.deadline;
  }

  /** Forgets all answers and restarts the time limit for all requests. */
  forget(): void {
    this.answers.clear();
    this.ends = this.world.clock.now() + this.options.deadline;
  }

  /** GETs an address; the same request is sent once. Never throws because of what a server or the network does. */
  get(address: string, options: GetOptions): Promise<Reply> {
    const { authorization, insecure, anyCertificate } = options;
    const key = JSON.stringify([address, authorization?.reveal(), insecure, anyCertificate]);
    let reply = this.answers.get(key);
    if (reply === undefined) {
      reply = this.send(address, options);
      this.answers.set(key, reply);
    }
    return reply;
  }

  private async send(address: string, options: GetOptions): Promise<Reply> {
    await this.takeOff();
    const { clock } = this.world;
    const from = clock.now();
    const took = () => Math.round(clock.now() - from);
    try {
      const answer = await this.follow(address, options);
      if ("kind" in answer) return { trouble: answer, milliseconds: took() };
      const { status, headers, body } = answer;
      return {
        status,
        type: (headers["content-type"] ?? "").replace(/;.*/s, "").trim(),
        // Not without its byte order mark: with one, the programs refuse JSON.
        text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(body),
        milliseconds: took(),
      };
    } finally {
      // The next request in line takes this one's place.
      const next = this.waiting.shift();
      if (next === undefined) this.flying--;
      else next();
    }
  }

  /** Waits until fewer than `parallel` requests are in flight. */
  private async takeOff(): Promise<void> {
    if (this.flying < this.options.parallel) this.flying++;
    else await new Promise<void>((go) => this.waiting.push(go));
  }

  private async follow(address: string, options: GetOptions): Promise<HttpResponse | Trouble> {
    let url = URL.parse(address);
    if (url === null) return trouble("malformed", `${quote(address)} is not an address`);
    for (let hops = 0;; hops++) {
      const refused = refuse(url, options);
      if (refused !== null) return refused;
      const answer = await this.once(url, options);
      if ("kind" in answer) return answer;
      const { location } = answer.headers;
      if (answer.status < 300 || answer.status > 399 || answer.status === 304 || location === undefined) {
        return answer;
      }
      const next = URL.parse(location, url);
      const stopped = next === null
        ? trouble("redirect", `${url.host} redirects to an invalid address`)
        : stop(url, next, options);
      if (stopped !== null) return stopped;
      if (hops >= REDIRECTS) return trouble("redirect", `${url.host} redirects more than ${REDIRECTS} times`);
      url = next!;
    }
  }

  private async once(
    url: URL,
    { timeout, authorization, anyCertificate }: GetOptions,
  ): Promise<HttpResponse | Trouble> {
    let proxy;
    try {
      proxy = proxyFor(url, (name) => this.world.here.env(name));
    } catch (error) {
      return trouble("proxy", (error as Error).message, "Correct the variable, or unset it");
    }
    const left = this.ends - this.world.clock.now();
    const wanted = this.options.timeout ?? timeout;
    const attempt = { url, proxy, timeout: wanted, overall: left < wanted };
    if (left <= 0) return troubleOf(Object.assign(new Error(), { code: "ETIMEDOUT" }), attempt);
    const trust = anyCertificate ? null : url.protocol === "http:" ? NOBODY : this.trust().all;
    if (trust?.length === 0 && url.protocol === "https:") {
      return trouble(
        "certificate",
        "this system has no certificate store",
        "Install ca-certificates, or give the certificate of an authority with --cacert FILE",
      );
    }
    const request = {
      url,
      headers: {
        "user-agent": `sremote/${VERSION}`,
        accept: "application/json",
        ...(authorization === undefined ? {} : { authorization: authorization.reveal() }),
      },
      proxy: proxy?.url ?? null,
      trust,
      timeout: Math.min(wanted, left),
      limit: ANSWER_BYTES,
    };
    try {
      return await this.world.network.get(request);
    } catch (error) {
      if (!isCertificate(error)) return troubleOf(error, attempt);
      const seen = await this.world.network.certificateOf(request);
      return certificateTrouble({
        host: url.host,
        code: codeOf(error) ?? "",
        issuer: seen?.issuer ?? null,
        names: seen?.names ?? [],
        until: seen?.until ?? null,
        store: this.trust().store,
      });
    }
  }

  /** Read with the first https request: the store is a file of 200 KB. */
  private trust(): { readonly all: readonly string[]; readonly store: string | null } {
    if (this.trusted === undefined) {
      const { file, certificates } = systemStore(this.world);
      this.trusted = { all: [...certificates, ...this.options.authorities], store: file };
    }
    return this.trusted;
  }
}

const NOBODY: readonly string[] = [];

/** Why an address is not requested; null: it is. */
function refuse(url: URL, { insecure }: GetOptions): Trouble | null {
  if (url.username !== "" || url.password !== "") {
    return trouble("malformed", `the address of ${url.host} contains credentials`);
  }
  if (url.protocol === "https:" || url.protocol === "http:" && insecure) return null;
  return url.protocol === "http:"
    ? trouble(
      "insecure",
      `${url.host} would be contacted over http, but https is required`,
      "Serve it over https, or allow http for the remote with --insecure",
    )
    : trouble("malformed", `${url.protocol}//${url.host} is not an https or http address`);
}

/** Why a redirect is not followed; null: it is. */
function stop(from: URL, to: URL, { authorization }: GetOptions): Trouble | null {
  // A server that received a token can put it into the address, encoded in its own way.
  const where = authorization === undefined ? `${to.protocol}//${to.host}` : "another address";
  if (from.protocol !== "https:" || to.protocol !== "https:") {
    return trouble(
      "redirect",
      `${from.host} redirects to ${where}; only redirects from https to https are followed`,
    );
  }
  if (authorization === undefined || from.host === to.host) return null;
  return trouble("redirect", `${from.host} redirects to another host, to which a token is never sent`);
}
